// Package backoff spaces attempts at what keeps failing.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	first = 200 * time.Millisecond
	most  = 10 * time.Second
	// healthy is how long something has to live before its next failure counts as
	// the first again.
	healthy = 10 * time.Second
)

// Backoff is the waiting between attempts: 0.2 s, doubling to 10 s, each times a random
// 0.5 to 1. The zero Backoff is ready for use, by one goroutine.
type Backoff struct{ next time.Duration }

// Wait blocks until the next attempt may be made or ctx ends.
func (b *Backoff) Wait(ctx context.Context) error {
	timer := time.NewTimer(b.Next())
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Next counts an attempt as Wait does and returns how long it has to wait, for those who
// wait for other things as well.
func (b *Backoff) Next() time.Duration {
	wait := min(max(b.next, first), most)
	b.next = 2 * wait
	return time.Duration((0.5 + 0.5*rand.Float64()) * float64(wait))
}

// Lived says how long the last attempt has lived. That it came about is no reason to
// begin anew with short waits; that it lived for 10 s is.
func (b *Backoff) Lived(d time.Duration) {
	if d >= healthy {
		b.next = 0
	}
}
