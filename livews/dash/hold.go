package dash

import (
	"math"
	"slices"

	"github.com/livews/websocketlivestream/livews"
)

// enqueue puts seg behind those that wait. A hold ends when there are too many.
func (s *Splitter) enqueue(seg *livews.Segment) {
	s.queue = append(s.queue, seg)
	s.weight += len(seg.Payload)
	if len(s.queue) > MaxTracks+maxHeld || s.weight > maxHeldBytes {
		s.held = false
	}
}

// dequeue returns what is to be given next, or nil if that is not known yet.
func (s *Splitter) dequeue() *livews.Segment {
	if s.held || s.head == len(s.queue) {
		return nil
	}
	seg := s.queue[s.head]
	s.queue[s.head] = nil
	if s.head++; s.head == len(s.queue) {
		s.queue, s.head, s.weight = s.queue[:0], 0, 0
	}
	if seg.Type == livews.TypeInit {
		s.stats.Inits++
	} else {
		s.stats.Chunks++
	}
	return seg
}

// noteFrameRates fills the frame rates of the init segments that wait from the
// moof. It reports whether all are known, as far as moofs tell them.
func (s *Splitter) noteFrameRates() bool {
	for i := range s.trafs {
		t := &s.trafs[i]
		track := s.track(t.id)
		if track == nil {
			continue
		}
		track.seen = true
		if rate := frameRate(track.Track, uint64(t.end-t.first), sumDuration(s.samples[t.first:t.end])); rate != 0 {
			track.Info.FrameRate = rate
		}
	}
	return !slices.ContainsFunc(s.tracks, func(t *splitTrack) bool {
		return t.Info.Kind == livews.KindVideo && t.Info.FrameRate == 0 && !t.seen
	})
}

// frameRate returns the mean rate of n frames that last duration units,
// rounded to a thousandth, or 0 where it cannot be told.
func frameRate(t *Track, n, duration uint64) float64 {
	if t.Info.Kind != livews.KindVideo || n == 0 || duration == 0 {
		return 0
	}
	return math.Round(1000*float64(n)*float64(t.Info.Timescale)/float64(duration)) / 1000
}
