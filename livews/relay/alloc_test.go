package relay_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// TestAllocations holds a relay to what it promises of many children: what a chunk costs it,
// from the read to the last write, is no allocation more for each of them.
func TestAllocations(t *testing.T) {
	const few, many, chunks = 1, 65, 300
	// Pools are emptied by the collector, and forget every fourth on purpose where the race
	// detector is on.
	const budget = float64(many-few) / 2
	alone, crowd := allocations(t, few, chunks), allocations(t, many, chunks)
	t.Logf("allocations for a chunk, upstream included: %.1f with %d child, %.1f with %d", alone, few, crowd, many)
	if crowd-alone > budget {
		t.Errorf("%.1f allocations more with %d children more, want %.1f at the most", crowd-alone, many-few, budget)
	}
}

// allocations returns how many a chunk costs all of this process: an upstream, a relay and
// its children, which have none themselves.
func allocations(t *testing.T, children, chunks int) float64 {
	ingress := serve(t, new(livews.Streams))
	sink := publish(t, ingress, "cam1")
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Chunks: 1 << 20, Size: 8 << 10})
	feed(t, sink, src, 1)
	mid := pass(t, ingress.URL)
	var got atomic.Int64
	for range children {
		countAll(t, mid.Listener.Addr().String(), &got)
	}
	send := func(n int) {
		for range n {
			want := got.Load() + int64(children*(8<<10))
			feed(t, sink, src, 1)
			await(t, &got, want)
		}
	}
	send(50)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	send(chunks)
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(chunks)
}

// await waits until so many bytes have come.
func await(t *testing.T, got *atomic.Int64, want int64) {
	t.Helper()
	for deadline := time.Now().Add(patience); got.Load() < want; time.Sleep(50 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes have come, want %d", got.Load(), want)
		}
	}
}

// pong is an empty one of a client, which nobody has asked for (RFC 6455, section 5.5.3).
var pong = []byte{0x8a, 0x80, 0, 0, 0, 0}

// countAll opens cam1 and counts the bytes that come until the test ends.
func countAll(t *testing.T, addr string, got *atomic.Int64) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	_, err = fmt.Fprintf(conn, "GET /live/cam1 HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: livews.1\r\n\r\n", addr)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("status %d", resp.StatusCode)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	go func() {
		defer close(done)
		buf := make([]byte, 16<<10)
		said := time.Now()
		for err := error(nil); err == nil; {
			var n int
			if n, err = r.Read(buf); n > 0 {
				got.Add(int64(n))
			}
			if err == nil && time.Since(said) > time.Second { // on a slow machine it would be taken for dead
				said = time.Now()
				_, err = conn.Write(pong)
			}
		}
	}()
}
