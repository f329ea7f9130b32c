package chaos_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/internal/chaos"
	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/relay"
)

// ring is n relays each of which takes from both its neighbours, with two ingresses on
// opposite sides and a viewer of both streams at each relay.
func ring(n int) *chaos.Topology {
	t := &chaos.Topology{Name: "ring", Nodes: []chaos.Plan{
		{Name: "i0", Role: chaos.Ingress, Streams: []string{"cam1"}},
		{Name: "i1", Role: chaos.Ingress, Streams: []string{"cam2"}},
	}}
	at := func(i int) int { return 2 + (i+n)%n }
	for i := range n {
		plan := chaos.Plan{Name: "r" + string(rune('0'+i)), Role: chaos.Relay, Parents: []int{at(i - 1), at(i + 1)}, Viewers: 1}
		switch i {
		case 0:
			plan.Parents = append(plan.Parents, 0)
		case n / 2:
			plan.Parents = append(plan.Parents, 1)
		}
		t.Nodes = append(t.Nodes, plan)
	}
	return t
}

// diamond has two relays between an ingress and an edge.
func diamond(viewers int) *chaos.Topology {
	return &chaos.Topology{Name: "diamond", Nodes: []chaos.Plan{
		{Name: "i0", Role: chaos.Ingress, Streams: []string{"cam1"}},
		{Name: "r1", Role: chaos.Relay, Parents: []int{0}},
		{Name: "r2", Role: chaos.Relay, Parents: []int{0}},
		{Name: "e3", Role: chaos.Edge, Parents: []int{1, 2}, Viewers: viewers},
	}}
}

// TestStalledViewer holds P4: neither a viewer that takes no bytes nor a server that has
// stopped delays anybody else.
func TestStalledViewer(t *testing.T) {
	tree := &chaos.Topology{Name: "tree", Nodes: []chaos.Plan{
		{Name: "i0", Role: chaos.Ingress, Streams: []string{"cam1"}},
		{Name: "r1", Role: chaos.Relay, Parents: []int{0}, Viewers: 2},
		{Name: "e2", Role: chaos.Edge, Parents: []int{1}, Viewers: 1},
		{Name: "e3", Role: chaos.Edge, Parents: []int{1}, Viewers: 1},
	}}
	w := newWorld(t, tree)
	w.Feeds.Size = 40 << 10 // the buffers on the way are soon full
	start(t, w)
	live(t, w)
	w.Viewers[0].Pause()
	w.Strike(t.Context(), chaos.Fault{Kind: chaos.NodeFreeze, Target: "e3"})
	others := []*chaos.Viewer{w.Viewers[1], w.Viewers[2]}
	for _, v := range others {
		v.Begin()
	}
	deadline := time.Now().Add(chaos.Recovery)
	for _, v := range others {
		for v.Tally().Chunks < 50 && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
		}
		// Whoever waited for the stalled one would do so until that is given up, after 10 s.
		if tally := v.Tally(); tally.Oldest > 9*time.Second || tally.Lost > 0 || tally.Chunks < 50 {
			t.Errorf("%s beside a stalled one: %d chunks, %d lost, up to %v old", v.Name, tally.Chunks, tally.Lost, tally.Oldest)
		}
	}
	w.Viewers[0].Resume()
	if err := w.Mend(t.Context(), chaos.Fault{Kind: chaos.NodeFreeze, Target: "e3"}); err != nil {
		t.Fatal(err)
	}
	live(t, w)
	unbroken(t, w)
}

// TestRingTakesOnce holds P6 and P8: in a ring each server takes each chunk of each stream
// in once, over one connection.
func TestRingTakesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ring(5))
	start(t, w)
	live(t, w)
	if err := w.AwaitDemand(t.Context(), chaos.Farewell); err != nil {
		t.Error(err)
	}
	since := intakes(w)
	wrong := func(f intake) bool { return f.lost > 0 || f.times < 0.5 || f.times > 1.5 }
	time.Sleep(time.Second)
	// A slow machine has much on its way for a while, but what comes twice does so for good.
	got := since()
	for deadline := time.Now().Add(chaos.Recovery); slices.ContainsFunc(got, wrong) && time.Now().Before(deadline); got = since() {
		time.Sleep(100 * time.Millisecond)
	}
	for _, f := range got {
		if wrong(f) {
			t.Errorf("%s took each chunk in %.2f times, %d lost", f.node, f.times, f.lost)
		}
	}
	unbroken(t, w)
}

