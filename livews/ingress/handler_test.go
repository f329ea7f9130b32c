package ingress

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/internal/memnet"
	"github.com/livews/websocketlivestream/livews"
)

// site is a server with a Handler at /publish/.
type site struct {
	*Handler
	server *httptest.Server
	memory *memnet.Listener // its network, or nil
}

func newSite(t *testing.T, h *Handler) *site {
	t.Helper()
	server := unstarted(h)
	server.Start()
	return serveSite(t, h, server)
}

// newMemorySite returns a site for tests in virtual time.
func newMemorySite(t *testing.T, h *Handler) *site {
	t.Helper()
	return startInMemory(t, h, unstarted(h))
}

// startInMemory starts the server of a site with a network in memory.
func startInMemory(t *testing.T, h *Handler, server *httptest.Server) *site {
	t.Helper()
	memory := memnet.Listen()
	_ = server.Listener.Close()
	server.Listener = memory
	if server.EnableHTTP2 {
		server.StartTLS()
	} else {
		server.Start()
	}
	s := serveSite(t, h, server)
	s.memory = memory
	server.Client().Transport.(*http.Transport).DialContext = memory.Dial
	return s
}

// unstarted returns a server with h, which gets Streams if it has none.
func unstarted(h *Handler) *httptest.Server {
	if h.Streams == nil {
		h.Streams = &livews.Streams{Linger: patience} // that of a slow machine
	}
	mux := http.NewServeMux()
	mux.Handle("/publish/", http.StripPrefix("/publish", h))
	return httptest.NewUnstartedServer(mux)
}

// serveSite returns the site on a server that runs.
func serveSite(t *testing.T, h *Handler, server *httptest.Server) *site {
	s := &site{Handler: h, server: server}
	t.Cleanup(func() {
		_ = h.Close()
		s.server.Close()
		_ = h.Streams.Close()
	})
	return s
}

// do sends a request and returns the status and the error that the answer tells.
func (s *site) do(t *testing.T, method, path string, body io.Reader) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.server.URL+"/publish"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode < 400 {
		return resp.StatusCode, ""
	}
	var f failure
	if err := json.Unmarshal(text, &f); err != nil {
		t.Errorf("%s %s answers %q, want JSON", method, path, text)
	}
	return resp.StatusCode, f.Error
}

func TestHandlerRefuses(t *testing.T) {
	s := newSite(t, &Handler{Authorize: func(_ *http.Request, name string) error {
		if strings.HasPrefix(name, "private") {
			return errors.New("not yours")
		}
		return nil
	}})
	page := bytes.Repeat([]byte("<html>not a film</html>"), 100)
	big := append([]byte("\x7f\xff\xff\xffmoov"), make([]byte, 64<<10)...)
	tests := []struct {
		method, path string
		body         []byte
		status       int
		says         string
	}{
		{"PUT", "/a%20b", clip1, 400, "character"},
		{"PUT", "/", clip1, 400, "empty"},
		{"PUT", "/video.mp4", clip1, 400, "looks like a file"},
		{"PUT", "/cam/a%0ab.m4s", clip1, 400, "character"},
		{"PUT", "/cam/Streams()", clip1, 400, "file name"},
		{"PUT", "/" + strings.Repeat("n", 300), clip1, 400, "300 bytes"},
		{"PUT", "/private/cam", clip1, 403, "not yours"},
		{"DELETE", "/private/cam", nil, 403, "not yours"},
		{"GET", "/cam", nil, 405, "PUT"},
		{"PATCH", "/cam", clip1, 405, "PUT"},
		{"DELETE", "/cam", nil, 404, "nothing"},
		{"POST", "/cam", []byte("\x00\x00\x00\x18stypmsdh\x00\x00\x00\x00msdhmsix"), 412, "init segment"},
		{"POST", "/cam", page, 415, "HTML"},
		{"POST", "/cam", []byte("oops"), 400, "EOF"},
		{"POST", "/cam", append(clip1[:28:28], "\x00\x00\x00\x10\x01\x02\x03\x04 garbage"...), 400, "malformed"},
		{"POST", "/cam", big, 413, "at most"},
		{"POST", "/cam", nil, 200, ""},
	}
	for _, tt := range tests {
		status, says := s.do(t, tt.method, tt.path, bytes.NewReader(tt.body))
		if status != tt.status || !strings.Contains(says, tt.says) {
			t.Errorf("%s %s = %d %q, want %d and %q", tt.method, tt.path, status, says, tt.status, tt.says)
		}
	}
	if list := s.Streams.List(t.Context()); len(list) > 0 {
		t.Errorf("refused publishers have left %d streams", len(list))
	}
}

