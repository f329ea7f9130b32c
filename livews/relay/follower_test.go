package relay

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/wire"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

var (
	errNotFound = fmt.Errorf("%w: 404", livews.ErrNotFound)
	errRefused  = fmt.Errorf("%w: refused", livews.ErrUnavailable)
)

func TestStandbyTakesOver(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		f := w.follow(livews.Request{})
		w.sleep(2 * time.Second)
		if c := w.servers[1].open(); len(c) != 1 || c[0].isStarted() || !c[0].opts.Standby {
			t.Fatal("the second server has no standby")
		}
		if got, want := w.route(), []string{"a", "cam"}; !slices.Equal(got, want) {
			t.Errorf("route = %v, want %v", got, want)
		}
		w.servers[0].do(func() { w.servers[0].refuse = errRefused })
		w.servers[0].cut(errReset)
		w.sleep(2 * time.Second)
		w.well(tick)
		if got := w.on(f); got != 1 {
			t.Errorf("media comes from %d, want 1", got)
		}
		if want := [][]string{nil, {"a", "cam"}, {"b", "cam"}}; !slices.EqualFunc(w.routes, want, slices.Equal) {
			t.Errorf("routes = %v, want %v", w.routes, want)
		}
	})
}

// TestReconnects goes on after any end that is none of the stream: with one server, after
// its backoff.
func TestReconnects(t *testing.T) {
	for _, cut := range []error{errReset, io.ErrUnexpectedEOF, errors.New("status = StatusNormalClosure"), errNotFound} {
		inWorld(t, 1, func(w *world) {
			w.follow(livews.Request{})
			for range 5 {
				w.sleep(11 * time.Second)
				w.servers[0].cut(cut)
				w.sleep(2 * time.Second)
			}
			w.well(300 * time.Millisecond)
			if w.route() == nil || !slices.ContainsFunc(w.routes, func(p []string) bool { return p == nil }) {
				t.Errorf("routes = %v, want none while there is no connection", w.routes)
			}
		})
	}
}

// TestBackoff counts the dials to a server which accepts and then drops: that it
// accepts is no reason to begin anew with short waits.
func TestBackoff(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		w.follow(livews.Request{})
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(tick):
					w.servers[0].cut(errReset)
				}
			}
		}()
		w.sleep(60 * time.Second)
		close(stop)
		if got := w.servers[0].dialled(); got < 8 || got > 18 {
			t.Errorf("%d dials in a minute, want 8 to 18", got)
		}
		w.sleep(15 * time.Second)
		if err := w.readErr(); err != nil {
			t.Error(err)
		}
	})
}

func TestSilence(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		f := w.follow(livews.Request{})
		w.sleep(3 * time.Second)
		w.servers[0].do(func() { w.servers[0].mute = true })
		w.sleep(1500 * time.Millisecond)
		w.well(1200 * time.Millisecond)
		if got := w.on(f); got != 1 {
			t.Errorf("media comes from %d, want 1", got)
		}
	})
}

// TestAllSilent pauses the source: nobody is to blame.
func TestAllSilent(t *testing.T) {
	for n := 1; n <= 4; n++ {
		inWorld(t, n, func(w *world) {
			w.follow(livews.Request{})
			w.sleep(3 * time.Second)
			before := 0
			for _, s := range w.servers {
				before += s.dialled()
			}
			w.setPaused(true)
			w.sleep(time.Minute)
			dials := -before
			for _, s := range w.servers {
				dials += s.dialled()
			}
			if dials > 8 {
				t.Errorf("%d servers: %d dials in a minute of silence, want 8 at most", n, dials)
			}
			w.setPaused(false)
			w.resetPause()
			w.sleep(5 * time.Second)
			w.well(61 * time.Second)
		})
	}
}

func TestTakeback(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		a := w.servers[0]
		f := w.follow(livews.Request{})
		w.sleep(2 * time.Second)
		a.do(func() { a.refuse = errRefused })
		a.cut(errReset)
		w.sleep(5 * time.Second)
		a.do(func() { a.refuse = nil })
		for range 3 { // flapping is no health
			w.sleep(25 * time.Second)
			if got := w.on(f); got != 1 {
				t.Fatalf("media comes from %d, want 1", got)
			}
			a.cut(errReset)
		}
		w.sleep(12 * time.Second) // the standby is back by then
		since := a.open()
		w.sleep(17 * time.Second)
		if got := w.on(f); got != 1 || len(since) != 1 {
			t.Errorf("taken back too early, to %d", got)
		}
		w.sleep(15*time.Second + healthySpread)
		if got := w.on(f); got != 0 {
			t.Errorf("media comes from %d, want 0", got)
		}
		for track, p := range a.open()[0].sub.After {
			if p.Chunk > 1 && p.Chunk < 9 {
				t.Errorf("track %d goes on after %v, want a group border", track, p)
			}
		}
		w.well(tick)
	})
}

