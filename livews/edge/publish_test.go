package edge_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/edge"
)

// TestPublish gives a browser the page, and all else to the Publisher, which sees
// neither the mount's prefix nor /publish.
func TestPublish(t *testing.T) {
	h := &edge.Handler{
		Streams: new(livews.Streams),
		Publisher: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
		}),
	}
	server := serve(t, h)
	for _, tt := range []struct {
		method, path string
		upgrade      bool
		status       int
		want         string // part of the answer
	}{
		{"GET", "cam1", false, 200, `<base href="../">`},
		{"GET", "a/b", false, 200, `<base href="../../">`},
		{"HEAD", "cam1", false, 200, ""},
		{"GET", "", false, 404, ""},
		{"GET", "a%20b", false, 404, ""},
		{"GET", "cam1", true, 200, "GET /cam1"},
		{"PUT", "cam1", false, 200, "PUT /cam1"},
		{"POST", "a/b/init.mp4", false, 200, "POST /a/b/init.mp4"},
		{"DELETE", "cam1", false, 200, "DELETE /cam1"},
	} {
		req := httptest.NewRequestWithContext(t.Context(), tt.method, "/tv/publish/"+tt.path, nil)
		if tt.upgrade {
			req.Header.Set("Connection", "Upgrade")
			req.Header.Set("Upgrade", "websocket")
		}
		rec := httptest.NewRecorder()
		server.Config.Handler.ServeHTTP(rec, req)
		if rec.Code != tt.status || !strings.Contains(rec.Body.String(), tt.want) {
			t.Errorf("%s %q, upgrade %v: %d %.200q, want %d with %q",
				tt.method, tt.path, tt.upgrade, rec.Code, rec.Body, tt.status, tt.want)
		}
	}
}

// TestNoPublisher has nothing at /publish where nothing takes a stream in.
func TestNoPublisher(t *testing.T) {
	server := serve(t, &edge.Handler{Streams: new(livews.Streams)})
	if resp, _ := get(t, server.URL+"/tv/publish/cam1"); resp.StatusCode != 404 {
		t.Errorf("GET of the page: status %d, want 404", resp.StatusCode)
	}
}