func TestHandlerPage(t *testing.T) {
	s := newSite(t, &Handler{Page: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Path)
	})})
	if status, _ := s.do(t, "GET", "/cam", nil); status != http.StatusOK {
		t.Errorf("GET = %d, want the page", status)
	}
}

// publishing starts a request whose body goes on until the writer is closed.
func (s *site) publishing(t *testing.T, path string) (*io.PipeWriter, <-chan int) {
	t.Helper()
	r, w := io.Pipe()
	status := make(chan int, 1)
	go func() {
		defer close(status)
		req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodPost, s.server.URL+"/publish"+path, r)
		if err != nil {
			return
		}
		resp, err := s.server.Client().Do(req)
		if err != nil {
			return
		}
		_ = resp.Body.Close()
		status <- resp.StatusCode
	}()
	t.Cleanup(func() { _ = w.CloseWithError(errors.New("the test has ended")); <-status })
	return w, status
}

// chunks reads until n chunks of each of the tracks have come, or the time is up.
func readChunks(t *testing.T, src livews.Source, n int, tracks ...uint16) []*livews.Segment {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	count := make(map[uint16]int)
	var got []*livews.Segment
	for {
		done := true
		for _, track := range tracks {
			done = done && count[track] >= n
		}
		if done {
			return got
		}
		seg, err := src.ReadSegment(ctx)
		if err != nil {
			t.Fatalf("after %d segments: %v", len(got), err)
		}
		got = append(got, seg)
		if seg.Type == livews.TypeChunk {
			count[seg.Track]++
		}
	}
}

// watch joins a stream that is about to begin.
func (s *site) watch(t *testing.T, name string) *livews.Subscription {
	t.Helper()
	for range patience / (10 * time.Millisecond) {
		relay, leave, err := s.Streams.Join(t.Context(), name)
		if err == nil {
			t.Cleanup(leave)
			return relay.Subscribe(&livews.SubscribeOptions{Start: livews.StartOldest})
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("there is no stream %q", name)
	return nil
}

func TestHandlerUpload(t *testing.T) {
	s := newSite(t, &Handler{})
	w, status := s.publishing(t, "/cam")
	_, _ = w.Write(clip1)
	sub := s.watch(t, "cam")
	readChunks(t, sub, 30, 1, 2)
	if got, says := s.do(t, "PUT", "/cam", bytes.NewReader(clip1)); got != http.StatusConflict {
		t.Errorf("a second publisher gets %d %q, want 409", got, says)
	}
	_ = w.Close()
	if got := <-status; got != http.StatusOK {
		t.Errorf("the publisher gets %d at the end, want 200", got)
	}
	for {
		if _, err := sub.ReadSegment(t.Context()); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("end = %v, want io.EOF", err)
		}
	}
}

func TestHandlerComesBack(t *testing.T) {
	s := newSite(t, &Handler{})
	w, status := s.publishing(t, "/cam")
	_, _ = w.Write(clip1)
	sub := s.watch(t, "cam")
	before := readChunks(t, sub, 100, 1, 2)
	_ = w.CloseWithError(errors.New("the cable is cut"))
	<-status
	for s.Streams.HasSource("cam") {
		time.Sleep(time.Millisecond)
	}
	w, _ = s.publishing(t, "/cam")
	_, _ = w.Write(clip1)
	for {
		seg := readChunks(t, sub, 1, 1)
		if last := seg[len(seg)-1].Position; last.Epoch > before[0].Position.Epoch {
			return
		}
	}
}

func TestHandlerTakeOver(t *testing.T) {
	s := newSite(t, &Handler{TakeOver: true})
	w, status := s.publishing(t, "/cam")
	_, _ = w.Write(clip1)
	sub := s.watch(t, "cam")
	before := readChunks(t, sub, 30, 1, 2)
	if got, _ := s.do(t, "PUT", "/cam", bytes.NewReader(clip1)); got != http.StatusConflict {
		t.Errorf("who does not ask gets %d, want 409", got)
	}
	w2, _ := s.publishing(t, "/cam?takeover=1")
	_, _ = w2.Write(clip1)
	if got := <-status; got != http.StatusConflict {
		t.Errorf("who was taken over gets %d, want 409", got)
	}
	for {
		seg := readChunks(t, sub, 1, 1)
		if last := seg[len(seg)-1].Position; last.Epoch > before[0].Position.Epoch {
			return
		}
	}
}

func TestHandlerSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemorySite(t, &Handler{})
		w, status := s.publishing(t, "/cam")
		_, _ = w.Write(clip1[:len(clip1)/2])
		began := time.Now()
		if got := <-status; got != http.StatusRequestTimeout {
			t.Errorf("a publisher that falls silent gets %d, want 408", got)
		}
		if took := time.Since(began); took != defaultPublisherSilence {
			t.Errorf("it has been silent for %v, want %v", took, defaultPublisherSilence)
		}
		if s.Streams.HasSource("cam") {
			t.Error("its name is not free")
		}
	})
}

