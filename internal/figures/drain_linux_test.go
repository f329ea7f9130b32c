package figures_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
	"github.com/livews/websocketlivestream/livews/relay"
)

const (
	// slowChunk is the size of a chunk of a stream of 4 Mbit/s.
	slowChunk = 4_000_000 / 8 / chunkRate
	// narrowBuffer is what the viewer's kernel keeps: the server's is what is tested.
	narrowBuffer = 16 << 10
	// slowTime is how long the viewer drains half of it.
	slowTime = 6 * time.Second
	// mostStale bounds the media that the server has let go of and the viewer has not
	// read: no skip reaches it.
	mostStale = 400 * time.Millisecond
)

// TestHalfRate lets a viewer drain half of the bit rate over a real socket. What is counted
// is media against the server's log, so that a slow machine changes nothing: there is never
// more than mostStale in front of the viewer, and each hole is told and ends with a group start.
func TestHalfRate(t *testing.T) {
	t.Parallel()
	v := drainHalf(t, func(c net.Conn) net.Conn { return c })
	t.Logf("at most %v of stale media, %d gaps, %d of %d chunks read", v.stale, v.check.Gaps, v.check.Segments-1, v.written)
	if v.stale > mostStale {
		t.Errorf("%v of stale media in front of the viewer, want %v at the most", v.stale, mostStale)
	}
	if v.check.Gaps < 2 {
		t.Errorf("%d gaps, want one for each skip, and several", v.check.Gaps)
	}
	if read := v.check.Segments - 1; read < v.written/3 || read > v.written*2/3 {
		t.Errorf("%d of %d chunks were read, want about half", read, v.written)
	}
}

// TestHalfRateUnbounded is the negative control: where the server cannot bound the kernel's
// part, there is more.
func TestHalfRateUnbounded(t *testing.T) {
	t.Parallel()
	v := drainHalf(t, func(c net.Conn) net.Conn { return struct{ net.Conn }{c} })
	t.Logf("at most %v of stale media, %d gaps", v.stale, v.check.Gaps)
	if v.stale <= mostStale {
		t.Errorf("%v of stale media at the most, want more than %v", v.stale, mostStale)
	}
}

// slowViewer reads a chunk for every second one that is written.
type slowViewer struct {
	t       *testing.T
	ws      *websocket.Conn
	streams *livews.Streams
	check   livewstest.Checker
	gap     *livews.Gap // told, and its chunk has not come
	bytes   int64
	written int
	stale   time.Duration // the most that there was in front of it
}

// drainHalf runs a stream in real time, with a viewer whose connection is what wrap makes of it
// at the server.
func drainHalf(t *testing.T, wrap func(net.Conn) net.Conn) *slowViewer {
	n := serveWrapped(t, wrap)
	f := n.publish(t, "cam1", &livewstest.SourceOptions{Tracks: 1, Chunks: chunkRate / 2, ChunkDuration: chunkDuration, Size: slowChunk})
	f.write(1)
	v := &slowViewer{t: t, streams: n.streams, ws: dialNarrow(t, n.addr, "/live/cam1?lag=500"), written: 1}
	v.check.Chunks, v.check.Proof = chunkRate/2, true
	defer v.ws.CloseNow()
	v.read() // the init segment
	for i := range int(slowTime / chunkDuration) {
		f.write(1)
		v.written++
		v.note()
		if i%2 == 0 {
			v.read()
		}
		// Never two at once, which would have been there for less time than they last.
		time.Sleep(chunkDuration)
	}
	return v
}

// note notes what has left the log and is not read.
func (v *slowViewer) note() {
	info, _ := v.streams.Info("cam1")
	unread := info.BytesSent - v.bytes
	v.stale = max(v.stale, time.Duration(unread)*chunkDuration/slowChunk)
}

// read reads up to the next segment and checks it.
func (v *slowViewer) read() {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), 20*time.Second)
	defer cancel()
	for {
		typ, msg, err := v.ws.Read(ctx)
		if err != nil {
			v.t.Fatal(err)
		}
		if typ == websocket.MessageText {
			v.noteGap(msg)
			continue
		}
		v.bytes += int64(len(msg))
		seg, err := livews.ParseMessage(msg)
		if err != nil {
			v.t.Fatal(err)
		}
		seg.Gap, v.gap = v.gap, nil
		if err := v.check.WriteSegment(ctx, seg); err != nil {
			v.t.Fatal(err)
		}
		return
	}
}

// noteGap keeps what was told until its chunk comes.
func (v *slowViewer) noteGap(text []byte) {
	v.t.Helper()
	var told struct{ Type, From, To, Reason string }
	if err := json.Unmarshal(text, &told); err != nil {
		v.t.Fatal(err)
	}
	if told.Type != "gap" {
		return
	}
	if v.gap != nil {
		v.t.Errorf("two gaps in front of one chunk, the second is %s", text)
	}
	v.gap = &livews.Gap{Reason: told.Reason}
	var err error
	if v.gap.From, err = livews.ParsePosition(told.From); err == nil {
		v.gap.To, err = livews.ParsePosition(told.To)
	}
	if err != nil {
		v.t.Fatal(err)
	}
}

// dialNarrow opens a stream over a connection for which this end's kernel keeps little.
func dialNarrow(t *testing.T, addr, target string) *websocket.Conn {
	t.Helper()
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
		if failed := c.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, narrowBuffer)
		}); failed != nil {
			return failed
		}
		return err
	}}
	client := &http.Client{Transport: &http.Transport{DialContext: d.DialContext}}
	t.Cleanup(client.CloseIdleConnections)
	ws, _, err := websocket.Dial(t.Context(), "ws://"+addr+target, &websocket.DialOptions{
		HTTPClient: client, Subprotocols: []string{"livews.1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(livews.MaxMessage)
	return ws
}

// wrapping hands out connections wrapped.
type wrapping struct {
	net.Listener
	wrap func(net.Conn) net.Conn
}

func (l wrapping) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.wrap(c), nil
}

// serveWrapped is serve with connections that wrap has wrapped.
func serveWrapped(t *testing.T, wrap func(net.Conn) net.Conn) *node {
	t.Helper()
	streams := new(livews.Streams)
	server := httptest.NewUnstartedServer(&relay.Handler{Streams: streams})
	server.Listener = wrapping{server.Listener, wrap}
	server.Start()
	return closing(t, streams, server)
}
