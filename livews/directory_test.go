package livews_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// guide is a Discover that tells what a test says.
type guide struct {
	calls atomic.Int32
	set   func(*livews.Directory)
}

func (g *guide) discover(ctx context.Context, _ string, set func(*livews.Directory)) error {
	g.calls.Add(1)
	g.set = set
	<-ctx.Done()
	return ctx.Err()
}

// tell tells a complete directory of streams.
func (g *guide) tell(streams ...livews.StreamInfo) {
	g.set(&livews.Directory{Complete: true, Streams: streams})
}

func known(name string, path ...string) livews.StreamInfo {
	return livews.StreamInfo{Name: name, State: livews.StateLive, Epoch: 1, Path: path}
}

// guided returns Streams with a guide that has not told anything yet.
func guided(t *testing.T, s *livews.Streams) *guide {
	t.Helper()
	g := new(guide)
	s.ID, s.Discover = "me", g.discover
	if _, err := s.Directory(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return g
}

// watch returns what gives the next directory as one line, or "" if there is none within
// a minute.
func watch(t *testing.T, s *livews.Streams) (next func() string) {
	t.Helper()
	var seen uint64
	return func() string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		d, err := s.Directory(ctx, seen)
		if err == context.DeadlineExceeded {
			return ""
		}
		if err != nil {
			t.Fatal(err)
		}
		if d.Version <= seen {
			t.Errorf("version %d after %d", d.Version, seen)
		}
		seen = d.Version
		line := fmt.Sprint(d.Complete)
		for _, info := range d.Streams {
			line += fmt.Sprintf(" %s:%s:%d:%d%v", info.Name, info.State, info.Epoch, len(info.Tracks), info.Path)
		}
		return line
	}
}

// TestDirectory tells of each change, and of nothing else.
func TestDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		s := &livews.Streams{Open: up.open}
		defer s.Close()
		g := guided(t, s)
		next := watch(t, s)
		want := func(line string) {
			t.Helper()
			if got := next(); got != line {
				t.Errorf("directory %q, want %q", got, line)
			}
		}
		want("false")
		want("")
		g.tell()
		want("true")
		g.tell(known("cam1", "b", "a"))
		want("true cam1:idle:1:0[me b a]")
		g.tell(known("cam1", "b", "a")) // what is known is no news
		want("")
		g.tell(known("cam1", "c", "a"))
		want("true cam1:idle:1:0[me c a]")

		leave := join(t, s, "cam1")
		want("true cam1:live:0:0[me]")
		want("true cam1:live:1:1[me]")
		join(t, s, "cam1")()
		want("") // with 600 chunks and some viewers
		published := newPacedIn(4)
		publish(t, s, "here", published)
		want("true cam1:live:1:1[me] here:live:0:0[me]")
		want("true cam1:live:1:1[me] here:live:4:1[me]")
		publish(t, s, "here", newPacedIn(5))
		want("true cam1:live:1:1[me] here:live:5:1[me]")
		leave()
		want("true cam1:idle:1:0[me c a] here:live:5:1[me]")
		g.tell()
		want("true here:live:5:1[me]")
		want("")
	})
}

// TestDirectoryIsShared makes one directory for all who ask, and wakes all of them.
func TestDirectoryIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(livews.Streams)
		defer s.Close()
		first, err := s.Directory(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if !first.Complete || len(first.Streams) != 0 {
			t.Errorf("first directory = %+v, want an empty and complete one", first)
		}
		var (
			got  [100]*livews.Directory
			done sync.WaitGroup
		)
		for i := range got {
			done.Go(func() { got[i], _ = s.Directory(t.Context(), first.Version) })
		}
		synctest.Wait()
		publish(t, s, "cam1", newPacedIn(1))
		done.Wait()
		for _, d := range got {
			if d != got[0] || len(d.Streams) != 1 {
				t.Errorf("directory %+v, want that of the others, %+v", d, got[0])
			}
		}
	})
}

func TestDirectoryEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(livews.Streams)
		publish(t, s, "cam1", newPacedIn(1))
		time.Sleep(time.Second)
		d, err := s.Directory(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		path, err := s.Path(t.Context(), "cam1", nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Directory(ctx, d.Version); err != context.DeadlineExceeded {
			t.Errorf("Directory = %v, want context.DeadlineExceeded", err)
		}
		if _, err := s.Path(ctx, "cam1", path); err != context.DeadlineExceeded {
			t.Errorf("Path = %v, want context.DeadlineExceeded", err)
		}
		ended := make(chan error, 2)
		go func() {
			_, err := s.Directory(t.Context(), d.Version)
			ended <- err
		}()
		go func() {
			_, err := s.Path(t.Context(), "cam1", path)
			ended <- err
		}()
		synctest.Wait()
		_ = s.Close()
		for range 2 {
			if err := <-ended; err != livews.ErrClosed {
				t.Errorf("after Close: %v, want ErrClosed", err)
			}
		}
	})
}

