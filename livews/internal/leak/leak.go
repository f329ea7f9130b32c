// Package leak fails tests that leave goroutines behind.
package leak

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience is how long goroutines may take to end after the last test.
const patience = 20 * time.Second

// Main runs a package's tests, for its TestMain, and then exits: with status 1 also
// where goroutines are left.
func Main(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if left := wait(); len(left) > 0 {
			fmt.Fprintf(os.Stderr, "%d goroutines are left:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
			code = 1
		}
	}
	os.Exit(code)
}

// wait returns the goroutines that are left once none has ended for long enough.
func wait() []string {
	deadline := time.Now().Add(patience)
	for {
		left := others()
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// others returns the stacks of all goroutines but this one and the runtime's.
func others() []string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var left []string
	for _, stack := range strings.Split(string(buf), "\n\n")[1:] {
		if !strings.Contains(stack, "os/signal.signal_recv") && !strings.Contains(stack, "testing.(*F).Fuzz") {
			left = append(left, stack)
		}
	}
	return left
}
