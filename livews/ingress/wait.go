package ingress

import (
	"context"
	"time"
)

// waitUntil blocks until the moment due or until ctx ends.
func waitUntil(ctx context.Context, due time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d := time.Until(due)
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pause waits for so long, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error { return waitUntil(ctx, time.Now().Add(d)) }
