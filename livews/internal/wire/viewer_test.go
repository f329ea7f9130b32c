package wire

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
)

// TestViewerSays has a client of the WebSocket library say all that one can: what it says in
// parts is one message, its pings are answered, and each way to close ends at once, with the
// code that fits.
func TestViewerSays(t *testing.T) {
	for name, tt := range map[string]struct {
		say  func(ctx context.Context, ws *websocket.Conn) error
		want websocket.StatusCode
	}{
		"binary":        {says(websocket.MessageBinary, "x"), codeViolation},
		"no JSON":       {says(websocket.MessageText, "hello"), codeViolation},
		"no UTF-8":      {says(websocket.MessageText, "\xff"), websocket.StatusInvalidFramePayloadData},
		"too long":      {says(websocket.MessageText, strings.Repeat("x", maxControl+1)), websocket.StatusMessageTooBig},
		"start in vain": {says(websocket.MessageText, `{"ty`, `pe":"sta`, `rt"}`), codeViolation},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testViewerSays(t, tt.say, tt.want) })
		})
	}
}

// says returns a function that sends one message, in parts.
func says(typ websocket.MessageType, parts ...string) func(context.Context, *websocket.Conn) error {
	return func(ctx context.Context, ws *websocket.Conn) error {
		w, err := ws.Writer(ctx, typ)
		if err != nil {
			return err
		}
		for _, part := range parts {
			if _, err := w.Write([]byte(part)); err != nil {
				return err
			}
		}
		return w.Close()
	}
}

func testViewerSays(t *testing.T, say func(context.Context, *websocket.Conn) error, want websocket.StatusCode) {
	m := newMemory()
	server := &Server{Streams: &livews.Streams{ID: "a"}}
	stop := serveMemory(m, server)
	defer stop()
	_, unpublish := feed(t, server.Streams, "cam1")
	defer unpublish()
	synctest.Wait()
	d := newDialer(nil, nil, m.Dial)
	defer d.CloseIdle()
	s, err := d.Dial(t.Context(), memoryURL, "cam1", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	read := make(chan error, 1)
	go func() {
		_, _, err := s.ws.Read(t.Context())
		read <- err
	}()
	select5 := says(websocket.MessageText, `{"type":`, `"select",`, `"tracks":[5]}`)
	for _, err := range []error{select5(t.Context(), s.ws), s.ws.Ping(t.Context())} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_ = say(t.Context(), s.ws) // fails where the server closes before all of it is out
	if err := <-read; websocket.CloseStatus(err) != want {
		t.Errorf("the connection ends with %v, want close code %d", err, want)
	}
	start := time.Now()
	for server.sessions.count() > 0 {
		time.Sleep(time.Millisecond)
	}
	if got := time.Since(start); got >= closeAfter {
		t.Errorf("the connection is there for %v after that", got)
	}
}

// TestViewerCloses answers a viewer's close frame with the same code, at once.
func TestViewerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		server := &Server{Streams: &livews.Streams{ID: "a"}}
		stop := serveMemory(m, server)
		defer stop()
		_, unpublish := feed(t, server.Streams, "cam1")
		defer unpublish()
		synctest.Wait()
		d := newDialer(nil, nil, m.Dial)
		defer d.CloseIdle()
		for _, code := range []websocket.StatusCode{websocket.StatusNormalClosure, websocket.StatusNoStatusRcvd, CodeStale} {
			s, err := d.Dial(t.Context(), memoryURL, "cam1", nil)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if err := s.ws.Close(code, ""); err != nil {
				t.Errorf("Close(%d) = %v", code, err)
			}
			if got := time.Since(start); got > 0 {
				t.Errorf("Close(%d) takes %v", code, got)
			}
			synctest.Wait()
			if n := server.sessions.count(); n > 0 {
				t.Errorf("%d sessions after Close(%d)", n, code)
			}
		}
	})
}

// TestViewerSaysAll hears a close frame that came together with what breaks the protocol: the
// connection does not wait for more.
func TestViewerSaysAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		defer client.Close()
		p, _ := newTestPeer(t, newServerConn(server, nil))
		p.tasks.Go(func() { p.receive(func(*control) error { return nil }) })
		start := time.Now()
		go func() { _, _ = io.Copy(io.Discard, client) }()
		_, _ = client.Write(join(masked(0x82, 0, "x"), masked(0x88, 0, "\x03\xe8")))
		synctest.Wait()
		p.close(errViolation)
		p.finish()
		if got := time.Since(start); got > 0 {
			t.Errorf("the connection is there for %v after the close frame", got)
		}
	})
}

// TestPings answers the last of the pings that are read at once, and no other: many cost the
// server no more than what they cost to read.
func TestPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		p, _ := newTestPeer(t, newServerConn(server, nil))
		p.tasks.Go(func() { p.receive(func(*control) error { return nil }) })
		var pings []byte
		for i := range 10 {
			pings = append(pings, masked(0x89, 0, string(rune('a'+i)))...)
		}
		if _, err := client.Write(pings); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		n, err := client.Read(buf)
		if want := "\x8a\x01j"; err != nil || string(buf[:n]) != want {
			t.Errorf("the answer is %q, %v, want %q", buf[:n], err, want)
		}
		client.Close()
		synctest.Wait()
		p.finish()
	})
}

// newTestPeer returns a peer over conn, and its context.
func newTestPeer(t *testing.T, conn *serverConn) (*peer, context.Context) {
	t.Helper()
	p := (&Server{}).newPeer(httptest.NewRequest(http.MethodGet, "/live/cam1", nil))
	p.conn, p.movable = conn, true
	ctx, cancel := context.WithCancelCause(t.Context())
	p.cancel = cancel
	return &p, ctx
}
