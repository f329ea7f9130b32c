package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/leak"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

func TestMain(m *testing.M) {
	if order := os.Getenv(crowdOrder); order != "" {
		os.Exit(runCrowd(order))
	}
	leak.Main(m)
}

// serve serves streams at /live/cam1.
func serve(t testing.TB, streams *livews.Streams) *httptest.Server {
	t.Helper()
	s := &Server{Streams: streams}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeStream(w, r, "cam1") }))
	t.Cleanup(func() {
		streams.Close()
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

// publish publishes what the returned pipe takes as cam1.
func publish(t testing.TB, streams *livews.Streams) *livews.PipeSink {
	t.Helper()
	src, sink := livews.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = streams.Publish(context.WithoutCancel(t.Context()), "cam1", src)
	}()
	t.Cleanup(func() {
		sink.Close()
		<-done
	})
	return sink
}

func write(t testing.TB, sink livews.Sink, src livews.Source, n int) {
	t.Helper()
	for range n {
		seg, err := src.ReadSegment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := sink.WriteSegment(t.Context(), seg); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSlowViewer stops reading for a while. What the connection holds comes first, then
// the viewer is at the newest group start, with one gap in each track; one who reads all
// the time misses nothing.
func TestSlowViewer(t *testing.T) {
	streams := new(livews.Streams)
	server := serve(t, streams)
	sink := publish(t, streams)
	src := livewstest.NewSource(&livewstest.SourceOptions{Size: 50_000})
	write(t, sink, src, 2+1)
	d := NewDialer(nil, nil)
	defer d.CloseIdle()
	slow, err := d.Dial(t.Context(), server.URL, "cam1", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	steady, err := d.Dial(t.Context(), server.URL, "cam1", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer steady.Close()

	// 30 MB, far more than the sockets hold, in step with the one who reads: on a slow
	// machine more would take longer than a viewer may take nothing.
	const n = 600
	var kept livewstest.Checker
	for i := range 2 + 1 + n {
		if i >= 2+1 {
			write(t, sink, src, 1)
		}
		seg, err := steady.ReadSegment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(kept.WriteSegment(t.Context(), seg), livewstest.CheckProof(seg)); err != nil {
			t.Fatal(err)
		}
	}
	if kept.Gaps > 0 {
		t.Errorf("a viewer that keeps up gets %d gaps", kept.Gaps)
	}
	sink.Close()
	var c livewstest.Checker
	var last livews.Position
	for seg, err := range livews.All(t.Context(), slow) {
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.WriteSegment(t.Context(), seg), livewstest.CheckProof(seg)); err != nil {
			t.Fatal(err)
		}
		last = seg.Position
	}
	if c.Gaps == 0 || c.Gaps > 4 {
		t.Errorf("%d gaps, want one or two in each of two tracks", c.Gaps)
	}
	if want := (livews.Position{Epoch: 1, Group: n / 20}); last != want {
		t.Errorf("the last chunk is %v, want %v", last, want)
	}
}

// TestRefusesMessages ends a connection whose server sends what is no message.
func TestRefusesMessages(t *testing.T) {
	for name, send := range map[string]struct {
		typ websocket.MessageType
		msg []byte
	}{
		"short":   {websocket.MessageBinary, []byte("\x01short")},
		"no JSON": {websocket.MessageText, []byte("hello")},
		"long":    {websocket.MessageText, make([]byte, maxControl+1)},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{Subprotocol}})
				if err != nil {
					return
				}
				defer ws.CloseNow()
				_ = ws.Write(r.Context(), send.typ, send.msg)
				_, _, _ = ws.Read(r.Context())
			}))
			defer server.Close()
			d := NewDialer(nil, nil)
			defer d.CloseIdle()
			s, err := d.Dial(t.Context(), server.URL, "cam1", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.ReadSegment(t.Context()); !errors.Is(err, livews.ErrMessage) {
				t.Errorf("ReadSegment = %v, want ErrMessage", err)
			}
		})
	}
}

