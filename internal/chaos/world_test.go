package chaos_test

import (
	"testing"
	"time"

	"github.com/livews/websocketlivestream/internal/chaos"
)

// chain is a tree without an alternative.
func chain() *chaos.Topology {
	return &chaos.Topology{Name: "chain", Nodes: []chaos.Plan{
		{Name: "i0", Role: chaos.Ingress, Streams: []string{"cam1"}},
		{Name: "r1", Role: chaos.Relay, Parents: []int{0}},
		{Name: "r2", Role: chaos.Edge, Parents: []int{1}, Viewers: 1},
	}}
}

// room holds a token for each world that runs: a test waits for most of its time, but all at
// once are too much for two processors under the race detector.
var room = make(chan struct{}, 6)

// newWorld makes a world that ends with the test.
func newWorld(t *testing.T, topology *chaos.Topology) *chaos.World {
	t.Helper()
	room <- struct{}{}
	t.Cleanup(func() { <-room })
	return quietWorld(t, topology)
}

// quietWorld makes a world that has the machine for itself, and ends with the test or
// before.
func quietWorld(t *testing.T, topology *chaos.Topology) *chaos.World {
	t.Helper()
	w, err := chaos.NewWorld(topology)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// start starts a world.
func start(t *testing.T, w *chaos.World) {
	t.Helper()
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// live waits until all who can be are live, and returns how long that took.
func live(t *testing.T, w *chaos.World) time.Duration {
	t.Helper()
	took, err := w.AwaitLive(t.Context(), chaos.Recovery)
	if err != nil {
		t.Fatal(err)
	}
	return took
}

// unbroken fails the test for each promise that was found broken.
func unbroken(t *testing.T, w *chaos.World) {
	t.Helper()
	for _, line := range w.Findings.Lines() {
		t.Error(line)
	}
}
