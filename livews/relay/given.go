package relay

import (
	"bytes"

	"github.com/livews/websocketlivestream/livews"
)

// maxTracks bounds the tracks of a stream that are followed.
const maxTracks = 64

// given is what the reader of a stream has got so far, whatever the connections by
// which it came. The zero given is ready for use.
type given struct {
	tracks map[uint16]*givenTrack
	epoch  uint32 // the highest; what is of a lower one has passed
}

type givenTrack struct {
	last   livews.Position // zero: no chunk yet
	init   *livews.Segment
	broken bool // something after last was left out
}

// admit returns seg as the reader may have it, or nil: what it has already, and
// what follows a hole without being a group start. A hole gets exactly one notice.
func (g *given) admit(seg *livews.Segment) *livews.Segment {
	t := g.track(seg.Track)
	if t == nil {
		return nil
	}
	if seg.Type == livews.TypeInit {
		if seg.Position.Epoch < g.epoch {
			return nil
		}
		g.epoch = seg.Position.Epoch
		return t.admitInit(seg)
	}
	p := seg.Position
	if !p.After(t.last) {
		return nil
	}
	first := seg.Flags.Has(livews.FlagFirst)
	if !first && !follows(t.last, p) {
		t.broken = true
		return nil
	}
	seg = withGap(seg, t.gapBefore(seg))
	t.last, t.broken = p, false
	g.epoch = max(g.epoch, p.Epoch)
	return seg
}

func (g *given) track(number uint16) *givenTrack {
	t := g.tracks[number]
	if t == nil && len(g.tracks) < maxTracks {
		if g.tracks == nil {
			g.tracks = make(map[uint16]*givenTrack)
		}
		t = new(givenTrack)
		g.tracks[number] = t
	}
	return t
}

// admitInit leaves out the init segment that every new connection brings again.
func (t *givenTrack) admitInit(seg *livews.Segment) *livews.Segment {
	if old := t.init; old != nil && old.Position.Epoch == seg.Position.Epoch &&
		*old.Info == *seg.Info && bytes.Equal(old.Payload, seg.Payload) {
		return nil
	}
	t.init = seg
	return seg
}

// gapBefore returns the notice that seg, the next chunk or a group start, has to carry.
func (t *givenTrack) gapBefore(seg *livews.Segment) *livews.Gap {
	p := seg.Position
	switch {
	case t.last.IsZero(), follows(t.last, p):
		return nil
	case seg.Gap != nil:
		return &livews.Gap{From: t.last, To: p, Reason: seg.Gap.Reason}
	case t.broken, p.Epoch == t.last.Epoch && p.Group > t.last.Group+1:
		return &livews.Gap{From: t.last, To: p, Reason: livews.GapLost}
	}
	return nil
}

// isNew reports whether the reader does not have the chunk.
func (g *given) isNew(seg *livews.Segment) bool {
	return seg.Position.After(g.last(seg.Track))
}

// isStale reports whether seg belongs to an epoch that has passed.
func (g *given) isStale(seg *livews.Segment) bool {
	return seg.Position.Epoch < g.last(seg.Track).Epoch
}

// leavesHole reports whether chunks are missing between what the reader has and seg, in
// the same epoch.
func (g *given) leavesHole(seg *livews.Segment) bool {
	last := g.last(seg.Track)
	p := seg.Position
	if last.IsZero() || !p.After(last) || follows(last, p) || p.Epoch != last.Epoch {
		return false
	}
	return seg.Gap != nil || !seg.Flags.Has(livews.FlagFirst) || p.Group > last.Group+1
}

func (g *given) last(track uint16) livews.Position {
	if t := g.tracks[track]; t != nil {
		return t.last
	}
	return livews.Position{}
}

// after returns the last positions by track, for a connection that is to go on.
func (g *given) after() map[uint16]livews.Position {
	after := make(map[uint16]livews.Position)
	for number, t := range g.tracks {
		if !t.last.IsZero() {
			after[number] = t.last
		}
	}
	return after
}

// lowestGroup returns the start of the lowest group among the positions of the highest
// epoch; zero where there are none.
func lowestGroup(after map[uint16]livews.Position) livews.Position {
	var lowest livews.Position
	for _, p := range after {
		if p.Epoch > lowest.Epoch || p.Epoch == lowest.Epoch && p.Group < lowest.Group {
			lowest = livews.Position{Epoch: p.Epoch, Group: p.Group}
		}
	}
	return lowest
}

// follows reports whether q certainly comes right after p.
func follows(p, q livews.Position) bool {
	return p.Epoch == q.Epoch && p.Group == q.Group && q.Chunk == p.Chunk+1
}

// withGap returns seg with this notice, or without one.
func withGap(seg *livews.Segment, gap *livews.Gap) *livews.Segment {
	if gap == nil && seg.Gap == nil {
		return seg
	}
	return &livews.Segment{
		Type: seg.Type, Flags: seg.Flags, Track: seg.Track, Position: seg.Position,
		DecodeTime: seg.DecodeTime, Duration: seg.Duration, WallClock: seg.WallClock,
		Info: seg.Info, Payload: seg.Payload, Gap: gap,
	}
}
