package livews_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// publish starts a publisher and returns what Publish will return.
func publish(t *testing.T, s *livews.Streams, name string, src livews.Source) <-chan error {
	t.Helper()
	published := make(chan error, 1)
	go func() { published <- s.Publish(t.Context(), name, src) }()
	return published
}

// join joins the stream and returns what leaves it.
func join(t *testing.T, s *livews.Streams, name string) (leave func()) {
	t.Helper()
	_, leave, err := s.Join(t.Context(), name)
	if err != nil {
		t.Fatalf("Join(%s) = %v", name, err)
	}
	return leave
}

// copyAll reads the stream to its end, checks it, and returns what it ended with.
func copyAll(t *testing.T, relay *livews.Relay) error {
	t.Helper()
	return livews.Copy(t.Context(), new(livewstest.Checker), relay.Subscribe(nil))
}

// TestTakeover gives a stream to the publisher with the higher epoch, with its readers.
func TestTakeover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(livews.Streams)
		defer s.Close()
		old := publish(t, s, "cam1", newPacedIn(7))
		time.Sleep(1550 * time.Millisecond)
		relay, leave, err := s.Join(t.Context(), "cam1")
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
		var check livewstest.Checker
		sub := relay.Subscribe(nil)
		read := func() *livews.Segment {
			seg, err := sub.ReadSegment(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := check.WriteSegment(t.Context(), seg); err != nil {
				t.Error(err)
			}
			return seg
		}
		for range 8 {
			if seg := read(); seg.Position.Epoch != 7 {
				t.Errorf("epoch %d before the takeover", seg.Position.Epoch)
			}
		}
		next := publish(t, s, "cam1", newPacedIn(9))
		seg := read()
		for ; seg.Position.Epoch == 7; seg = read() {
		}
		if seg.Type != livews.TypeInit {
			t.Errorf("epoch 9 begins with %v, want its init segment", seg.Position)
		}
		for i := range 20 {
			if seg, want := read(), (livews.Position{Epoch: 9, Group: uint32(i / 10), Chunk: uint32(i % 10)}); seg.Position != want {
				t.Errorf("then %v, want %v", seg.Position, want)
			}
		}
		select {
		case err := <-old:
			wantTold(t, err, "7", "9")
		default:
			t.Error("the old publisher was not told")
		}
		if got, _, _ := s.Join(t.Context(), "cam1"); got != relay {
			t.Error("the stream has another relay")
		}
		select {
		case err := <-next:
			t.Errorf("the new publisher ends: %v", err)
		default:
		}
	})
}

// wantTold checks that err tells a publisher that it was not the one, and why.
func wantTold(t *testing.T, err error, epochs ...string) {
	t.Helper()
	if !errors.Is(err, livews.ErrExists) {
		t.Errorf("Publish = %v, want ErrExists", err)
		return
	}
	for _, epoch := range epochs {
		if !strings.Contains(err.Error(), "epoch "+epoch) {
			t.Errorf("Publish = %v, want epoch %s in it", err, epoch)
		}
	}
}

// TestLowerEpoch refuses a publisher that is not newer.
func TestLowerEpoch(t *testing.T) {
	for _, epoch := range []uint32{6, 7} {
		synctest.Test(t, func(t *testing.T) {
			s := new(livews.Streams)
			defer s.Close()
			first := publish(t, s, "cam1", newPacedIn(7))
			time.Sleep(time.Second)
			wantTold(t, s.Publish(t.Context(), "cam1", newPacedIn(epoch)), "7", fmt.Sprint(epoch))
			select {
			case err := <-first:
				t.Errorf("the first publisher ends: %v", err)
			default:
			}
		})
	}
}

