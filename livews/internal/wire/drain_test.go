package wire

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// TestDrain asks all to go, with a spread, and is done when they have gone.
func TestDrain(t *testing.T) {
	for name, tt := range map[string]struct {
		within, spread time.Duration
	}{"no deadline": {0, goawaySpread}, "short": {4 * time.Second, 2 * time.Second}, "long": {time.Minute, maxSpread}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testDrain(t, tt.within, tt.spread) })
		})
	}
}

func testDrain(t *testing.T, within, spread time.Duration) {
	m := newMemory()
	server := &Server{Streams: &livews.Streams{ID: "a"}}
	stop := serveMemory(m, server)
	defer stop()
	_, unpublish := feed(t, server.Streams, "cam1")
	defer unpublish()
	synctest.Wait()
	d := newDialer(nil, nil, m.Dial)
	defer d.CloseIdle()

	const n = 50
	var followers sync.WaitGroup
	defer followers.Wait()
	for i := range n {
		followers.Go(func() {
			told := make(chan time.Duration, 1)
			s, err := d.Dial(t.Context(), memoryURL, "cam1", &DialOptions{
				Standby: i%2 == 1, OnGoaway: func(delay time.Duration) { told <- delay },
			})
			if err != nil {
				t.Error(err)
				return
			}
			followers.Go(func() {
				time.Sleep(<-told)
				s.Close()
			})
			_, _ = s.ReadSegment(t.Context())
		})
	}
	synctest.Wait()
	ctx := t.Context()
	if within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, within)
		defer cancel()
	}
	start := time.Now()
	refused := make(chan error, 1)
	time.AfterFunc(spread/100, func() {
		_, err := d.Dial(t.Context(), memoryURL, "cam1", nil)
		refused <- err
	})
	if err := server.Drain(ctx); err != nil {
		t.Errorf("Drain = %v", err)
	}
	// The last of n random times is hardly ever in the first half: 2 to the power of -50.
	if got := time.Since(start); got < spread/2 || got > spread {
		t.Errorf("Drain takes %v, want %v to %v", got, spread/2, spread)
	}
	if err := <-refused; !errors.Is(err, livews.ErrUnavailable) {
		t.Errorf("Dial = %v, want ErrUnavailable", err)
	}
	if err := server.Drain(ctx); err != nil {
		t.Errorf("the second Drain = %v", err)
	}
}

// TestDrainStuck is not held up by a viewer that takes no bytes: the others are told at
// once, and the deadline holds.
func TestDrainStuck(t *testing.T) {
	streams := new(livews.Streams)
	server := &Server{Streams: streams}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { server.ServeStream(w, r, "cam1") }))
	defer web.Close()
	defer streams.Close()
	sink := publish(t, streams)
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Size: 8 << 20}) // more than sockets hold
	write(t, sink, src, 1+2)
	d := NewDialer(nil, nil)
	defer d.CloseIdle()
	stuck, err := d.Dial(t.Context(), web.URL, "cam1", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	for server.stuck() == 0 {
		time.Sleep(time.Millisecond)
	}
	told := make(chan time.Duration, 1)
	steady, err := d.Dial(t.Context(), web.URL, "cam1", &DialOptions{Standby: true, OnGoaway: func(delay time.Duration) { told <- delay }})
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = steady.ReadSegment(t.Context())
	}()
	for server.sessions.count() < 2 || server.listed() < 2 {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := server.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Drain = %v, want a deadline", err)
	}
	select {
	case <-told:
		if server.stuck() == 0 {
			t.Error("the steady one is told after the stuck one has gone")
		}
	case <-time.After(10 * stallAfter):
		t.Error("the steady one is not told")
	}
	steady.Close()
	<-read
}

// listed counts those who can be told something.
func (s *Server) listed() int {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	return len(s.sessions.set)
}

// stuck counts those to whom something is being written.
func (s *Server) stuck() int {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	n := 0
	for p := range s.sessions.set {
		if p.conn.mu.TryLock() {
			p.conn.mu.Unlock()
		} else {
			n++
		}
	}
	return n
}

// TestDrainPlain tells a plain viewer nothing that it would take for media.
func TestDrainPlain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		server := &Server{Streams: &livews.Streams{ID: "a"}, Plain: func() Encoder { return messages{} }}
		stop := serveMemory(m, server)
		defer stop()
		_, unpublish := feed(t, server.Streams, "cam1")
		defer unpublish()
		synctest.Wait()
		conn, err := m.Dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan []byte)
		go func() {
			var all []byte
			buf := make([]byte, 4096)
			for {
				n, err := conn.Read(buf)
				all = append(all, buf[:n]...)
				if err != nil {
					got <- all
					return
				}
			}
		}()
		_, _ = conn.Write([]byte(plainUpgrade))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := server.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Drain = %v, want a deadline", err)
		}
		conn.Close()
		if text := string(<-got); len(text) == 0 || text[len(text)-4:] != "\r\n\r\n" {
			t.Errorf("a plain viewer gets %q after the handshake", text)
		}
	})
}
