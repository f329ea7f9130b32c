// Command custom has a Source of its own: it shows a built-in clip as it is, and once
// more some seconds later, as broadcasters do who want a moment to press a button:
//
//	go run ./examples/custom -delay 10s
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/livews/websocketlivestream/examples/internal/node"
	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/edge"
	"github.com/livews/websocketlivestream/livews/ingress"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8030", "`address` to listen on")
	delay := flag.Duration("delay", 10*time.Second, "`time` by which the second stream is late")
	node.Parse()
	node.Main(func(ctx context.Context) error { return run(ctx, *listen, *delay) })
}

func run(ctx context.Context, listen string, by time.Duration) error {
	if by < 0 || by > time.Hour {
		return fmt.Errorf("custom: -delay %v: want 0 to 1h", by)
	}
	clip, err := ingress.NewClip(1)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("custom: %w", err)
	}
	// What waits for its time waits in the first stream's window.
	streams := &livews.Streams{Relay: &livews.RelayOptions{Window: by + 10*time.Second, MaxBytes: 1 << 30}}
	defer streams.Close()
	fmt.Printf("custom: open http://%s/ in a browser\n", ln.Addr())

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return streams.Publish(ctx, "now", clip) })
	group.Go(func() error { return publishLate(ctx, streams, by) })
	h := &edge.Handler{Streams: streams, Title: "Now and later"}
	group.Go(func() error { return node.Serve(ctx, ln, h, h) })
	return group.Wait()
}

// publishLate publishes the stream "now" as "later", a while later.
func publishLate(ctx context.Context, streams *livews.Streams, by time.Duration) error {
	relay, leave, err := join(ctx, streams, "now")
	if err != nil {
		return err
	}
	defer leave()
	sub := relay.Subscribe(&livews.SubscribeOptions{Lossless: true})
	return streams.Publish(ctx, "later", &late{src: sub, by: by})
}

// join joins a stream that is just about to be published.
func join(ctx context.Context, streams *livews.Streams, name string) (*livews.Relay, func(), error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		relay, leave, err := streams.Join(ctx, name)
		if !errors.Is(err, livews.ErrNotFound) {
			return relay, leave, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}
