package livews_test

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// live writes n seconds of a stream with a chunk of each second in groups of two, in
// real time but for an outage: what belongs into it comes when it is over, at once.
func live(t *testing.T, relay *livews.Relay, n int, from, to time.Duration) {
	src, begin := one(), time.Now()
	fill(t, relay, src, 1)
	for i := range n {
		due := time.Duration(i) * time.Second
		if due >= from && due < to {
			due = to
		}
		time.Sleep(time.Until(begin.Add(due)))
		fill(t, relay, src, 1)
	}
}

// leisurely reads sub to its end, with a rest after each chunk.
func leisurely(t *testing.T, sub *livews.Subscription, c *livewstest.Checker, rest time.Duration) (slow int) {
	c.Chunks, c.Proof = 2, true
	for {
		seg, err := sub.ReadSegment(t.Context())
		if err == io.EOF {
			return slow
		}
		if err := errors.Join(err, c.WriteSegment(t.Context(), seg)); err != nil {
			t.Fatal(err)
		}
		if seg.Type == livews.TypeChunk {
			time.Sleep(rest)
		}
		if seg.Gap != nil && seg.Gap.Reason == livews.GapSlow {
			slow++
		}
	}
}

// TestLagAfterOutage gives a reader that keeps up all of what an outage has held back,
// and moves on only one that does not read it within MaxLag.
func TestLagAfterOutage(t *testing.T) {
	for _, tt := range []struct {
		name   string
		outage time.Duration
		rest   time.Duration
		slow   bool
	}{
		{"no outage", 0, 100 * time.Millisecond, false},
		{"no outage, as fast as the stream", 0, time.Second, false},
		{"no outage, too slow", 0, 1500 * time.Millisecond, true},
		{"a short one, as fast as the stream", 2 * time.Second, time.Second, false},
		{"8 s, read at once", 8 * time.Second, 0, false},
		{"8 s, read in time", 8 * time.Second, 250 * time.Millisecond, false},
		{"8 s, read too late", 8 * time.Second, 900 * time.Millisecond, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				relay := livews.NewRelay(nil)
				sub := relay.Subscribe(nil)
				go func() {
					live(t, relay, 40, 10*time.Second, 10*time.Second+tt.outage)
					_ = relay.Close()
				}()
				var c livewstest.Checker
				slow := leisurely(t, sub, &c, tt.rest)
				if (slow > 0) != tt.slow || slow != c.Gaps {
					t.Errorf("%d gaps, %d of them for slowness, want some: %v", c.Gaps, slow, tt.slow)
				}
				if !tt.slow && c.Segments != 1+40 {
					t.Errorf("%d segments, want the init segment and 40 chunks", c.Segments)
				}
			})
		})
	}
}

// TestLagOfNewcomer gives one who asks for what lies in the window all of it, if it reads
// that within MaxLag.
func TestLagOfNewcomer(t *testing.T) {
	back := livews.Position{Epoch: 1, Group: 2, Chunk: 1} // of 1.7.1: 10 s
	for _, tt := range []struct {
		name   string
		opts   livews.SubscribeOptions
		rest   time.Duration
		chunks int // until the newest at the beginning; 0: it is too slow
	}{
		{"after, in time", livews.SubscribeOptions{After: map[uint16]livews.Position{1: back}}, 200 * time.Millisecond, 10},
		{"after, too late", livews.SubscribeOptions{After: map[uint16]livews.Position{1: back}}, 900 * time.Millisecond, 0},
		{"from, in time", livews.SubscribeOptions{From: back}, 200 * time.Millisecond, 12},
		{"from, too late", livews.SubscribeOptions{From: back}, 900 * time.Millisecond, 0},
		{"oldest, in time", livews.SubscribeOptions{Start: livews.StartOldest}, 150 * time.Millisecond, 16},
		{"oldest, too late", livews.SubscribeOptions{Start: livews.StartOldest}, 900 * time.Millisecond, 0},
		{"oldest, lossless", livews.SubscribeOptions{Start: livews.StartOldest, Lossless: true}, 900 * time.Millisecond, 16},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				relay := livews.NewRelay(nil)
				go func() {
					live(t, relay, 16+20, 0, 0)
					_ = relay.Close()
				}()
				time.Sleep(15*time.Second + time.Millisecond)
				c := livewstest.Checker{Resumed: tt.opts.After}
				slow := leisurely(t, relay.Subscribe(&tt.opts), &c, tt.rest)
				if (slow > 0) != (tt.chunks == 0) {
					t.Errorf("%d gaps for slowness", slow)
				}
				if tt.chunks > 0 && c.Segments != 1+tt.chunks+20 {
					t.Errorf("%d segments, want the init segment and %d chunks", c.Segments, tt.chunks+20)
				}
			})
		})
	}
}

// TestLagAfterSelect counts from the selection, and for the tracks that stay from before.
func TestLagAfterSelect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := livews.NewRelay(nil)
		src := livewstest.NewSource(&livewstest.SourceOptions{Chunks: 8, ChunkDuration: time.Second})
		sub := relay.Subscribe(&livews.SubscribeOptions{Tracks: []uint16{1}})
		fill(t, relay, src, 2+2*6)
		time.Sleep(time.Minute)
		sub.Select([]uint16{2})
		fill(t, relay, src, 2*3) // the newest group begins with the last
		expect(t, due(t, sub), "2:init", "2:1.0.0", "2:1.0.1", "2:1.0.2", "2:1.0.3", "2:1.0.4", "2:1.0.5", "2:1.0.6", "2:1.0.7", "2:1.1.0")
	})
}
