package relay_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/relay"
)

// TestHandlerDrain asks the subscribers to go and takes no new ones; lists are served on.
func TestHandlerDrain(t *testing.T) {
	streams := new(livews.Streams)
	h := &relay.Handler{Streams: streams}
	server := httptest.NewServer(h)
	defer server.Close()
	defer streams.Close()
	src, sink := livews.Pipe()
	var published sync.WaitGroup
	published.Go(func() { _ = streams.Publish(context.WithoutCancel(t.Context()), "cam1", src) })
	defer published.Wait()
	defer sink.Close()
	for ok := false; !ok; _, ok = streams.Info("cam1") {
		time.Sleep(time.Millisecond)
	}
	u := strings.Replace(server.URL, "http", "ws", 1)
	opts := &websocket.DialOptions{Subprotocols: []string{"livews.1"}}
	viewer, _, err := websocket.Dial(t.Context(), u+"/live/cam1", opts)
	if err != nil {
		t.Fatal(err)
	}
	defer viewer.CloseNow()
	watch, _, err := websocket.Dial(t.Context(), u+"/streams", opts)
	if err != nil {
		t.Fatal(err)
	}
	defer watch.CloseNow()
	if _, text, err := watch.Read(t.Context()); err != nil || !strings.HasPrefix(string(text), `{"type":"node"`) {
		t.Errorf("a watch gets %s, %v", text, err)
	}

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Drain(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("Drain = %v, want its context's error", err)
	}
	if _, text, err := viewer.Read(t.Context()); err != nil || !strings.HasPrefix(string(text), `{"type":"goaway"`) {
		t.Errorf("the viewer gets %s, %v", text, err)
	}
	for path, want := range map[string]int{"/live/cam1": 503, "/streams": 503} {
		_, resp, err := websocket.Dial(t.Context(), u+path, opts)
		if err == nil || resp == nil || resp.StatusCode != want || resp.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %v, %v, want status %d with Retry-After", path, resp, err, want)
		}
	}
	for _, path := range []string{"/live/cam1", "/streams", "/healthz"} {
		resp, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d, want 200", path, resp.StatusCode)
		}
	}
	viewer.CloseNow()
	if err := h.Drain(t.Context()); err != nil {
		t.Errorf("Drain = %v after the last has left", err)
	}
}

// TestHandlerClose tells all who are connected that the server shuts down, and takes no
// new ones: by then their requests have long been answered.
func TestHandlerClose(t *testing.T) {
	streams := new(livews.Streams)
	h := &relay.Handler{Streams: streams}
	server := httptest.NewServer(h)
	defer server.Close()
	defer streams.Close()
	src, sink := livews.Pipe()
	var published sync.WaitGroup
	published.Go(func() { _ = streams.Publish(context.WithoutCancel(t.Context()), "cam1", src) })
	defer published.Wait()
	defer sink.Close()
	for ok := false; !ok; _, ok = streams.Info("cam1") {
		time.Sleep(time.Millisecond)
	}
	u := strings.Replace(server.URL, "http", "ws", 1)
	opts := &websocket.DialOptions{Subprotocols: []string{"livews.1"}}
	ends := make(chan error, 2)
	for _, path := range []string{"/live/cam1", "/streams"} {
		conn, _, err := websocket.Dial(t.Context(), u+path, opts)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		go func() {
			for {
				if _, _, err := conn.Read(t.Context()); err != nil {
					ends <- err
					return
				}
			}
		}()
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for range 2 {
		if err := h.Close(ctx); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
	for range 2 {
		if err := <-ends; websocket.CloseStatus(err) != 4100 {
			t.Errorf("a connection ends with %v, want close code 4100", err)
		}
	}
	if _, resp, err := websocket.Dial(t.Context(), u+"/live/cam1", opts); err == nil || resp == nil || resp.StatusCode != 503 {
		t.Errorf("after Close: %v, %v, want status 503", resp, err)
	}
}
