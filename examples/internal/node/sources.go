package node

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/ingress"
	"github.com/livews/websocketlivestream/livews/relay"
)

// openSources opens the sources by the names of their streams. On an error it returns
// those that are open.
func openSources(specs map[string]Stream, log *slog.Logger) (map[string]livews.Source, error) {
	sources := make(map[string]livews.Source)
	for _, name := range slices.Sorted(maps.Keys(specs)) {
		if err := livews.CheckName(name); err != nil {
			return sources, err
		}
		src, err := openSource(specs[name], log.With("stream", name))
		if err != nil {
			return sources, err
		}
		sources[name] = src
	}
	return sources, nil
}

func openSource(s Stream, log *slog.Logger) (livews.Source, error) {
	opts, err := s.options(log)
	if err != nil {
		return nil, err
	}
	return ingress.Open(s.Source, opts)
}

func closeSources(sources map[string]livews.Source) {
	for _, src := range sources {
		if c, ok := src.(io.Closer); ok {
			_ = c.Close() // what it had to say, ReadSegment has said
		}
	}
}

// publish publishes all sources until they have ended, here and where they are to be pushed
// to. That ctx has ended is no error.
func (s *server) publish(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for name, src := range s.sources {
		url := s.Streams[name].Push
		if url == "" {
			group.Go(func() error { return s.streams.Publish(ctx, name, src) })
			continue
		}
		window := livews.NewRelay(nil)
		out := window.Subscribe(&livews.SubscribeOptions{Lossless: true})
		group.Go(func() error {
			err := s.streams.Publish(ctx, name, livews.Tee(src, window))
			_ = window.CloseWithError(err) // always nil
			return err
		})
		group.Go(func() error {
			return relay.Push(ctx, url, out, &relay.PushOptions{Logger: s.Logger.With("stream", name)})
		})
	}
	err := group.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
