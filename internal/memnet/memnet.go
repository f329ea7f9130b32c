// Package memnet has a network in memory, for tests of servers in virtual time
// ([testing/synctest]): where nothing comes from outside, all that waits for each other in
// it is blocked for good, and the clock goes on.
package memnet

import (
	"context"
	"net"
	"sync"
)

// Listener is a [net.Listener] of connections that Dial makes. They hold no bytes: a write
// lasts until it is read.
type Listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Listen returns a Listener.
func Listen() *Listener {
	return &Listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept blocks until somebody dials. The error is [net.ErrClosed] after Close.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and Dial. Connections live on. It may be called again, and always
// returns nil.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns an address of this host, which is nobody's.
func (l *Listener) Addr() net.Addr { return addr }

// Dial connects to the listener, whatever the network and address are, as the DialContext
// of an [net/http.Transport]. It blocks until the connection is accepted.
func (l *Listener) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- conn{far}:
		return conn{near}, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var addr net.Addr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}

// conn has addresses as servers want them.
type conn struct{ net.Conn }

func (conn) LocalAddr() net.Addr  { return addr }
func (conn) RemoteAddr() net.Addr { return addr }