// TestRepeatedInit tells no change where an init segment comes again, and one where it is
// another.
func TestRepeatedInit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &livews.Streams{ID: "me"}
		defer s.Close()
		src, sink := livews.Pipe()
		publish(t, s, "cam1", src)
		next := watch(t, s)
		synctest.Wait()
		init := func(width uint16) {
			t.Helper()
			if err := sink.WriteSegment(t.Context(), &livews.Segment{
				Type: livews.TypeInit, Track: 1, Position: livews.Position{Epoch: 3},
				Info:    &livews.Track{Number: 1, Kind: livews.KindVideo, Codec: "avc1.42C01F", Timescale: 1, Width: width},
				Payload: []byte("init"),
			}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		for _, tt := range []struct {
			width uint16
			news  bool
		}{{640, true}, {640, false}, {320, true}, {320, false}} {
			init(tt.width)
			if got := next(); got != "" != tt.news {
				t.Errorf("width %d: directory %q, want news: %v", tt.width, got, tt.news)
			}
		}
	})
}

// TestCloseEndsWatch ends those who wait for a change where there is nothing.
func TestCloseEndsWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(livews.Streams)
		ended := make(chan error, 1)
		go func() {
			_, err := s.Directory(t.Context(), 1)
			ended <- err
		}()
		synctest.Wait()
		_ = s.Close()
		synctest.Wait()
		select {
		case err := <-ended:
			if err != livews.ErrClosed {
				t.Errorf("Directory = %v, want ErrClosed", err)
			}
		default:
			t.Error("Directory still waits")
		}
	})
}

// restless is a Discover that returns after a while.
type restless struct {
	life atomic.Int64

	mu    sync.Mutex
	calls []time.Time
	set   func(*livews.Directory)
}

func (r *restless) discover(ctx context.Context, _ string, set func(*livews.Directory)) error {
	r.mu.Lock()
	r.calls, r.set = append(r.calls, time.Now()), set
	r.mu.Unlock()
	set(&livews.Directory{Complete: true, Streams: []livews.StreamInfo{known("cam1", "b")}})
	select {
	case <-time.After(time.Duration(r.life.Load())):
		return errors.New("upstream lost")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// steps returns the times from one call to the next.
func (r *restless) steps() []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	var steps []time.Duration
	for i := 1; i < len(r.calls); i++ {
		steps = append(steps, r.calls[i].Sub(r.calls[i-1]))
	}
	return steps
}

// TestDiscoverAgain calls a Discover again that has returned, with growing waits, and does
// not take its list for complete meanwhile.
func TestDiscoverAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(restless)
		s := &livews.Streams{Discover: r.discover}
		s.List(t.Context())
		time.Sleep(time.Minute)
		steps := r.steps()
		for i, d := range steps {
			if most := min(200*time.Millisecond<<i, 10*time.Second); d < most/2 || d > most {
				t.Errorf("call %d came after %v, want %v to %v", i+1, d, most/2, most)
			}
		}
		if len(steps) < 10 {
			t.Errorf("%d calls in a minute", len(steps))
		}
		r.mu.Lock()
		r.set(&livews.Directory{Complete: true}) // of a call that has returned
		r.mu.Unlock()
		if d, _ := s.Directory(t.Context(), 0); d.Complete || len(d.Streams) != 1 {
			t.Errorf("directory = %+v, want cam1 and that there may be more", d)
		}
		r.life.Store(int64(11 * time.Second))
		time.Sleep(time.Minute)
		steps = r.steps()
		if d := steps[len(steps)-1]; d > 11200*time.Millisecond {
			t.Errorf("called again %v after a call of 11s, want at most 200ms more", d)
		}
		_ = s.Close()
		time.Sleep(time.Minute)
		if n := len(r.steps()); n != len(steps) {
			t.Error("called after Close")
		}
	})
}

// TestUnknownNames refuses names at once that a complete directory does not have.
func TestUnknownNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		s := &livews.Streams{Open: up.open}
		defer s.Close()
		g := guided(t, s)
		begun := time.Now()
		if _, _, err := s.Join(t.Context(), "none"); !errors.Is(err, livews.ErrNotFound) {
			t.Errorf("before the directory: %v", err)
		}
		if up.opens.Load() != 1 || time.Since(begun) != time.Second {
			t.Error("a name was not asked for though it might be there")
		}
		g.tell(known("cam1", "b"))
		begun = time.Now()
		for i := range 10000 {
			if _, _, err := s.Join(t.Context(), fmt.Sprint(i)); !errors.Is(err, livews.ErrNotFound) {
				t.Errorf("unknown name: %v", err)
			}
		}
		if n := up.opens.Load(); n != 1 || time.Since(begun) != 0 {
			t.Errorf("%d names were asked for, in %v", n-1, time.Since(begun))
		}
		g.tell(known("cam1", "b"), known("none2", "b"))
		join(t, s, "none2")()
	})
}

