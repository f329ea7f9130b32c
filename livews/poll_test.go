package livews_test

import (
	"io"
	"testing"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// TestPoll calls Ready once after all that was due is taken, never before, and not after
// Forget.
func TestPoll(t *testing.T) {
	relay := livews.NewRelay(nil)
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Chunks: 100})
	calls := 0
	sub := relay.Subscribe(&livews.SubscribeOptions{Ready: func() { calls++ }})
	dst := make([]*livews.Segment, 4)
	poll := func(wantN int, wantAll bool, wantErr error, wantCalls int) {
		t.Helper()
		n, all, err := sub.Poll(dst, 0)
		if n != wantN || all != wantAll || err != wantErr || calls != wantCalls {
			t.Errorf("Poll = %d, %v, %v after %d calls; want %d, %v, %v after %d", n, all, err, calls, wantN, wantAll, wantErr, wantCalls)
		}
	}
	poll(0, true, nil, 0)
	fill(t, relay, src, 1+4)
	poll(4, false, nil, 1)
	fill(t, relay, src, 1)
	poll(2, true, nil, 1)
	fill(t, relay, src, 4)
	poll(4, false, nil, 2)
	poll(0, true, nil, 2)
	sub.Forget()
	fill(t, relay, src, 1)
	poll(1, true, nil, 2)
	sub.Select(nil)
	poll(0, true, nil, 3)
	fill(t, relay, src, 2)
	_ = relay.Close()
	poll(2, true, nil, 5) // of which one for the end
	poll(0, true, io.EOF, 5)
}
