package relay

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

// relayOf makes s a relay: what it has comes by a follower of the others, in that order.
// It returns the number of times that its way has changed.
func (s *fakeServer) relayOf(t *testing.T, id string, others ...*fakeServer) *atomic.Int32 {
	t.Helper()
	up := &Upstream{maxLag: defaultMaxLag, log: newDiscard(), idle: func() {}}
	var urls []string
	for _, o := range others {
		urls = append(urls, o.url)
	}
	up.parents = newParents(urls)
	up.dial = func(ctx context.Context, base, _ string, opts *wire.DialOptions) (conn, error) {
		return others[slices.Index(urls, base)].dial(ctx, opts)
	}
	moves := new(atomic.Int32)
	src, err := up.Open(t.Context(), &livews.Request{Name: "cam1", Via: []string{id}, Routed: func(path []string) {
		moves.Add(1)
		if len(path) > 0 {
			path = append([]string{id}, path...)
		}
		time.AfterFunc(30*time.Millisecond, func() { s.tell(path...) }) // as on a line
	}})
	if err != nil {
		t.Error(err)
		return moves
	}
	t.Cleanup(func() { src.(*follower).Close() })
	go func() { _ = livews.Copy(t.Context(), s.relay, src) }() // ends with src
	return moves
}

// TestDisagree has two relays that prefer each other to the ingress: both change at the
// same moment, find themselves in a circle, and must not do so for ever.
func TestDisagree(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		cam := w.servers[0]
		cam.path = []string{"cam"}
		a := &fakeServer{url: "ws://x", relay: livews.NewRelay(nil)}
		b := &fakeServer{url: "ws://y", relay: livews.NewRelay(nil)}
		defer a.relay.Close()
		defer b.relay.Close()
		var movesA, movesB *atomic.Int32
		var both sync.WaitGroup
		both.Go(func() { movesA = a.relayOf(w.t, "x", b, cam) })
		both.Go(func() { movesB = b.relayOf(w.t, "y", a, cam) })
		both.Wait()
		w.sleep(10 * time.Minute)
		before := movesA.Load() + movesB.Load()
		w.sleep(10 * time.Minute)
		if moves := movesA.Load() + movesB.Load() - before; moves > 0 {
			t.Errorf("%d changes of the way after 10 minutes, want none", moves)
		}
	})
}
