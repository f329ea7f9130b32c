package ingress

import (
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// maxAhead, maxHeld and maxHeldBytes bound what is held of a track that runs ahead
	// of the reference track.
	maxAhead     = time.Second
	maxHeld      = 256
	maxHeldBytes = 16 << 20
)

// stampTrack is what a stamper knows of a track in the current epoch.
type stampTrack struct {
	number uint16
	info   *livews.Track
	came   bool          // a chunk has come
	origin time.Duration // of the first that came
	newest time.Duration // the end of the newest that came
	silent bool          // was the reference, and nothing came any more
	begun  bool          // has given a chunk
	waits  bool          // has to begin a group, after an init segment
	broken bool          // chunks were dropped behind the newest
	group  uint32        // of the newest chunk given
	next   uint32        // number of the next chunk in that group
	end    time.Duration // of the newest chunk given
	held   []*livews.Segment
	bytes  int // of held
}

// mayBegin reports whether the group is not the track's current one.
func (t *stampTrack) mayBegin(group uint32) bool { return !t.begun || t.group != group }

func (t *stampTrack) isVideo() bool { return t.info.Kind == livews.KindVideo }

// rank orders tracks by their fitness as the reference: the lower the better.
func (t *stampTrack) rank() int {
	switch {
	case t.silent:
		return 2
	case t.isVideo():
		return 0
	}
	return 1
}

// heardUntil returns until when t has come, or, if nothing has, since when the other
// has.
func (t *stampTrack) heardUntil(other *stampTrack) time.Duration {
	if t.came {
		return t.newest
	}
	return other.origin
}

// hold takes a chunk that has come.
func (t *stampTrack) hold(seg *livews.Segment) {
	if !t.came {
		t.came, t.origin = true, seg.DecodeTime
	}
	t.newest = end(seg)
	t.held = append(t.held, seg)
	t.bytes += len(seg.Payload)
}

func (t *stampTrack) pop() *livews.Segment {
	seg := t.held[0]
	t.held[0] = nil
	t.held = t.held[1:]
	t.bytes -= len(seg.Payload)
	return seg
}

// overfull reports whether more is held than may be, even without the first n chunks.
func (t *stampTrack) overfull(n int) bool {
	newest := t.held[len(t.held)-1].DecodeTime
	return newest-t.held[n].DecodeTime >= maxAhead || len(t.held)-n > maxHeld || n == 0 && t.bytes > maxHeldBytes
}
