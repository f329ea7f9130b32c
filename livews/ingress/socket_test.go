package ingress

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
)

// dial opens a connection of a publisher.
func (s *site) dial(t *testing.T, path, protocol string) *websocket.Conn {
	t.Helper()
	ws, err := s.tryDial(t, path, protocol, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

func (s *site) tryDial(t *testing.T, path, protocol string, header http.Header) (*websocket.Conn, error) {
	t.Helper()
	transport := new(http.Transport)
	if s.memory != nil {
		transport.DialContext = s.memory.Dial
	}
	t.Cleanup(transport.CloseIdleConnections)
	ws, _, err := websocket.Dial(t.Context(), s.server.URL+"/publish"+path, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{protocol}, HTTPHeader: header,
	})
	if err == nil {
		t.Cleanup(func() { _ = ws.CloseNow() })
	}
	return ws, err
}

func send(t *testing.T, ws *websocket.Conn, messages ...string) {
	t.Helper()
	for _, m := range messages {
		typ := websocket.MessageBinary
		if strings.HasPrefix(m, "{") {
			typ = websocket.MessageText
		}
		if err := ws.Write(t.Context(), typ, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
}

// reply reads the next text message of the server.
func reply(t *testing.T, ws *websocket.Conn) browserReply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, text, err := ws.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var r browserReply
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// closed reads to the end and returns the close code.
func closed(t *testing.T, ws *websocket.Conn) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		if _, _, err := ws.Read(ctx); err != nil {
			return int(websocket.CloseStatus(err))
		}
	}
}

const publishProtocol = "livews.publish.1"

// viewer subscribes to a stream that is there.
func (s *site) viewer(t *testing.T, name string) *livews.Subscription {
	t.Helper()
	relay, leave, err := s.Streams.Join(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(leave)
	return relay.Subscribe(nil)
}

// TestSocketBrowser publishes as a browser does, and ends.
func TestSocketBrowser(t *testing.T) {
	s := newSite(t, &Handler{})
	ws := s.dial(t, "/cam", publishProtocol)
	send(t, ws, startBoth, frameOf(1, 0, 40*ms, vp9Key(64)), frameOf(2, 0, 0, opus20))
	if r := reply(t, ws); r.Type != "live" || int64(r.Epoch) < time.Now().Unix()-60 {
		t.Fatalf("said %+v, want live with an epoch", r)
	}
	sub := s.viewer(t, "cam")
	for _, want := range []struct {
		typ   livews.Type
		track uint16
	}{{livews.TypeInit, 1}, {livews.TypeInit, 2}, {livews.TypeChunk, 1}} {
		seg, err := sub.ReadSegment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if seg.Type != want.typ || seg.Track != want.track {
			t.Fatalf("segment of type %d of track %d, want %+v", seg.Type, seg.Track, want)
		}
	}
	send(t, ws, frameOf(1, 40*ms, 40*ms, vp9Delta), `{"type":"end"}`)
	if code := closed(t, ws); code != 1000 {
		t.Errorf("close code %d, want 1000", code)
	}
	for {
		if _, err := sub.ReadSegment(t.Context()); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("the stream ends with %v, want io.EOF", err)
		}
	}
}

func TestSocketCloses(t *testing.T) {
	s := newSite(t, &Handler{})
	init := message(t, initOf(1, 7))
	for name, tt := range map[string]struct {
		path, protocol string
		messages       []string
		code           int
	}{
		"bad start":        {"/a", publishProtocol, []string{`{"type":"start"}`}, 4300},
		"bad frame":        {"/b", publishProtocol, []string{startVideo, "short"}, 4300},
		"codec":            {"/c", publishProtocol, []string{strings.Replace(startVideo, "vp09", "vp8", 1)}, 4305},
		"too large":        {"/d", publishProtocol, []string{startVideo, strings.Repeat("x", 8<<20+17)}, 1009},
		"session":          {"/e?session=" + strings.Repeat("x", 65), publishProtocol, nil, 4300},
		"end before start": {"/f", publishProtocol, []string{`{"type":"end"}`}, 1000},
		"no message":       {"/g", "livews.1", []string{"\x01short"}, 4300},
		"no JSON":          {"/h", "livews.1", []string{`{`}, 4300},
		"epoch 0":          {"/i", "livews.1", []string{message(t, initOf(1, 0))}, 4300},
		"a far epoch":      {"/j", "livews.1", []string{message(t, initOf(1, 4e9))}, 4300},
		"chunk first":      {"/k", "livews.1", []string{init, message(t, chunkOf(2, 7, 0, 0))}, 4300},
		"another epoch":    {"/l", "livews.1", []string{init, message(t, chunkOf(1, 8, 0, 0))}, 4300},
		"a false gap": {
			"/m", "livews.1",
			[]string{init, `{"type":"gap","track":1,"from":"7.0.0","to":"7.3.0"}`, message(t, chunkOf(1, 7, 4, 0))},
			4300,
		},
		"pushed and ended": {"/n", "livews.1", []string{init, message(t, chunkOf(1, 7, 0, 0)), `{"type":"end"}`}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			ws := s.dial(t, tt.path, tt.protocol)
			for _, m := range tt.messages {
				typ := websocket.MessageBinary
				if strings.HasPrefix(m, "{") {
					typ = websocket.MessageText
				}
				_ = ws.Write(t.Context(), typ, []byte(m)) // may be closed already
			}
			if tt.code == 0 {
				_ = ws.Close(websocket.StatusNormalClosure, "")
				return
			}
			if code := closed(t, ws); code != tt.code {
				t.Errorf("close code %d, want %d", code, tt.code)
			}
		})
	}
}