// TestNewNameIsNoMiss opens a stream that appears right after it was not found.
func TestNewNameIsNoMiss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		there := false
		s := &livews.Streams{Open: func(context.Context, *livews.Request) (livews.Source, error) {
			if !there {
				return nil, livews.ErrNotFound
			}
			return newPaced(0), nil
		}}
		defer s.Close()
		g := guided(t, s)
		if _, _, err := s.Join(t.Context(), "cam1"); !errors.Is(err, livews.ErrNotFound) {
			t.Errorf("Join = %v, want ErrNotFound", err)
		}
		there = true
		g.tell(known("cam1", "b"))
		join(t, s, "cam1")()
	})
}

// TestSift takes of what upstreams say only what can be.
func TestSift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(livews.Streams)
		defer s.Close()
		g := guided(t, s)
		next := watch(t, s)
		_ = next()
		long := make([]string, livews.MaxPath)
		for i := range long {
			long[i] = fmt.Sprint(i)
		}
		odd := known("odd", "b")
		odd.Hops, odd.Viewers, odd.Tracks = -7, -1, []*livews.Track{nil, {Number: 1}}
		g.tell(
			known("z", "b"), known("a", "b", "me", "c"), known("a", "c"), known("a", "d"), known("..", "b"),
			known("self", "me"), known("long", long...), known("edge", long[1:]...), known("nowhere"), odd,
		)
		want := fmt.Sprintf("true a:idle:1:0[me c] edge:idle:1:0[me %v nowhere:idle:1:0[] odd:idle:1:1[me b] z:idle:1:0[me b]",
			fmt.Sprint(long[1:])[1:])
		if got := next(); got != want {
			t.Errorf("directory %q, want %q", got, want)
		}
		for _, info := range s.List(t.Context()) {
			if want := max(0, len(info.Path)-1); info.Hops != want || info.Viewers != 0 || slices.Contains(info.Tracks, nil) {
				t.Errorf("%+v, want %d hops, no viewers and no nil track", info, want)
			}
		}
		many := make([]livews.StreamInfo, 5000)
		for i := range many {
			many[i] = known(fmt.Sprintf("%04d", i), "b")
		}
		g.tell(many...)
		if d, _ := s.Directory(t.Context(), 0); len(d.Streams) != 4096 || d.Complete {
			t.Errorf("%d streams, complete %v; want 4096 and that there are more", len(d.Streams), d.Complete)
		}
	})
}

// TestListWaits waits a second at most for what Discover tells first.
func TestListWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(livews.Streams)
		defer s.Close()
		g := guided(t, s)
		ask := func(ctx context.Context, want time.Duration, streams int) {
			t.Helper()
			begun := time.Now()
			list := s.List(ctx)
			if d := time.Since(begun); d != want || len(list) != streams {
				t.Errorf("List has %d streams after %v, want %d after %v", len(list), d, streams, want)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		ask(ctx, 100*time.Millisecond, 0)
		ask(t.Context(), time.Second, 0)
		time.AfterFunc(300*time.Millisecond, func() { g.tell(known("cam1", "b")) })
		ask(t.Context(), 300*time.Millisecond, 1)
		ask(t.Context(), 0, 1)
		if n := g.calls.Load(); n != 1 {
			t.Errorf("Discover was called %d times, want once", n)
		}
	})
}

// TestAskingIsNoDemand opens nothing and keeps nothing open for those who only ask.
func TestAskingIsNoDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		s := &livews.Streams{Open: up.open}
		defer s.Close()
		g := guided(t, s)
		g.tell(known("cam1", "b"))
		ask := func() {
			s.List(t.Context())
			s.Info("cam1")
			if _, err := s.Directory(t.Context(), 0); err != nil {
				t.Error(err)
			}
			if _, err := s.Path(t.Context(), "cam1", nil); err != nil {
				t.Error(err)
			}
		}
		ask()
		if n := up.opens.Load(); n != 0 {
			t.Errorf("opened %d times", n)
		}
		join(t, s, "cam1")()
		for range 60 {
			time.Sleep(100 * time.Millisecond)
			ask()
		}
		if _, ok := s.Info("cam1"); ok {
			t.Error("kept open by those who ask")
		}
	})
}

// TestStreamInfoJSON gives back what a peer sends.
func TestStreamInfoJSON(t *testing.T) {
	want := livews.StreamInfo{
		Name: "a/b", State: livews.StateLive, Tracks: []*livews.Track{{Number: 1, Kind: livews.KindVideo, Codec: "avc1.42C01F"}},
		Epoch: 1760000000, Newest: map[uint16]livews.Position{1: {Epoch: 1760000000, Group: 2, Chunk: 3}},
		Viewers: 4, Hops: 1, Path: []string{"b", "a"}, BytesSent: 1 << 40,
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got livews.StreamInfo
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(got); string(again) != string(text) {
		t.Errorf("%s comes back as %s", text, again)
	}
}
