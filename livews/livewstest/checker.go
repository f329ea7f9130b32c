package livewstest

import (
	"context"
	"fmt"

	"github.com/livews/websocketlivestream/livews"
)

// A Checker is a [livews.Sink] that holds one reader's view of a stream against what
// is promised to every reader: in each track an init segment first, then a group
// start, then strictly rising positions, and for each hole exactly one [livews.Gap]
// that covers it. The zero Checker is ready for use, by one goroutine.
type Checker struct {
	// Resumed has the position after which each track goes on, for a reader that
	// resumes; a track that is in it need not begin with a group start.
	Resumed map[uint16]livews.Position

	// Segments and Gaps count what has passed.
	Segments, Gaps int

	tracks map[uint16]*trackState
}

type trackState struct {
	last livews.Position
}

// WriteSegment returns an error that names the promise which seg breaks.
func (c *Checker) WriteSegment(_ context.Context, seg *livews.Segment) error {
	if _, err := seg.Frame(); err != nil {
		return err
	}
	c.Segments++
	if seg.Type == livews.TypeInit {
		return c.init(seg)
	}
	t := c.tracks[seg.Track]
	if t == nil {
		return fmt.Errorf("track %d: chunk %v before an init segment", seg.Track, seg.Position)
	}
	if err := t.chunk(seg); err != nil {
		return fmt.Errorf("track %d: chunk %v: %w", seg.Track, seg.Position, err)
	}
	if seg.Gap != nil {
		c.Gaps++
	}
	t.last = seg.Position
	return nil
}

func (c *Checker) init(seg *livews.Segment) error {
	if seg.Gap != nil {
		return fmt.Errorf("track %d: a gap comes with an init segment", seg.Track)
	}
	if c.tracks[seg.Track] == nil {
		if c.tracks == nil {
			c.tracks = make(map[uint16]*trackState)
		}
		c.tracks[seg.Track] = &trackState{last: c.Resumed[seg.Track]}
	}
	return nil
}

func (t *trackState) chunk(seg *livews.Segment) error {
	first := seg.Flags.Has(livews.FlagFirst)
	if first && !seg.Flags.Has(livews.FlagSync) {
		return fmt.Errorf("a group starts without a sync sample")
	}
	if first != (seg.Position.Chunk == 0) {
		return fmt.Errorf("first-of-group flag is %v", first)
	}
	if t.last.IsZero() {
		if !first {
			return fmt.Errorf("the track begins in the middle of a group")
		}
		if seg.Gap != nil {
			return fmt.Errorf("the track begins with a gap")
		}
		return nil
	}
	if !seg.Position.After(t.last) {
		return fmt.Errorf("comes after %v", t.last)
	}
	return t.hole(seg)
}

// hole checks that a gap is there where chunks are missing, and only there.
func (t *trackState) hole(seg *livews.Segment) error {
	p, last := seg.Position, t.last
	next := p.Epoch == last.Epoch && p.Group == last.Group && p.Chunk == last.Chunk+1
	mayBeNext := p.Chunk == 0 && (p.Epoch > last.Epoch || p.Group == last.Group+1)
	g := seg.Gap
	switch {
	case g == nil && !next && !mayBeNext:
		return fmt.Errorf("hole after %v without a gap", last)
	case g == nil:
		return nil
	case next:
		return fmt.Errorf("gap %+v though nothing is missing", *g)
	case !seg.Flags.Has(livews.FlagFirst):
		return fmt.Errorf("gap %+v ends in the middle of a group", *g)
	case g.To != p:
		return fmt.Errorf("gap %+v ends elsewhere", *g)
	case g.From.After(last):
		return fmt.Errorf("gap %+v leaves out what follows %v", *g, last)
	}
	return nil
}
