package chaos

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// pieceSize and maxPieces bound what a tunnel holds of each way: 512 KiB.
	pieceSize = 8 << 10
	maxPieces = 64
)

// tunnel is one connection through a Proxy.
type tunnel struct {
	proxy *Proxy
	ends  [2]*net.TCPConn // by the way that leads there: [Up] is the parent's
	// lost says that bytes of this way have gone nowhere: nothing may follow them.
	lost   [2]atomic.Bool
	closed chan struct{}
	once   sync.Once
}

// piece is some bytes under way, or the end of them.
type piece struct {
	data []byte
	due  time.Time
	err  error
}

func newTunnel(p *Proxy, child, parent *net.TCPConn) *tunnel {
	return &tunnel{proxy: p, ends: [2]*net.TCPConn{Up: parent, Down: child}, closed: make(chan struct{})}
}

// run passes bytes both ways until both have ended.
func (t *tunnel) run() {
	var ways sync.WaitGroup
	for _, way := range []Way{Up, Down} {
		pieces := make(chan piece, maxPieces)
		ways.Go(func() {
			defer close(pieces)
			t.take(way, pieces)
		})
		ways.Go(func() {
			for p := range pieces {
				t.give(way, p)
			}
		})
	}
	ways.Wait()
	t.close(Finish)
}

// take reads what comes from one side.
func (t *tunnel) take(way Way, pieces chan<- piece) {
	from := t.ends[1-way]
	buf := make([]byte, pieceSize)
	var due time.Time
	for {
		n, err := from.Read(buf)
		w, _ := t.proxy.now(way)
		delay := w.Delay
		if w.Jitter > 0 {
			delay += rand.N(w.Jitter)
		}
		if at := time.Now().Add(delay); at.After(due) {
			due = at
		}
		p := piece{data: append([]byte(nil), buf[:n]...), due: due, err: err}
		select {
		case pieces <- p:
		case <-t.closed:
			return
		}
		if err != nil {
			return
		}
	}
}

// give passes one piece on, as the weather has it.
func (t *tunnel) give(way Way, p piece) {
	t.sleep(time.Until(p.due))
	w := t.stall(way)
	if w.Blackhole {
		t.lost[way].Store(true)
	}
	if t.lost[way].Load() {
		return
	}
	if len(p.data) > 0 {
		t.write(way, w, p.data)
	}
	switch {
	case p.err == nil || t.lost[way].Load():
	case errors.Is(p.err, io.EOF):
		_ = t.ends[way].CloseWrite() // the other side has gone, or learns of it
	default:
		t.close(Reset)
	}
}

// stall waits for the weather to let bytes through.
func (t *tunnel) stall(way Way) Weather {
	for {
		w, changed := t.proxy.now(way)
		if !w.Stall {
			return w
		}
		select {
		case <-changed:
		case <-t.closed:
			return w
		}
	}
}

func (t *tunnel) write(way Way, w Weather, data []byte) {
	n, how, ends := t.proxy.spend(way, len(data))
	if w.Rate > 0 {
		t.sleep(time.Duration(n) * time.Second / time.Duration(w.Rate))
	}
	_, err := t.ends[way].Write(data[:n])
	t.proxy.bytes[way].Add(int64(n))
	switch {
	case ends:
		t.end(how)
	case err != nil && t.lost[1-way].Load():
		t.lost[way].Store(true) // the receiver is gone, and its reset goes nowhere
	case err != nil:
		t.close(Reset)
	}
}

// end ends the connection for both sides.
func (t *tunnel) end(how End) {
	if how == Reset {
		t.close(Reset)
		return
	}
	for way, c := range t.ends {
		t.lost[way].Store(true)
		_ = c.CloseWrite() // gone already, if that fails
	}
}

// close closes both sockets.
func (t *tunnel) close(how End) {
	t.once.Do(func() {
		close(t.closed)
		for _, c := range t.ends {
			if how == Reset {
				abort(c)
			} else {
				_ = c.Close() // both ways have ended
			}
		}
	})
}

func (t *tunnel) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.closed:
	}
}