func TestHandlerNameOfAnother(t *testing.T) {
	s := newSite(t, &Handler{})
	src, err := NewClip(1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Streams.Publish(ctx, "cam", src) }()
	s.watch(t, "cam")
	if got, says := s.do(t, "PUT", "/cam", bytes.NewReader(clip1)); got != http.StatusConflict {
		t.Errorf("name of a webcam = %d %q, want 409", got, says)
	}
	cancel()
	<-done
}

func TestParseTarget(t *testing.T) {
	tests := []struct {
		path string
		want target
	}{
		{"/cam", target{"cam", ""}},
		{"/cam/", target{"cam", ""}},
		{"/hall/cam.1", target{"hall/cam.1", ""}},
		{"/cam/manifest.mpd", target{"cam", "manifest.mpd"}},
		{"/hall/cam/chunk-0-00001.M4S", target{"hall/cam", "chunk-0-00001.M4S"}},
		{"/cam.isml/Streams(video.cmfv)", target{"cam.isml", "video.cmfv"}},
		{"/cam/Streams(main)", target{"cam", "main"}},
	}
	for _, tt := range tests {
		got, err := parseTarget(tt.path)
		if err != nil || got != tt.want {
			t.Errorf("parseTarget(%q) = %v, %v, want %v", tt.path, got, err, tt.want)
		}
	}
}

func TestParseTargetRefuses(t *testing.T) {
	for _, path := range []string{"", "/", "//", "/a//b", "/../etc/passwd", "/a/../b", "/./a", "/a\\b", "/cam/a\x00.m4s", "/.m4s"} {
		if got, err := parseTarget(path); !errors.Is(err, livews.ErrName) {
			t.Errorf("parseTarget(%q) = %v, %v, want an error about the name", path, got, err)
		}
	}
}

// TestHandlerOutlivesTimeouts publishes for longer than the server's own timeouts, over
// HTTP/1.1 and HTTP/2.
func TestHandlerOutlivesTimeouts(t *testing.T) {
	for _, two := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) { testOutlivesTimeouts(t, two) })
	}
}

func testOutlivesTimeouts(t *testing.T, two bool) {
	h := new(Handler)
	server := unstarted(h)
	server.Config.ReadTimeout, server.Config.WriteTimeout = 2*time.Second, 2*time.Second
	server.EnableHTTP2 = two
	s := startInMemory(t, h, server)
	w, status := s.publishing(t, "/cam")
	for part := range slices.Chunk(clip1, 1+len(clip1)/6) {
		_, _ = w.Write(part)
		time.Sleep(time.Second)
	}
	_ = w.Close()
	if got := <-status; got != http.StatusOK {
		t.Errorf("HTTP/2 %v: an upload of 6 s gets %d, want 200", two, got)
	}
	w, status = s.publishing(t, "/cam")
	_, _ = w.Write(clip1[:len(clip1)/2])
	if got := <-status; got != http.StatusRequestTimeout {
		t.Errorf("HTTP/2 %v: a publisher that falls silent gets %d, want 408", two, got)
	}
}

// TestHandlerOfADeadConnection lets a publisher back whose old connection has not been
// found to be broken.
func TestHandlerOfADeadConnection(t *testing.T) {
	s := newSite(t, &Handler{Silence: time.Hour})
	w, status := s.publishing(t, "/cam")
	_, _ = w.Write(clip1)
	readChunks(t, s.watch(t, "cam"), 240, 1) // all of it has been read
	s.mu.Lock()
	b := s.turns["cam"].body
	s.mu.Unlock()
	b.mu.Lock()
	b.last = b.last.Add(-stallPatience) // nothing came since
	b.mu.Unlock()
	w, _ = s.publishing(t, "/cam")
	_, _ = w.Write(clip1)
	select {
	case got := <-status:
		if got != http.StatusRequestTimeout {
			t.Errorf("the old connection gets %d, want 408", got)
		}
	case <-time.After(patience):
		t.Fatal("the old connection keeps the name")
	}
}

// TestHandlerUnderFire has many clients send what is wrong, cut or slow, while one publishes.
func TestHandlerUnderFire(t *testing.T) {
	synctest.Test(t, testUnderFire)
}

