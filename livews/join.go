package livews

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Join returns the relay of the stream of this name, which is opened if need be,
// and counts the caller among its viewers until leave is called. It blocks while
// the stream is being opened, until ctx ends. leave must be called exactly once;
// it never blocks.
//
// The error wraps [ErrName], [ErrNotFound] or [ErrUnavailable], is [ErrClosed]
// after Close, or what Open has returned. A name that a complete directory does not
// have is not found at once.
func (s *Streams) Join(ctx context.Context, name string) (relay *Relay, leave func(), err error) {
	return s.JoinAs(ctx, &Request{Name: name})
}

// JoinAs is Join for a reader that resumes, or for another node: req says so. Its
// Routed is not used, and its After and From are of use only to the reader for whom the
// stream is opened. The error wraps [ErrLoop] where this node is in req.Via, the stream comes
// through a node of req.Via or would have to, or the way from the ingress would have
// more than [MaxPath] nodes. The way may change later: [Streams.Path] tells it.
func (s *Streams) JoinAs(ctx context.Context, req *Request) (relay *Relay, leave func(), err error) {
	if err := CheckName(req.Name); err != nil {
		return nil, nil, err
	}
	for {
		st, first, err := s.enter(ctx, req)
		if err != nil {
			return nil, nil, err
		}
		err = s.admit(ctx, st, req)
		if err == nil {
			return st.relay, sync.OnceFunc(func() { s.leave(st) }), nil
		}
		failed := st.isOpen() && st.err != nil
		s.leave(st)
		// Another's way was in the way of the opening: ours may be free.
		if first || !failed || !errors.Is(err, ErrLoop) || containsAll(req.Via, st.via) {
			return nil, nil, err
		}
	}
}

// enter counts one viewer more on the stream of this name, and reports whether
// that is the first one, for whom it is being opened.
func (s *Streams) enter(ctx context.Context, req *Request) (st *stream, first bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.useLocked(ctx); err != nil {
		return nil, false, err
	}
	if slices.Contains(req.Via, s.id) || len(req.Via) >= MaxPath {
		return nil, false, fmt.Errorf("%w: %q: node %s was asked by way of %v", ErrLoop, req.Name, s.id, req.Via)
	}
	st = s.streams[req.Name]
	switch {
	case st == nil:
		if st, err = s.openLocked(ctx, req); err != nil {
			return nil, false, err
		}
		first = true
	case st.isOpen():
		if err := st.checkLoop(req.Via); err != nil {
			return nil, false, err
		}
	}
	st.viewers++
	if !st.published {
		st.stay()
	}
	return st, first, nil
}

// admit waits until st is open, and checks that it comes by a way that is free for req.
func (s *Streams) admit(ctx context.Context, st *stream, req *Request) error {
	select {
	case <-st.opened:
	case <-ctx.Done():
		return ctx.Err()
	}
	if st.err != nil {
		return st.err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return st.checkLoop(req.Via)
}

// leave counts one viewer less on st, whoever has the name now.
func (s *Streams) leave(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.viewers--
	if st.viewers > 0 || st.published || !s.hasLocked(st) {
		return
	}
	s.lingerLocked(st, ErrClosed)
}

// checkLoop reports whether the stream, on its present way, may go on to the nodes
// of via.
func (st *stream) checkLoop(via []string) error {
	if len(st.path)+len(via) > MaxPath {
		return fmt.Errorf("%w: %q: more than %d nodes: %v and %v", ErrLoop, st.name, MaxPath, st.path, via)
	}
	for _, id := range via {
		if slices.Contains(st.path, id) {
			return fmt.Errorf("%w: %q comes through node %s: %v", ErrLoop, st.name, id, st.path)
		}
	}
	return nil
}

// containsAll reports whether all of subset are in set.
func containsAll(set, subset []string) bool {
	return !slices.ContainsFunc(subset, func(id string) bool { return !slices.Contains(set, id) })
}
