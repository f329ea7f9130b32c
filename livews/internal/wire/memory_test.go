package wire

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/livews/websocketlivestream/livews"
)

// memory is a network of one server, for tests in virtual time.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once

	// While these are set, what is sent gets lost without a word.
	downLost, upLost atomic.Bool
}

func newMemory() *memory {
	return &memory{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

func (m *memory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// Dial connects to the server.
func (m *memory) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, near := net.Pipe()
	far, server := net.Pipe()
	go forward(near, far, &m.downLost)
	go forward(far, near, &m.upLost)
	select {
	case m.conns <- server:
		return client, nil
	case <-m.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// forward copies until an end closes; then it closes both.
func forward(dst, src net.Conn, lost *atomic.Bool) {
	defer dst.Close()
	defer src.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		if n > 0 && !lost.Load() {
			if _, err := dst.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if lost.Load() { // the other end does not learn of it
				_, _ = io.Copy(io.Discard, dst)
			}
			return
		}
	}
}

// serveMemory serves streams over m until the returned function is called.
func serveMemory(m *memory, server *Server) (stop func()) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /live/{name...}", func(w http.ResponseWriter, r *http.Request) {
		server.ServeStream(w, r, r.PathValue("name"))
	})
	mux.HandleFunc("GET /streams", server.ServeList)
	h := &http.Server{Handler: mux}
	var served sync.WaitGroup
	served.Go(func() { _ = h.Serve(m) })
	return func() {
		server.Streams.Close()
		_ = h.Close()
		served.Wait()
	}
}

const memoryURL = "ws://memory"

// plainUpgrade is the request of a plain viewer.
const plainUpgrade = "GET /live/cam1 HTTP/1.1\r\nHost: memory\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"

// feed publishes what the returned pipe takes; stop ends it cleanly.
func feed(t *testing.T, streams *livews.Streams, name string) (sink *livews.PipeSink, stop func()) {
	src, sink := livews.Pipe()
	var published sync.WaitGroup
	published.Go(func() { _ = streams.Publish(context.WithoutCancel(t.Context()), name, src) })
	return sink, func() {
		sink.Close()
		published.Wait()
	}
}
