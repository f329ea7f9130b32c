package wire

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// TestStalledViewer cuts a viewer that takes nothing. When it reads again, while the server
// waits for it or long after, it gets whole messages and then why it was cut; where the rest of
// the message is more than the kernel takes, or the connection is broken as TLS is by a write
// that timed out, it is cut off in the middle.
func TestStalledViewer(t *testing.T) {
	for name, tt := range map[string]struct {
		size      int
		tls, late bool
		want      websocket.StatusCode
	}{
		"soon":     {size: 150_000, want: codeStalled},
		"late":     {size: 150_000, late: true, want: codeStalled},
		"too long": {size: 15 << 20, want: -1},
		"TLS":      {size: 150_000, tls: true, want: -1},
	} {
		t.Run(name, func(t *testing.T) { testStalled(t, tt.size, tt.tls, tt.late, tt.want) })
	}
}

func testStalled(t *testing.T, size int, secure, late bool, want websocket.StatusCode) {
	warns := make(chan string, 10)
	server := &Server{Streams: new(livews.Streams), Logger: slog.New(&causes{warns: warns})}
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { server.ServeStream(w, r, "cam1") }))
	if secure {
		web.StartTLS()
	} else {
		web.Start()
	}
	defer web.Close()
	defer server.Streams.Close()
	sink := publish(t, server.Streams)
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Size: size})
	write(t, sink, src, 2)
	ws := dialStopped(t, web)
	defer ws.CloseNow()
	conn := server.only(t)
	for server.stuck() == 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)          // for what the kernels take meanwhile
	_ = conn.Conn.SetWriteDeadline(time.Now()) // as after stallAfter
	for warn := range warns {
		if warn == "viewer takes no bytes" {
			break
		}
	}
	if late {
		for !conn.closing.Load() && server.sessions.count() > 0 {
			time.Sleep(time.Millisecond)
		}
		_ = conn.Conn.SetReadDeadline(time.Now()) // as after closeAfter
		for server.sessions.count() > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	segments, err := readMessages(t, ws)
	if got := websocket.CloseStatus(err); got != want {
		t.Errorf("after %d segments the connection ends with %v, want close code %d", segments, err, want)
	}
	if want > 0 && segments != 2 {
		t.Errorf("%d segments, want 2", segments)
	}
}

// dialStopped connects to web with little room for what it does not read.
func dialStopped(t *testing.T, web *httptest.Server) *websocket.Conn {
	t.Helper()
	transport := web.Client().Transport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(8 << 10)
		}
		return conn, err
	}
	ws, _, err := websocket.Dial(t.Context(), web.URL+"/live/cam1", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{Subprotocol},
	})
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(-1)
	return ws
}

// only returns the one connection that there is, or soon will be.
func (s *Server) only(t *testing.T) *serverConn {
	t.Helper()
	for s.listed() == 0 {
		time.Sleep(time.Millisecond)
	}
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	for p := range s.sessions.set {
		return p.conn
	}
	return nil
}

// readMessages reads to the end and returns how many whole segments came.
func readMessages(t *testing.T, ws *websocket.Conn) (n int, err error) {
	t.Helper()
	for {
		typ, msg, err := ws.Read(t.Context())
		if err != nil {
			return n, err
		}
		if typ == websocket.MessageText {
			continue
		}
		seg, err := livews.ParseMessage(msg)
		if err != nil {
			t.Fatal(err)
		}
		if err := livewstest.CheckProof(seg); seg.Type == livews.TypeChunk && err != nil {
			t.Error(err)
		}
		n++
	}
}
