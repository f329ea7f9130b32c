package ingress

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	firstWait = 200 * time.Millisecond
	maxWait   = 10 * time.Second
	// healthyAfter is how long a program has to live before its next end counts as
	// the first again.
	healthyAfter = 10 * time.Second
)

// backoff spaces attempts: 0.2 s doubling to 10 s, each times 0.5 to 1.
type backoff struct{ next time.Duration }

// wait blocks until the next attempt may be made or ctx ends.
func (b *backoff) wait(ctx context.Context) error {
	b.next = min(max(b.next, firstWait), maxWait)
	d := time.Duration((0.5 + 0.5*rand.Float64()) * float64(b.next))
	b.next *= 2
	return waitUntil(ctx, time.Now().Add(d))
}

// lived says how long the last attempt has lived.
func (b *backoff) lived(d time.Duration) {
	if d >= healthyAfter {
		b.next = 0
	}
}
