package wire

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// tape is a connection that notes when it is written to. A write takes so long, however
// much it carries.
type tape struct {
	net.Conn
	takes  time.Duration
	began  time.Time
	writes []time.Duration
}

func (c *tape) SetWriteDeadline(time.Time) error { return nil }

func (c *tape) Write(p []byte) (int, error) {
	c.writes = append(c.writes, time.Since(c.began))
	time.Sleep(c.takes)
	return len(p), nil
}

// arrivals is an Encoder that notes what comes to the viewer and when.
type arrivals struct {
	messages
	livewstest.Checker
	at     map[livews.Position]time.Time
	failed error
}

func (a *arrivals) Encode(bufs net.Buffers, seg *livews.Segment) (net.Buffers, error) {
	a.failed = a.WriteSegment(context.Background(), seg)
	a.at[seg.Position] = time.Now()
	if a.failed != nil {
		return bufs, a.failed
	}
	return a.messages.Encode(bufs, seg)
}

// show sends n chunks, one in every step, to one viewer over conn, after a group start
// that is there at the beginning. It returns what came, and the longest that a chunk waited.
func show(t *testing.T, conn *tape, budget time.Duration, n int, step time.Duration) (*arrivals, time.Duration) {
	relay := livews.NewRelay(nil)
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Chunks: 30, ChunkDuration: step, Size: 100})
	write(t, relay, src, 2)
	conn.began = time.Now()
	got := &arrivals{at: make(map[livews.Position]time.Time)}
	s := &session{
		peer: peer{conn: newServerConn(conn, nil), logger: (&Server{}).logger()},
		sub:  relay.Subscribe(&livews.SubscribeOptions{MaxLag: lagWith(budget, 0)}),
		enc:  got, latency: budget,
	}
	var sending sync.WaitGroup
	sending.Go(func() { _ = s.send(t.Context()) })
	written := make(map[livews.Position]time.Time)
	for range n {
		time.Sleep(step)
		seg, err := src.ReadSegment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		written[seg.Position] = time.Now()
		write(t, relay, &one{seg}, 1)
	}
	_ = relay.Close()
	sending.Wait()
	var longest time.Duration
	for p, at := range got.at {
		if came, ok := written[p]; ok {
			longest = max(longest, at.Sub(came))
		}
	}
	if got.failed != nil {
		t.Error(got.failed)
	}
	return got, longest
}

// one is a Source of one segment.
type one struct{ *livews.Segment }

func (o *one) ReadSegment(context.Context) (*livews.Segment, error) { return o.Segment, nil }

// TestLatencyBudget writes at most once per budget, keeps no chunk for longer than that,
// and begins at once.
func TestLatencyBudget(t *testing.T) {
	for _, tt := range []struct {
		budget, step time.Duration
		most         int // writes in 10 s
	}{
		{200 * time.Millisecond, 33 * time.Millisecond, 10*5*restSteps/(restSteps-1) + 3},
		{time.Second, 33 * time.Millisecond, 10*restSteps/(restSteps-1) + 3},
		{5 * time.Second, 100 * time.Millisecond, 10},
		{50 * time.Millisecond, 500 * time.Millisecond, 20 + 2},
	} {
		t.Run(tt.budget.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := new(tape)
				got, longest := show(t, conn, tt.budget, int(10*time.Second/tt.step), tt.step)
				if len(conn.writes) > tt.most {
					t.Errorf("%d writes, want at most %d", len(conn.writes), tt.most)
				}
				if longest > tt.budget {
					t.Errorf("a chunk waits for %v", longest)
				}
				if conn.writes[0] != 0 {
					t.Errorf("the first write comes after %v", conn.writes[0])
				}
				if n := int(10 * time.Second / tt.step); got.Gaps > 0 || got.Segments != 1+1+n {
					t.Errorf("%d segments and %d gaps, want %d and none", got.Segments, got.Gaps, 1+1+n)
				}
			})
		})
	}
}

// TestNoLatencyBudget writes each chunk when it comes.
func TestNoLatencyBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := new(tape)
		_, longest := show(t, conn, 0, 100, 33*time.Millisecond)
		if len(conn.writes) != 1+100 || longest != 0 {
			t.Errorf("%d writes, and a chunk waits for %v, want 101 and 0", len(conn.writes), longest)
		}
	})
}

