package edge_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
	"github.com/livews/websocketlivestream/livews/edge"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// media returns the segments of a real stream, with positions: groups begin with the
// sync samples of the video track.
func media(t *testing.T) []*livews.Segment {
	t.Helper()
	f, err := os.Open("../dash/testdata/live.mp4")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var (
		segs  []*livews.Segment
		group = uint32(0)
		next  = make(map[uint16]livews.Position)
		video uint16
	)
	for seg, err := range livews.All(t.Context(), dash.NewSplitter(f, nil)) {
		if err != nil {
			t.Fatal(err)
		}
		if seg.Type == livews.TypeInit {
			if seg.Info.Kind == livews.KindVideo {
				video = seg.Track
			}
			seg.Position.Epoch = 1
		} else {
			if seg.Track == video && seg.Flags.Has(livews.FlagSync) {
				group++
			}
			p := next[seg.Track]
			if p.Group != group {
				p = livews.Position{Epoch: 1, Group: group}
				seg.Flags |= livews.FlagFirst
			}
			seg.Position = p
			p.Chunk++
			next[seg.Track] = p
		}
		segs = append(segs, seg)
	}
	return segs
}

// publish publishes src until the test ends.
func publish(t *testing.T, streams *livews.Streams, name string) *livews.PipeSink {
	t.Helper()
	src, sink := livews.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = streams.Publish(t.Context(), name, src)
	}()
	t.Cleanup(func() {
		sink.Close()
		<-done
	})
	awaitSource(t, streams, name)
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

func write(t *testing.T, sink livews.Sink, segs []*livews.Segment) {
	t.Helper()
	for _, seg := range segs {
		if err := sink.WriteSegment(t.Context(), seg); err != nil {
			t.Fatal(err)
		}
	}
}

// serve mounts h at a prefix.
func serve(t *testing.T, h *edge.Handler) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/tv/", http.StripPrefix("/tv", h))
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		h.Streams.Close()
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

func dial(t *testing.T, url string, protocols ...string) *websocket.Conn {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{Subprotocols: protocols})
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(livews.MaxMessage)
	t.Cleanup(func() { ws.CloseNow() })
	return ws
}

func readMessage(t *testing.T, ws *websocket.Conn) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	typ, msg, err := ws.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if typ != websocket.MessageBinary {
		t.Fatalf("text message %q", msg)
	}
	return msg
}

// TestPlain gives a client that knows nothing of the protocol a file that can be
// parsed from its first byte, and ends it with close code 1000.
func TestPlain(t *testing.T) {
	h := &edge.Handler{Streams: new(livews.Streams)}
	server := serve(t, h)
	sink := publish(t, h.Streams, "cam1")
	segs := media(t)
	write(t, sink, segs[:len(segs)/2])
	for range 2 { // the second takes the merged init segment of the first
		ws := dial(t, server.URL+"/tv/live/cam1")
		if got := ws.Subprotocol(); got != "" {
			t.Errorf("sub-protocol %q", got)
		}
		init, err := dash.ParseInit(readMessage(t, ws))
		if err != nil || len(init.Tracks) != 2 {
			t.Fatalf("first message: %d tracks, %v", len(init.Tracks), err)
		}
		chunk, err := dash.ParseChunk(init, readMessage(t, ws))
		if err != nil || !chunk.Sync {
			t.Errorf("second message: sync %v, %v", chunk.Sync, err)
		}
	}
	// A position in the middle of a group says nothing to a plain client.
	ws := dial(t, server.URL+"/tv/live/cam1?after=1:1.1.0,2:1.1.0")
	write(t, sink, segs[len(segs)/2:])
	sink.Close()
	init, err := dash.ParseInit(readMessage(t, ws))
	if err != nil {
		t.Fatal(err)
	}
	for first := true; ; first = false {
		_, msg, err := ws.Read(t.Context())
		if err != nil {
			if got := websocket.CloseStatus(err); got != websocket.StatusNormalClosure {
				t.Errorf("closed with %v, want 1000", err)
			}
			return
		}
		chunk, err := dash.ParseChunk(init, msg)
		if err != nil || (first && !chunk.Sync) {
			t.Errorf("chunk: sync %v, %v", chunk.Sync, err)
		}
	}
}

