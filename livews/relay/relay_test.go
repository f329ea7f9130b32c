package relay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
	"github.com/livews/websocketlivestream/livews/relay"
)

// server is a node of a tree over a real socket.
type server struct {
	*httptest.Server
	streams *livews.Streams
	dialled atomic.Int32 // requests for a stream over WebSocket
}

// serve starts a server of streams on a free port.
func serve(t *testing.T, streams *livews.Streams) *server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, ln, streams)
}

func serveOn(t *testing.T, ln net.Listener, streams *livews.Streams) *server {
	t.Helper()
	s := &server{streams: streams}
	h := &relay.Handler{Streams: streams}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" && strings.HasPrefix(r.URL.Path, "/live/") {
			s.dialled.Add(1)
		}
		h.ServeHTTP(w, r)
	}))
	s.Listener.Close()
	s.Listener = ln
	s.Start()
	t.Cleanup(s.stop)
	return s
}

// stop ends the server's streams and connections; it may be called twice.
func (s *server) stop() {
	s.streams.Close()
	s.CloseClientConnections()
	s.Close()
}

// follow returns an Upstream of these servers.
func follow(t *testing.T, urls ...string) *relay.Upstream {
	t.Helper()
	up, err := relay.NewUpstream(&relay.UpstreamOptions{URLs: urls})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(up.CloseIdle)
	return up
}

// pass starts a relay below the servers with these URLs.
func pass(t *testing.T, urls ...string) *server {
	t.Helper()
	up := follow(t, urls...)
	return serve(t, &livews.Streams{Open: up.Open, Discover: up.Discover})
}

// publish publishes a synthetic stream, whose segments the returned pipe takes.
func publish(t *testing.T, s *server, name string) *livews.PipeSink {
	t.Helper()
	src, sink := livews.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.streams.Publish(t.Context(), name, src)
	}()
	t.Cleanup(func() {
		sink.Close()
		<-done
	})
	awaitSource(t, s.streams, name)
	return sink
}

// awaitSource waits until the stream has its publisher.
func awaitSource(t *testing.T, streams *livews.Streams, name string) {
	t.Helper()
	for began := time.Now(); !streams.HasSource(name); time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("nobody publishes %s", name)
		}
	}
}

