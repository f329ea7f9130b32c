package ingress

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

const (
	// maxOpening is how much media is held back for tracks that were announced and have
	// not begun, and maxOpeningBytes how many bytes.
	maxOpening      = 3 * time.Second
	maxOpeningBytes = 16 << 20
)

// browserSet is the tracks that a start has announced. Their init segments are given
// together, so that viewers learn of all tracks at once.
type browserSet struct {
	tracks map[uint8]*browserTrackState
	again  bool // another set was before
	open   bool // the init segments are out
	inits  []*livews.Segment
	held   []*livews.Segment
	bytes  int // of inits and held
}

// browserTrackState is one of them.
type browserTrackState struct {
	number uint8
	kind   string
	muxer  *dash.Muxer
	last   time.Duration // of the newest frame on the timeline; -1 before the first
	asked  time.Time     // for a key frame
}

func (t *browserTrackState) isVideo() bool { return t.kind == livews.KindVideo }

// newBrowserSet returns the set of these tracks, which are checked, behind another one, or
// nil. The error wraps [dash.ErrUnsupported] or [dash.ErrMalformed].
func newBrowserSet(tracks []browserTrack, before *browserSet) (*browserSet, error) {
	s := &browserSet{tracks: make(map[uint8]*browserTrackState), again: before != nil}
	for _, t := range tracks {
		config := &dash.TrackConfig{Track: uint16(t.Track), Codec: t.Codec, Channels: t.Channels, FrameRate: t.FrameRate}
		if (t.Kind == livews.KindAudio) != (t.Codec == "opus") {
			return nil, fmt.Errorf("%w: %s in codec %.40q: want opus for sound, and avc1, vp09 or av01 for pictures", dash.ErrUnsupported, t.Kind, t.Codec)
		}
		if t.Bitrate > 0 && t.Bitrate < math.MaxUint32 {
			config.Bitrate = uint32(t.Bitrate)
		}
		muxer, err := dash.NewMuxer(config)
		if err != nil {
			return nil, err
		}
		s.tracks[t.Track] = &browserTrackState{number: t.Track, kind: t.Kind, muxer: muxer, last: before.lastOf(t)}
	}
	return s, nil
}

// lastOf returns behind what the frames of t have to come, where it goes on with one of s.
func (s *browserSet) lastOf(t browserTrack) time.Duration {
	if s == nil || s.tracks[t.Track] == nil || s.tracks[t.Track].kind != t.Kind {
		return -1
	}
	return s.tracks[t.Track].last
}

// take takes what a muxer gave for a frame of t, and returns what can be given on: all,
// once every track has begun, or that has been waited for.
func (s *browserSet) take(t *browserTrackState, init, chunk *livews.Segment) []*livews.Segment {
	if s.open {
		if init != nil {
			return []*livews.Segment{init, chunk}
		}
		return []*livews.Segment{chunk}
	}
	if init != nil {
		s.inits, s.held = s.without(s.inits, init.Track), s.without(s.held, init.Track)
		s.inits = append(s.inits, init)
		s.bytes += len(init.Payload)
	}
	s.held = append(s.held, chunk)
	s.bytes += len(chunk.Payload)
	span := chunk.DecodeTime - s.held[0].DecodeTime
	if len(s.inits) < len(s.tracks) && span < maxOpening && s.bytes < maxOpeningBytes {
		return nil
	}
	return s.flush()
}

// flush opens the set and returns all that is held.
func (s *browserSet) flush() []*livews.Segment {
	if s.open || len(s.inits) == 0 {
		return nil
	}
	s.open = true
	slices.SortFunc(s.inits, func(a, b *livews.Segment) int { return int(a.Track) - int(b.Track) })
	if s.again {
		s.inits[0].Flags |= livews.FlagDiscontinuity
	}
	all := slices.Concat(s.inits, s.held)
	s.inits, s.held, s.bytes = nil, nil, 0
	return all
}

// without removes the segments of a track from some of those that are held.
func (s *browserSet) without(segments []*livews.Segment, track uint16) []*livews.Segment {
	return slices.DeleteFunc(segments, func(seg *livews.Segment) bool {
		if seg.Track != track {
			return false
		}
		s.bytes -= len(seg.Payload)
		return true
	})
}
