package livews_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// paced gives a segment of a synthetic stream each 100 ms.
type paced struct {
	src    *livewstest.Source
	closed atomic.Int32
	failed atomic.Pointer[error]
}

func newPaced(groups int) *paced {
	return &paced{src: livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Groups: groups})}
}

// newPacedIn returns a stream of this epoch that has no end.
func newPacedIn(epoch uint32) *paced {
	return &paced{src: livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Epoch: epoch})}
}

func (p *paced) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	select {
	case <-time.After(100 * time.Millisecond):
		if err := p.failed.Load(); err != nil {
			return nil, *err
		}
		return p.src.ReadSegment(ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fail has the next read, which may be under way, give err.
func (p *paced) fail(err error) { p.failed.Store(&err) }

// end ends the stream cleanly.
func (p *paced) end() {
	p.fail(io.EOF)
	time.Sleep(150 * time.Millisecond)
}

func (p *paced) Close() error {
	p.closed.Add(1)
	return nil
}

// upstream opens paced streams after a while and counts.
type upstream struct {
	opens  atomic.Int32
	groups int

	mu      sync.Mutex
	sources []*paced
}

func (u *upstream) open(ctx context.Context, req *livews.Request) (livews.Source, error) {
	name := req.Name
	u.opens.Add(1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if name == "none" {
		return nil, fmt.Errorf("upstream: %w: %q", livews.ErrNotFound, name)
	}
	src := newPaced(u.groups)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sources = append(u.sources, src)
	return src, nil
}

// TestJoinOpensOnce opens a stream once for all who ask, and closes it a linger after
// the last has gone.
func TestJoinOpensOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		s := &livews.Streams{Open: up.open}
		defer s.Close()
		var leaves [20]func()
		var joined sync.WaitGroup
		for i := range leaves {
			joined.Go(func() {
				relay, leave, err := s.Join(t.Context(), "cam1")
				if err != nil {
					t.Errorf("Join = %v", err)
					return
				}
				leaves[i] = leave
				if _, err := relay.Subscribe(nil).ReadSegment(t.Context()); err != nil {
					t.Errorf("ReadSegment = %v", err)
				}
			})
		}
		joined.Wait()
		if got := up.opens.Load(); got != 1 {
			t.Errorf("opened %d times, want once", got)
		}
		if info, ok := s.Info("cam1"); !ok || info.Viewers != len(leaves) || info.Hops != 0 || info.State != livews.StateLive {
			t.Errorf("Info = %+v, %v", info, ok)
		}
		for _, leave := range leaves {
			leave()
			leave() // counts once
		}
		time.Sleep(4900 * time.Millisecond)
		if _, ok := s.Info("cam1"); !ok {
			t.Error("closed before the linger is over")
		}
		time.Sleep(200 * time.Millisecond)
		if _, ok := s.Info("cam1"); ok {
			t.Error("open though the linger is over")
		}
		if got := up.sources[0].closed.Load(); got != 1 {
			t.Errorf("source closed %d times, want once", got)
		}
	})
}

// TestLingerIsCancelled keeps a stream for one who comes back in time, whatever was
// planned before.
func TestLingerIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		s := &livews.Streams{Open: up.open}
		defer s.Close()
		for range 5 {
			_, leave, err := s.Join(t.Context(), "cam1")
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			leave()
			time.Sleep(4 * time.Second)
		}
		if got := up.opens.Load(); got != 1 {
			t.Errorf("opened %d times, want once", got)
		}
		time.Sleep(2 * time.Second)
		if _, leave, err := s.Join(t.Context(), "cam1"); err != nil {
			t.Error(err)
		} else {
			leave()
		}
		if got := up.opens.Load(); got != 2 {
			t.Errorf("opened %d times, want twice", got)
		}
	})
}

func TestJoinErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		s := &livews.Streams{Open: up.open, MaxStreams: 2}
		if _, _, err := s.Join(t.Context(), "a//b"); !errors.Is(err, livews.ErrName) {
			t.Errorf("bad name: %v", err)
		}
		for range 4 { // asked once in a second, which one question takes
			if _, _, err := s.Join(t.Context(), "none"); !errors.Is(err, livews.ErrNotFound) {
				t.Errorf("unknown stream: %v", err)
			}
			time.Sleep(600 * time.Millisecond)
		}
		if got := up.opens.Load(); got != 2 {
			t.Errorf("asked %d times, want twice", got)
		}
		for _, name := range []string{"a", "b"} {
			if _, _, err := s.Join(t.Context(), name); err != nil {
				t.Errorf("Join(%s) = %v", name, err)
			}
		}
		if _, _, err := s.Join(t.Context(), "c"); !errors.Is(err, livews.ErrUnavailable) {
			t.Errorf("one too many: %v", err)
		}
		_ = s.Close()
		if _, _, err := s.Join(t.Context(), "d"); !errors.Is(err, livews.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		var none livews.Streams
		if _, _, err := none.Join(t.Context(), "a"); !errors.Is(err, livews.ErrNotFound) {
			t.Errorf("zero Streams: %v", err)
		}
	})
}

