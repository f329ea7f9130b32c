package wire

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/livews/websocketlivestream/livews"
)

// errStart is what a subscriber gets that starts what cannot be started.
var errStart = errors.New("start, and this is no standby, or no longer")

// checkStandby reports an error if there is surely no stream for the standby. It is no
// reason to ask further up.
func (s *session) checkStandby(ctx context.Context) error {
	if err := livews.CheckName(s.name); err != nil {
		return err
	}
	if id := s.streams.NodeID(); slices.Contains(s.via, id) {
		return fmt.Errorf("%w: node %s was asked by way of %v", livews.ErrLoop, id, s.via)
	}
	dir, err := s.streams.Directory(ctx, 0)
	if err != nil {
		return err
	}
	if dir.Complete && find(dir, s.name) == nil {
		return fmt.Errorf("%w: %q", livews.ErrNotFound, s.name)
	}
	return nil
}

// start lets the media of a standby begin.
func (s *session) start(c *control) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.starts == nil || s.started {
		return errStart
	}
	if err := c.start(&s.opts); err != nil {
		return err
	}
	s.started = true
	close(s.starts)
	return nil
}

// standBy waits for the start, and subscribes.
func (s *session) standBy(ctx context.Context) error {
	select {
	case <-s.starts:
		return s.join(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// unknownPath is another path than any.
var unknownPath = []string{""}

// tellPath tells the path of the stream when it is another than told, and returns it.
func (s *session) tellPath(ctx context.Context, told []string) ([]string, error) {
	path, err := s.path(ctx, told)
	if err != nil {
		return nil, err
	}
	if err := s.conn.writeText(pathText(path)); err != nil {
		return nil, &sendError{err}
	}
	return path, nil
}

// followPath tells the path whenever it changes.
func (s *session) followPath(ctx context.Context, told []string) error {
	for {
		var err error
		if told, err = s.tellPath(ctx, told); err != nil {
			if errors.Is(err, livews.ErrNotFound) {
				return nil // the subscription will say how the stream ended
			}
			return err
		}
		rest(ctx)
	}
}

// path returns the stream's path when it is another than told. For a standby a stream
// that is not there has no path; it may come.
func (s *session) path(ctx context.Context, told []string) ([]string, error) {
	var seen uint64
	for {
		path, err := s.streams.Path(ctx, s.name, told)
		if !errors.Is(err, livews.ErrNotFound) || s.subscribed() {
			return path, err
		}
		if len(told) > 0 {
			return nil, nil
		}
		dir, err := s.streams.Directory(ctx, seen)
		if err != nil {
			return nil, err
		}
		seen = dir.Version
	}
}

func (s *session) subscribed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sub != nil
}