// TestUnknownType passes over messages of a type that a later version may have.
func TestUnknownType(t *testing.T) {
	src := livewstest.NewSource(nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{Subprotocol}})
		if err != nil {
			return
		}
		defer ws.CloseNow()
		seg, err := src.ReadSegment(r.Context())
		if err != nil {
			t.Error(err)
			return
		}
		msg, err := seg.Message()
		if err != nil {
			t.Error(err)
			return
		}
		_ = ws.Write(r.Context(), websocket.MessageBinary, append([]byte{3}, msg[1:]...))
		_ = ws.Write(r.Context(), websocket.MessageBinary, msg)
		_, _, _ = ws.Read(r.Context())
	}))
	defer server.Close()
	d := NewDialer(nil, nil)
	defer d.CloseIdle()
	s, err := d.Dial(t.Context(), server.URL, "cam1", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if seg, err := s.ReadSegment(t.Context()); err != nil || seg.Type != livews.TypeInit {
		t.Errorf("ReadSegment = %v, %v, want the init segment", seg, err)
	}
}

// TestDialDeaf takes no longer than it may for a server that takes the connection without
// the sub-protocol and then does not listen.
func TestDialDeaf(t *testing.T) {
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		<-done
	}))
	defer server.Close()
	defer close(done)
	d := NewDialer(nil, nil)
	defer d.CloseIdle()
	start := time.Now()
	if _, err := d.Dial(t.Context(), server.URL, "cam1", nil); !errors.Is(err, livews.ErrUnavailable) {
		t.Errorf("Dial = %v, want ErrUnavailable", err)
	}
	if got := time.Since(start); got >= dialTimeout {
		t.Errorf("Dial takes %v", got)
	}
}

// TestRefusesAtOnce does not wait for a server that sends nonsense and does not listen, and
// reads nothing more from it.
func TestRefusesAtOnce(t *testing.T) {
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{Subprotocol}})
		if err != nil {
			return
		}
		defer ws.CloseNow()
		msg, err := (&livews.Segment{Type: livews.TypeChunk, Track: 1}).Message()
		if err != nil {
			t.Error(err)
		}
		typ := websocket.MessageBinary
		if r.URL.Query().Has("after") {
			typ = websocket.MessageText
		}
		_ = ws.Write(r.Context(), typ, []byte("\x01short"))
		_ = ws.Write(r.Context(), websocket.MessageBinary, msg)
		<-done
	}))
	defer server.Close()
	defer close(done)
	d := NewDialer(nil, nil)
	defer d.CloseIdle()
	for _, after := range []map[uint16]livews.Position{nil, {1: {Epoch: 1}}} {
		s, err := d.Dial(t.Context(), server.URL, "cam1", &DialOptions{After: after})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for range 2 {
			if seg, err := s.ReadSegment(t.Context()); err == nil {
				t.Errorf("ReadSegment = %v, want an error", seg.Position)
			}
		}
		if got := time.Since(start); got >= dialTimeout {
			t.Errorf("ReadSegment takes %v", got)
		}
		s.Close()
	}
}

// TestCut tells a connection that is cut from a stream that has ended.
func TestCut(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{Subprotocol}})
		if err != nil {
			return
		}
		if r.URL.Query().Has("after") {
			ws.Close(websocket.StatusNormalClosure, "") // clean, but without a word of the end
		} else {
			ws.CloseNow()
		}
	}))
	defer server.Close()
	d := NewDialer(nil, nil)
	defer d.CloseIdle()
	for _, after := range []map[uint16]livews.Position{nil, {1: {Epoch: 1}}} {
		s, err := d.Dial(t.Context(), server.URL, "cam1", &DialOptions{After: after})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.ReadSegment(t.Context()); err == nil || err == io.EOF {
			t.Errorf("ReadSegment = %v, want an error that is no clean end", err)
		}
		s.Close()
	}
}

// TestCutInMessage cuts a connection inside a message, just where the reader has filled
// its buffer: what has come by then must not pass for the whole.
func TestCutInMessage(t *testing.T) {
	const sent, size = 32 << 10, 64 << 10
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := accept(w, r, Subprotocol)
		if err != nil {
			return
		}
		defer conn.Close()
		msg, err := (&livews.Segment{Type: livews.TypeChunk, Track: 1, Payload: make([]byte, size)}).Frame()
		if err != nil {
			t.Error(err)
			return
		}
		header := len(livews.AppendFrameHeader(nil, livews.OpBinary, livews.HeaderSize+size))
		_, _ = conn.Write(msg[:header+sent])
	}))
	defer server.Close()
	d := NewDialer(nil, nil)
	defer d.CloseIdle()
	s, err := d.Dial(t.Context(), server.URL, "cam1", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if seg, err := s.ReadSegment(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("ReadSegment = %v, %v, want io.ErrUnexpectedEOF", seg != nil, err)
	}
}
