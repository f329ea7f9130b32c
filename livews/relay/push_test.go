package relay_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/ingress"
	"github.com/livews/websocketlivestream/livews/livewstest"
	"github.com/livews/websocketlivestream/livews/relay"
)

// station is a server that takes streams in and serves them, and whose network can be cut.
type station struct {
	streams *livews.Streams
	server  *httptest.Server
	handler *ingress.Handler
	live    *relay.Handler

	mu    sync.Mutex
	conns []net.Conn
}

// newStation returns a station at the address, or at a free one.
func newStation(t *testing.T, addr string, h *ingress.Handler) *station {
	t.Helper()
	s := &station{streams: &livews.Streams{Linger: 20 * time.Second}, handler: h}
	h.Streams = s.streams
	s.live = &relay.Handler{Streams: s.streams}
	mux := http.NewServeMux()
	mux.Handle("/publish/", http.StripPrefix("/publish", h))
	mux.Handle("/", s.live)
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewUnstartedServer(mux)
	s.server.Listener.Close()
	s.server.Listener = &recording{Listener: ln, station: s}
	s.server.Start()
	t.Cleanup(s.close)
	return s
}

// recording is a listener that keeps what it accepts.
type recording struct {
	net.Listener
	station *station
}

func (r *recording) Accept() (net.Conn, error) {
	c, err := r.Listener.Accept()
	if err == nil {
		r.station.mu.Lock()
		r.station.conns = append(r.station.conns, c)
		r.station.mu.Unlock()
	}
	return c, err
}

// cut cuts all connections.
func (s *station) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
	s.conns = nil
}

func (s *station) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = s.handler.Close()
	_ = s.live.Close(ctx)
	s.cut()
	s.server.Close()
	_ = s.streams.Close()
}

func (s *station) addr() string { return s.server.Listener.Addr().String() }

// watch reads the stream through a relay until done is closed and n more segments have
// come, and reports what breaks a promise.
func (s *station) watch(t *testing.T, after map[uint16]livews.Position, check *livewstest.Checker, n int) {
	t.Helper()
	up, err := relay.NewUpstream(&relay.UpstreamOptions{URLs: []string{"ws://" + s.addr()}})
	if err != nil {
		t.Fatal(err)
	}
	streams := &livews.Streams{Open: up.Open, Discover: up.Discover}
	defer streams.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, leave, err := join(ctx, streams)
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	sub := r.Subscribe(&livews.SubscribeOptions{After: after})
	for range n {
		seg, err := sub.ReadSegment(ctx)
		if err != nil {
			t.Fatalf("after %d segments: %v", check.Segments, err)
		}
		if err := check.WriteSegment(ctx, seg); err != nil {
			t.Error(err)
		}
	}
}