// intake is what a node took in.
type intake struct {
	node   string
	chunks int // new to it, of all streams
	lost   int
	bytes  int64   // that came
	times  float64 // how often each came over the wire
}

// intakes returns a function that tells how often each node has taken each chunk in since
// then, by the bytes that have come to it.
func intakes(w *chaos.World) (since func() []intake) {
	var before []intake
	count := func(n *chaos.Node) intake {
		f := intake{node: n.Name}
		for _, h := range n.Intakes() {
			f.chunks += h.Tally().Chunks
			f.lost += h.Tally().Lost
		}
		for _, p := range n.Plan.Parents {
			f.bytes += w.Link(n.Name, w.Nodes[p].Name).Bytes(chaos.Down)
		}
		return f
	}
	var relays []*chaos.Node
	for _, n := range w.Nodes {
		if n.Role != chaos.Ingress {
			relays = append(relays, n)
			before = append(before, count(n))
		}
	}
	message := float64(livews.HeaderSize + w.Feeds.Size + 4)
	return func() []intake {
		var all []intake
		for i, n := range relays {
			f := count(n)
			f.chunks, f.lost, f.bytes = f.chunks-before[i].chunks, f.lost-before[i].lost, f.bytes-before[i].bytes
			f.times = float64(f.bytes) / message / float64(max(1, f.chunks))
			all = append(all, f)
		}
		return all
	}
}

// TestRingLetsGo holds P6 where servers could keep each other's streams alive: without an
// ingress and without viewers there is soon nothing left, and nothing goes round.
func TestRingLetsGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ring(4))
	start(t, w)
	live(t, w)
	w.Node("i0").Kill()
	w.Node("i1").Kill()
	deadline := time.Now().Add(chaos.Recovery)
	for begin := time.Now(); time.Since(begin) < time.Second; time.Sleep(10 * time.Millisecond) {
		if newest := lastCame(w); newest.After(begin) {
			begin = newest
		}
		if time.Now().After(deadline) {
			t.Fatal("chunks still go round, though there is no camera")
		}
	}
	for _, v := range w.Viewers {
		v.Leave()
	}
	if err := w.AwaitNone(t.Context(), chaos.Farewell); err != nil {
		t.Error(err)
	}
	unbroken(t, w)
}

// lastCame returns when the last chunk came to any viewer.
func lastCame(w *chaos.World) time.Time {
	var last time.Time
	for _, v := range w.Viewers {
		if at := v.Tally().At; at.After(last) {
			last = at
		}
	}
	return last
}

// TestRingFindsTheOtherWay holds P8: a node to which one way is left gets its stream by that,
// while the fault lasts.
func TestRingFindsTheOtherWay(t *testing.T) {
	t.Parallel()
	for _, kind := range []chaos.Kind{chaos.LinkRefuse, chaos.LinkMute, chaos.LinkDeaf, chaos.LinkBlackhole, chaos.LinkStall} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ring(4))
			start(t, w)
			live(t, w)
			w.Strike(t.Context(), chaos.Fault{Kind: kind, Target: "r1<r0"})
			live(t, w)
			unbroken(t, w)
		})
	}
}

