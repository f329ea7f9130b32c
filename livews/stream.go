package livews

import (
	"cmp"
	"time"
)

// stream is one entry of Streams.
type stream struct {
	name  string
	relay *Relay
	// opened is closed when the stream can be joined, or will never be.
	opened chan struct{}
	err    error    // why it could not be opened; read when opened is closed
	via    []string // of the request for which it is being opened

	// Guarded by Streams.mu.
	feed      *feed // who writes; nil after a publisher has vanished
	published bool
	epoch     uint32   // of the newest init segment
	tracks    []*Track // of that epoch
	routed    bool     // Open has told the way
	path      []string // this node first
	moved     bell     // rung when path changes, and at the end
	viewers   int
	timer     *time.Timer // to expire
	term      uint64      // tells what timer was set for
}

// isOpen reports whether the opening of st has come to its end.
func (st *stream) isOpen() bool {
	select {
	case <-st.opened:
		return true
	default:
		return false
	}
}

// settle ends the waiting for st to be opened, once.
func (st *stream) settle(err error) {
	if !st.isOpen() {
		st.err = err
		close(st.opened)
	}
}

// stay undoes lingerLocked.
func (st *stream) stay() {
	st.term++
	if st.timer != nil {
		st.timer.Stop()
		st.timer = nil
	}
}

// lingerLocked has st end with err after a while.
func (s *Streams) lingerLocked(st *stream, err error) {
	st.stay()
	term := st.term
	st.timer = time.AfterFunc(cmp.Or(s.Linger, defaultLinger), func() { s.expire(st, term, err) })
}

// expire ends st unless it was told to stay, or has ended, since the timer was set: a
// timer that is stopped may have begun to run.
func (s *Streams) expire(st *stream, term uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.term != term {
		return
	}
	s.removeLocked(st, err)
	if st.feed != nil {
		st.feed.stop(err)
	}
}

// endTurn notes that the source of f has ended, with err if not cleanly. If another
// has the stream now, that goes on.
func (s *Streams) endTurn(st *stream, f *feed, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.hasLocked(st) || st.feed != f {
		return
	}
	st.feed = nil
	if err == nil || !st.published || f.waits {
		s.removeLocked(st, err)
		return
	}
	s.lingerLocked(st, err)
}