func testUnderFire(t *testing.T) {
	video, _ := parts(t)
	s := newMemorySite(t, &Handler{Silence: 300 * time.Millisecond})
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			bad := video.between(0, time.Second)
			bad[i%len(bad)] ^= 0xff
			path := []string{"/good/", "/bad/"}[i%2] + []string{"9.m4s", "init.mp4", "x.cmfv", "manifest.mpd"}[i%4]
			var in io.Reader = bytes.NewReader(bad[:min(len(bad), 40*i)])
			if i%5 == 0 {
				in = io.MultiReader(in, slow{})
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.server.URL+"/publish"+path, in)
			if err != nil {
				return
			}
			if resp, err := s.server.Client().Do(req); err == nil {
				_ = resp.Body.Close()
			}
		})
	}
	s.put(t, "/good/init-v.mp4", video.init)
	for i := range 4 {
		at := time.Duration(2*i) * time.Second
		s.put(t, fmt.Sprintf("/good/v-%d.m4s", i+1), video.between(at, at+2*time.Second))
	}
	got := readChunks(t, s.watch(t, "good"), 200, 1)
	for i := 1; i < len(got); i++ {
		if got[i].Type == livews.TypeChunk && !got[i].Position.After(got[i-1].Position) && got[i-1].Type == livews.TypeChunk {
			t.Fatalf("position %v follows %v", got[i].Position, got[i-1].Position)
		}
	}
	group.Wait()
}

// slow is a Reader that gives nothing for a while, and then fails.
type slow struct{}

func (slow) Read([]byte) (int, error) {
	time.Sleep(500 * time.Millisecond)
	return 0, errors.New("slow")
}

// TestHandlerTrickle holds a name with a byte now and then: not for long.
func TestHandlerTrickle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemorySite(t, &Handler{})
		w, status := s.publishing(t, "/cam")
		_, _ = w.Write(clip1[:len(clip1)/2])
		began := time.Now()
		var writing sync.WaitGroup
		defer writing.Wait()
		defer w.Close()
		writing.Go(func() {
			for _, err := w.Write([]byte("x")); err == nil; _, err = w.Write([]byte("x")) {
				time.Sleep(defaultPublisherSilence - time.Second)
			}
		})
		if got := <-status; got != http.StatusRequestTimeout {
			t.Errorf("a publisher that trickles gets %d, want 408", got)
		}
		if took := time.Since(began); took > defaultPublisherSilence {
			t.Errorf("it was heard for %v, want %v", took, defaultPublisherSilence)
		}
	})
}

// TestHandlerMemory refuses who sends more than there is room for, and nobody else.
func TestHandlerMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		video, _ := parts(t)
		s := newMemorySite(t, &Handler{MaxMemory: 4 << 20})
		s.put(t, "/cam/init.mp4", video.init)
		w, status := s.publishing(t, "/greedy/video.cmfv")
		_, _ = w.Write(video.init)
		moof := video.chunks[0].Payload
		_, _ = w.Write(moof[:bytes.Index(moof, []byte("mdat"))-4])
		_, _ = w.Write([]byte("\x00\xe0\x00\x00mdat")) // 14 MiB
		var writing sync.WaitGroup
		defer writing.Wait()
		defer w.Close()
		writing.Go(func() {
			for err := error(nil); err == nil; {
				_, err = w.Write(make([]byte, 64<<10))
			}
		})
		if got := <-status; got != http.StatusServiceUnavailable {
			t.Errorf("who sends too much gets %d, want 503", got)
		}
		s.put(t, "/cam/1.m4s", video.between(0, 2*time.Second))
		readChunks(t, s.watch(t, "cam"), 50, 1)
		s.mu.Lock()
		b := s.budget
		s.mu.Unlock()
		b.mu.Lock()
		defer b.mu.Unlock()
		if held := b.held; held > 1<<20 {
			t.Errorf("%d bytes are held, want no more of who was refused", held)
		}
	})
}

func TestHandlerPreflight(t *testing.T) {
	s := newSite(t, &Handler{Origins: []string{"studio.example"}})
	for origin, want := range map[string]int{"https://studio.example": 204, "https://evil.example": 403, "": 204} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, s.server.URL+"/publish/cam/1.m4s", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Access-Control-Request-Method", "PUT")
		if origin != "" {
			req.Header.Set("Origin", origin)
		}
		resp, err := s.server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		allowed := resp.Header.Get("Access-Control-Allow-Origin") == origin && strings.Contains(resp.Header.Get("Access-Control-Allow-Methods"), "PUT")
		if resp.StatusCode != want || allowed != (want == 204 && origin != "") {
			t.Errorf("origin %q: %d, %v, want %d", origin, resp.StatusCode, resp.Header, want)
		}
	}
}
