package wire

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// pair returns the two ends of a TCP connection.
func pair(t *testing.T) (server, client net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return server, client
}

// TestTryWrite writes until the peer takes no more, without waiting, and then the rest: all
// of it comes, in order, and an answer that came due meanwhile after it.
func TestTryWrite(t *testing.T) {
	server, client := pair(t)
	c := newServerConn(server, nil)
	if c.raw == nil {
		t.Skip("this system has no such writes")
	}
	w := new(worker)
	var want []byte
	var left *leftover
	for i := 0; left == nil; i++ {
		bufs := net.Buffers{bytes.Repeat([]byte{byte(i)}, 100), bytes.Repeat([]byte{byte(i + 1)}, 70_000)}
		want = append(append(want, bufs[0]...), bufs[1]...)
		left = c.tryWrite(bufs, w)
	}
	if left.err != nil || !left.locked {
		t.Fatalf("left = %v, locked %v, want a part of a write", left.err, left.locked)
	}
	c.owe([]byte("ping"))
	_ = c.flush()
	if again := c.tryWrite(net.Buffers{{1}}, w); again == nil || again.locked || len(again.bufs) != 1 {
		t.Errorf("a write beside another one leaves %+v", again)
	}
	want = append(want, 0x8a, 4, 'p', 'i', 'n', 'g')
	var reading sync.WaitGroup
	defer reading.Wait()
	reading.Go(func() {
		got := make([]byte, len(want))
		if _, err := io.ReadFull(client, got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("what comes is not what was written: %v", err)
		}
	})
	if err := c.finishWrite(left); err != nil {
		t.Fatal(err)
	}
}

// TestQueue takes deliveries in their order, however many are pushed meanwhile, and keeps
// none that was taken.
func TestQueue(t *testing.T) {
	p := &pump{workers: 1 << 20} // so that none starts
	all := make([]delivery, 1000)
	pushed, taken := 0, 0
	var batch [pumpBatch]*delivery
	for taken < len(all) {
		for range min(1+taken%(pumpBatch+5), len(all)-pushed) {
			p.push(&all[pushed])
			pushed++
		}
		for _, d := range batch[:p.take(batch[:])] {
			if d != &all[taken] {
				t.Fatalf("take gives another one than number %d", taken)
			}
			taken++
		}
	}
	if len(p.queue) != 0 || p.taken != 0 || p.take(batch[:]) != 0 || p.workers != 1<<20-1 {
		t.Errorf("%d in the queue, %d taken, %d workers", len(p.queue), p.taken, p.workers)
	}
	for _, d := range p.queue[:cap(p.queue)] {
		if d != nil {
			t.Fatal("what was taken is kept")
		}
	}
}

func TestAfter(t *testing.T) {
	bufs := net.Buffers{[]byte("ab"), []byte("c"), []byte("def")}
	for n, want := range []string{"ab|c|def", "b|c|def", "c|def", "def", "ef", "f"} {
		if got := string(bytes.Join(after(bufs, n), []byte("|"))); got != want {
			t.Errorf("after(%d) = %q, want %q", n, got, want)
		}
	}
}

// TestTurns lets chunks come due at any moment of a delivery, and its end as well: nothing
// is lost, nothing comes twice, and every session ends.
func TestTurns(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("secure=%v", secure), func(t *testing.T) { testTurns(t, secure) })
	}
}

func testTurns(t *testing.T, secure bool) {
	streams := new(livews.Streams)
	s := &Server{Streams: streams}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeStream(w, r, "cam1") }))
	start := server.Start
	if secure {
		start = server.StartTLS
	}
	start()
	defer server.Close()
	defer streams.Close()
	sink := publish(t, streams)
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 2, Chunks: 50, ChunkDuration: time.Millisecond, Size: 30_000})
	write(t, sink, src, 2+2)
	d := NewDialer(&tls.Config{InsecureSkipVerify: true}, nil) //nolint:gosec // of this test
	defer d.CloseIdle()
	const chunks = 600
	var reading sync.WaitGroup
	for i := range 12 {
		st, err := d.Dial(t.Context(), server.URL, "cam1", nil)
		if err != nil {
			t.Fatal(err)
		}
		reading.Go(func() {
			defer st.Close()
			var check livewstest.Checker
			for n := 0; ; n++ {
				seg, err := st.ReadSegment(t.Context())
				if err == nil {
					err = check.WriteSegment(t.Context(), seg)
				}
				if i%4 == 3 && n == 20*i {
					return // one that leaves
				}
				if err != nil {
					if err != io.EOF || check.Segments != 2+2+chunks || check.Gaps > 0 {
						t.Errorf("viewer %d: %d segments and %d gaps, then %v", i, check.Segments, check.Gaps, err)
					}
					return
				}
				if i%4 == 2 && n%50 == 0 {
					time.Sleep(20 * time.Millisecond) // in real time: its socket is to fill
				}
			}
		})
	}
	write(t, sink, src, chunks)
	sink.Close()
	reading.Wait()
}

// TestAllocations has no more allocations for each chunk with many viewers than with few.
func TestAllocations(t *testing.T) {
	few, many := allocations(t, 5), allocations(t, 200)
	t.Logf("%.1f allocations for a chunk with 5 viewers, %.1f with 200", few, many)
	if many > few+20 {
		t.Errorf("%.1f allocations for a chunk with 200 viewers, %.1f with 5", many, few)
	}
}

// allocations returns how many there are for a chunk that goes to so many viewers.
func allocations(t *testing.T, viewers int) float64 {
	streams := new(livews.Streams)
	server := serve(t, streams)
	sink := publish(t, streams)
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Chunks: 1000, Size: 1000})
	write(t, sink, src, 2)
	var got atomic.Int64
	var conns []net.Conn
	for range viewers {
		conn, err := (&crowd{Addr: server.Listener.Addr().String(), Target: "/live/cam1"}).dial()
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
		go count(conn, &got)
	}
	defer func() {
		for _, conn := range conns {
			conn.Close()
		}
	}()
	frame := int64(1000 + livews.HeaderSize + 4)
	send := func(n int) {
		for range n {
			want := got.Load() + int64(viewers)*frame
			write(t, sink, src, 1)
			for got.Load() < want {
				runtime.Gosched()
			}
		}
	}
	write(t, sink, src, 1)
	for before := int64(-1); before != got.Load(); time.Sleep(50 * time.Millisecond) {
		before = got.Load() // what is due at the beginning
	}
	send(20)
	const n = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	send(n)
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / n
}
