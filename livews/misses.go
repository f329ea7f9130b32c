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

// misses are the names that were not found just now. The zero misses are ready for use.
type misses struct {
	at    map[string]time.Time // when the answer came
	swept time.Time
}

func (m *misses) has(name string) bool {
	at, ok := m.at[name]
	return ok && time.Since(at) < missFor
}

// add remembers name. Where there is no room old names go, but those are looked for once
// in a while only; if there are none, name is not remembered.
func (m *misses) add(name string) {
	if m.at == nil {
		m.at = make(map[string]time.Time)
	}
	now := time.Now()
	if len(m.at) >= maxMisses && now.Sub(m.swept) >= missFor {
		maps.DeleteFunc(m.at, func(_ string, at time.Time) bool { return now.Sub(at) >= missFor })
		m.swept = now
	}
	if len(m.at) < maxMisses {
		m.at[name] = now
	}
}

// remove forgets name: it is there now.
func (m *misses) remove(name string) { delete(m.at, name) }