// TestPlainCannotFollow ends a plain client whose tracks change, and lets it follow
// where only the parameters do.
func TestPlainCannotFollow(t *testing.T) {
	segs := media(t)
	restart := func(epoch uint32, tracks int) []*livews.Segment {
		var again []*livews.Segment
		for _, seg := range segs {
			if int(seg.Track) > tracks {
				continue
			}
			p := seg.Position
			p.Epoch = epoch
			again = append(again, &livews.Segment{
				Type: seg.Type, Flags: seg.Flags, Track: seg.Track, Position: p, Info: seg.Info, Payload: seg.Payload,
			})
		}
		return again
	}
	h := &edge.Handler{Streams: new(livews.Streams)}
	server := serve(t, h)
	sink := publish(t, h.Streams, "cam1")
	write(t, sink, segs)
	ws := dial(t, server.URL+"/tv/live/cam1")
	first := readMessage(t, ws)
	write(t, sink, restart(2, 2))
	for !bytes.Equal(readMessage(t, ws), first) { // the init segment again, for the new epoch
	}
	write(t, sink, restart(3, 1))
	for {
		if _, _, err := ws.Read(t.Context()); err != nil {
			if got := websocket.CloseStatus(err); got != websocket.StatusNormalClosure {
				t.Errorf("closed with %v, want 1000", err)
			}
			return
		}
	}
}

// TestProtocol serves livews.1 as a relay does.
func TestProtocol(t *testing.T) {
	h := &edge.Handler{Streams: new(livews.Streams)}
	server := serve(t, h)
	sink := publish(t, h.Streams, "cam1")
	segs := media(t)
	write(t, sink, segs)
	ws := dial(t, server.URL+"/tv/live/cam1?start=oldest", "livews.1")
	var c livewstest.Checker
	for i, want := range segs {
		seg, err := livews.ParseMessage(readMessage(t, ws))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.WriteSegment(t.Context(), seg); err != nil {
			t.Error(err)
		}
		if i == 0 && seg.Type != livews.TypeInit {
			t.Error("no init segment first")
		}
		if seg.Type == livews.TypeChunk && (seg.Track != want.Track || seg.Position != want.Position) {
			t.Errorf("segment %d is %d:%v, want %d:%v", i, seg.Track, seg.Position, want.Track, want.Position)
		}
	}
	sink.Close()
	typ, text, err := ws.Read(t.Context())
	if typ != websocket.MessageText || !strings.Contains(string(text), `"type":"end"`) {
		t.Errorf("after the end: %q, %v", text, err)
	}
}

// TestSelect changes a viewer's tracks over its connection.
func TestSelect(t *testing.T) {
	h := &edge.Handler{Streams: new(livews.Streams)}
	server := serve(t, h)
	sink := publish(t, h.Streams, "cam1")
	segs := media(t)
	write(t, sink, segs[:len(segs)/2])
	ws := dial(t, server.URL+"/tv/live/cam1?tracks=1", "livews.1")
	if msg := readMessage(t, ws); msg[0] != byte(livews.TypeInit) || msg[3] != 1 {
		t.Fatalf("first message begins %x", msg[:4])
	}
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(`{"type":"select","tracks":[2],"later":1}`)); err != nil {
		t.Fatal(err)
	}
	for {
		msg := readMessage(t, ws)
		if msg[0] == byte(livews.TypeInit) && msg[3] == 2 {
			break
		}
	}
	write(t, sink, segs[len(segs)/2:])
	for range 5 {
		if msg := readMessage(t, ws); msg[3] != 2 {
			t.Fatalf("track %d after the change", msg[3])
		}
	}
}

