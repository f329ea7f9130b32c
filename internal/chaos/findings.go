package chaos

import (
	"fmt"
	"sync"
)

// maxFindings bounds what is kept: the first say what is wrong.
const maxFindings = 50

// Findings collects broken promises. The zero Findings is ready for use, by any number of
// goroutines at the same time.
type Findings struct {
	mu    sync.Mutex
	lines []string
	first chan struct{} // closed by the first
}

// Add notes that a promise was broken, and where.
func (f *Findings) Add(where string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.lines) < maxFindings {
		f.lines = append(f.lines, fmt.Sprintf("%s: %v", where, err))
	}
	if len(f.lines) == 1 {
		close(f.someLocked())
	}
}

// Lines returns what was found.
func (f *Findings) Lines() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.lines...)
}

// Some is closed when something was found.
func (f *Findings) Some() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.someLocked()
}

func (f *Findings) someLocked() chan struct{} {
	if f.first == nil {
		f.first = make(chan struct{})
	}
	return f.first
}
