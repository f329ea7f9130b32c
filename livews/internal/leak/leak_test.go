package leak

import (
	"slices"
	"strings"
	"testing"
)

// TestOthers is the negative control: a goroutine that stays is seen, one that has ended is not.
func TestOthers(t *testing.T) {
	started, stop, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go stay(started, stop, ended)
	<-started
	if !isSeen() {
		t.Error("a goroutine that stays is not seen")
	}
	close(stop)
	<-ended
	for isSeen() { // until the test's time is over
	}
}

func stay(started, stop, ended chan struct{}) {
	defer close(ended)
	close(started)
	<-stop
}

func isSeen() bool {
	return slices.ContainsFunc(others(), func(stack string) bool { return strings.Contains(stack, "leak.stay(") })
}