func TestCloseCodes(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		on   int // at last
	}{
		{"lost", websocket.CloseError{Code: 4200}, 1},
		{"shut down", websocket.CloseError{Code: 4100}, 1},
		{"loop", fmt.Errorf("%w: 4202", livews.ErrLoop), 1},
		{"nonsense", livews.ErrMessage, 1},
	} {
		inWorld(t, 2, func(w *world) {
			f := w.follow(livews.Request{})
			w.sleep(2 * time.Second)
			w.servers[0].cut(tt.err)
			w.sleep(2 * time.Second)
			w.well(tick)
			if got := w.on(f); got != tt.on {
				t.Errorf("%s: media comes from %d, want %d", tt.name, got, tt.on)
			}
		})
	}
}

// TestRefusedForGood asks nobody again who has said that it is of no use.
func TestRefusedForGood(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		w.follow(livews.Request{})
		w.sleep(2 * time.Second)
		w.servers[0].cut(websocket.CloseError{Code: 4300})
		w.sleep(time.Minute)
		w.well(tick)
		if got := w.servers[0].dialled(); got != 1 {
			t.Errorf("%d dials, want one", got)
		}
		w.servers[1].cut(websocket.CloseError{Code: 4300})
		w.sleep(time.Second)
		if err := w.readErr(); !errors.Is(err, livews.ErrUnavailable) {
			t.Errorf("ReadSegment = %v, want ErrUnavailable", err)
		}
	})
}

func TestGoaway(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		f := w.follow(livews.Request{})
		w.sleep(2 * time.Second)
		w.servers[0].goaway(time.Second)
		w.sleep(800 * time.Millisecond)
		if got := w.on(f); got != 0 {
			t.Errorf("left before its time, to %d", got)
		}
		w.sleep(600 * time.Millisecond)
		if got := w.on(f); got != 1 {
			t.Errorf("media comes from %d, want 1", got)
		}
		w.well(tick)
	})
}

func TestPathRules(t *testing.T) {
	long := slices.Repeat([]string{"x"}, livews.MaxPath)
	for name, path := range map[string][]string{"none": nil, "circle": {"a", "me", "cam"}, "too long": long} {
		inWorld(t, 2, func(w *world) {
			f := w.follow(livews.Request{})
			w.sleep(2 * time.Second)
			w.servers[0].tell(path...)
			w.sleep(2 * time.Second)
			if got := w.on(f); got != 1 {
				t.Errorf("%s: media comes from %d, want 1", name, got)
			}
			if got, want := w.route(), []string{"b", "cam"}; !slices.Equal(got, want) {
				t.Errorf("%s: route %v, want %v", name, got, want)
			}
			w.well(tick)
		})
	}
	inWorld(t, 1, func(w *world) { // where there is no other, one that loses its way is waited for
		w.follow(livews.Request{})
		w.sleep(2 * time.Second)
		w.servers[0].tell()
		w.sleep(5 * time.Second)
		if w.route() != nil {
			t.Errorf("route %v, want none", w.route())
		}
		w.servers[0].tell("a", "z", "cam")
		w.sleep(time.Second)
		if want := []string{"a", "z", "cam"}; !slices.Equal(w.route(), want) || w.servers[0].dialled() != 1 {
			t.Errorf("route %v after %d dials, want %v after one", w.route(), w.servers[0].dialled(), want)
		}
	})
}

func TestHigherEpoch(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		f := w.follow(livews.Request{})
		w.report(0, &livews.StreamInfo{Epoch: 1, Path: []string{"a", "cam"}})
		w.report(1, &livews.StreamInfo{Epoch: 1, Path: []string{"b", "cam"}})
		w.sleep(2 * time.Second)
		old := w.servers[0].open()[0]
		next := livewstest.NewSource(&livewstest.SourceOptions{Epoch: 2, Groups: 3})
		_ = livews.Copy(w.t.Context(), w.servers[1].relay, next)
		w.report(1, &livews.StreamInfo{Epoch: 2, Path: []string{"b", "cam2"}})
		w.sleep(900 * time.Millisecond)
		if got := w.on(f); got != 0 {
			t.Errorf("left too early, to %d", got)
		}
		w.sleep(400 * time.Millisecond)
		if got := f.given.epoch; got != 2 || old.code != wire.CodeStale {
			t.Errorf("epoch %d, the old one closed with %d, want 2 and %d", got, old.code, wire.CodeStale)
		}
		w.report(0, &livews.StreamInfo{Epoch: 1, Path: []string{"a", "cam"}})
		w.sleep(time.Minute)
		if got := len(w.servers[0].open()); got != 0 {
			t.Errorf("%d connections to a stale server, want none", got)
		}
	})
}

