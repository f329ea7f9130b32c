package livewstest

import (
	"context"
	"errors"
	"fmt"

	"github.com/livews/websocketlivestream/livews"
)

// A Checker is a [livews.Sink] that holds one reader's view of a stream against what
// is promised to every reader, and so stands at any hop:
//
//   - in each track an init segment comes first, then a group start, then strictly
//     rising positions;
//   - each hole is covered by exactly one [livews.Gap] with a known reason, which begins
//     with the last chunk that has come and ends with the one that carries it, a group
//     start; and there is none where nothing is missing;
//   - each chunk comes under an init segment of its own epoch, and the epoch of the
//     stream never goes back, in no track.
//
// What a server cannot know it is not held to, unless Chunks says more. A reader that
// changes its tracks with Select begins with a new Checker. The zero Checker is ready for
// use, by one goroutine.
type Checker struct {
	// Resumed has the position after which each track goes on, for a reader that
	// resumes; a track that is in it need not begin with a group start.
	Resumed map[uint16]livews.Position
	// Chunks is the number of chunks in every group of the stream, where that is
	// known: the end of a group that is missing is found then, and so is a gap of the
	// reasons slow or evicted between a whole group and the next. Zero means unknown.
	Chunks int
	// Proof says that the payloads are those of [NewSource]: changed bytes are found.
	Proof bool

	// Segments and Gaps count what has passed.
	Segments, Gaps int

	epoch  uint32 // the newest
	tracks map[uint16]*trackState
}

type trackState struct {
	last livews.Position
	init uint32 // epoch of the init segment in force
}

// WriteSegment returns an error that names the promise which seg breaks. What comes
// afterwards is held against seg all the same.
func (c *Checker) WriteSegment(_ context.Context, seg *livews.Segment) error {
	if _, err := seg.Frame(); err != nil {
		return err
	}
	c.Segments++
	if seg.Gap != nil {
		c.Gaps++
	}
	what := "init segment"
	if seg.Type == livews.TypeChunk {
		what = "chunk"
	}
	if err := c.check(seg); err != nil {
		return fmt.Errorf("track %d: %s %v: %w", seg.Track, what, seg.Position, err)
	}
	return c.proof(seg)
}

func (c *Checker) proof(seg *livews.Segment) error {
	if !c.Proof {
		return nil
	}
	return CheckProof(seg)
}

func (c *Checker) check(seg *livews.Segment) error {
	if seg.Position.Epoch < c.epoch {
		return fmt.Errorf("epoch goes back from %d", c.epoch)
	}
	c.epoch = seg.Position.Epoch
	t := c.tracks[seg.Track]
	if seg.Type == livews.TypeInit {
		return c.init(t, seg)
	}
	if t == nil {
		return errors.New("comes before an init segment")
	}
	err := c.chunk(t, seg)
	if seg.Position.After(t.last) {
		t.last = seg.Position
	}
	return err
}

func (c *Checker) init(t *trackState, seg *livews.Segment) error {
	if t == nil {
		if c.tracks == nil {
			c.tracks = make(map[uint16]*trackState)
		}
		t = &trackState{last: c.Resumed[seg.Track]}
		c.tracks[seg.Track] = t
	}
	t.init = seg.Position.Epoch
	switch {
	case seg.Gap != nil:
		return errors.New("a gap comes with it")
	case seg.Position.Epoch < t.last.Epoch:
		return fmt.Errorf("epoch goes back, the reader has resumed after %v", t.last)
	}
	return nil
}

func (c *Checker) chunk(t *trackState, seg *livews.Segment) error {
	first := seg.Flags.Has(livews.FlagFirst)
	switch {
	case t.init != seg.Position.Epoch:
		return fmt.Errorf("comes under an init segment of epoch %d", t.init)
	case first && !seg.Flags.Has(livews.FlagSync):
		return errors.New("a group starts without a sync sample")
	case first != (seg.Position.Chunk == 0):
		return fmt.Errorf("first-of-group flag is %v", first)
	case t.last.IsZero() && !first:
		return errors.New("the track begins in the middle of a group")
	case t.last.IsZero() && seg.Gap != nil:
		return errors.New("the track begins with a gap")
	case t.last.IsZero():
		return nil
	case !seg.Position.After(t.last):
		return fmt.Errorf("comes after %v", t.last)
	case seg.Gap != nil:
		return c.gap(t.last, seg)
	case c.misses(t.last, seg.Position):
		return fmt.Errorf("hole after %v without a gap", t.last)
	}
	return nil
}

// gap checks the notice that seg carries.
func (c *Checker) gap(last livews.Position, seg *livews.Segment) error {
	g := seg.Gap
	switch {
	case !known(g.Reason):
		return fmt.Errorf("gap %+v has an unknown reason", *g)
	case c.follows(last, seg.Position, g.Reason):
		return fmt.Errorf("gap %+v though nothing is missing", *g)
	case !seg.Flags.Has(livews.FlagFirst):
		return fmt.Errorf("gap %+v ends in the middle of a group", *g)
	case g.To != seg.Position:
		return fmt.Errorf("gap %+v ends elsewhere", *g)
	case g.From != last:
		return fmt.Errorf("gap %+v begins elsewhere than at %v", *g, last)
	}
	return nil
}

func known(reason string) bool {
	switch reason {
	case livews.GapSlow, livews.GapLost, livews.GapEvicted, livews.GapRestart:
		return true
	}
	return false
}

// misses reports whether chunks between the two positions must be missing.
func (c *Checker) misses(last, p livews.Position) bool {
	switch {
	case p.Epoch == last.Epoch && p.Group == last.Group:
		return p.Chunk != last.Chunk+1
	case p.Chunk != 0:
		return true
	case p.Epoch != last.Epoch:
		return c.Chunks > 0 && p.Group > 0
	}
	return p.Group != last.Group+1 || !c.mayEnd(last)
}

// mayEnd reports whether p may be the last chunk of its group.
func (c *Checker) mayEnd(p livews.Position) bool {
	return c.Chunks == 0 || int(p.Chunk)+1 == c.Chunks
}

// follows reports whether nothing can be missing between the two positions, and the
// server knew it: one that has started in between does not know where a group has ended.
func (c *Checker) follows(last, p livews.Position, reason string) bool {
	if p.Epoch != last.Epoch {
		return false
	}
	if p.Group == last.Group {
		return p.Chunk == last.Chunk+1
	}
	knew := reason == livews.GapSlow || reason == livews.GapEvicted
	return knew && c.Chunks > 0 && c.mayEnd(last) && p.Group == last.Group+1 && p.Chunk == 0
}
