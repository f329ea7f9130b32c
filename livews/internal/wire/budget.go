package wire

import (
	"cmp"
	"context"
	"errors"
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

// errChanged ends a way of sending: the viewer wants something else from now on.
var errChanged = errors.New("selected")

// budget is the latency budget of one viewer. While it rests, its subscription is not
// registered to be woken, so that a chunk that comes costs it nothing. A nil budget is
// that of a viewer who grants none.
type budget struct {
	span  time.Duration
	timer *time.Timer
	end   time.Time // of the rest that follows the next write
}

// newBudget returns the budget of a viewer that grants so much; zero is none.
func newBudget(span time.Duration) *budget {
	if span == 0 {
		return nil
	}
	return &budget{span: span}
}

// lagWith returns how slow a viewer may be that asked for this lag, zero for the default,
// and grants the budget: while it rests here, it is not slow.
func lagWith(budget, asked time.Duration) time.Duration {
	if budget == 0 {
		return asked
	}
	return cmp.Or(asked, defaultLag) + budget
}

// batch returns room for the segments of one write.
func (b *budget) batch() []*livews.Segment {
	n := maxBatch
	if b != nil {
		n = restBatch
	}
	return make([]*livews.Segment, n)
}

// took notes that something was taken from the log just now, and whether nothing more
// lies ready: then a chunk that comes from now on waits for the budget at the most.
func (b *budget) took(last bool) {
	if b == nil {
		return
	}
	b.end = time.Time{}
	if last {
		b.end = time.Now().Add(b.span)
	}
}

func wireSize(segments []*livews.Segment) int {
	n := 0
	for _, seg := range segments {
		n += livews.HeaderSize + len(seg.Payload)
	}
	return n
}

// wait waits until the budget is used up, or what the viewer wants has changed.
func (b *budget) wait(ctx context.Context, changed <-chan struct{}) error {
	if b == nil || b.end.IsZero() {
		return nil
	}
	left := time.Until(b.end) - time.Duration(b.end.UnixNano())%(b.span/restSteps)
	if left <= 0 {
		return nil
	}
	if b.timer == nil {
		b.timer = time.NewTimer(left)
	} else {
		b.timer.Reset(left)
	}
	select {
	case <-b.timer.C:
		return nil
	case <-changed:
		b.timer.Stop()
		return errChanged
	case <-ctx.Done():
		b.timer.Stop()
		return ctx.Err()
	}
}