// TestStale leaves a server that goes back to an older epoch.
func TestStale(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		w.mu.Lock()
		w.src = livewstest.NewSource(&livewstest.SourceOptions{Epoch: 7})
		w.mu.Unlock()
		w.sleep(time.Second)
		f := w.follow(livews.Request{})
		w.sleep(2 * time.Second)
		a := w.servers[0]
		old := livewstest.NewSource(nil)
		for range 3 {
			seg, _ := old.ReadSegment(w.t.Context())
			c := a.open()[0]
			select {
			case c.segs <- seg:
			case <-c.ctx.Done():
			}
			synctest.Wait()
			if len(a.open()) == 0 {
				break
			}
		}
		w.sleep(2 * time.Second)
		if got := w.on(f); got != 1 {
			t.Errorf("media comes from %d, want 1", got)
		}
		w.well(tick)
	})
}

func TestNotFoundForGood(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		w.follow(livews.Request{})
		w.sleep(2 * time.Second)
		for _, s := range w.servers {
			s.do(func() { s.refuse = errNotFound })
			s.cut(errNotFound)
		}
		w.sleep(4500 * time.Millisecond)
		if err := w.readErr(); err != nil {
			t.Errorf("after 4.5 s: %v, want nothing yet", err)
		}
		w.sleep(time.Second)
		if err := w.readErr(); !errors.Is(err, livews.ErrNotFound) {
			t.Errorf("after 5.5 s: %v, want ErrNotFound", err)
		}
	})
	inWorld(t, 2, func(w *world) { // one that does not answer may have it
		w.follow(livews.Request{})
		w.sleep(2 * time.Second)
		w.servers[0].do(func() { w.servers[0].refuse = errNotFound })
		w.servers[1].do(func() { w.servers[1].refuse = errRefused })
		w.servers[0].cut(errReset)
		w.servers[1].cut(errReset)
		w.sleep(time.Minute)
		if err := w.readErr(); err != nil {
			t.Errorf("ReadSegment = %v, want none", err)
		}
	})
}

func TestCleanEnd(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		f := w.follow(livews.Request{})
		w.sleep(2 * time.Second)
		w.servers[0].cut(io.EOF)
		w.sleep(time.Millisecond)
		if err := w.readErr(); err != io.EOF {
			t.Errorf("ReadSegment = %v, want io.EOF at once", err)
		}
		if seg, err := f.ReadSegment(w.t.Context()); err != io.EOF {
			t.Errorf("ReadSegment = %v, %v again, want io.EOF", seg, err)
		}
	})
}

// TestHangingDial does not hold up the media, nor wedge anything.
func TestHangingDial(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		w.servers[0].do(func() { w.servers[0].hang = true })
		start := time.Now()
		f := w.follow(livews.Request{})
		if took := time.Since(start); took > 1100*time.Millisecond {
			t.Errorf("Open took %v, want little more than a second", took)
		}
		w.sleep(time.Minute)
		w.well(tick)
		w.servers[0].do(func() { w.servers[0].hang = false })
		w.sleep(time.Minute + healthySpread)
		w.well(tick)
		if got := w.on(f); got != 0 {
			t.Errorf("media comes from %d, want 0", got)
		}
	})
}

// TestCancelledDial drops the dial for another link, and dials again later: a
// cancellation is no answer.
func TestCancelledDial(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		w.servers[0].do(func() { w.servers[0].hang = true })
		w.follow(livews.Request{}) // by the second: the dial of the first is cancelled
		w.servers[0].do(func() { w.servers[0].hang = false })
		w.sleep(20 * time.Second)
		if got := len(w.servers[0].open()); got != 1 {
			t.Errorf("%d connections to the first server, want one", got)
		}
		w.well(tick)
	})
}

func TestForeign(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		for _, s := range w.servers {
			s.foreign = true
		}
		w.follow(livews.Request{})
		w.sleep(5 * time.Second)
		if got := w.servers[1].dialled(); got != 1 || len(w.servers[1].open()) != 0 {
			t.Errorf("dialled %d times to stand by, want once", got)
		}
		if want := []string{w.up.parents.all[0].name()}; !slices.Equal(w.route(), want) {
			t.Errorf("route %v, want %v", w.route(), want)
		}
		w.servers[0].do(func() { w.servers[0].refuse = errRefused })
		w.servers[0].cut(errReset)
		w.sleep(10 * time.Second)
		w.well(300 * time.Millisecond)
	})
}

