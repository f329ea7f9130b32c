package backoff

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Backoff
		wait := func(most time.Duration) {
			t.Helper()
			start := time.Now()
			if err := b.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(start); got < most/2 || got > most {
				t.Errorf("waited %v, want %v to %v", got, most/2, most)
			}
		}
		for _, most := range []time.Duration{200, 400, 800, 1600, 3200, 6400, 10000, 10000} {
			wait(most * time.Millisecond)
		}
		b.Lived(9 * time.Second) // it came about, but did not last
		wait(10 * time.Second)
		b.Lived(10 * time.Second)
		wait(200 * time.Millisecond)

		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := b.Wait(ctx); err != context.DeadlineExceeded {
			t.Errorf("Wait = %v, want context.DeadlineExceeded", err)
		}
	})
}
