package chaos

import (
	"net"
	"net/http"
	"sync"
)

// listener remembers its connections, so that they can die as with their process.
type listener struct {
	net.Listener

	mu    sync.Mutex
	conns map[*conn]struct{}
	dead  bool

	greeting gauge
}

// conn is a connection of a listener.
type conn struct {
	*net.TCPConn
	ln *listener
}

func newListener(ln net.Listener) *listener {
	return &listener{Listener: ln, conns: make(map[*conn]struct{})}
}

// Accept returns the next connection.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		mine := &conn{TCPConn: c.(*net.TCPConn), ln: l}
		if l.add(mine) {
			return mine, nil
		}
		abort(mine.TCPConn)
	}
}

func (l *listener) add(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.dead {
		l.conns[c] = struct{}{}
	}
	return !l.dead
}

// Close closes the connection.
func (c *conn) Close() error {
	c.ln.mu.Lock()
	delete(c.ln.conns, c)
	c.ln.mu.Unlock()
	return c.TCPConn.Close()
}

// abort ends the listening and resets all connections.
func (l *listener) abort() {
	_ = l.Close() // nothing more is accepted either way
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
	for c := range l.conns {
		abort(c.TCPConn)
	}
}

// note follows the connections from their beginning to the end of their handshake.
func (l *listener) note(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		l.greeting.add(1)
	case http.StateHijacked, http.StateClosed:
		l.greeting.add(-1)
	}
}

// gauge is a number and the greatest that it has been.
type gauge struct {
	mu        sync.Mutex
	now, most int
}

func (g *gauge) add(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += n
	g.most = max(g.most, g.now)
}

func (g *gauge) peak() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.most
}
