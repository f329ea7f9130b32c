package ingress

import (
	"context"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

const (
	// maxPushTracks bounds the tracks of a stream that another node pushes.
	maxPushTracks = 64
	// maxEpochAhead is by how much the epoch of such a stream may lie in the future. One
	// that lay far there could never be followed by another publisher.
	maxEpochAhead = 24 * time.Hour
)

// pushSource is a stream that another node pushes: its segments pass as they are, with
// their positions, which the node gave or passes on.
type pushSource struct {
	u      *wire.Uplink
	tracks map[uint16]*pushTrack
	err    error
}

// pushTrack is what has come of a track.
type pushTrack struct {
	epoch  uint32 // of the init segment
	newest livews.Position
}

// newPushSource returns the source of what comes by u to a stream that has the newest
// positions.
func newPushSource(u *wire.Uplink, newest map[uint16]livews.Position) *pushSource {
	p := &pushSource{u: u, tracks: make(map[uint16]*pushTrack)}
	for track, position := range newest {
		if len(p.tracks) < maxPushTracks {
			p.tracks[track] = &pushTrack{newest: position}
		}
	}
	return p
}

// ReadSegment returns the next segment. The end of ctx closes the connection.
func (p *pushSource) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	for p.err == nil {
		seg, err := p.u.ReadSegment(ctx, closing(ctx, p.u))
		if err != nil {
			p.err = endOf(ctx, p.u, err)
			break
		}
		var again bool
		if again, p.err = p.check(seg); p.err == nil && !again {
			return seg, nil
		}
	}
	return nil, p.err
}

// check reports whether seg is here already, or returns an error for one that may not
// come now.
func (p *pushSource) check(seg *livews.Segment) (again bool, err error) {
	latest := time.Now().Add(maxEpochAhead).Unix()
	if epoch := int64(seg.Position.Epoch); epoch == 0 || epoch > latest {
		return false, violation("epoch %d, want 1 to %d", epoch, latest)
	}
	t := p.tracks[seg.Track]
	if t == nil {
		if len(p.tracks) == maxPushTracks {
			return false, violation("more than %d tracks", maxPushTracks)
		}
		t = new(pushTrack)
		p.tracks[seg.Track] = t
	}
	if seg.Type == livews.TypeInit {
		t.epoch = seg.Position.Epoch
		return false, nil
	}
	if t.epoch != seg.Position.Epoch {
		return false, violation("chunk %v of track %d before its init segment", seg.Position, seg.Track)
	}
	if !seg.Position.After(t.newest) {
		return true, nil
	}
	if seg.Gap != nil && seg.Gap.To != seg.Position {
		return false, violation("gap to %v in front of chunk %v of track %d", seg.Gap.To, seg.Position, seg.Track)
	}
	t.newest = seg.Position
	return false, nil
}