// TestPublisherComesBack takes up a stream whose publisher has vanished.
func TestPublisherComesBack(t *testing.T) {
	for _, tt := range []struct {
		epoch uint32
		taken bool
	}{{8, true}, {7, true}, {6, false}} {
		t.Run(fmt.Sprint(tt.epoch), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := new(livews.Streams)
				defer s.Close()
				src := newPacedIn(7)
				first := publish(t, s, "cam1", src)
				time.Sleep(1550 * time.Millisecond)
				relay, leave, err := s.Join(t.Context(), "cam1")
				if err != nil {
					t.Fatal(err)
				}
				defer leave()
				ended := make(chan error, 1)
				go func() { ended <- copyAll(t, relay) }()
				src.fail(io.ErrUnexpectedEOF)
				<-first
				time.Sleep(3 * time.Second)
				second := publish(t, s, "cam1", newPacedIn(tt.epoch))
				time.Sleep(10 * time.Second)
				select {
				case err := <-second:
					if tt.taken {
						t.Errorf("the second publisher ends: %v", err)
					}
					wantTold(t, err, "7", "6")
				default:
					if !tt.taken {
						t.Error("the second publisher goes on")
					}
				}
				select {
				case err := <-ended:
					if tt.taken || err != io.ErrUnexpectedEOF {
						t.Errorf("the subscriber's end is %v", err)
					}
				default:
					if !tt.taken {
						t.Error("the subscriber goes on")
					}
				}
				if info, _ := s.Info("cam1"); tt.taken && info.Newest[1].Group < 8 {
					t.Errorf("newest is %v, want what the second publisher gives", info.Newest)
				}
			})
		})
	}
}

// deaf is a source that does not hear that its context has ended.
type deaf struct{ livews.Source }

func (d deaf) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	return d.Source.ReadSegment(context.WithoutCancel(ctx))
}

// TestOldPublisherIsSilent writes nothing of an old publisher once a new one has
// begun, whatever its source still gives.
func TestOldPublisherIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(livews.Streams)
		defer s.Close()
		both := newPacedIn(7)
		both.src = livewstest.NewSource(&livewstest.SourceOptions{Tracks: 2, Epoch: 7})
		old := publish(t, s, "cam1", deaf{both})
		time.Sleep(1050 * time.Millisecond)
		relay, leave, err := s.Join(t.Context(), "cam1")
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
		publish(t, s, "cam1", newPacedIn(9))
		sub := relay.Subscribe(nil)
		begun := false
		for range 40 {
			seg, err := sub.ReadSegment(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			begun = begun || seg.Position.Epoch == 9
			if begun && seg.Position.Epoch != 9 {
				t.Errorf("track %d: %v after the new publisher has begun", seg.Track, seg.Position)
			}
		}
		if !begun {
			t.Error("the new publisher never began")
		}
		wantTold(t, <-old, "7", "9")
	})
}

// TestPublishersRace gives the stream to the highest epoch of many who come at the same
// time, before one of them has given anything.
func TestPublishersRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(livews.Streams)
		const most = 20
		var told atomic.Int32
		var done sync.WaitGroup
		for i := range most {
			epoch := uint32(i + 1)
			done.Go(func() {
				err := s.Publish(t.Context(), "cam1", newPacedIn(epoch))
				if epoch == most {
					if err != livews.ErrClosed {
						t.Errorf("the highest epoch: %v", err)
					}
					return
				}
				wantTold(t, err, fmt.Sprint(epoch))
				told.Add(1)
			})
		}
		synctest.Wait()
		relay, leave, err := s.Join(t.Context(), "cam1")
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
		ended := make(chan error, 1)
		go func() { ended <- copyAll(t, relay) }()
		time.Sleep(3 * time.Second)
		if info, _ := s.Info("cam1"); info.Epoch != most || info.Newest[1].Epoch != most {
			t.Errorf("epoch %d, newest %v; want %d", info.Epoch, info.Newest, most)
		}
		if got := told.Load(); got != most-1 {
			t.Errorf("%d were told, want %d", got, most-1)
		}
		_ = s.Close()
		if err := <-ended; err != livews.ErrClosed {
			t.Errorf("the subscriber's end is %v, want ErrClosed", err)
		}
		done.Wait()
	})
}

