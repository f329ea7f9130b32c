package ingress

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

func TestHandlerAnswerToAPageOfAnotherHost(t *testing.T) {
	s := newSite(t, &Handler{Origins: []string{"*.example.com"}, Authorize: func(*http.Request, string) error { return errors.New("not yours") }})
	for origin, want := range map[string]string{"https://a.example.com": "https://a.example.com", "https://evil.test": ""} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+"/publish/cam", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", origin)
		resp, err := s.server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want || resp.StatusCode != http.StatusForbidden {
			t.Errorf("page of %s: %d, Access-Control-Allow-Origin %q, want 403, %q", origin, resp.StatusCode, got, want)
		}
	}
}

func TestHandlerRefusalKeepsHTTP2(t *testing.T) {
	h := &Handler{Streams: &livews.Streams{}}
	server := httptest.NewUnstartedServer(http.StripPrefix("/publish", h))
	server.EnableHTTP2 = true
	server.StartTLS()
	s := serveSite(t, h, server)
	var conns []net.Conn
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { conns = append(conns, i.Conn) }})
	for range 2 {
		req, err := http.NewRequestWithContext(ctx, http.MethodPut, s.server.URL+"/publish/cam/1.m4s", strings.NewReader("<html>no film</html>"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		time.Sleep(50 * time.Millisecond) // a GOAWAY would have come
	}
	if conns[0] != conns[1] {
		t.Error("a refused request ends the connection of others")
	}
}
