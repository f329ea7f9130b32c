package livews

import (
	"context"
	"fmt"
	"slices"
)

// Path returns the ids of the nodes by which the stream comes: this one first, the
// ingress last; nil while there is no way. It blocks until that is another than
// old. The error wraps [ErrNotFound] where there is no such stream, neither open, being
// opened, nor known of, is [ErrClosed] after Close, or ctx's. To ask is no demand. The
// path is shared and must not be changed.
func (s *Streams) Path(ctx context.Context, name string, old []string) ([]string, error) {
	for {
		path, moved, err := s.path(ctx, name)
		if err != nil || !slices.Equal(path, old) {
			return path, err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// path returns the path of the stream, and what tells when that may have changed.
func (s *Streams) path(ctx context.Context, name string) ([]string, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.useLocked(ctx); err != nil {
		return nil, nil, err
	}
	st, info := s.streams[name], s.known.find(name)
	switch {
	case st != nil && st.isOpen():
		return st.path, st.moved.wait(), nil
	case info != nil:
		return info.Path, s.changed.wait(), nil
	case st != nil:
		return nil, st.moved.wait(), nil
	}
	return nil, nil, fmt.Errorf("%w: %q", ErrNotFound, name)
}

// way returns the path of node id when the next upstream has this one; nil where there
// is none, or it would lead in a circle or through too many nodes.
func way(id string, upstream []string) []string {
	if len(upstream) == 0 || len(upstream) >= MaxPath || slices.Contains(upstream, id) {
		return nil
	}
	return append([]string{id}, upstream...)
}