// TestTakeoverOfOpened has a publisher take a stream that comes from upstream.
func TestTakeoverOfOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream) // epoch 1
		s := &livews.Streams{ID: "me", Open: up.open}
		defer s.Close()
		relay, leave, err := s.Join(t.Context(), "cam1")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		wantTold(t, s.Publish(t.Context(), "cam1", newPacedIn(1)), "1")
		if n := up.sources[0].closed.Load(); n != 0 {
			t.Errorf("closed %d times by one who was refused", n)
		}
		publish(t, s, "cam1", newPacedIn(2))
		time.Sleep(time.Second)
		if n := up.sources[0].closed.Load(); n != 1 {
			t.Errorf("the source from upstream is closed %d times, want once", n)
		}
		leave()
		time.Sleep(time.Minute)
		got, leave, err := s.Join(t.Context(), "cam1")
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
		if got != relay || up.opens.Load() != 1 {
			t.Errorf("the stream is another, opened %d times", up.opens.Load())
		}
		if info, _ := s.Info("cam1"); info.Epoch != 2 || info.Hops != 0 {
			t.Errorf("Info = %+v", info)
		}
	})
}

// TestTakeoverWhileOpening gives those who wait for a stream from upstream that of a
// publisher, whatever becomes of the opening.
func TestTakeoverWhileOpening(t *testing.T) {
	for _, opened := range []error{nil, livews.ErrNotFound} {
		synctest.Test(t, func(t *testing.T) {
			late := newPacedIn(1)
			var routed func([]string)
			s := &livews.Streams{ID: "me", Open: func(_ context.Context, req *livews.Request) (livews.Source, error) {
				routed = req.Routed
				time.Sleep(time.Second) // deaf, too
				if opened != nil {
					return nil, opened
				}
				return late, nil
			}}
			defer s.Close()
			begun := time.Now()
			publish(t, s, "other", newPacedIn(2))
			joined := make(chan func())
			go func() { joined <- join(t, s, "cam1") }()
			synctest.Wait()
			publish(t, s, "cam1", newPacedIn(2))
			leave := <-joined
			if d := time.Since(begun); d != 100*time.Millisecond {
				t.Errorf("joined after %v, want as soon as the publisher has begun", d)
			}
			time.Sleep(10 * time.Second)
			routed([]string{"up"})
			if info, _ := s.Info("cam1"); info.Epoch != 2 || info.Viewers != 1 || len(info.Path) != 1 {
				t.Errorf("Info = %+v", info)
			}
			if n := late.closed.Load(); opened == nil && n != 1 {
				t.Errorf("the late source is closed %d times, want once", n)
			}
			leave()
		})
	}
}

// TestPublishWaits ends a publisher that waits for its first segment with its context, or
// with Close.
func TestPublishWaits(t *testing.T) {
	silent := livews.SourceFunc(func(ctx context.Context) (*livews.Segment, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	for _, name := range []string{"free", "taken"} {
		synctest.Test(t, func(t *testing.T) {
			s := new(livews.Streams)
			publish(t, s, "taken", newPacedIn(1))
			time.Sleep(time.Second)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := s.Publish(ctx, name, silent); err != context.DeadlineExceeded {
				t.Errorf("%s: Publish = %v, want context.DeadlineExceeded", name, err)
			}
			if _, ok := s.Info("free"); ok {
				t.Error("the name is kept for nobody")
			}
			published := publish(t, s, name, silent)
			synctest.Wait()
			_ = s.Close()
			if err := <-published; err != livews.ErrClosed {
				t.Errorf("%s: Publish = %v, want ErrClosed", name, err)
			}
		})
	}
}

// TestPublishWithoutInit refuses a source that begins with a chunk, which would come
// below another's init segment.
func TestPublishWithoutInit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(livews.Streams)
		defer s.Close()
		headless := func() livews.Source {
			src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Epoch: 9})
			_, _ = src.ReadSegment(t.Context())
			return src
		}
		if err := s.Publish(t.Context(), "cam1", headless()); err == nil || !strings.Contains(err.Error(), "9.0.0") {
			t.Errorf("Publish = %v, want an error that names the chunk", err)
		}
		if _, ok := s.Info("cam1"); ok {
			t.Error("the stream is there")
		}
		first := publish(t, s, "cam1", newPacedIn(7))
		time.Sleep(time.Second)
		if err := s.Publish(t.Context(), "cam1", headless()); err == nil {
			t.Error("Publish = nil, want an error")
		}
		select {
		case err := <-first:
			t.Errorf("the first publisher ends: %v", err)
		default:
		}
	})
}
