package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
)

// TestMountBehindProxy plays from an edge that is mounted under a prefix of
// another server, seen through a reverse proxy that puts a prefix of its own in
// front.
func TestMountBehindProxy(t *testing.T) {
	upstream, mounted := freeAddr(t), freeAddr(t)
	serve(t, example("ingress", "-listen", upstream, "-stream", "cam1"), upstream)
	serve(t, example("mount", "-listen", mounted, "-upstream", "ws://"+upstream), mounted)
	target := &url.URL{Scheme: "http", Host: mounted}
	for _, tt := range []struct {
		name    string
		rewrite func(r *httputil.ProxyRequest)
	}{
		{"host kept", func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		}},
		{"host forwarded", func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.SetXForwarded()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			proxy := &httputil.ReverseProxy{Rewrite: tt.rewrite}
			server := httptest.NewServer(http.StripPrefix("/outer", proxy))
			defer server.Close()
			b := newBrowser(t, "chromium")
			b.open(t, server.URL+"/outer/tv/live/cam1")
			b.watch(t, settleBound, goesOn)
			b.checkMoves(t)
			b.screenshot(t, "mount-chromium.png")
		})
	}
}
