package livews

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// maxOpening bounds the streams that are being opened at the same time: a flood
// of names becomes no flood of connections.
const maxOpening = 64

// openLocked begins to open the stream that req asks for.
func (s *Streams) openLocked(ctx context.Context, req *Request) (*stream, error) {
	name := req.Name
	if s.Open == nil || s.known.lacks(name) || s.misses.has(name) {
		return nil, fmt.Errorf("%w: %q", ErrNotFound, name)
	}
	if s.opening >= maxOpening {
		return nil, fmt.Errorf("%w: %d streams are being opened", ErrUnavailable, s.opening)
	}
	st, err := s.addLocked(name)
	if err != nil {
		return nil, err
	}
	s.opening++
	st.via = slices.Clone(req.Via)
	// The stream outlives who asks for it first; Close waits for it.
	ctx, st.feed = s.newFeedLocked(context.WithoutCancel(ctx))
	f := st.feed
	go s.openAndRun(ctx, st, f, &Request{
		Name: name, After: maps.Clone(req.After), From: req.From, Via: append(slices.Clone(req.Via), s.id),
		Routed: func(path []string) { s.route(st, f, path) },
	})
	return st, nil
}

func (s *Streams) openAndRun(ctx context.Context, st *stream, f *feed, req *Request) {
	defer s.endFeed(f)
	src, err := s.Open(ctx, req)
	s.noteOpened(st, f, err)
	if err != nil {
		return
	}
	err = Copy(ctx, s.sink(st, f), src)
	s.endTurn(st, f, f.why(err))
	if c, ok := src.(io.Closer); ok {
		_ = c.Close() // the stream has its end already
	}
}

// noteOpened tells those who wait what has become of the opening of st. A publisher
// may have taken the stream meanwhile, or nobody waited any more.
func (s *Streams) noteOpened(st *stream, f *feed, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opening--
	if errors.Is(err, ErrNotFound) {
		s.misses.add(st.name)
	}
	if !s.hasLocked(st) || st.feed != f {
		return
	}
	if err != nil {
		st.feed = nil
		s.removeLocked(st, f.why(err))
		return
	}
	if !st.routed {
		st.path = []string{s.id}
	}
	s.openedLocked(st)
}

// openedLocked lets st be joined.
func (s *Streams) openedLocked(st *stream) {
	if st.isOpen() {
		return
	}
	st.settle(nil)
	st.moved.ring()
	s.logger().Info("stream begins", "stream", st.name)
	s.changedLocked()
}

// route notes the way by which Open says that the stream comes. One that leads through
// this node, or is too long, is none.
func (s *Streams) route(st *stream, f *feed, path []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.hasLocked(st) || st.feed != f {
		return
	}
	st.routed = true
	s.moveLocked(st, way(s.id, path))
}

// moveLocked puts st on the way path.
func (s *Streams) moveLocked(st *stream, path []string) {
	if slices.Equal(path, st.path) {
		return
	}
	st.path = path
	st.moved.ring()
	if st.isOpen() {
		s.changedLocked()
	}
}
