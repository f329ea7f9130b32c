package figures_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
	"github.com/livews/websocketlivestream/livews/relay"
)

// TestStoppedViewers lets many viewers stop reading, and feeds many times the window: they
// hold nothing of it, so that the heap stays as it is.
func TestStoppedViewers(t *testing.T) {
	const (
		stopped = 50
		window  = 1 << 20
		size    = 16 << 10
		most    = window // what the heap may differ by, with pools and timers
	)
	streams := &livews.Streams{Relay: &livews.RelayOptions{MaxBytes: window}}
	n := closing(t, streams, httptest.NewServer(&relay.Handler{Streams: streams}))
	f := n.publish(t, "cam1", &livewstest.SourceOptions{Tracks: 1, Chunks: 10, ChunkDuration: chunkDuration, Size: size})
	f.write(2 * window / size)
	for range stopped {
		conn, _, err := dial(n.addr, "/live/cam1")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	f.fill(n)
	before := heap()
	f.write(16 * window / size)
	if grown := heap() - before; grown > most {
		t.Errorf("the heap grew by %d KB while %d KB came that nobody took, want %d at the most", grown>>10, 16*window>>10, most>>10)
	}
	if info, _ := n.streams.Info("cam1"); info.Viewers != stopped {
		t.Errorf("%d viewers are there, want %d: they were cut too soon to measure", info.Viewers, stopped)
	}
}

// fill feeds until nothing more goes to the viewers.
func (f *feed) fill(n *node) {
	f.tb.Helper()
	var last int64
	for quiet := 0; quiet < 20; {
		f.write(1)
		time.Sleep(10 * time.Millisecond)
		info, _ := n.streams.Info("cam1")
		quiet++
		if info.BytesSent != last {
			last, quiet = info.BytesSent, 0
		}
	}
}
