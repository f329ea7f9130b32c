package livews_test

import (
	"context"
	"fmt"
	"io"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// The segments of a source, one after the other.
func ExampleAll() {
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Groups: 2, Chunks: 2})
	for seg, err := range livews.All(context.Background(), src) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if seg.Type == livews.TypeInit {
			fmt.Println("init", seg.Info.Codec)
			continue
		}
		fmt.Println("chunk", seg.Position, "first of its group:", seg.Flags.Has(livews.FlagFirst))
	}
	// Output:
	// init avc1.42C01F
	// chunk 1.0.0 first of its group: true
	// chunk 1.0.1 first of its group: false
	// chunk 1.1.0 first of its group: true
	// chunk 1.1.1 first of its group: false
}

// A sink of one's own counts the bytes of each track.
func ExampleCopy() {
	src := livewstest.NewSource(&livewstest.SourceOptions{Groups: 3, Chunks: 5, Size: 100})
	bytes := make(map[uint16]int)
	count := livews.SinkFunc(func(_ context.Context, seg *livews.Segment) error {
		if seg.Type == livews.TypeChunk {
			bytes[seg.Track] += len(seg.Payload)
		}
		return nil
	})
	if err := livews.Copy(context.Background(), count, src); err != nil {
		fmt.Println(err)
	}
	fmt.Println(bytes)
	// Output: map[1:1500 2:1500]
}

// One relay, two readers: one from the newest group on, one with all that is kept.
func ExampleRelay() {
	ctx := context.Background()
	relay := livews.NewRelay(nil)
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Groups: 3, Chunks: 2})
	if err := livews.Copy(ctx, relay, src); err != nil {
		fmt.Println(err)
	}
	live := relay.Subscribe(nil)
	all := relay.Subscribe(&livews.SubscribeOptions{Start: livews.StartOldest, Lossless: true})
	relay.Close()

	for _, sub := range []*livews.Subscription{live, all} {
		var got []livews.Position
		for seg, err := range livews.All(ctx, sub) {
			if err != nil {
				fmt.Println(err)
				return
			}
			if seg.Type == livews.TypeChunk {
				got = append(got, seg.Position)
			}
		}
		fmt.Println(got)
	}
	// Output:
	// [1.2.0 1.2.1]
	// [1.0.0 1.0.1 1.1.0 1.1.1 1.2.0 1.2.1]
}

// A set of streams that asks somebody else for those that it does not have.
func ExampleStreams() {
	streams := &livews.Streams{
		Open: func(_ context.Context, req *livews.Request) (livews.Source, error) {
			if req.Name != "cam1" {
				return nil, fmt.Errorf("%w: %q", livews.ErrNotFound, req.Name)
			}
			return livewstest.NewSource(&livewstest.SourceOptions{Groups: 1}), nil
		},
	}
	defer streams.Close()
	relay, leave, err := streams.Join(context.Background(), "cam1")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer leave()
	seg, err := relay.Subscribe(nil).ReadSegment(context.Background())
	fmt.Println(seg.Info.Codec, err)
	_, _, err = streams.Join(context.Background(), "cam2")
	fmt.Println(err)
	// Output:
	// avc1.42C01F <nil>
	// livews: stream not found: "cam2"
}

// A pipe joins code that writes segments to code that reads them.
func ExamplePipe() {
	ctx := context.Background()
	src, sink := livews.Pipe()
	go func() {
		_ = sink.CloseWithError(livews.Copy(ctx, sink, livewstest.NewSource(&livewstest.SourceOptions{Groups: 1})))
	}()
	n := 0
	for {
		_, err := src.ReadSegment(ctx)
		if err == io.EOF {
			break
		}
		n++
	}
	fmt.Println(n, "segments")
	// Output: 22 segments
}
