package wire

import (
	"context"

	"github.com/livews/websocketlivestream/livews"
)

// Close ends all connections with close code 4100, refuses new ones, for good, and waits
// until the last has ended. If ctx ends before that, Close cuts off those who are left,
// without a close frame, and returns ctx's error; they end soon after. A peer that takes no
// bytes, or does not answer a close frame, may take 20 s. Close may be called again, to go
// on waiting.
func (s *Server) Close(ctx context.Context) error {
	ended := s.sessions.close()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		s.sessions.cutOff()
		return ctx.Err()
	}
}

// close tells all to end, once, and returns a channel that is closed when they have.
func (s *sessions) close() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.ended
	}
	s.closed, s.ended = true, make(chan struct{})
	if !s.draining {
		s.refuse()
	}
	s.noteEnd()
	for p := range s.set {
		p.leave(livews.ErrClosed)
	}
	return s.ended
}

func (s *sessions) cutOff() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.set {
		p.conn.cutOff()
	}
}