// TestSwitch changes a viewer's track at a border of groups: the old one goes on to the end
// of its group.
func TestSwitch(t *testing.T) {
	h := &edge.Handler{Streams: new(livews.Streams)}
	server := serve(t, h)
	sink := publish(t, h.Streams, "cam1")
	src := livewstest.NewSource(&livewstest.SourceOptions{Chunks: 5})
	fill := func(n int) {
		t.Helper()
		for range n {
			seg, err := src.ReadSegment(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			write(t, sink, []*livews.Segment{seg})
		}
	}
	fill(2 + 2*2)
	ws := dial(t, server.URL+"/tv/live/cam1?tracks=1", "livews.1")
	for range 3 { // init and two chunks
		readMessage(t, ws)
	}
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(`{"type":"select","tracks":[2],"at":"group"}`)); err != nil {
		t.Fatal(err)
	}
	if msg := readMessage(t, ws); msg[0] != byte(livews.TypeInit) || msg[3] != 2 {
		t.Fatalf("after the select a message that begins %x, want the init segment of track 2", msg[:4])
	}
	fill(2 * 5)
	var got []string
	for range 5 {
		msg := readMessage(t, ws)
		got = append(got, fmt.Sprintf("%d:%d.%d", msg[3], msg[11], msg[15]))
	}
	if want := []string{"1:0.2", "1:0.3", "1:0.4", "2:1.0", "2:1.1"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestViolation closes on a viewer that does not keep to the protocol.
func TestViolation(t *testing.T) {
	for name, send := range map[string]func(*websocket.Conn) error{
		"binary": func(ws *websocket.Conn) error { return ws.Write(t.Context(), websocket.MessageBinary, []byte("x")) },
		"no JSON": func(ws *websocket.Conn) error {
			return ws.Write(t.Context(), websocket.MessageText, []byte("hello"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := &edge.Handler{Streams: new(livews.Streams)}
			server := serve(t, h)
			publish(t, h.Streams, "cam1")
			ws := dial(t, server.URL+"/tv/live/cam1", "livews.1")
			if err := send(ws); err != nil {
				t.Fatal(err)
			}
			if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != 4300 {
				t.Errorf("closed with %v, want 4300", err)
			}
		})
	}
}

// TestShutdown tells viewers that the server goes, which is not the stream's end.
func TestShutdown(t *testing.T) {
	h := &edge.Handler{Streams: new(livews.Streams)}
	server := serve(t, h)
	publish(t, h.Streams, "cam1")
	ws := dial(t, server.URL+"/tv/live/cam1", "livews.1")
	h.Streams.Close()
	if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != 4100 {
		t.Errorf("closed with %v, want 4100", err)
	}
}

func get(t *testing.T, url string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

var assetLink = regexp.MustCompile(`(?:src|href)="(assets/[^"]+)"`)

// TestPages serves pages whose links hold at every depth below the prefix, and which
// hold to their own Content-Security-Policy.
func TestPages(t *testing.T) {
	h := &edge.Handler{Streams: new(livews.Streams), Title: "My <TV>", Publisher: http.NotFoundHandler()}
	server := serve(t, h)
	for path, base := range map[string]string{
		"/tv/": "./", "/tv/live/cam1": "../", "/tv/live/a/b/c": "../../../", "/tv/live/a%2Fb/c": "../../", "/tv/publish/a/b": "../../",
		"/tv/embed/cam1": "../", "/tv/embed/a/b": "../../", "/tv/multi": "./", "/tv/api": "./", "/tv/multi?s=a/b&s=c": "./",
	} {
		resp, page := get(t, server.URL+path)
		if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: status %d, %s", path, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
		if !strings.Contains(page, `<base href="`+base+`">`) {
			t.Errorf("%s: no base %q", path, base)
		}
		if !strings.Contains(page, "My &lt;TV&gt;") {
			t.Errorf("%s: the title is not there", path)
		}
		if strings.Contains(page, "<script>") || strings.Contains(page, " style=") || strings.Contains(page, "<style") {
			t.Errorf("%s: inline script or style", path)
		}
		if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: Content-Security-Policy %q", path, csp)
		}
		links := assetLink.FindAllStringSubmatch(page, -1)
		if len(links) == 0 {
			t.Errorf("%s: no links to assets", path)
		}
		for _, l := range links {
			checkAsset(t, server.URL+"/tv/"+l[1])
		}
		checkModules(t, page)
	}
	if resp, _ := get(t, server.URL+"/tv/live/a%20b"); resp.StatusCode != 404 {
		t.Errorf("page of an impossible stream: status %d", resp.StatusCode)
	}
}

// checkModules wants the page to load each of its scripts at once.
func checkModules(t *testing.T, page string) {
	t.Helper()
	named := make(map[string]int)
	for _, m := range regexp.MustCompile(`rel="modulepreload" href="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		named[m[1]]++
	}
	for _, m := range regexp.MustCompile(`<script type="module" src="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if named[m[1]] != 1 {
			t.Errorf("%s is named %d times", m[1], named[m[1]])
		}
		delete(named, m[1])
	}
	if len(named) > 0 {
		t.Errorf("%v are no scripts of the page", named)
	}
}

// TestVersion lets browsers keep what is below the version of the page, and nothing else.
func TestVersion(t *testing.T) {
	server := serve(t, &edge.Handler{Streams: new(livews.Streams)})
	_, page := get(t, server.URL+"/tv/")
	current := assetLink.FindStringSubmatch(page)[1]
	for path, want := range map[string]string{
		current:                             "public, max-age=31536000, immutable",
		"assets/0123456789abcdef/player.js": "no-cache",
		"assets/player.js":                  "no-cache",
	} {
		resp, body := get(t, server.URL+"/tv/"+path)
		if got := resp.Header.Get("Cache-Control"); resp.StatusCode != 200 || body == "" || got != want {
			t.Errorf("%s: status %d, Cache-Control %q, want %q", path, resp.StatusCode, got, want)
		}
	}
}

// TestGzip wants a file packed for those who ask, and then of another ETag.
func TestGzip(t *testing.T) {
	server := serve(t, &edge.Handler{Streams: new(livews.Streams)})
	url := server.URL + "/tv/assets/livews-player.js"
	plain, want := get(t, url, "Accept-Encoding", "identity")
	for accepted, packed := range map[string]bool{
		"gzip": true, "br, GZIP;q=0.5": true, "deflate, gzip ; q=1": true,
		"": false, "br": false, "gzip;q=0": false, "gzip; q=0.00": false, "xgzip": false,
	} {
		resp, body := get(t, url, "Accept-Encoding", accepted)
		if got := resp.Header.Get("Content-Encoding") == "gzip"; got != packed {
			t.Errorf("%q: packed is %v, want %v", accepted, got, packed)
			continue
		}
		if packed {
			body = unzip(t, body)
		}
		if body != want || resp.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %d bytes, Vary %q, want %d bytes", accepted, len(body), resp.Header.Get("Vary"), len(want))
		}
		if same := resp.Header.Get("ETag") == plain.Header.Get("ETag"); same == packed {
			t.Errorf("%q: ETag %s", accepted, resp.Header.Get("ETag"))
		}
	}
}

func unzip(t *testing.T, packed string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func checkAsset(t *testing.T, url string) {
	t.Helper()
	resp, body := get(t, url)
	if resp.StatusCode != 200 || body == "" {
		t.Errorf("%s: status %d, %d bytes", url, resp.StatusCode, len(body))
	}
	want := "text/javascript; charset=utf-8"
	if strings.HasSuffix(url, ".css") {
		want = "text/css; charset=utf-8"
	}
	if got := resp.Header.Get("Content-Type"); got != want {
		t.Errorf("%s: type %q, want %q", url, got, want)
	}
	if resp, _ := get(t, url, "If-None-Match", resp.Header.Get("ETag")); resp.StatusCode != 304 {
		t.Errorf("%s: status %d for a file that the browser has, want 304", url, resp.StatusCode)
	}
}

func TestAnswers(t *testing.T) {
	h := &edge.Handler{Streams: new(livews.Streams), Origins: []string{"*.example.com"}}
	server := serve(t, h)
	write(t, publish(t, h.Streams, "cam1"), media(t))
	upgrade := []string{
		"Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Version", "13",
		"Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==",
	}
	asJSON := []string{"Accept", "application/json"}
	for _, tt := range []struct {
		name, path string
		header     []string
		status     int
		body       string
	}{
		{"health", "/healthz", nil, 200, "ok"},
		{"list", "/streams", nil, 200, `"name":"cam1"`},
		{"description", "/live/cam1", asJSON, 200, `"kind":"video"`},
		{"page for a browser", "/live/cam1", []string{"Accept", "text/html,application/xhtml+xml,application/json"}, 200, "<!DOCTYPE html>"},
		{"unknown stream described", "/live/no/such", asJSON, 404, `"stream":"no/such"`},
		{"unknown stream", "/live/nope", upgrade, 404, `"stream":"nope"`},
		{"other origin", "/live/cam1", append([]string{"Origin", "http://evil.example"}, upgrade...), 403, "http://evil.example"},
		{"other origin with the host in its name", "/live/cam1", append([]string{"Origin", server.URL + ".evil.example"}, upgrade...), 403, "evil.example"},
		{"origin null", "/live/cam1", append([]string{"Origin", "null"}, upgrade...), 403, "null"},
		{"other sub-protocol", "/live/cam1", append([]string{"Sec-WebSocket-Protocol", "mqtt"}, upgrade...), 400, "livews.1"},
		{"unknown asset", "/assets/nope.js", nil, 404, ""},
		{"page as an asset", "/assets/pages/overview.html", nil, 404, ""},
		{"up and out", "/assets/..%2fhandler.go", nil, 404, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := get(t, server.URL+"/tv"+tt.path, tt.header...)
			if resp.StatusCode != tt.status || !strings.Contains(body, tt.body) {
				t.Errorf("status %d, body %.300q; want %d and %q in it", resp.StatusCode, body, tt.status, tt.body)
			}
		})
	}
}

// TestOrigins lets the pages of this host in, also through a proxy that names it in
// X-Forwarded-Host, and those of hosts that are allowed.
func TestOrigins(t *testing.T) {
	h := &edge.Handler{Streams: new(livews.Streams), Origins: []string{"*.example.com"}}
	server := serve(t, h)
	publish(t, h.Streams, "cam1")
	for _, header := range []http.Header{
		{"Origin": {server.URL}},
		{"Origin": {"https://tv.example.com"}},
		{"Origin": {"https://public.host"}, "X-Forwarded-Host": {"public.host"}},
		nil,
	} {
		ws, resp, err := websocket.Dial(t.Context(), server.URL+"/tv/live/cam1", &websocket.DialOptions{HTTPHeader: header})
		if err != nil {
			t.Errorf("%v: %v", header, err)
			continue
		}
		ws.CloseNow()
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != header.Get("Origin") {
			t.Errorf("%v: allowed origin %q", header, got)
		}
	}
}

// TestUnavailable answers 503 where an upstream fails.
func TestUnavailable(t *testing.T) {
	broken := errors.New("secret address refused")
	h := &edge.Handler{Streams: &livews.Streams{Open: func(context.Context, *livews.Request) (livews.Source, error) { return nil, broken }}}
	server := serve(t, h)
	resp, body := get(t, server.URL+"/tv/live/cam1", "Accept", "application/json")
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || strings.Contains(body, "secret") {
		t.Errorf("status %d, Retry-After %q, body %q", resp.StatusCode, resp.Header.Get("Retry-After"), body)
	}
}
