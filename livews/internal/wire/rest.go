package wire

import (
	"cmp"
	"context"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// restBatch is maxBatch for viewers with a latency budget. Their bytes have the
	// bound of all others: beyond 64 KiB a larger write is hardly cheaper by the byte.
	restBatch = 64
	// restSteps is into how many steps of the clock a budget is divided. Rests end with
	// a step, so that viewers whose budgets are alike are woken by few timers.
	restSteps = 16
)

// rest is the latency budget of one viewer. While it rests, its subscription is not
// registered to be woken, so that a chunk that comes costs it nothing. A nil rest is
// that of a viewer who grants none.
type rest struct {
	budget time.Duration
	timer  *time.Timer
	end    time.Time // of the rest that follows the next write
}

// newRest returns the rest of a viewer with this budget; zero is none.
func newRest(budget time.Duration) *rest {
	if budget == 0 {
		return nil
	}
	return &rest{budget: budget}
}

// lag returns how slow a viewer may be that asked for this: while it rests here, it is not.
func (r *rest) lag(asked time.Duration) time.Duration {
	if r == nil {
		return asked
	}
	return cmp.Or(asked, defaultLag) + r.budget
}

// batch returns room for the segments of one write.
func (r *rest) batch() []*livews.Segment {
	if r == nil {
		return make([]*livews.Segment, maxBatch)
	}
	return make([]*livews.Segment, restBatch)
}

// took notes that taken were taken from the log just now, and all there was if drained.
// A chunk that comes from then on waits for the budget at the most. Init segments alone
// are no reason to rest: the first group start after them is waited for.
func (r *rest) took(taken []*livews.Segment, drained bool) {
	if r == nil {
		return
	}
	r.end = time.Time{}
	if drained && taken[len(taken)-1].Type == livews.TypeChunk {
		r.end = time.Now().Add(r.budget)
	}
}

// wait waits until the budget is used up.
func (r *rest) wait(ctx context.Context) error {
	if r == nil || r.end.IsZero() {
		return nil
	}
	left := time.Until(r.end) - time.Duration(r.end.UnixNano())%(r.budget/restSteps)
	if left <= 0 {
		return nil
	}
	if r.timer == nil {
		r.timer = time.NewTimer(left)
	} else {
		r.timer.Reset(left)
	}
	select {
	case <-r.timer.C:
		return nil
	case <-ctx.Done():
		r.timer.Stop()
		return ctx.Err()
	}
}
