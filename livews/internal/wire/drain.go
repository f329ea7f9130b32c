package wire

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// goawaySpread is the longest time that subscribers are given to move when a drain
	// has no deadline, and maxSpread when it has one.
	goawaySpread = 2500 * time.Millisecond
	maxSpread    = 5 * time.Second
)

// sessions are the subscribers of a server.
type sessions struct {
	mu       sync.Mutex
	n        int                   // also those whose handshake is under way
	set      map[*session]struct{} // those who can be told something
	draining bool
	spread   time.Duration
	gone     chan struct{} // closed when a drain finds none left
}

// enter counts one more, but not while draining.
func (s *sessions) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	s.n++
	return true
}

// add puts one that has entered in the set.
func (s *sessions) add(one *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set == nil {
		s.set = make(map[*session]struct{})
	}
	s.set[one] = struct{}{}
	if s.draining {
		one.goaway(s.spread)
	}
}

// remove takes one out of the set: it is told nothing from then on.
func (s *sessions) remove(one *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.set, one)
}

// leave undoes enter.
func (s *sessions) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n--
	if s.draining && s.n == 0 {
		close(s.gone)
	}
}

// count returns how many have entered.
func (s *sessions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

func (s *sessions) isDraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

// drain tells all to go, once, and returns a channel that is closed when they have gone.
func (s *sessions) drain(spread time.Duration) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return s.gone
	}
	s.draining, s.spread, s.gone = true, spread, make(chan struct{})
	if s.n == 0 {
		close(s.gone)
	}
	for one := range s.set {
		one.goaway(spread)
	}
	return s.gone
}

// goaway tells the subscriber to look for another server within the spread. It does not
// wait for one that takes no bytes.
func (s *session) goaway(spread time.Duration) {
	if s.plain {
		return
	}
	delay := rand.N(spread + 1)
	s.tasks.Go(func() {
		_ = s.conn.writeText(goawayText(delay)) // a connection that failed ends its session
	})
}

// Drain asks all subscribers to move to another server, each after a random part of
// half of the time until ctx's deadline, of 5 s at the most; without a deadline, of
// 2.5 s. It refuses new ones, for good, and returns nil when all have left, or
// ctx's error. Those who cannot be asked, plain players, may stay: Drain ends no
// connection. It may be called again, to go on waiting.
func (s *Server) Drain(ctx context.Context) error {
	spread := goawaySpread
	if deadline, ok := ctx.Deadline(); ok {
		spread = min(max(time.Until(deadline)/2, 0), maxSpread)
	}
	select {
	case <-s.sessions.drain(spread):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
