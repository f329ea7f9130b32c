package chaos_test

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/internal/chaos"
)

// shortSteps is the number of faults in each topology in an ordinary run of the tests.
const shortSteps = 10

// TestChaos plays random faults in every topology. With -chaos.steps it plays that many in
// each, in one world after the other, and all kinds: a connection that is dead without a
// word is noticed after 15 s where there is no other server, and an ordinary run of the
// tests has not so much time.
func TestChaos(t *testing.T) {
	t.Parallel()
	kinds := slices.Concat(chaos.Told, chaos.Losing)
	if *steps > 0 {
		kinds = slices.Concat(kinds, chaos.Silent)
	}
	playAll(t, chaos.Run{Kinds: kinds})
}

// TestNoHole plays faults that lose nothing where the parents' windows have everything, and
// demands just that: not one chunk is missing or told to be, anywhere.
func TestNoHole(t *testing.T) {
	t.Parallel()
	playAll(t, chaos.Run{Kinds: chaos.Told, Lossless: true})
}

// TestSeedDecides holds that a seed reproduces a run's faults.
func TestSeedDecides(t *testing.T) {
	draw := func(seed uint64) string {
		s, err := chaos.Preview(&chaos.Run{Seed: seed, Topology: "random", Steps: 20})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if a, b := draw(7), draw(7); a != b {
		t.Errorf("the same seed gives\n%s\nand\n%s", a, b)
	}
	if draw(7) == draw(8) {
		t.Error("two seeds give the same faults")
	}
}

// playAll plays a run in every topology, some at the same time.
func playAll(t *testing.T, r chaos.Run) {
	r.Seed, r.Steps = *seed, shortSteps
	if *seed == 0 {
		r.Seed = uint64(time.Now().UnixNano())
	}
	if testing.Short() {
		r.Steps = shortSteps / 2
	}
	if *steps > 0 {
		r.Steps = *steps
	}
	t.Logf("seed %d", r.Seed)
	var playing sync.WaitGroup
	for _, name := range chaos.Topologies {
		if *topology == "" || *topology == name {
			r := r
			r.Topology = name
			playing.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				play(t, &r)
			})
		}
	}
	playing.Wait()
}

// play plays a run to its end.
func play(t *testing.T, r *chaos.Run) {
	begin := time.Now()
	if testing.Verbose() {
		r.Log = func(format string, args ...any) {
			fmt.Fprintf(os.Stderr, "%8.3f %s: %s\n", time.Since(begin).Seconds(), r.Topology, fmt.Sprintf(format, args...))
		}
	}
	report, err := r.Do(t.Context())
	if err != nil {
		t.Error(err)
	}
	t.Logf("%s: %v in %v", r.Topology, report, time.Since(begin).Round(time.Millisecond))
}
