package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// Hop is a place that a stream passes: where a server takes it in, or where a viewer gets
// it. As a [livews.Sink] it holds what passes to P1 (rising positions, nothing twice), P2
// (each hole told once), P3 (the camera's bits) and P5 (init segments, then a group start);
// what is broken goes to its Findings. It is stricter than a [livewstest.Checker]: it knows
// where a group ends, and that a chunk needs the init segment of its own epoch.
//
// It is written by one goroutine; its other methods may be called by any.
type Hop struct {
	where    string
	feeds    *Feeds
	findings *Findings

	checker livewstest.Checker
	epochs  map[uint16]uint32 // of the init segments
	last    map[uint16]livews.Position

	mu    sync.Mutex
	tally Tally
}

// NewHop returns a Hop before its first segment.
func NewHop(where string, feeds *Feeds, findings *Findings) *Hop {
	return &Hop{
		where: where, feeds: feeds, findings: findings,
		epochs: make(map[uint16]uint32), last: make(map[uint16]livews.Position),
	}
}

// WriteSegment checks seg. It always returns nil: a bench goes on with what is broken, so
// that all places which it reaches are named.
func (h *Hop) WriteSegment(ctx context.Context, seg *livews.Segment) error {
	if err := errors.Join(h.checker.WriteSegment(ctx, seg), h.feeds.Check(seg), h.strict(seg)); err != nil {
		h.findings.Add(h.where, err)
	}
	if seg.Type == livews.TypeInit {
		h.epochs[seg.Track] = seg.Position.Epoch
		return nil
	}
	h.count(seg)
	if seg.Position.After(h.last[seg.Track]) {
		h.last[seg.Track] = seg.Position
	}
	return nil
}

// Tally returns what was counted.
func (h *Hop) Tally() Tally {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tally
}

// Begin sets the counters to zero, and lets the time without a chunk begin now.
func (h *Hop) Begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tally = Tally{Newest: h.tally.Newest, At: time.Now()}
}

// strict finds what only a reader that knows the camera can.
func (h *Hop) strict(seg *livews.Segment) error {
	if seg.Type == livews.TypeInit {
		return nil
	}
	p := seg.Position
	if e := h.epochs[seg.Track]; e != p.Epoch {
		return fmt.Errorf("track %d: chunk %v under the init segment of epoch %d", seg.Track, p, e)
	}
	if last := h.last[seg.Track]; seg.Gap == nil && h.feeds.missing(last, p) > 0 {
		return fmt.Errorf("track %d: chunk %v: hole after %v without a gap", seg.Track, p, last)
	}
	return nil
}

func (h *Hop) count(seg *livews.Segment) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	t := &h.tally
	last := h.last[seg.Track]
	t.Chunks++
	t.Lost += h.feeds.missing(last, seg.Position)
	if seg.Gap != nil {
		t.Gaps++
		t.Told = *seg.Gap
	}
	if !last.IsZero() && last.Epoch != seg.Position.Epoch {
		t.Epochs++
	}
	if !t.At.IsZero() {
		t.Longest = max(t.Longest, now.Sub(t.At))
	}
	t.Oldest = max(t.Oldest, now.Sub(seg.WallClock))
	t.At = now
	t.Epoch = max(t.Epoch, seg.Position.Epoch)
	if seg.WallClock.After(t.Newest) {
		t.Newest = seg.WallClock
	}
}
