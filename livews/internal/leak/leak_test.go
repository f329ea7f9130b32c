package leak

import "testing"

// TestOthers is the negative control: a goroutine that stays is seen.
func TestOthers(t *testing.T) {
	before := len(others())
	stop := make(chan struct{})
	started := make(chan struct{})
	go func() {
		close(started)
		<-stop
	}()
	<-started
	if got := len(others()); got != before+1 {
		t.Errorf("%d goroutines are seen, want %d", got, before+1)
	}
	close(stop)
}
