package chaos_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/internal/chaos"
)

const (
	// figureRuns is how often what has a median is measured.
	figureRuns = 20
	// audience is the number of viewers at the edge whose relay dies, and crowd that at the
	// edge which dies itself.
	audience = 200
	crowd    = 1000
)

// TestFigures prints what the README says of reliability. It demands nothing but that no
// promise is broken: machines differ.
func TestFigures(t *testing.T) {
	if !*figures {
		t.Skip("only with -chaos.figures")
	}
	t.Run("killed relay", func(t *testing.T) {
		takeovers(t, func(active string) chaos.Fault { return chaos.Fault{Kind: chaos.NodeKill, Target: active} })
	})
	t.Run("blackholed link", func(t *testing.T) {
		takeovers(t, func(active string) chaos.Fault {
			return chaos.Fault{Kind: chaos.LinkBlackhole, Target: "e3<" + active}
		})
	})
	t.Run("killed edge", killedEdge)
	t.Run("ring of five, two publishers", ringOfFive)
}

// takeover is one run's measure.
type takeover struct {
	lost, doubled int           // at all viewers together
	edge, viewer  time.Duration // the longest time without a chunk, there and at the worst viewer
}

// takeovers lets something happen to the relay from which an edge with many viewers gets its
// stream, again and again.
func takeovers(t *testing.T, fault func(active string) chaos.Fault) {
	var runs []takeover
	for range figureRuns {
		runs = append(runs, oneTakeover(t, fault))
	}
	lost, doubled := 0, 0
	var edge, viewer []time.Duration
	for _, r := range runs {
		lost += r.lost
		doubled += r.doubled
		edge, viewer = append(edge, r.edge), append(viewer, r.viewer)
	}
	t.Logf("%d runs, %d viewers: %d chunks lost, %d doubled", figureRuns, audience, lost, doubled)
	t.Logf("longest time without a chunk at the edge: %s", spread(edge))
	t.Logf("longest time without a chunk at the worst viewer: %s", spread(viewer))
}

// oneTakeover measures in a world of its own.
func oneTakeover(t *testing.T, fault func(active string) chaos.Fault) takeover {
	w := quietWorld(t, diamond(0))
	defer w.Close()
	start(t, w)
	viewers := seat(t, w, "e3", audience)
	allLive(t, viewers)
	time.Sleep(1500 * time.Millisecond) // for the standby's handshake

	edge := w.Node("e3").Intakes()[0]
	edge.Begin()
	for _, v := range viewers {
		v.Begin()
	}
	active, other := "r1", "r2"
	if info, _ := w.Node(other).Info("cam1"); info.Viewers > 0 {
		active, other = other, active
	}
	w.Strike(t.Context(), fault(active))
	time.Sleep(2500 * time.Millisecond)
	allLive(t, viewers)
	if info, _ := w.Node(other).Info("cam1"); info.Viewers != 1 {
		t.Errorf("%s has %d viewers: the edge has not moved there", other, info.Viewers)
	}
	r := takeover{edge: edge.Tally().Longest}
	for _, v := range viewers {
		tally := v.Tally()
		r.lost += tally.Lost
		r.viewer = max(r.viewer, tally.Longest)
	}
	for _, line := range w.Findings.Lines() { // a double is a finding
		t.Error(line)
		r.doubled++
	}
	leave(viewers)
	return r
}

// seat lets n viewers come to a node, without a link of their own.
func seat(t *testing.T, w *chaos.World, node string, n int) []*chaos.Viewer {
	t.Helper()
	var viewers []*chaos.Viewer
	for i := range n {
		url := "ws://" + w.Node(node).Addr()
		v, err := chaos.NewViewer(fmt.Sprintf("%s.%d", node, i), "cam1", []string{url}, w.Feeds, w.Findings)
		if err != nil {
			t.Fatal(err)
		}
		v.Come(t.Context())
		viewers = append(viewers, v)
	}
	return viewers
}

func leave(viewers []*chaos.Viewer) {
	for _, v := range viewers {
		v.Leave()
	}
}

// allLive waits until each viewer has a chunk that left the camera after the call.
func allLive(t *testing.T, viewers []*chaos.Viewer) time.Duration {
	t.Helper()
	begin := time.Now()
	for _, v := range viewers {
		for !v.Tally().Newest.After(begin) {
			if time.Since(begin) > chaos.Recovery {
				t.Fatalf("%s is not live after %v", v.Name, chaos.Recovery)
			}
			time.Sleep(time.Millisecond)
		}
	}
	return time.Since(begin)
}

// killedEdge kills an edge under a crowd and starts it again.
func killedEdge(t *testing.T) {
	w := quietWorld(t, chain())
	w.Feeds.Tracks, w.Feeds.Step = 1, 200*time.Millisecond
	start(t, w)
	viewers := seat(t, w, "r2", crowd)
	allLive(t, viewers)
	edge := w.Node("r2")
	addr := edge.Addr()
	edge.Kill()
	time.Sleep(500 * time.Millisecond)
	if err := edge.Start(); err != nil {
		t.Fatal(err)
	}
	if edge.Addr() != addr {
		t.Skip("the edge's port was taken meanwhile")
	}
	took := allLive(t, viewers)
	lost, anew := 0, 0
	for _, v := range viewers {
		lost += v.Tally().Lost
		anew += v.Opens() - 1
	}
	t.Logf("%d viewers after the kill of their edge and its start 0.5 s later: all live %v after that", crowd, took.Round(time.Millisecond))
	t.Logf("at most %d handshakes at the same time, %d chunks lost, %d viewers began anew", edge.Greeting(), lost, anew)
	unbroken(t, w)
	leave(viewers)
}

// ringOfFive counts how often each of five relays in a ring takes each chunk in.
func ringOfFive(t *testing.T) {
	w := quietWorld(t, ring(5))
	start(t, w)
	live(t, w)
	if err := w.AwaitDemand(t.Context(), chaos.Farewell); err != nil {
		t.Error(err)
	}
	since := intakes(w)
	time.Sleep(5 * time.Second)
	for _, f := range since() {
		t.Logf("%s: %d chunks of both streams, each %.3f times over the wire, %d lost", f.node, f.chunks, f.times, f.lost)
	}
	unbroken(t, w)
}

// spread sums up durations.
func spread(all []time.Duration) string {
	slices.Sort(all)
	round := func(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
	return fmt.Sprintf("median %v, worst %v", round(all[len(all)/2]), round(all[len(all)-1]))
}
