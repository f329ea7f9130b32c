package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/livews/websocketlivestream/examples/internal/node"
	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/edge"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// streamName is the name of the stream that is served.
const streamName = "load"

// source returns a stream of one track with the rate and bits that were asked for, and a
// group of 2 s.
func (o *options) source() livews.Source {
	return livewstest.NewSource(&livewstest.SourceOptions{
		Tracks: 1, Chunks: 2 * o.rate, ChunkDuration: time.Second / time.Duration(o.rate),
		Size: o.bits/8/o.rate - livews.HeaderSize, Epoch: uint32(time.Now().Unix()), Pace: true, //nolint:gosec // until 2106
	})
}

// listen serves the stream, by an edge or bare, until ctx ends.
func (o *options) listen(ctx context.Context, out io.Writer) error {
	ln, err := net.Listen("tcp", o.serve)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	fmt.Fprintf(out, "load: ws://%s/live/%s\n", ln.Addr(), streamName)
	if o.bare {
		return serveBare(ctx, ln, o.source())
	}
	streams := new(livews.Streams)
	defer streams.Close()
	h := &edge.Handler{Streams: streams}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return streams.Publish(ctx, streamName, o.source()) })
	group.Go(func() error { return node.Serve(ctx, ln, h, h) })
	return group.Wait()
}
