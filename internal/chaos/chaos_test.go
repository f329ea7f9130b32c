package chaos_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/internal/chaos"
)

// TestChaos plays random faults. Its short form is one round in each topology; with
// -chaos.steps it plays that many in each.
func TestChaos(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	for _, name := range chaos.Topologies {
		if *topology != "" && *topology != name {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, &chaos.Run{Seed: *seed, Steps: amount(), Topology: name})
		})
	}
}

// TestNoHole plays faults that lose nothing where the parents' windows have everything, and
// demands just that: not one chunk is missing or told to be, anywhere.
func TestNoHole(t *testing.T) {
	for _, name := range chaos.Topologies {
		if *topology != "" && *topology != name {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, &chaos.Run{Seed: *seed, Steps: amount(), Topology: name, Kinds: chaos.Told, Lossless: true})
		})
	}
}

// amount returns how many steps a run has.
func amount() int {
	switch {
	case *steps > 0:
		return *steps
	case testing.Short():
		return 5
	default:
		return 20
	}
}

// play plays a run to its end.
func play(t *testing.T, r *chaos.Run) {
	t.Helper()
	t.Logf("seed %d", r.Seed)
	if testing.Verbose() {
		begin := time.Now()
		r.Log = func(format string, args ...any) {
			fmt.Fprintf(os.Stderr, "%8.3f %s: %s\n", time.Since(begin).Seconds(), r.Topology, fmt.Sprintf(format, args...))
		}
	}
	report, err := r.Do(t.Context())
	if err != nil {
		t.Error(err)
	}
	t.Logf("%+v", *report)
}
