package edge_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/edge"
)

// TestHandlerClose ends viewers of both kinds and those who watch the list with 4100, and takes
// no new ones; pages and lists are served as before.
func TestHandlerClose(t *testing.T) {
	streams := new(livews.Streams)
	h := &edge.Handler{Streams: streams}
	server := serve(t, h)
	publish(t, streams, "cam1")
	for ok := false; !ok; _, ok = streams.Info("cam1") {
		time.Sleep(time.Millisecond)
	}
	kinds := map[string]struct {
		path      string
		protocols []string
	}{
		"viewer":       {"/live/cam1", []string{"livews.1"}},
		"plain viewer": {"/live/cam1", nil},
		"watch":        {"/streams", []string{"livews.1"}},
	}
	u := strings.Replace(server.URL, "http", "ws", 1) + "/tv"
	var reading sync.WaitGroup
	for name, kind := range kinds {
		conn, _, err := websocket.Dial(t.Context(), u+kind.path, &websocket.DialOptions{Subprotocols: kind.protocols})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer conn.CloseNow()
		reading.Go(func() {
			for {
				if _, _, err := conn.Read(t.Context()); err != nil {
					if websocket.CloseStatus(err) != 4100 {
						t.Errorf("%s ends with %v, want close code 4100", name, err)
					}
					return
				}
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 2 {
		if err := h.Close(ctx); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
	reading.Wait()
	for name, kind := range kinds {
		_, resp, err := websocket.Dial(t.Context(), u+kind.path, &websocket.DialOptions{Subprotocols: kind.protocols})
		if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s after Close: %v, %v, want status 503", name, resp, err)
		}
	}
	for _, path := range []string{"/", "/streams", "/live/cam1", "/healthz"} {
		resp, err := http.Get(server.URL + "/tv" + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s after Close: %s", path, resp.Status)
		}
	}
}
