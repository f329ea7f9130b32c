package node

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/ingress"
)

// runIngress publishes the sources and serves them, until all of them have ended.
func (n *Node) runIngress(ctx context.Context) error {
	sources, err := n.open()
	defer closeAll(sources)
	if err != nil {
		return err
	}
	streams := &livews.Streams{Logger: n.Logger}
	defer streams.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	var group errgroup.Group
	group.Go(func() error {
		defer cancel()
		return n.serve(ctx, streams)
	})
	group.Go(func() error {
		defer cancel()
		return publish(ctx, streams, sources)
	})
	return group.Wait()
}

// open opens the sources by the names of their streams.
func (n *Node) open() (map[string]livews.Source, error) {
	sources := make(map[string]livews.Source)
	for _, name := range slices.Sorted(maps.Keys(n.Streams)) {
		if err := livews.CheckName(name); err != nil {
			return sources, err
		}
		src, err := ingress.Open(n.Streams[name], &ingress.Options{Logger: n.Logger})
		if err != nil {
			return sources, err
		}
		sources[name] = src
	}
	return sources, nil
}

func closeAll(sources map[string]livews.Source) {
	for _, src := range sources {
		if c, ok := src.(io.Closer); ok {
			_ = c.Close() // what it had to say, ReadSegment has said
		}
	}
}

// publish publishes all sources until they have ended. That ctx has ended is no
// error.
func publish(ctx context.Context, streams *livews.Streams, sources map[string]livews.Source) error {
	group, ctx := errgroup.WithContext(ctx)
	for name, src := range sources {
		group.Go(func() error { return streams.Publish(ctx, name, src) })
	}
	err := group.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