// TestUnknownName holds P8 for a name that no ingress has: in a ring it is refused, and soon.
func TestUnknownName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ring(5))
	start(t, w)
	live(t, w)
	link := w.Link("v0", w.Nodes[2].Name)
	up, err := relay.NewUpstream(&relay.UpstreamOptions{URLs: []string{link.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	defer up.CloseIdle()
	ctx, cancel := context.WithTimeout(t.Context(), chaos.Recovery)
	defer cancel()
	passes := func(err error) bool { return errors.Is(err, livews.ErrUnavailable) || errors.Is(err, livews.ErrClosed) }
	for err = livews.ErrUnavailable; passes(err) && ctx.Err() == nil; { // a slow machine
		_, err = up.Open(ctx, &livews.Request{Name: "nowhere"})
	}
	if !errors.Is(err, livews.ErrNotFound) {
		t.Errorf("Open = %v, want ErrNotFound", err)
	}
}

// TestCleanEnd holds that a camera's clean end reaches every viewer at once.
func TestCleanEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, diamond(2))
	start(t, w)
	live(t, w)
	w.Node("i0").End()
	deadline := time.Now().Add(chaos.Recovery)
	for _, v := range w.Viewers {
		for v.Ends() == 0 && time.Now().Before(deadline) {
			time.Sleep(5 * time.Millisecond)
		}
		if v.Ends() != 1 || v.Tally().Lost > 0 {
			t.Errorf("%s has come to %d clean ends, %d chunks lost", v.Name, v.Ends(), v.Tally().Lost)
		}
	}
	unbroken(t, w)
}

// TestHigherEpochWins has two ingresses publish one name: whoever began last is seen
// everywhere, without a viewer's beginning anew.
func TestHigherEpochWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &chaos.Topology{Name: "two", Nodes: []chaos.Plan{
		{Name: "i0", Role: chaos.Ingress, Streams: []string{"cam1"}},
		{Name: "i1", Role: chaos.Ingress, Streams: []string{"cam1"}},
		{Name: "r2", Role: chaos.Relay, Parents: []int{0, 1}, Viewers: 1},
		{Name: "e3", Role: chaos.Edge, Parents: []int{2}, Viewers: 1},
	}})
	start(t, w)
	live(t, w)
	for range 2 {
		for _, name := range []string{"i0", "i1"} {
			w.Node(name).Kill()
			if err := w.Node(name).Start(); err != nil {
				t.Fatal(err)
			}
			epoch := w.Feeds.Epoch()
			deadline := time.Now().Add(2 * chaos.Recovery) // of a slow machine
			for _, v := range w.Viewers {
				for v.Tally().Epoch < epoch && time.Now().Before(deadline) {
					time.Sleep(5 * time.Millisecond)
				}
				if got := v.Tally().Epoch; got != epoch || v.Opens() != 1 {
					t.Fatalf("%s sees epoch %d, want %d; it has begun %d times", v.Name, got, epoch, v.Opens())
				}
			}
		}
	}
	unbroken(t, w)
}

// TestSoon does one thing to a diamond's edge or its first parent, and holds that no chunk
// is missing and that the edge has its stream again by the other long before a connection
// that is silent is given up (15 s), also on a machine that is busy.
func TestSoon(t *testing.T) {
	t.Parallel()
	const soon = 5 * time.Second
	for _, fault := range []chaos.Fault{
		{Kind: chaos.NodeKill, Target: "r1"},
		{Kind: chaos.NodeStop, Target: "r1"},
		{Kind: chaos.NodeFreeze, Target: "r1"},
		{Kind: chaos.LinkReset, Target: "e3<r1"},
		{Kind: chaos.LinkFinish, Target: "e3<r1"},
		{Kind: chaos.LinkCutDown, Target: "e3<r1", N: 300},
		{Kind: chaos.LinkMute, Target: "e3<r1"},
		{Kind: chaos.LinkDeaf, Target: "e3<r1"},
		{Kind: chaos.LinkBlackhole, Target: "e3<r1"},
	} {
		t.Run(string(fault.Kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, diamond(1))
			start(t, w)
			live(t, w)
			time.Sleep(500 * time.Millisecond) // for the standby's handshake
			w.Viewers[0].Begin()
			w.Strike(t.Context(), fault)
			live(t, w)
			if tally := w.Viewers[0].Tally(); tally.Lost > 0 || tally.Gaps > 0 || tally.Longest > soon {
				t.Errorf("%d chunks lost, %d gaps, longest time without one %v", tally.Lost, tally.Gaps, tally.Longest)
			}
			unbroken(t, w)
		})
	}
}
