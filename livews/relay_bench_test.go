package livews_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// endless returns a function that gives the chunks of a track without end, made
// outside of what b measures, and writes its init segment to relay.
func endless(b *testing.B, relay *livews.Relay) func() *livews.Segment {
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Chunks: 60, ChunkDuration: 33 * time.Millisecond, Size: 64})
	fill(b, relay, src, 1)
	var segs []*livews.Segment
	return func() *livews.Segment {
		if len(segs) == 0 {
			b.StopTimer()
			for range 20_000 {
				seg, err := src.ReadSegment(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				if _, err := seg.Frame(); err != nil {
					b.Fatal(err)
				}
				segs = append(segs, seg)
			}
			b.StartTimer()
		}
		seg := segs[0]
		segs = segs[1:]
		return seg
	}
}

// BenchmarkWrite measures one write while so many subscribers do not read.
func BenchmarkWrite(b *testing.B) {
	for _, stalled := range []int{0, 10_000} {
		b.Run(fmt.Sprintf("stalled=%d", stalled), func(b *testing.B) {
			relay := livews.NewRelay(nil)
			next := endless(b, relay)
			for range stalled {
				sub := relay.Subscribe(nil)
				if _, err := sub.ReadSegment(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := relay.WriteSegment(b.Context(), next()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFanOut measures one write and its reading by so many subscribers.
func BenchmarkFanOut(b *testing.B) {
	const readers = 1000
	relay := livews.NewRelay(nil)
	next := endless(b, relay)
	subs := make([]*livews.Subscription, readers)
	for i := range subs {
		subs[i] = relay.Subscribe(nil)
		if _, err := subs[i].ReadSegment(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := relay.WriteSegment(b.Context(), next()); err != nil {
			b.Fatal(err)
		}
		for _, sub := range subs {
			if _, err := sub.ReadSegment(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/readers, "ns/read")
}