// feed writes n segments of src.
func feed(t *testing.T, sink livews.Sink, src livews.Source, n int) {
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

// open opens a stream, closed with the test.
func open(t *testing.T, up *relay.Upstream, name string) livews.Source {
	t.Helper()
	src, err := up.Open(t.Context(), &livews.Request{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.(io.Closer).Close() })
	return src
}

// read reads n segments and checks them.
func read(t *testing.T, src livews.Source, c *livewstest.Checker, n int) []*livews.Segment {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var segs []*livews.Segment
	for range n {
		seg, err := src.ReadSegment(ctx)
		if err != nil {
			t.Fatalf("after %d segments: %v", len(segs), err)
		}
		if err := errors.Join(c.WriteSegment(ctx, seg), livewstest.CheckProof(seg)); err != nil {
			t.Fatal(err)
		}
		segs = append(segs, seg)
	}
	return segs
}

// TestChain passes a stream through three servers: every message arrives once, in
// order, with the bytes that it had, and each server asks its upstream once for all
// who read.
func TestChain(t *testing.T) {
	ingress := serve(t, new(livews.Streams))
	a := pass(t, ingress.URL)
	b := pass(t, a.URL)
	sink := publish(t, ingress, "site/cam1")
	feed(t, sink, livewstest.NewSource(nil), 2) // both init segments

	const readers, n = 5, 2 + 60
	var sources []livews.Source
	for range readers {
		sources = append(sources, open(t, follow(t, b.URL), "site/cam1"))
	}
	src := livewstest.NewSource(&livewstest.SourceOptions{Size: 70_000})
	var sent []*livews.Segment
	tee := livews.Tee(src, livews.SinkFunc(func(_ context.Context, seg *livews.Segment) error {
		sent = append(sent, seg)
		return nil
	}))
	feed(t, sink, tee, n)
	for i, src := range sources {
		for j, seg := range read(t, src, new(livewstest.Checker), n) {
			got, err := seg.Message()
			if err != nil {
				t.Fatal(err)
			}
			if want, _ := sent[j].Message(); !bytes.Equal(got, want) {
				t.Fatalf("reader %d: message %d at %v has other bytes", i, j, seg.Position)
			}
		}
	}
	for name, s := range map[string]*server{"ingress": ingress, "first relay": a} {
		if got := s.dialled.Load(); got != 1 {
			t.Errorf("%s was asked %d times, want once", name, got)
		}
	}
}

// TestEnd carries the clean end of a stream down the tree, and what is due before it.
func TestEnd(t *testing.T) {
	ingress := serve(t, new(livews.Streams))
	mid := pass(t, ingress.URL)
	sink := publish(t, ingress, "cam1")
	src := livewstest.NewSource(nil)
	feed(t, sink, src, 2+1)
	reader := open(t, follow(t, mid.URL), "cam1")
	feed(t, sink, src, 20)
	sink.Close()
	var c livewstest.Checker
	read(t, reader, &c, 2+21)
	if _, err := reader.ReadSegment(t.Context()); err != io.EOF {
		t.Errorf("after the end ReadSegment = %v, want io.EOF", err)
	}
	if _, err := follow(t, mid.URL).Open(t.Context(), &livews.Request{Name: "cam1"}); !errors.Is(err, livews.ErrNotFound) {
		t.Errorf("Open of an ended stream = %v, want ErrNotFound", err)
	}
}

// TestResume loses a server in the middle and goes on where it was when the server is
// back, within the group from which that begins itself: no hole, nothing twice.
func TestResume(t *testing.T) {
	ingress := serve(t, new(livews.Streams))
	sink := publish(t, ingress, "cam1")
	src := livewstest.NewSource(&livewstest.SourceOptions{Chunks: 100})
	feed(t, sink, src, 2+1)
	mid := pass(t, ingress.URL)
	addr := mid.Listener.Addr().String()
	reader := open(t, follow(t, mid.URL), "cam1")
	var c livewstest.Checker
	read(t, reader, &c, 2+1)
	for range 2 {
		feed(t, sink, src, 5)
		read(t, reader, &c, 5)
		mid.stop()
		feed(t, sink, src, 7)
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		up := follow(t, ingress.URL)
		mid = serveOn(t, ln, &livews.Streams{Open: up.Open})
		for got := 0; got < 7; { // the init segments come again
			if read(t, reader, &c, 1)[0].Type == livews.TypeChunk {
				got++
			}
		}
	}
	if c.Gaps > 0 {
		t.Errorf("%d gaps, want none", c.Gaps)
	}
}

// TestFinalEnd gives an end of the stream for ever, also when another stream of that name
// has come.
func TestFinalEnd(t *testing.T) {
	ingress := serve(t, new(livews.Streams))
	sink := publish(t, ingress, "cam1")
	src := livewstest.NewSource(nil)
	feed(t, sink, src, 2+1)
	reader := open(t, follow(t, ingress.URL), "cam1")
	var c livewstest.Checker
	read(t, reader, &c, 2+1)
	sink.Close()
	if seg, err := reader.ReadSegment(t.Context()); err != io.EOF {
		t.Fatalf("ReadSegment = %v, %v, want io.EOF", seg, err)
	}
	for streams := ingress.streams.List(t.Context()); len(streams) > 0; streams = ingress.streams.List(t.Context()) {
		time.Sleep(time.Millisecond)
	}
	feed(t, publish(t, ingress, "cam1"), livewstest.NewSource(&livewstest.SourceOptions{Epoch: 2}), 2+1)
	if seg, err := reader.ReadSegment(t.Context()); err != io.EOF {
		t.Errorf("ReadSegment = %v, %v after the end, want io.EOF", seg, err)
	}
}

// TestPrefers takes a stream from the first server that has it.
func TestPrefers(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	one, two := serve(t, new(livews.Streams)), serve(t, new(livews.Streams))
	feed(t, publish(t, one, "cam1"), livewstest.NewSource(nil), 3)
	feed(t, publish(t, two, "cam2"), livewstest.NewSource(nil), 3)
	up := follow(t, dead.URL, one.URL, two.URL)
	for _, name := range []string{"cam1", "cam2"} {
		read(t, open(t, up, name), new(livewstest.Checker), 3)
	}
	if _, err := up.Open(t.Context(), &livews.Request{Name: "cam3"}); !errors.Is(err, livews.ErrUnavailable) {
		t.Errorf("Open = %v, want ErrUnavailable as one server does not answer", err)
	}
	if _, err := follow(t, one.URL, two.URL).Open(t.Context(), &livews.Request{Name: "cam3"}); !errors.Is(err, livews.ErrNotFound) {
		t.Errorf("Open = %v, want ErrNotFound", err)
	}
}

func TestList(t *testing.T) {
	ingress := serve(t, new(livews.Streams))
	feed(t, publish(t, ingress, "cam1"), livewstest.NewSource(nil), 3)
	feed(t, publish(t, ingress, "cam2"), livewstest.NewSource(nil), 3)
	a := pass(t, ingress.URL)
	b := pass(t, a.URL, a.URL)
	read(t, open(t, follow(t, b.URL), "cam2"), new(livewstest.Checker), 3)
	eventually(t, "cam1 is known", func() bool { return lists(t, b, "cam1", 3) })
	list := b.streams.List(t.Context())
	var got []string
	for _, info := range list {
		got = append(got, fmt.Sprintf("%s %s %d hops %d tracks", info.Name, info.State, info.Hops, len(info.Tracks)))
	}
	if want := "cam1 idle 2 hops 2 tracks, cam2 live 2 hops 2 tracks"; strings.Join(got, ", ") != want {
		t.Errorf("list = %q, want %q", got, want)
	}
}

// TestListRing lets two servers be each other's upstream: the list comes quickly, and
// an unknown stream is refused rather than asked for in circles for ever.
func TestListRing(t *testing.T) {
	lnA, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	upA := follow(t, "http://"+lnA.Addr().String())
	b := serve(t, &livews.Streams{Open: upA.Open, Discover: upA.Discover})
	upB := follow(t, b.URL)
	a := serveOn(t, lnA, &livews.Streams{Open: upB.Open, Discover: upB.Discover})
	start := time.Now()
	if list := a.streams.List(t.Context()); len(list) != 0 {
		t.Errorf("List = %v", list)
	}
	if took := time.Since(start); took > patience {
		t.Errorf("the list took %v", took)
	}
	if _, _, err := a.streams.Join(t.Context(), "cam1"); err == nil {
		t.Error("a stream that nobody has is joined")
	}
}

func TestHandlerAnswers(t *testing.T) {
	ingress := serve(t, new(livews.Streams))
	feed(t, publish(t, ingress, "cam1"), livewstest.NewSource(nil), 3)
	node := pass(t, ingress.URL)
	upgrade := map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": "livews.1",
	}
	with := func(key, value string) map[string]string {
		h := map[string]string{key: value}
		for k, v := range upgrade {
			if k != key {
				h[k] = v
			}
		}
		return h
	}
	for _, tt := range []struct {
		name, path string
		header     map[string]string
		status     int
		body       string
	}{
		{"health", "/healthz", nil, 200, "ok"},
		{"list", "/streams", nil, 200, `"name":"cam1"`},
		{"description", "/live/cam1", nil, 200, `"codec":"avc1.42C01F"`},
		{"unknown stream described", "/live/no/such", nil, 404, `"stream":"no/such"`},
		{"unknown stream", "/live/nope", upgrade, 404, `"stream":"nope"`},
		{"bad name", "/live/a%20b", upgrade, 400, "invalid stream name"},
		{"no sub-protocol", "/live/cam1", with("Sec-WebSocket-Protocol", ""), 400, "livews.1"},
		{"other sub-protocol", "/live/cam1", with("Sec-WebSocket-Protocol", "livews.9, foo"), 400, "livews.1"},
		{"other origin", "/live/cam1", with("Origin", "http://evil.example"), 403, "http://evil.example"},
		{"bad tracks", "/live/cam1?tracks=x", upgrade, 400, "tracks"},
		{"bad start", "/live/cam1?start=now", upgrade, 400, "start"},
		{"bad after", "/live/cam1?after=1:2", upgrade, 400, "after"},
		{"bad version", "/live/cam1", with("Sec-WebSocket-Version", "12"), 400, "version"},
		{"unknown page", "/", nil, 404, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, node.URL+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range tt.header {
				req.Header.Set(k, v)
			}
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != tt.status || !strings.Contains(string(body), tt.body) {
				t.Errorf("status %d, body %q; want %d and %q in it", resp.StatusCode, body, tt.status, tt.body)
			}
		})
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// TestUnreachable answers 503 for a stream whose upstream does not answer, quickly.
func TestUnreachable(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	node := pass(t, dead.URL)
	resp, err := node.Client().Get(node.URL + "/live/cam1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || strings.Contains(string(body), "127.0.0.1") {
		t.Errorf("status %d, Retry-After %q, body %q", resp.StatusCode, resp.Header.Get("Retry-After"), body)
	}
}

func TestNewUpstreamRefuses(t *testing.T) {
	for _, urls := range [][]string{nil, {""}, {"localhost:8010"}, {"ftp://x"}, {"ws://"}, {"ws://ok", "%"}} {
		if _, err := relay.NewUpstream(&relay.UpstreamOptions{URLs: urls}); err == nil {
			t.Errorf("NewUpstream(%q) gives no error", urls)
		}
	}
}
