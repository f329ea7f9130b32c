package ingress

import (
	"slices"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// minVideoGroup and minAudioGroup are the least media time of a group, where
	// there is video and where there is none: each chunk could begin one where every
	// sample is a sync sample.
	minVideoGroup = 400 * time.Millisecond
	minAudioGroup = time.Second
	// maxStretch is how long a group may be stretched for a track that has not
	// begun it yet.
	maxStretch = 4 * time.Second
	// maxSilence is by how much media the reference track may fall behind another one
	// before that takes its place.
	maxSilence = 15 * time.Second
)

// takeChunk takes a chunk: of the reference track at once, of another when its group
// is certain.
func (s *stamper) takeChunk(seg *livews.Segment) {
	t := s.track(seg.Track)
	if t == nil {
		return // no player could use it
	}
	seg = stamped(seg, livews.Position{}, seg.Flags&^livews.FlagFirst)
	if seg.WallClock.IsZero() {
		seg.WallClock = time.Now().Round(0)
	}
	t.hold(seg)
	s.account.keep(len(seg.Payload))
	s.elect(t, seg)
	if t == s.reference {
		for len(t.held) > 0 {
			s.referenceChunk(s.pop(t))
		}
		return
	}
	s.releaseDue(t)
}

// elect chooses another reference if the one that there is has been silent for long,
// or one that was comes back with seg, the newest chunk of t.
func (s *stamper) elect(t *stampTrack, seg *livews.Segment) {
	switch {
	case t.silent && seg.Flags.Has(livews.FlagSync):
		t.silent = false
	case t != s.reference && t.newest-s.reference.heardUntil(t) >= maxSilence:
		s.reference.silent = true
	default:
		return
	}
	s.reference = s.pickReference()
}

func (s *stamper) referenceChunk(seg *livews.Segment) {
	if s.begins(seg) {
		s.releaseBefore(seg.DecodeTime)
		if s.begun {
			s.group++
		} else {
			s.origin = seg.DecodeTime
		}
		s.begun, s.start = true, seg.DecodeTime
	}
	s.emit(s.reference, seg)
	for _, t := range s.tracks {
		s.releaseDue(t)
	}
}

// begins reports whether the reference track's chunk begins a group.
func (s *stamper) begins(seg *livews.Segment) bool {
	switch {
	case !seg.Flags.Has(livews.FlagSync):
		return false
	case s.reference.waits, seg.Flags.Has(livews.FlagDiscontinuity), seg.DecodeTime < s.start:
		return true
	}
	least := minVideoGroup
	if !s.reference.isVideo() {
		least = minAudioGroup
	}
	return seg.DecodeTime-s.start >= least && !slices.ContainsFunc(s.tracks, func(t *stampTrack) bool {
		return s.stretches(t, seg.DecodeTime)
	})
}

// stretches reports whether the current group has to last for t, which has not begun
// it, beyond the time at.
func (s *stamper) stretches(t *stampTrack, at time.Duration) bool {
	switch {
	case t == s.reference:
		return false
	case !t.begun:
		return at-s.origin < maxStretch
	case t.waits: // for the next group
		return false
	}
	return t.group != s.group && at-t.end < maxStretch
}

// releaseBefore releases what is held of the group that ends at the time at.
func (s *stamper) releaseBefore(at time.Duration) {
	for _, t := range s.tracks {
		if t == s.reference {
			continue
		}
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
	if t == s.reference {
		return
	}
	n := 0
	for n < len(t.held) && (s.begun && t.held[n].DecodeTime < s.reference.newest || t.overfull(n)) {
		n++
	}
	s.release(t, n)
}

func (s *stamper) releaseAll() {
	for _, t := range s.tracks {
		s.release(t, len(t.held))
	}
}

// release emits the first n chunks that are held of t.
func (s *stamper) release(t *stampTrack, n int) {
	for range n {
		s.emit(t, s.pop(t))
	}
}

// pop takes the oldest chunk that is held of t.
func (s *stamper) pop(t *stampTrack) *livews.Segment {
	seg := t.pop()
	s.account.give(len(seg.Payload))
	return seg
}

// emit gives seg its position. What lies before the first group, or between an init
// segment and the next group, is dropped.
func (s *stamper) emit(t *stampTrack, seg *livews.Segment) {
	first := s.begun && t.mayBegin(s.group) && seg.Flags.Has(livews.FlagSync) && seg.DecodeTime >= s.start
	if t.waits && !first {
		t.broken = t.begun
		return
	}
	if first && t.begun && s.group > t.group+1 {
		from := livews.Position{Epoch: s.epoch, Group: t.group, Chunk: t.next - 1}
		to := livews.Position{Epoch: s.epoch, Group: s.group}
		seg.Gap = &livews.Gap{From: from, To: to, Reason: livews.GapLost}
	}
	if first {
		t.begun, t.waits, t.group, t.next = true, false, s.group, 0
		seg.Flags |= livews.FlagFirst
	}
	if t.broken {
		t.broken = false
		seg.Flags |= livews.FlagDiscontinuity
	}
	seg.Position = livews.Position{Epoch: s.epoch, Group: t.group, Chunk: t.next}
	t.next++
	t.end = end(seg)
	s.ready = append(s.ready, seg)
}
