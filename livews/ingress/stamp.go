package ingress

import (
	"context"
	"io"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// maxAhead and maxHeld bound what is held of a track that runs ahead of the
	// reference track.
	maxAhead = time.Second
	maxHeld  = 256
	// audioGroup is the least media time of a group where there is no video.
	audioGroup = time.Second
)

// StampOptions are the options of [Stamp].
type StampOptions struct {
	// LastEpoch is the last epoch that this stream is known to have had; the new
	// one is higher. Zero means none.
	LastEpoch uint32
}

// Stamp returns a Source that gives the segments of src with their positions: this is
// where a stream gets them, once for all. src gives init segments and chunks as a
// [dash.Splitter] does, with Duration set; their Position, FlagFirst and, where it is
// zero, WallClock are set in place, so nobody else may hold them. opts may be nil.
//
// The epoch is the Unix time in seconds, or more if LastEpoch asks for it. A sync
// chunk of the reference track (the video track with the lowest number, or the first
// track where there is no video) begins a group; in each other track the group begins
// with its first sync chunk at or after that time. A chunk that lies ahead of the
// reference track is held until that has come so far, which costs nobody anything, as
// it cannot be played before; but no longer than a second of media. Chunks before the
// first group are dropped. An io.EOF of src comes after what was held.
func Stamp(src livews.Source, opts *StampOptions) livews.Source {
	var o StampOptions
	if opts != nil {
		o = *opts
	}
	return &stamper{
		src:    src,
		epoch:  max(o.LastEpoch+1, uint32(time.Now().Unix())),
		tracks: make(map[uint16]*stampTrack),
	}
}

// stamper is the Source that Stamp returns.
type stamper struct {
	src   livews.Source
	epoch uint32

	tracks    map[uint16]*stampTrack
	order     []*stampTrack // by appearance
	reference *stampTrack
	begun     bool          // the first group has
	group     uint32        // the newest
	start     time.Duration // its decode time
	end       time.Duration // of the reference's newest chunk

	ready []*livews.Segment // stamped, in the order in which they go out
	err   error             // of src; comes after ready
}

type stampTrack struct {
	info  *livews.Track
	began bool   // has a chunk
	group uint32 // of the newest chunk
	next  uint32 // number of the next chunk in that group
	held  []*livews.Segment
}

// ReadSegment returns the next segment.
func (s *stamper) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	for len(s.ready) == 0 {
		if s.err != nil {
			return nil, s.err
		}
		seg, err := s.src.ReadSegment(ctx)
		switch {
		case err == io.EOF:
			s.err = err
			s.releaseAll()
		case err != nil:
			return nil, err
		case seg.Type == livews.TypeInit:
			s.init(seg)
		default:
			s.chunk(seg)
		}
	}
	seg := s.ready[0]
	s.ready[0] = nil
	s.ready = s.ready[1:]
	return seg, nil
}

// init takes an init segment, which is in force from the track's next group on.
func (s *stamper) init(seg *livews.Segment) {
	t := s.tracks[seg.Track]
	if t == nil {
		t = new(stampTrack)
		s.tracks[seg.Track] = t
		s.order = append(s.order, t)
	} else {
		s.release(t, len(t.held))
	}
	t.info = seg.Info
	s.reference = s.pickReference()
	seg.Position = livews.Position{Epoch: s.epoch}
	if s.begun {
		seg.Position.Group = s.group + 1
	}
	s.ready = append(s.ready, seg)
}

// pickReference returns the video track with the lowest number, else the first track.
func (s *stamper) pickReference() *stampTrack {
	var video *stampTrack
	for _, t := range s.order {
		if t.info.Kind == livews.KindVideo && (video == nil || t.info.Number < video.info.Number) {
			video = t
		}
	}
	if video == nil {
		return s.order[0]
	}
	return video
}

// chunk takes a chunk: of the reference track at once, of another when its group is
// certain.
func (s *stamper) chunk(seg *livews.Segment) {
	if seg.WallClock.IsZero() {
		seg.WallClock = time.Now()
	}
	t := s.tracks[seg.Track]
	if t == nil {
		return // no player could use it
	}
	if t == s.reference {
		s.referenceChunk(seg)
		return
	}
	t.held = append(t.held, seg)
	s.releaseDue(t)
}

func (s *stamper) referenceChunk(seg *livews.Segment) {
	if s.begins(seg) {
		s.releaseBefore(seg.DecodeTime)
		if s.begun {
			s.group++
		}
		s.begun, s.start = true, seg.DecodeTime
	}
	s.end = seg.DecodeTime + seg.Duration
	s.emit(s.reference, seg)
	for _, t := range s.order {
		s.releaseDue(t)
	}
}

// begins reports whether the reference track's chunk begins a group. Without video
// each chunk could; then groups have a decent length.
func (s *stamper) begins(seg *livews.Segment) bool {
	if !seg.Flags.Has(livews.FlagSync) {
		return false
	}
	if s.reference.info.Kind == livews.KindVideo || !s.begun || seg.Flags.Has(livews.FlagDiscontinuity) {
		return true
	}
	return seg.DecodeTime < s.start || seg.DecodeTime-s.start >= audioGroup
}

// releaseBefore releases what is held of the group that ends at t.
func (s *stamper) releaseBefore(at time.Duration) {
	for _, t := range s.order {
		n := 0
		for n < len(t.held) && t.held[n].DecodeTime < at {
			n++
		}
		s.release(t, n)
	}
}

// releaseDue releases the chunks of t whose group is certain, because the reference
// track has come as far as they begin, and those that cannot be held any longer.
func (s *stamper) releaseDue(t *stampTrack) {
	if len(t.held) == 0 {
		return
	}
	newest := t.held[len(t.held)-1].DecodeTime
	n := 0
	for n < len(t.held) {
		at := t.held[n].DecodeTime
		certain := s.begun && at < s.end
		if !certain && newest-at < maxAhead && len(t.held)-n <= maxHeld {
			break
		}
		n++
	}
	s.release(t, n)
}

func (s *stamper) releaseAll() {
	for _, t := range s.order {
		s.release(t, len(t.held))
	}
}

// release emits the first n chunks that are held of t.
func (s *stamper) release(t *stampTrack, n int) {
	for _, seg := range t.held[:n] {
		s.emit(t, seg)
	}
	clear(t.held[:n])
	t.held = t.held[n:]
}

// emit gives seg its position. Chunks that lie before the stream's first group, or
// before the track's first sync sample, are dropped.
func (s *stamper) emit(t *stampTrack, seg *livews.Segment) {
	if !s.begun {
		return
	}
	sync := seg.Flags.Has(livews.FlagSync)
	first := sync && (!t.began || t.group != s.group) && (t == s.reference || seg.DecodeTime >= s.start)
	if !first && !t.began {
		return
	}
	if first {
		t.began, t.group, t.next = true, s.group, 0
		seg.Flags |= livews.FlagFirst
	}
	seg.Position = livews.Position{Epoch: s.epoch, Group: t.group, Chunk: t.next}
	t.next++
	s.ready = append(s.ready, seg)
}
