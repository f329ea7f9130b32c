package wire

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// TestGhosts lets the network fail without a word, one way or both, while nothing is
// said but pings. Both ends notice in 15 s, and 5 s more where the last sign of life was
// not a message: no ghost stays.
func TestGhosts(t *testing.T) {
	for name, connect := range map[string]func(t *testing.T, d *Dialer) error{
		"subscriber": func(t *testing.T, d *Dialer) error { return readAll(t, d, "cam1", nil) },
		"node":       func(t *testing.T, d *Dialer) error { return readAll(t, d, "cam1", &DialOptions{Via: []string{"b"}}) },
		"standby": func(t *testing.T, d *Dialer) error {
			return readAll(t, d, "cam1", &DialOptions{Via: []string{"b"}, Standby: true})
		},
		"watch": func(t *testing.T, d *Dialer) error { return d.Watch(t.Context(), memoryURL, func(*Node) {}) },
	} {
		for _, lost := range []struct {
			name     string
			down, up bool
		}{{"down", true, false}, {"up", false, true}, {"both", true, true}} {
			t.Run(name+"/"+lost.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { testGhost(t, connect, lost.down, lost.up) })
			})
		}
	}
}

func testGhost(t *testing.T, connect func(t *testing.T, d *Dialer) error, down, up bool) {
	m := newMemory()
	ended := make(chan error, 1)
	server := &Server{Streams: &livews.Streams{ID: "a"}, Logger: noting(ended)}
	stop := serveMemory(m, server)
	defer stop()
	sink, unpublish := feed(t, server.Streams, "cam1")
	defer unpublish()
	write(t, sink, livewstest.NewSource(nil), 3)
	synctest.Wait()

	d := newDialer(nil, nil, m.Dial)
	defer d.CloseIdle()
	failed := make(chan error, 1)
	go func() { failed <- connect(t, d) }()
	time.Sleep(time.Minute)
	select {
	case err := <-failed:
		t.Fatalf("the quiet connection ends: %v", err)
	default:
	}
	m.downLost.Store(down)
	m.upLost.Store(up)
	time.Sleep(deadAfter + pingAfter + time.Second)
	for end, got := range map[string]chan error{"client": failed, "server": ended} {
		select {
		case err := <-got:
			if err == nil || err == io.EOF {
				t.Errorf("the %s takes it for a clean end: %v", end, err)
			}
		default:
			t.Errorf("the %s has noticed nothing after %v", end, deadAfter+pingAfter+time.Second)
		}
	}
	m.downLost.Store(false)
	m.upLost.Store(false)
}

// readAll reads a stream to its end.
func readAll(t *testing.T, d *Dialer, name string, opts *DialOptions) error {
	s, err := d.Dial(t.Context(), memoryURL, name, opts)
	if err != nil {
		return err
	}
	defer s.Close()
	for {
		if _, err := s.ReadSegment(t.Context()); err != nil {
			return err
		}
	}
}

// TestBlockedPing pings a server that is in the middle of a long message: the answer comes
// after that, and nothing fails for its delay.
func TestBlockedPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		server := &Server{Streams: &livews.Streams{ID: "a"}}
		stop := serveMemory(m, server)
		defer stop()
		sink, unpublish := feed(t, server.Streams, "cam1")
		defer unpublish()
		src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Size: 200_000})
		write(t, sink, src, 2)
		synctest.Wait()

		d := newDialer(nil, nil, m.Dial)
		defer d.CloseIdle()
		s, err := d.Dial(t.Context(), memoryURL, "cam1", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		pong := make(chan error, 1)
		go func() { pong <- s.ws.Ping(t.Context()) }()
		time.Sleep(stallAfter - 2*time.Second) // the message waits all that time
		select {
		case err := <-pong:
			t.Fatalf("Ping = %v before anything was read", err)
		default:
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var c livewstest.Checker
		for i := range 3 {
			seg, err := s.ReadSegment(ctx)
			if i == 2 && errors.Is(err, context.DeadlineExceeded) {
				break // there are but two
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := c.WriteSegment(t.Context(), seg); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-pong; err != nil {
			t.Errorf("Ping = %v", err)
		}
	})
}