// TestFlood lets a flood of names that nobody has reach the upstream only so far, and a
// stream that is there be opened again right after it.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open, most atomic.Int32
		s := &livews.Streams{Open: func(ctx context.Context, req *livews.Request) (livews.Source, error) {
			most.Store(max(most.Load(), open.Add(1)))
			defer open.Add(-1)
			time.Sleep(time.Second)
			if req.Name == "cam1" {
				return newPaced(0), nil
			}
			return nil, livews.ErrNotFound
		}}
		defer s.Close()
		var asked sync.WaitGroup
		var refused atomic.Int32
		for i := range 10000 {
			asked.Go(func() {
				_, _, err := s.Join(t.Context(), fmt.Sprintf("none%d", i))
				if errors.Is(err, livews.ErrUnavailable) {
					refused.Add(1)
				} else if !errors.Is(err, livews.ErrNotFound) {
					t.Errorf("Join = %v", err)
				}
			})
		}
		asked.Wait()
		if got := most.Load(); got != 64 {
			t.Errorf("%d were being opened at the same time, want 64", got)
		}
		if got := refused.Load(); got != 10000-64 {
			t.Errorf("%d were refused, want %d", got, 10000-64)
		}
		if _, leave, err := s.Join(t.Context(), "cam1"); err != nil {
			t.Errorf("after the flood: %v", err)
		} else {
			leave()
		}
	})
}

// TestJoinContext lets one who waits for the opening give up without a harm to the
// others.
func TestJoinContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		s := &livews.Streams{Open: up.open}
		defer s.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		first := make(chan error)
		go func() {
			_, _, err := s.Join(ctx, "cam1")
			first <- err
		}()
		synctest.Wait()
		_, leave, err := s.Join(t.Context(), "cam1")
		if err != nil {
			t.Fatalf("Join = %v", err)
		}
		defer leave()
		if err := <-first; err != context.DeadlineExceeded {
			t.Errorf("Join = %v, want context.DeadlineExceeded", err)
		}
		if info, _ := s.Info("cam1"); info.Viewers != 1 {
			t.Errorf("%d viewers, want 1", info.Viewers)
		}
	})
}

// TestStreamEnds ends viewers with their stream, and opens it anew for the next.
func TestStreamEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &upstream{groups: 2}
		s := &livews.Streams{Open: up.open}
		defer s.Close()
		for range 2 {
			relay, leave, err := s.Join(t.Context(), "cam1")
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, err := range livews.All(t.Context(), relay.Subscribe(nil)) {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
			if n != 1+20 {
				t.Errorf("%d segments, want 21", n)
			}
			leave()
		}
		if got := up.opens.Load(); got != 2 {
			t.Errorf("opened %d times, want twice", got)
		}
	})
}

func TestPublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s livews.Streams
		published := make(chan error)
		go func() { published <- s.Publish(t.Context(), "site/cam1", newPaced(3)) }()
		time.Sleep(150 * time.Millisecond)
		if err := s.Publish(t.Context(), "site/cam1", newPaced(1)); !errors.Is(err, livews.ErrExists) {
			t.Errorf("second publisher: %v, want ErrExists", err)
		}
		if err := s.Publish(t.Context(), "..", newPaced(1)); !errors.Is(err, livews.ErrName) {
			t.Errorf("bad name: %v, want ErrName", err)
		}
		relay, leave, err := s.Join(t.Context(), "site/cam1")
		if err != nil {
			t.Fatal(err)
		}
		leave()
		time.Sleep(time.Minute / 60)
		if _, ok := s.Info("site/cam1"); !ok {
			t.Error("a published stream is closed for want of viewers")
		}
		sub := relay.Subscribe(nil)
		if err := <-published; err != nil {
			t.Errorf("Publish = %v", err)
		}
		if err := livews.Copy(t.Context(), new(livewstest.Checker), sub); err != nil {
			t.Errorf("Copy = %v", err)
		}
		if _, ok := s.Info("site/cam1"); ok {
			t.Error("the stream is there after its end")
		}
	})
}

// TestStreamsClose ends everything that runs, with an error for the viewers.
func TestStreamsClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		s := &livews.Streams{Open: up.open}
		published := make(chan error, 1)
		go func() { published <- s.Publish(t.Context(), "here", newPaced(0)) }()
		var subs []*livews.Subscription
		synctest.Wait()
		for _, name := range []string{"here", "there"} {
			relay, _, err := s.Join(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			subs = append(subs, relay.Subscribe(nil))
		}
		opening := make(chan error, 1)
		go func() {
			_, _, err := s.Join(t.Context(), "opening")
			opening <- err
		}()
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
		for _, sub := range subs {
			if err := livews.Copy(t.Context(), new(livewstest.Checker), sub); err != livews.ErrClosed {
				t.Errorf("viewers get %v, want ErrClosed", err)
			}
		}
		if err := <-opening; err == nil {
			t.Error("Join returns after Close without an error")
		}
		if err := <-published; err == nil {
			t.Error("Publish returns nil though it was cut off")
		}
	})
}

func TestList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		s := &livews.Streams{ID: "me", Open: up.open, Discover: func(ctx context.Context, id string, set func(*livews.Directory)) error {
			if id != "me" {
				t.Errorf("Discover for %q, want me", id)
			}
			time.Sleep(100 * time.Millisecond)
			set(&livews.Directory{Complete: true, Streams: []livews.StreamInfo{
				{Name: "cam1", Path: []string{"b", "a"}}, {Name: "here", Path: []string{"b", "c", "d"}}, {Name: "idle", Path: []string{"b", "c", "a"}, Viewers: 7},
			}})
			<-ctx.Done()
			return ctx.Err()
		}}
		defer s.Close()
		go func() { _ = s.Publish(t.Context(), "here", newPaced(0)) }()
		if _, _, err := s.Join(t.Context(), "cam1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		var got []string
		for _, info := range s.List(t.Context()) {
			got = append(got, fmt.Sprint(info.Name, info.State, info.Hops, info.Viewers, len(info.Tracks), info.Epoch))
		}
		want := []string{"cam1live0 1 1 1", "herelive0 0 1 1", "idleidle3 0 0 0"}
		if !slices.Equal(got, want) {
			t.Errorf("List = %q, want %q", got, want)
		}
	})
}
