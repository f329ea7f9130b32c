package livews

import (
	"maps"
	"time"
)

const (
	// missFor is how long a name that was not found is answered for without asking
	// again.
	missFor = time.Second
	// maxMisses bounds the names that are remembered so.
	maxMisses = 4096
)

// misses are the names that were not found just now, with the time of the answer.
type misses map[string]time.Time

func (m misses) has(name string) bool {
	at, ok := m[name]
	return ok && time.Since(at) < missFor
}

// add remembers name; where there is no room, old names go, and if there are none it is
// not remembered.
func (m *misses) add(name string) {
	if *m == nil {
		*m = make(misses)
	}
	if len(*m) >= maxMisses {
		maps.DeleteFunc(*m, func(_ string, at time.Time) bool { return time.Since(at) >= missFor })
	}
	if len(*m) < maxMisses {
		(*m)[name] = time.Now()
	}
}
