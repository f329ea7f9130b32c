package livews_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// TestLateTimer runs the timer of a linger after that was undone, as it happens when both
// come at the same time.
func TestLateTimer(t *testing.T) {
	for _, tt := range []struct {
		name string
		undo func(t *testing.T, s *livews.Streams, up *upstream)
	}{
		{"somebody has come", func(*testing.T, *livews.Streams, *upstream) {}},
		{"another stream has the name", func(t *testing.T, _ *livews.Streams, up *upstream) {
			up.sources[0].end()
			synctest.Wait()
		}},
		{"a publisher has taken the stream", func(t *testing.T, s *livews.Streams, _ *upstream) {
			publish(t, s, "cam1", newPacedIn(2))
			time.Sleep(time.Second)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				up := new(upstream)
				s := &livews.Streams{Open: up.open}
				defer s.Close()
				join(t, s, "cam1")()
				fire := livews.Lingering(s, "cam1")
				tt.undo(t, s, up)
				defer join(t, s, "cam1")()
				fire()
				if info, ok := s.Info("cam1"); !ok || info.Viewers != 1 {
					t.Errorf("after the late timer: %+v, %v; want a stream with one viewer", info, ok)
				}
			})
		})
	}
}

// TestLateLeave has viewers of a stream that has ended leave when there is another one
// of that name.
func TestLateLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		s := &livews.Streams{Open: up.open}
		defer s.Close()
		first, second := join(t, s, "cam1"), join(t, s, "cam1")
		up.sources[0].end()
		synctest.Wait()
		leave := join(t, s, "cam1")
		first()
		second()
		if info, _ := s.Info("cam1"); info.Viewers != 1 {
			t.Errorf("%d viewers, want the new one", info.Viewers)
		}
		time.Sleep(time.Minute)
		if _, ok := s.Info("cam1"); !ok {
			t.Error("the old stream's linger has ended the new one")
		}
		leave()
		time.Sleep(6 * time.Second)
		if _, ok := s.Info("cam1"); ok {
			t.Error("the new stream stays without viewers")
		}
	})
}

// silentSource gives nothing until it is told to end.
type silentSource struct{ closed chan struct{} }

func (silentSource) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (s silentSource) Close() error {
	close(s.closed)
	return nil
}

// TestSilentSourceIsClosed closes a source that nobody wants any more though it never
// gives anything.
func TestSilentSourceIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := silentSource{make(chan struct{})}
		s := &livews.Streams{Open: func(context.Context, *livews.Request) (livews.Source, error) { return src, nil }}
		defer s.Close()
		join(t, s, "cam1")()
		time.Sleep(6 * time.Second)
		select {
		case <-src.closed:
		default:
			t.Error("the source is still open")
		}
	})
}

// TestVanishedPublisher keeps the stream of a publisher that is gone for a while.
func TestVanishedPublisher(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		end  func(src *paced, cancel func())
	}{
		{"by an error", io.ErrUnexpectedEOF, func(src *paced, _ func()) { src.fail(io.ErrUnexpectedEOF) }},
		{"by its context", context.Canceled, func(_ *paced, cancel func()) { cancel() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := new(livews.Streams)
				defer s.Close()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				src := newPacedIn(7)
				published := make(chan error, 1)
				go func() { published <- s.Publish(ctx, "cam1", src) }()
				time.Sleep(950 * time.Millisecond)
				relay, leave, err := s.Join(t.Context(), "cam1")
				if err != nil {
					t.Fatal(err)
				}
				leave()
				vanished := time.Now()
				tt.end(src, cancel)
				if err := <-published; err != tt.err {
					t.Errorf("Publish = %v, want %v", err, tt.err)
				}
				if d := time.Since(vanished); d > 100*time.Millisecond {
					t.Errorf("Publish returns after %v, want at once", d)
				}
				time.Sleep(4 * time.Second)
				join(t, s, "cam1")() // which changes nothing
				if err := copyAll(t, relay); err != tt.err {
					t.Errorf("the subscriber's end is %v, want %v", err, tt.err)
				}
				if d := time.Since(vanished).Round(time.Second); d != 5*time.Second {
					t.Errorf("the stream ends %v after its publisher, want 5s", d)
				}
				if _, ok := s.Info("cam1"); ok {
					t.Error("the stream is there after its end")
				}
			})
		})
	}
}

// TestCloseWhileLingering leaves nothing behind: synctest fails where a goroutine stays,
// and a timer would move the clock.
func TestCloseWhileLingering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(livews.Streams)
		src := newPacedIn(1)
		publish(t, s, "cam1", src)
		time.Sleep(time.Second)
		relay, leave, err := s.Join(t.Context(), "cam1")
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
		src.fail(io.ErrUnexpectedEOF)
		time.Sleep(time.Second)
		fire := livews.Lingering(s, "cam1")
		if fire == nil {
			t.Fatal("the stream does not linger")
		}
		_ = s.Close()
		if livews.Lingering(s, "cam1") != nil {
			t.Error("a timer is left")
		}
		fire()
		if err := copyAll(t, relay); err != livews.ErrClosed {
			t.Errorf("the subscriber's end is %v, want ErrClosed", err)
		}
	})
}

// TestPublisherGivesNothing ends a stream at once that never had anything.
func TestPublisherGivesNothing(t *testing.T) {
	for _, tt := range []struct {
		name      string
		err, want error
	}{
		{"clean end", io.EOF, nil},
		{"error", io.ErrUnexpectedEOF, io.ErrUnexpectedEOF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := new(livews.Streams)
				defer s.Close()
				src := newPacedIn(1)
				src.fail(tt.err)
				published := publish(t, s, "cam1", src)
				synctest.Wait()
				relay, leave, err := s.Join(t.Context(), "cam1")
				if err != nil {
					t.Fatalf("Join before the first segment = %v", err)
				}
				defer leave()
				if err := <-published; err != tt.want {
					t.Errorf("Publish = %v, want %v", err, tt.want)
				}
				if err := copyAll(t, relay); err != tt.want {
					t.Errorf("the subscriber's end is %v, want %v", err, tt.want)
				}
				if _, ok := s.Info("cam1"); ok {
					t.Error("the stream is there")
				}
			})
		})
	}
}
