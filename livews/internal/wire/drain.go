package wire

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// goawaySpread is the longest time that subscribers are given to move when a drain
	// has no deadline, and maxSpread when it has one.
	goawaySpread = 2500 * time.Millisecond
	maxSpread    = 5 * time.Second
)

// sessions are the subscribers of a server, and those who watch its list.
type sessions struct {
	mu       sync.Mutex
	n        int // subscribers, also those whose handshake is under way
	watches  int // of the list, likewise
	set      map[*peer]struct{}
	draining bool
	spread   time.Duration
	gone     chan struct{} // closed when a drain finds no subscriber left
	closed   bool
	ended    chan struct{} // closed when a close finds nobody left
}

// enter counts one subscriber more, but not while draining or after a close.
func (s *sessions) enter() bool { return s.admit(&s.n) }

// enterWatch counts one watch more, likewise.
func (s *sessions) enterWatch() bool { return s.admit(&s.watches) }

func (s *sessions) admit(n *int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	*n++
	return true
}

// add puts the connection of one that has entered in the set.
func (s *sessions) add(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set == nil {
		s.set = make(map[*peer]struct{})
	}
	s.set[p] = struct{}{}
	switch {
	case s.closed:
		p.leave(livews.ErrClosed)
	case s.draining:
		p.goaway(s.spread)
	}
}

// retire has p told nothing from then on: what it waits for is only its end.
func (s *sessions) retire(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.movable = false
}

// remove takes one out of the set that has ended.
func (s *sessions) remove(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.set, p)
}

// leave undoes enter.
func (s *sessions) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n--
	if s.draining && s.n == 0 {
		close(s.gone)
	}
	s.noteEnd()
}

// leaveWatch undoes enterWatch.
func (s *sessions) leaveWatch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watches--
	s.noteEnd()
}

func (s *sessions) noteEnd() {
	if s.closed && s.n+s.watches == 0 {
		close(s.ended)
	}
}

// count returns how many have entered.
func (s *sessions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// drain tells all to go, once, and returns a channel that is closed when they have gone.
func (s *sessions) drain(spread time.Duration) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return s.gone
	}
	s.spread = spread
	s.refuse()
	for p := range s.set {
		p.goaway(spread)
	}
	return s.gone
}

// refuse lets nobody in any more.
func (s *sessions) refuse() {
	s.draining, s.gone = true, make(chan struct{})
	if s.n == 0 {
		close(s.gone)
	}
}

// goaway tells the subscriber to look for another server within the spread. It does not
// wait for one that takes no bytes.
func (p *peer) goaway(spread time.Duration) {
	if !p.movable {
		return
	}
	delay := rand.N(spread + 1)
	p.do(func() {
		if err := p.conn.writeText(goawayText(delay)); err != nil {
			p.leave(&sendError{err})
		}
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