func TestOpenErrors(t *testing.T) {
	loop := fmt.Errorf("%w: 508", livews.ErrLoop)
	me, both := []string{"me"}, []string{"below", "me"}
	for _, tt := range []struct {
		a, b error
		via  []string
		want error
	}{
		{errNotFound, errNotFound, me, livews.ErrNotFound},
		{errNotFound, errRefused, me, livews.ErrUnavailable},
		{errRefused, errNotFound, me, livews.ErrUnavailable},
		{errNotFound, loop, both, livews.ErrLoop},
		{errNotFound, loop, me, livews.ErrNotFound}, // it would have to come from here
		{loop, errRefused, both, livews.ErrUnavailable},
	} {
		inWorld(t, 2, func(w *world) {
			w.servers[0].refuse, w.servers[1].refuse = tt.a, tt.b
			if _, err := w.up.Open(w.t.Context(), &livews.Request{Name: "cam1", Via: tt.via}); !errors.Is(err, tt.want) {
				t.Errorf("Open = %v after %v and %v, want %v", err, tt.a, tt.b, tt.want)
			}
		})
	}
	inWorld(t, 2, func(w *world) {
		w.report(0, nil)
		w.report(1, nil)
		_, err := w.up.Open(w.t.Context(), &livews.Request{Name: "cam1"})
		if !errors.Is(err, livews.ErrNotFound) || w.servers[0].dialled() > 0 {
			t.Errorf("Open = %v after %d dials, want ErrNotFound without any", err, w.servers[0].dialled())
		}
	})
}

// TestStandbyFailsBeforeSpare loses the standby while a better one is being dialled.
func TestStandbyFailsBeforeSpare(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		w.servers[1].refuse, w.servers[1].slow = errRefused, 500*time.Millisecond
		w.follow(livews.Request{})
		w.sleep(3 * time.Second)
		if got := len(w.servers[2].open()); got != 1 {
			t.Fatalf("%d connections to the third server, want the standby", got)
		}
		w.servers[1].do(func() { w.servers[1].refuse = nil })
		before := w.servers[1].dialled()
		for w.servers[1].dialled() == before {
			w.sleep(tick)
		}
		w.servers[2].do(func() { w.servers[2].refuse = errRefused })
		w.servers[2].cut(errReset)
		w.sleep(2 * time.Second)
		if got := len(w.servers[1].open()); got != 1 {
			t.Errorf("%d connections to the second server, want the standby", got)
		}
		w.well(tick)
	})
}

// TestNoWayIsNoIngress says from the beginning that there is no way yet, and when there is
// none any more: nobody may take this node for the ingress.
func TestNoWayIsNoIngress(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		w.servers[0].hang, w.servers[1].fickle = true, true
		w.follow(livews.Request{})
		w.sleep(2 * time.Second)
		w.mu.Lock()
		defer w.mu.Unlock()
		want := [][]string{nil, {"b", "cam"}, nil}
		if !slices.EqualFunc(w.routes, want, slices.Equal) {
			t.Errorf("routes %v, want %v", w.routes, want)
		}
	})
}

// TestOpenForReader begins early enough for a reader that resumes, and for one a little
// behind it.
func TestOpenForReader(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		w.sleep(8 * time.Second)
		w.follow(livews.Request{After: map[uint16]livews.Position{1: {Epoch: 1, Group: 5, Chunk: 3}, 2: {Epoch: 1, Group: 4, Chunk: 9}}})
		want := livews.Position{Epoch: 1, Group: 3}
		if c := w.servers[0].open()[0]; c.opts.From != want || len(c.opts.After) > 0 {
			t.Errorf("dialled from %v after %v, want %v after nothing", c.opts.From, c.opts.After, want)
		}
	})
}

func TestClose(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		f := w.follow(livews.Request{})
		w.sleep(time.Second)
		w.servers[0].do(func() { w.servers[0].hang = true })
		w.servers[0].cut(errReset)
		w.sleep(time.Second)
		f.Close()
		synctest.Wait()
		for i, s := range w.servers {
			if n := len(s.open()); n > 0 {
				t.Errorf("server %d: %d connections after Close", i, n)
			}
		}
		if err := w.readErr(); !errors.Is(err, livews.ErrClosed) {
			t.Errorf("ReadSegment = %v after Close, want ErrClosed", err)
		}
	})
}
