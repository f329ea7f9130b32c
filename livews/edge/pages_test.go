package edge_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/edge"
)

// ancestors returns who may have a page in a frame.
func ancestors(t *testing.T, resp *http.Response) string {
	t.Helper()
	policies := resp.Header.Values("Content-Security-Policy")
	if len(policies) != 1 {
		t.Fatalf("policies %q, want one", policies)
	}
	m := regexp.MustCompile(`(?:^|; )frame-ancestors ([^;]*)`).FindAllStringSubmatch(policies[0], -1)
	if len(m) != 1 {
		t.Fatalf("policy %q, want one frame-ancestors", policies[0])
	}
	return m[0][1]
}

// TestFrames lets pages of others have nothing but the page that is made for that in a
// frame.
func TestFrames(t *testing.T) {
	for _, tt := range []struct {
		name      string
		embedders []string
		want      string // of the page to embed
	}{
		{"all", nil, "*"},
		{"some", []string{"https://*.example.com", "https://example.org"}, "https://*.example.com https://example.org"},
		{"none", []string{"'none'"}, "'none'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &edge.Handler{Streams: new(livews.Streams), Embedders: tt.embedders, Publisher: http.NotFoundHandler()}
			server := serve(t, h)
			for path, want := range map[string]string{
				"embed/cam1": tt.want, "": "'self'", "multi": "'self'", "api": "'self'", "live/cam1": "'self'", "publish/cam1": "'self'",
			} {
				resp, _ := get(t, server.URL+"/tv/"+path)
				if got := ancestors(t, resp); got != want {
					t.Errorf("/%s may be in frames of %s, want %s", path, got, want)
				}
				if got := resp.Header.Get("X-Frame-Options"); got != "" {
					t.Errorf("/%s: X-Frame-Options %q beside frame-ancestors", path, got)
				}
			}
		})
	}
}

// TestHead answers HEAD as GET, without a body.
func TestHead(t *testing.T) {
	server := serve(t, &edge.Handler{Streams: new(livews.Streams)})
	for _, path := range []string{"", "live/cam1", "embed/cam1", "multi", "api", "assets/player.js", "assets/pages/page.css", "healthz"} {
		resp, err := http.Head(server.URL + "/tv/" + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		// Go asks for gzip of its own accord, but not by HEAD.
		whole, _ := get(t, server.URL+"/tv/"+path, "Accept-Encoding", "identity")
		for _, name := range []string{"Content-Type", "Cache-Control", "Content-Security-Policy", "ETag"} {
			if got, want := resp.Header.Get(name), whole.Header.Get(name); got != want {
				t.Errorf("HEAD /%s: %s %q, want %q", path, name, got, want)
			}
		}
		if resp.StatusCode != http.StatusOK {
			t.Errorf("HEAD /%s: status %d", path, resp.StatusCode)
		}
	}
}

// TestNoSuchPage answers 404 where there is no page, and 405 where it cannot be written.
func TestNoSuchPage(t *testing.T) {
	server := serve(t, &edge.Handler{Streams: new(livews.Streams)})
	for path, want := range map[string]int{
		"embed/": 404, "embed/a%20b": 404, "embed/" + strings.Repeat("x", 256): 404,
		"multi/cam1": 404, "assets/pages/nope.js": 404, "assets/pages/": 404, "assets/": 404,
		"live": 404, "embed": 404, "assets": 404, "publish": 404, "assets/pages/embed.html": 404, "assets/test/turns.test.js": 404, "assets/package.json": 404,
	} {
		resp, _ := get(t, server.URL+"/tv/"+path)
		if at := resp.Request.URL.EscapedPath(); resp.StatusCode != want || at != "/tv/"+path {
			t.Errorf("/%s: status %d at %s, want %d", path, resp.StatusCode, at, want)
		}
	}
	for _, path := range []string{"", "multi", "embed/cam1", "assets/player.js"} {
		resp, err := http.Post(server.URL+"/tv/"+path, "text/plain", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("POST /%s: status %d, want 405", path, resp.StatusCode)
		}
	}
}

// TestAtRoot serves the same pages where nothing is stripped.
func TestAtRoot(t *testing.T) {
	h := &edge.Handler{Streams: new(livews.Streams)}
	defer h.Streams.Close()
	for _, path := range []string{"/", "/multi", "/embed/cam1", "/live/cam1"} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "<base href=") {
			t.Errorf("%s: status %d", path, rec.Code)
		}
	}
}