// join waits until the stream is there.
func join(ctx context.Context, streams *livews.Streams) (*livews.Relay, func(), error) {
	for {
		r, leave, err := streams.Join(ctx, "cam1")
		if err == nil || !errors.Is(err, livews.ErrNotFound) && !errors.Is(err, livews.ErrUnavailable) {
			return r, leave, err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// camera is a live source of groups of 0.2 s.
func camera(groups int) livews.Source {
	return livewstest.NewSource(&livewstest.SourceOptions{ChunkDuration: 20 * time.Millisecond, Pace: true, Groups: groups, Epoch: 7, Size: 3000})
}

// pushing runs a Push in the background.
func pushing(t *testing.T, url string, src livews.Source, opts *relay.PushOptions) (end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- relay.Push(ctx, url, src, opts) }()
	var once sync.Once
	var err error
	end = func() error {
		once.Do(func() {
			cancel()
			err = <-result
		})
		return err
	}
	t.Cleanup(func() { _ = end() })
	return end
}

// TestPush pushes a whole stream: what comes out is the same, to the byte.
func TestPush(t *testing.T) {
	s := newStation(t, "127.0.0.1:0", &ingress.Handler{})
	pushed := make(chan error, 1)
	go func() {
		pushed <- relay.Push(t.Context(), "ws://"+s.addr()+"/publish/cam1", camera(10), nil)
	}()
	r, leave, err := join(t.Context(), s.streams)
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	check := &livewstest.Checker{Proof: true, Chunks: 10}
	err = livews.Copy(t.Context(), check, r.Subscribe(&livews.SubscribeOptions{Start: livews.StartOldest}))
	if err != nil {
		t.Errorf("the stream ends with %v, want a clean end", err)
	}
	if want := 2 + 2*10*10; check.Segments != want || check.Gaps != 0 {
		t.Errorf("%d segments, %d gaps, want %d and none", check.Segments, check.Gaps, want)
	}
	if err := <-pushed; err != nil {
		t.Errorf("Push = %v", err)
	}
}

// TestPushNetworkCut cuts the line, several times: nothing is lost and nothing comes
// twice.
func TestPushNetworkCut(t *testing.T) {
	s := newStation(t, "127.0.0.1:0", &ingress.Handler{})
	end := pushing(t, "ws://"+s.addr()+"/publish/cam1", camera(0), nil)
	check := &livewstest.Checker{Proof: true, Chunks: 10}
	r, leave, err := join(t.Context(), s.streams)
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	sub := r.Subscribe(nil)
	for i := range 300 { // 3 s
		if i%90 == 50 {
			s.cut()
		}
		seg, err := sub.ReadSegment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := check.WriteSegment(t.Context(), seg); err != nil {
			t.Error(err)
		}
	}
	if check.Gaps > 0 {
		t.Errorf("%d gaps, want none: the window has it all", check.Gaps)
	}
	if err := end(); !errors.Is(err, context.Canceled) {
		t.Errorf("Push = %v, want its context's error", err)
	}
}

// TestPushServerRestart has the server be away, come, go and come back: the source is one
// and the same.
func TestPushServerRestart(t *testing.T) {
	spare, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := spare.Addr().String()
	spare.Close()
	end := pushing(t, "ws://"+addr+"/publish/cam1", camera(0), nil)
	time.Sleep(300 * time.Millisecond) // the first dial fails
	for range 2 {
		s := newStation(t, addr, &ingress.Handler{})
		s.watch(t, nil, &livewstest.Checker{Proof: true, Chunks: 10}, 100)
		s.close()
	}
	if err := end(); !errors.Is(err, context.Canceled) {
		t.Errorf("Push = %v, want its context's error", err)
	}
}

// TestPushIsRefused gives up where there is no use in trying.
func TestPushIsRefused(t *testing.T) {
	s := newStation(t, "127.0.0.1:0", &ingress.Handler{Authorize: func(r *http.Request, _ string) error {
		if r.Header.Get("Authorization") != "Bearer right" {
			return errors.New("who are you?")
		}
		return nil
	}})
	url := "ws://" + s.addr() + "/publish/cam1"
	header := http.Header{"Authorization": {"Bearer right"}}
	pushing(t, url, camera(0), &relay.PushOptions{Header: header})
	_, leave, err := join(t.Context(), s.streams)
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	for name, tt := range map[string]struct {
		url    string
		header http.Header
		src    livews.Source
		says   string
	}{
		"no right":    {url, nil, camera(0), "who are you?"},
		"bad name":    {"ws://" + s.addr() + "/publish/a%20b", header, camera(0), "400"},
		"taken":       {url, header, camera(0), "being published"},
		"no URL":      {"cam1", header, camera(0), "want a URL"},
		"bad source":  {url, header, livews.SourceFunc(func(context.Context) (*livews.Segment, error) { return nil, io.ErrUnexpectedEOF }), "unexpected EOF"},
		"empty":       {url, header, livews.SourceFunc(func(context.Context) (*livews.Segment, error) { return nil, io.EOF }), ""},
		"epoch of no": {"ws://" + s.addr() + "/publish/cam2", header, livewstest.NewSource(&livewstest.SourceOptions{Epoch: 4e9, Pace: true}), "epoch"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := relay.Push(ctx, tt.url, tt.src, &relay.PushOptions{Header: tt.header})
		if ctx.Err() != nil || (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: Push = %v, want %q", name, err, tt.says)
		}
		cancel()
	}
}
