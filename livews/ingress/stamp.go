package ingress

import (
	"context"
	"slices"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// StampOptions are the options of [Stamp].
type StampOptions struct {
	// LastEpoch is the last epoch that this stream is known to have had; the new
	// one is higher. Zero means none.
	LastEpoch uint32
}

// Stamp returns a Source that gives the segments of src with their positions: this is
// where a stream gets them, once for all. src gives init segments and chunks as a
// [dash.Splitter] does, with Duration set; what Stamp gives are new segments with the
// same bytes. WallClock is the time at which src gave a chunk, where it is zero. opts
// may be nil.
//
// The epoch is the Unix time in seconds, or more if LastEpoch asks for it.
//
// A sync chunk of the reference track (the video track with the lowest number, or the
// first track where there is no video) begins a group; in each other track the group
// begins with its first sync chunk at or after that time. So that every group has
// chunks of every track, a sync chunk begins none as long as another track has not
// begun the current one, unless that track has been silent for 4 s, nor within 0.4 s
// (1 s without video). What lies before the first group is dropped. If the reference
// track is silent for 15 s, the next track takes its place until it comes back. A track
// that has no chunk in a group has a [livews.Gap] when it goes on.
//
// A chunk that lies ahead of the reference track is held until that has come so far,
// which costs nobody anything, as it cannot be played before; but no longer than a
// second of media. The error which ends src comes after what was held.
//
// After a new init segment a track goes on with its next group; what comes before is
// dropped. An init segment with FlagDiscontinuity says that src has started again:
// those up to the next chunk name all tracks that there are now. If they are others
// than before, by their numbers and kinds, the epoch rises and the groups count from
// 0 again. The flag itself is not passed on.
func Stamp(src livews.Source, opts *StampOptions) livews.Source {
	return newStamper(src, opts)
}

func newStamper(src livews.Source, opts *StampOptions) *stamper {
	var o StampOptions
	if opts != nil {
		o = *opts
	}
	return &stamper{src: src, epoch: nextEpoch(o.LastEpoch)}
}

// nextEpoch returns the epoch of a stream that starts now.
func nextEpoch(last uint32) uint32 { return max(last+1, uint32(time.Now().Unix())) }

// stamper is the Source that Stamp returns.
type stamper struct {
	src     livews.Source
	account *account // of what tracks hold; nil where it is nobody's

	epoch     uint32
	tracks    []*stampTrack // by appearance
	reference *stampTrack
	begun     bool          // the first group has
	origin    time.Duration // its decode time
	group     uint32        // the newest
	start     time.Duration // its decode time

	renewed []*livews.Segment // init segments of a src that has started again
	ready   []*livews.Segment // stamped, in the order in which they go out
	err     error             // of src; comes after ready
}

// ReadSegment returns the next segment.
func (s *stamper) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	for len(s.ready) == 0 {
		if s.err != nil {
			return nil, s.err
		}
		seg, err := s.src.ReadSegment(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, err
		case err != nil:
			s.err = err
			s.releaseAll()
		case seg.Type == livews.TypeInit:
			s.takeInit(seg)
		default:
			s.renew()
			s.takeChunk(seg)
		}
	}
	seg := s.ready[0]
	s.ready[0] = nil
	s.ready = s.ready[1:]
	return seg, nil
}

// takeInit takes an init segment, now or with the others of its kind.
func (s *stamper) takeInit(seg *livews.Segment) {
	if len(s.renewed) == 0 && !seg.Flags.Has(livews.FlagDiscontinuity) {
		s.init(seg)
		return
	}
	s.releaseAll()
	s.renewed = append(s.renewed, seg)
}

// renew goes on after src has started again, when its tracks are known.
func (s *stamper) renew() {
	if len(s.renewed) == 0 {
		return
	}
	if len(s.tracks) > 0 && !s.sameTracks(s.renewed) {
		*s = stamper{src: s.src, account: s.account, epoch: nextEpoch(s.epoch), renewed: s.renewed, ready: s.ready}
	}
	for _, seg := range s.renewed {
		s.init(seg)
	}
	for _, t := range s.tracks {
		t.broken = t.begun
	}
	s.renewed = nil
}

// sameTracks reports whether the init segments are those of the tracks that are there.
func (s *stamper) sameTracks(inits []*livews.Segment) bool {
	for _, seg := range inits {
		if t := s.track(seg.Track); t == nil || t.info.Kind != seg.Info.Kind {
			return false
		}
	}
	return !slices.ContainsFunc(s.tracks, func(t *stampTrack) bool {
		return !slices.ContainsFunc(inits, func(seg *livews.Segment) bool { return seg.Track == t.number })
	})
}

// init puts an init segment in force from the track's next group on.
func (s *stamper) init(seg *livews.Segment) {
	t := s.track(seg.Track)
	if t == nil {
		t = &stampTrack{number: seg.Track}
		s.tracks = append(s.tracks, t)
	} else {
		s.release(t, len(t.held))
	}
	t.info, t.waits, t.silent = seg.Info, true, false
	s.reference = s.pickReference()
	p := livews.Position{Epoch: s.epoch}
	if s.begun {
		p.Group = s.group + 1
	}
	s.ready = append(s.ready, stamped(seg, p, seg.Flags&^livews.FlagDiscontinuity))
}

func (s *stamper) track(number uint16) *stampTrack {
	for _, t := range s.tracks {
		if t.number == number {
			return t
		}
	}
	return nil
}

// pickReference returns the video track with the lowest number, else the first track,
// of those that are not silent.
func (s *stamper) pickReference() *stampTrack {
	best := s.tracks[0]
	for _, t := range s.tracks[1:] {
		if t.rank() < best.rank() || t.rank() == best.rank() && t.isVideo() && t.number < best.number {
			best = t
		}
	}
	return best
}

// stamped returns a segment with the bytes of seg and another position.
func stamped(seg *livews.Segment, p livews.Position, flags livews.Flags) *livews.Segment {
	return &livews.Segment{
		Type: seg.Type, Flags: flags, Track: seg.Track, Position: p,
		DecodeTime: seg.DecodeTime, Duration: seg.Duration, WallClock: seg.WallClock,
		Info: seg.Info, Payload: seg.Payload,
	}
}
