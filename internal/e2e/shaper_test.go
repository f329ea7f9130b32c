package e2e

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// maxBehind is how many pieces of one connection may be on their way.
const maxBehind = 4096

// A shaper is a bad network in front of a server: what the server sends comes late, by a
// time of its own for each piece, in the order in which it was sent, or not at all for a while.
type shaper struct {
	addr   string
	server string

	mu     sync.Mutex
	jitter time.Duration // the longest delay
	until  time.Time     // nothing comes before
}

// piece is what was read at once, and when it is to arrive.
type piece struct {
	data []byte
	at   time.Time
}

// newShaper opens a shaper in front of a server; both end with the test.
func newShaper(t *testing.T, server string) *shaper {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &shaper{addr: listener.Addr().String(), server: server}
	var open sync.Map
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Store(conn, nil)
			running.Go(func() {
				defer open.Delete(conn)
				s.serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		open.Range(func(conn, _ any) bool {
			conn.(net.Conn).Close()
			return true
		})
		running.Wait()
	})
	return s
}

// setJitter delays all that comes from now on by a random time up to most.
func (s *shaper) setJitter(most time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jitter = most
}

// outage lets nothing come for so long, and then all at once. It returns when that will be.
func (s *shaper) outage(long time.Duration) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = time.Now().Add(long)
	return s.until
}

// arrival returns when a piece that was sent now arrives, after the one before it.
func (s *shaper) arrival(before time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Now()
	if s.jitter > 0 {
		at = at.Add(rand.N(s.jitter))
	}
	for _, earliest := range []time.Time{before, s.until} {
		if at.Before(earliest) {
			at = earliest
		}
	}
	return at
}

// serve passes one connection on until either side ends it.
func (s *shaper) serve(viewer net.Conn) {
	defer viewer.Close()
	server, err := net.Dial("tcp", s.server)
	if err != nil {
		return
	}
	var running sync.WaitGroup
	defer running.Wait()
	defer server.Close()
	running.Go(func() {
		defer server.Close()
		_, _ = io.Copy(server, viewer) // either side may leave
	})
	pieces := make(chan piece, maxBehind)
	running.Go(func() {
		for p := range pieces {
			time.Sleep(time.Until(p.at))
			if _, err := viewer.Write(p.data); err != nil {
				break
			}
		}
		viewer.Close()
		for range pieces { // what is left has nowhere to go
		}
	})
	defer close(pieces)
	var before time.Time
	for {
		data := make([]byte, 64<<10)
		n, err := server.Read(data)
		if n > 0 {
			before = s.arrival(before)
			pieces <- piece{data[:n], before}
		}
		if err != nil {
			return
		}
	}
}