func initOf(track uint16, epoch uint32) *livews.Segment {
	return &livews.Segment{
		Type: livews.TypeInit, Track: track, Position: livews.Position{Epoch: epoch}, Payload: []byte("init"),
		Info: &livews.Track{Number: track, Kind: livews.KindVideo, Codec: "vp09.00.10.08", Timescale: 1000},
	}
}

func chunkOf(track uint16, epoch, group, chunk uint32) *livews.Segment {
	flags := livews.Flags(0)
	if chunk == 0 {
		flags = livews.FlagFirst | livews.FlagSync
	}
	return &livews.Segment{
		Type: livews.TypeChunk, Track: track, Position: livews.Position{Epoch: epoch, Group: group, Chunk: chunk}, Flags: flags,
		DecodeTime: time.Duration(group)*time.Second + time.Duration(chunk)*40*ms, Payload: []byte("chunk"),
	}
}

func message(t testing.TB, seg *livews.Segment) string {
	t.Helper()
	msg, err := seg.Message()
	if err != nil {
		t.Fatal(err)
	}
	return string(msg)
}

// TestSocketHandshake refuses who may not publish, and what is no publisher.
func TestSocketHandshake(t *testing.T) {
	s := newSite(t, &Handler{
		Origins: []string{"*.example.org"},
		Authorize: func(r *http.Request, _ string) error {
			if r.URL.Query().Get("key") == "wrong" {
				return errors.New("wrong key")
			}
			return nil
		},
	})
	for _, tt := range []struct {
		path, protocol, origin string
		ok                     bool
	}{
		{"/cam", publishProtocol, "", true},
		{"/cam", publishProtocol, "https://tv.example.org", true},
		{"/cam", publishProtocol, "https://evil.example.com", false},
		{"/cam?key=wrong", publishProtocol, "", false},
		{"/cam", "livews.9", "", false},
		{"/a%20b", publishProtocol, "", false},
	} {
		header := http.Header{}
		if tt.origin != "" {
			header.Set("Origin", tt.origin)
		}
		ws, err := s.tryDial(t, tt.path, tt.protocol, header)
		if (err == nil) != tt.ok {
			t.Errorf("%+v: %v, want ok %v", tt, err, tt.ok)
		}
		if err == nil {
			_ = ws.CloseNow()
		}
	}
}

// TestSocketSilence cuts off a publisher that says nothing, and one that trickles.
func TestSocketSilence(t *testing.T) { synctest.Test(t, testSocketSilence) }

func testSocketSilence(t *testing.T) {
	s := newMemorySite(t, &Handler{Silence: 300 * ms})
	silent := s.dial(t, "/silent", publishProtocol)
	if code := closed(t, silent); code != 4400 {
		t.Errorf("silent: close code %d, want 4400", code)
	}
	slow := s.dial(t, "/slow", publishProtocol)
	w, err := slow.Writer(t.Context(), websocket.MessageBinary)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for err == nil {
			time.Sleep(50 * ms)
			_, err = w.Write(make([]byte, 5000))
		}
	}()
	if code := closed(t, slow); code != 4400 {
		t.Errorf("slow: close code %d, want 4400", code)
	}
	<-done
	// One that only pings lives.
	alive := s.dial(t, "/alive", "livews.1")
	end := make(chan int)
	go func() { end <- closed(t, alive) }()
	for range 10 {
		time.Sleep(100 * ms)
		if err := alive.Ping(t.Context()); err != nil {
			t.Errorf("ping: %v", err)
		}
	}
	if code := <-end; code != 4400 {
		t.Errorf("one that no longer pings: close code %d, want 4400", code)
	}
}

// TestSocketTurns has others want the name.
func TestSocketTurns(t *testing.T) {
	s := newSite(t, &Handler{TakeOver: true})
	first := s.dial(t, "/cam?session=a", publishProtocol)
	send(t, first, startVideo, frameOf(1, 0, 0, vp9Key(64)))
	epoch := reply(t, first).Epoch

	if code := closed(t, s.dial(t, "/cam", publishProtocol)); code != 4303 {
		t.Errorf("a second publisher: close code %d, want 4303", code)
	}
	if code := closed(t, s.dial(t, "/cam?session=b", publishProtocol)); code != 4303 {
		t.Errorf("another session: close code %d, want 4303", code)
	}
	again := s.dial(t, "/cam?session=a", publishProtocol)
	if code := closed(t, first); code != 4304 {
		t.Errorf("the former connection of a session: close code %d, want 4304", code)
	}
	send(t, again, startVideo, frameOf(1, 0, 0, vp9Key(64)))
	next := reply(t, again).Epoch
	if next <= epoch {
		t.Errorf("epoch %d after %d, want a higher one", next, epoch)
	}
	other := s.dial(t, "/cam?takeover=1", publishProtocol)
	if code := closed(t, again); code != 4304 {
		t.Errorf("one that is taken over: close code %d, want 4304", code)
	}
	send(t, other, startVideo, frameOf(1, 0, 0, vp9Key(64)))
	if last := reply(t, other).Epoch; last <= next {
		t.Errorf("epoch %d after %d, want a higher one", last, next)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Handler.Close()
	}()
	if code := closed(t, other); code != 4100 {
		t.Errorf("at the end: close code %d, want 4100", code)
	}
	<-done
}