// TestOverload has writes that take longer than chunks take to come: what has come
// meanwhile goes out together, and nothing is skipped. Where even that is too much, chunks
// are skipped: the negative control.
func TestOverload(t *testing.T) {
	for _, tt := range []struct {
		takes time.Duration
		skips bool
	}{{100 * time.Millisecond, false}, {500 * time.Millisecond, false}, {2 * time.Second, true}} {
		t.Run(tt.takes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 30 * 60
				conn := &tape{takes: tt.takes}
				got, _ := show(t, conn, 0, n, time.Second/30)
				if skips := got.Gaps > 0; skips != tt.skips || got.failed != nil {
					t.Errorf("%d gaps, %v, want some: %v", got.Gaps, got.failed, tt.skips)
				}
				if !tt.skips && (got.Segments != 1+1+n || len(conn.writes) > n/3+1) {
					t.Errorf("%d segments in %d writes", got.Segments, len(conn.writes))
				}
			})
		})
	}
}

// TestLatencyQuery takes a time in milliseconds within its bounds, and nothing else.
func TestLatencyQuery(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "1ms": time.Millisecond, "200ms": 200 * time.Millisecond, "5000ms": 5 * time.Second} {
		if q, err := parseQuery(map[string][]string{"latency": {text}}); err != nil || q.latency != want {
			t.Errorf("latency=%s gives %v, %v, want %v", text, q, err, want)
		}
	}
	for _, text := range []string{"0ms", "5001ms", "200", "1s", "-1ms", "+1ms", "1.5ms", " 1ms", "ms", "99999999999999999999ms"} {
		if q, err := parseQuery(map[string][]string{"latency": {text}}); err == nil {
			t.Errorf("latency=%s gives %v, want an error", text, q.latency)
		}
	}
}

// TestJoined writes what is small in as few writes as fit, and in order.
func TestJoined(t *testing.T) {
	var sizes []int
	var all []byte
	c := newServerConn(writerConn(func(p []byte) {
		sizes = append(sizes, len(p))
		all = append(all, p...)
	}), nil)
	var bufs net.Buffers
	var want []byte
	for i, size := range []int{10, 4000, 20_000, 5, 40_000} {
		p := slices.Repeat([]byte{byte(i)}, size)
		bufs, want = append(bufs, p), append(want, p...)
	}
	if err := c.WriteAll(bufs); err != nil || !slices.Equal(all, want) {
		t.Fatalf("WriteAll = %v, and %d bytes come, want %d", err, len(all), len(want))
	}
	if len(sizes) > 5 || sizes[0] != maxRecord {
		t.Errorf("writes of %v bytes", sizes)
	}
}

type funcConn struct {
	tape
	write func(p []byte)
}

func writerConn(write func(p []byte)) net.Conn { return &funcConn{write: write} }

func (c *funcConn) Write(p []byte) (int, error) {
	c.write(p)
	return len(p), nil
}

// TestSelectLatency changes the budget on the way: what is kept goes out at once, and what
// follows as the new budget says. One out of bounds is a violation.
func TestSelectLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := livews.NewRelay(nil)
		src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, ChunkDuration: time.Second})
		write(t, relay, src, 2)
		conn := &tape{began: time.Now()}
		s := &session{
			peer: peer{conn: newServerConn(conn, nil), logger: (&Server{}).logger()},
			sub:  relay.Subscribe(nil), enc: messages{}, latency: 5 * time.Second, changed: make(chan struct{}, 1),
		}
		var sending sync.WaitGroup
		sending.Go(func() { _ = s.send(t.Context()) })
		choose := func(text string, ok bool) {
			t.Helper()
			c, err := parseControl([]byte(text))
			if err == nil {
				err = s.control(c)
			}
			if (err == nil) != ok {
				t.Errorf("%s gives %v", text, err)
			}
		}
		for second := range 20 {
			time.Sleep(time.Second)
			write(t, relay, src, 1)
			switch second {
			case 1: // kept since the first second
				choose(`{"type":"select","latency":""}`, true)
			case 5:
				choose(`{"type":"select","latency":"5001ms"}`, false)
				choose(`{"type":"select"}`, true) // says nothing of the budget
			case 9:
				choose(`{"type":"select","latency":"5000ms"}`, true)
			}
		}
		_ = relay.Close()
		sending.Wait()
		var seconds []int
		for _, at := range conn.writes {
			seconds = append(seconds, int(at.Round(time.Second)/time.Second))
		}
		if len(seconds) < 11 || !slices.Equal(seconds[:10], []int{0, 2, 3, 4, 5, 6, 7, 8, 9, 10}) || len(seconds) > 14 {
			t.Errorf("writes at %v s, want one at 0, 2, 3 to 10, and then one in 5 s or so", seconds)
		}
	})
}
