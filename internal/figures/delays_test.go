package figures_test

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// delayStep is how exact delays are counted.
const delayStep = 10 * time.Microsecond

// delays counts delays by the number of steps that they have.
type delays map[int]int

func (d delays) add(other delays) {
	for at, n := range other {
		d[at] += n
	}
}

func (d delays) count() (n int) {
	for _, m := range d {
		n += m
	}
	return n
}

// at returns the delay that the share q of all does not exceed.
func (d delays) at(q float64) time.Duration {
	rest := int(q * float64(d.count()))
	for _, step := range slices.Sorted(maps.Keys(d)) {
		if rest -= d[step]; rest < 0 {
			return time.Duration(step) * delayStep
		}
	}
	return 0
}

func (d delays) String() string {
	return fmt.Sprintf("p50 %v, p99 %v, worst %v (%d)", d.at(0.5), d.at(0.99), d.at(1-1e-9), d.count())
}

// ratio returns how d's delay at q stands to that of the baseline.
func (d delays) ratio(baseline delays, q float64) float64 {
	return float64(d.at(q)) / float64(baseline.at(q))
}

// tally collects delays.
type tally struct {
	mu sync.Mutex
	d  delays
}

func (t *tally) note(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.d == nil {
		t.d = make(delays)
	}
	t.d[int(d/delayStep)]++
}

// take returns what has been noted since the last call.
func (t *tally) take() delays {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.d
	t.d = nil
	return d
}
