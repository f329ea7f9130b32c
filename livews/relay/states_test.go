package relay

import (
	"errors"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// TestWaylessIsWaitedFor loses the way of a link that has been there for long.
func TestWaylessIsWaitedFor(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		w.follow(livews.Request{})
		w.sleep(time.Minute)
		for range 3 {
			w.servers[0].tell()
			w.sleep(noWayFor - time.Second)
			w.servers[0].tell("a", "cam")
			w.sleep(time.Second)
		}
		if got := w.servers[0].dialled(); got != 1 {
			t.Errorf("%d dials, want one", got)
		}
		w.servers[0].tell()
		w.sleep(noWayFor + time.Second)
		if got := w.servers[0].dialled(); got < 2 {
			t.Errorf("%d dials, want more than one", got)
		}
	})
}

// dials returns how often all servers were dialled within d.
func (w *world) dials(d time.Duration) int {
	n := 0
	for _, s := range w.servers {
		n -= s.dialled()
	}
	w.sleep(d)
	for _, s := range w.servers {
		n += s.dialled()
	}
	return n
}

// TestNoThrash counts the dials in states that last.
func TestNoThrash(t *testing.T) {
	for _, tt := range []struct {
		name string
		n    int
		set  func(w *world)
		most int
	}{
		{"no way by the others", 3, func(w *world) { w.servers[1].path, w.servers[2].path = nil, nil }, 30},
		{"no way by the other", 2, func(w *world) { w.servers[1].path = nil }, 15},
		{"always sent away by all", 2, func(w *world) { w.servers[0].leave, w.servers[1].leave = true, true }, 30},
		{"always sent away by the first", 2, func(w *world) { w.servers[0].leave = true }, 30},
		{"one refuses", 2, func(w *world) { w.servers[0].refuse = errRefused }, 12},
		{"the other refuses", 2, func(w *world) { w.servers[1].refuse = errRefused }, 12},
		{"circle by the other", 2, func(w *world) { w.servers[1].path = []string{"b", "me", "cam"} }, 12},
	} {
		inWorld(t, tt.n, func(w *world) {
			tt.set(w)
			w.follow(livews.Request{})
			w.sleep(20 * time.Second)
			if got := w.dials(time.Minute); got > tt.most {
				t.Errorf("%s: %d dials in a minute, want %d at most", tt.name, got, tt.most)
			}
			w.well(300 * time.Millisecond)
		})
	}
}

// TestStandbyWithoutWay is asked itself when there is no other: it may get the stream for
// those who ask.
func TestStandbyWithoutWay(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		b := w.servers[1]
		b.lazy = true
		f := w.follow(livews.Request{})
		w.sleep(5 * time.Second)
		w.servers[0].do(func() { w.servers[0].refuse = errRefused })
		w.servers[0].cut(errReset)
		w.sleep(5 * time.Second)
		w.well(time.Second)
		if got := w.on(f); got != 1 {
			t.Errorf("media comes from %d, want 1", got)
		}
	})
	inWorld(t, 2, func(w *world) {
		w.servers[1].lazy = true
		w.servers[0].hang = true
		w.follow(livews.Request{})
	})
}

// TestSilenceWhileLed has a server list a higher epoch that it does not give: the other
// takes over where the active one is silent.
func TestSilenceWhileLed(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		w.servers[1].refuse = errRefused
		f := w.follow(livews.Request{})
		for i, epoch := range []uint32{1, 2, 1} {
			w.report(i, &livews.StreamInfo{Epoch: epoch, Path: []string{w.servers[i].path[0], "cam"}})
		}
		w.sleep(20 * time.Second)
		w.servers[0].do(func() { w.servers[0].mute = true })
		w.sleep(2 * time.Second)
		w.well(1500 * time.Millisecond)
		if got := w.on(f); got != 2 {
			t.Errorf("media comes from %d, want 2", got)
		}
	})
}

// TestOutdated has all servers go back to a lower epoch, as after a clock was put right:
// none will ever give what follows, so the stream ends, to be opened anew.
func TestOutdated(t *testing.T) {
	for n := 1; n <= 4; n++ {
		inWorld(t, n, func(w *world) {
			src, err := w.up.Open(w.t.Context(), &livews.Request{Name: "cam1", Via: []string{"me"}})
			if err != nil {
				t.Fatal(err)
			}
			f := src.(*follower)
			defer f.Close()
			go func() { _ = livews.Copy(w.t.Context(), livews.NewRelay(nil), f) }() // ends with f
			w.sleep(2 * time.Second)
			last := livewstest.NewSource(&livewstest.SourceOptions{Epoch: 1<<32 - 1})
			for range 3 {
				seg, _ := last.ReadSegment(w.t.Context())
				w.servers[0].open()[0].segs <- seg
			}
			w.sleep(3 * time.Second) // connected again before it is known what for
			for i := range w.servers {
				w.report(i, &livews.StreamInfo{Epoch: 1, Path: w.servers[i].path})
			}
			w.sleep(leadFor + goneAfter + time.Second)
			select {
			case <-f.ended:
				if !errors.Is(f.end, livews.ErrNotFound) {
					t.Errorf("%d servers: ended with %v, want ErrNotFound", n, f.end)
				}
			default:
				t.Errorf("%d servers: not ended", n)
			}
		})
	}
}

// TestOpensForTheProbe opens a stream whose first server sends it away before it has told
// anything.
func TestOpensForTheProbe(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		a := w.servers[0]
		a.foreign, a.mute, a.leave, a.slow = true, true, true, 1500*time.Millisecond
		w.servers[1].slow = 600 * time.Millisecond
		w.follow(livews.Request{})
		w.sleep(5 * time.Second)
		w.well(2 * time.Second)
	})
}
