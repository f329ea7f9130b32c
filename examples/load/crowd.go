package main

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// crowd is all viewers, and what they have counted.
type crowd struct {
	url      *url.URL
	n        int
	slow     int
	slowRate int
	plain    bool
	ramp     time.Duration

	joined, live, failed  atomic.Int64
	asked                 atomic.Int64  // viewers that have joined or were refused
	all                   chan struct{} // closed when all have
	cut                   atomic.Int64  // connections that ended by themselves
	chunks, bytes         atomic.Int64
	gaps, skips           atomic.Int64
	duplicates, holes     atomic.Int64
	latency               histogram
	first                 histogram // from the upgrade request to the first chunk
	began                 time.Time
	last                  *snapshot // of latency at the last second
	lastChunks, lastBytes int64
	refusal               atomic.Value // the first error of a handshake, a string
	cancel                context.CancelFunc
	watching              sync.WaitGroup
}

func newCrowd(o *options) *crowd {
	return &crowd{
		url: o.url, n: o.n, slow: int(o.slow * float64(o.n)), slowRate: o.slowRate, plain: o.plain, ramp: o.ramp,
		began: time.Now(), all: make(chan struct{}),
	}
}

// join lets the viewers come, evenly over the ramp. It does not wait for them.
func (c *crowd) join(ctx context.Context) {
	ctx, c.cancel = context.WithCancel(ctx)
	for i := range c.n {
		v := &viewer{crowd: c, slow: c.isSlow(i)}
		c.watching.Go(func() {
			select {
			case <-time.After(c.ramp * time.Duration(i) / time.Duration(c.n)):
				_ = v.watch(ctx) // counted
			case <-ctx.Done():
			}
		})
	}
}

// isSlow spreads the slow viewers evenly among all.
func (c *crowd) isSlow(i int) bool { return i*c.slow/c.n != (i+1)*c.slow/c.n }

// leave ends all viewers.
func (c *crowd) leave() {
	c.cancel()
	c.watching.Wait()
}

func (c *crowd) refused(err error) {
	c.failed.Add(1)
	c.refusal.CompareAndSwap(nil, err.Error())
	c.answered()
}

func (c *crowd) answered() {
	if c.asked.Add(1) == int64(c.n) {
		close(c.all)
	}
}

// second returns the line for the second that has passed.
func (c *crowd) second() string {
	var since *snapshot
	c.last, since = c.latency.take(c.last)
	chunks, bytes := c.chunks.Load(), c.bytes.Load()
	line := fmt.Sprintf("%4.0fs  %d viewers  %6d chunks/s  %7.1f Mbit/s  latency p50 %s p99 %s max %s  skips %d  gaps %d  duplicates %d  holes %d  cut %d  refused %d",
		time.Since(c.began).Seconds(), c.live.Load(), chunks-c.lastChunks, float64(bytes-c.lastBytes)*8/1e6,
		short(since.quantile(0.5)), short(since.quantile(0.99)), short(since.most),
		c.skips.Load(), c.gaps.Load(), c.duplicates.Load(), c.holes.Load(), c.cut.Load(), c.failed.Load())
	c.lastChunks, c.lastBytes = chunks, bytes
	return line
}

// short rounds a duration to what is worth reading.
func short(d time.Duration) string {
	switch {
	case d >= time.Second:
		d = d.Round(10 * time.Millisecond)
	case d >= 10*time.Millisecond:
		d = d.Round(100 * time.Microsecond)
	default:
		d = d.Round(10 * time.Microsecond)
	}
	return d.String()
}
