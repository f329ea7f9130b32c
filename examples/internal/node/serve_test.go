package node

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/internal/memnet"
	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/ingress"
	"github.com/livews/websocketlivestream/livews/relay"
)

// TestServeEnds drains on a SIGTERM, but not on an interrupt, then closes what is
// left with 4100, also one that does not listen, and leaves nothing behind when it returns.
func TestServeEnds(t *testing.T) {
	t.Run("all", testServeEnds)
	buf := make([]byte, 1<<20)
	if stacks := string(buf[:runtime.Stack(buf, true)]); strings.Contains(stacks, "livews/internal/wire") {
		t.Errorf("a connection is left:\n%s", stacks)
	}
}

func testServeEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		cause        error
		deaf, goaway bool
		took         time.Duration
	}{
		"interrupt":       {cause: context.Canceled},
		"interrupt, deaf": {cause: context.Canceled, deaf: true, took: closeTime},
		"SIGTERM":         {cause: errTerminated, goaway: true, took: DrainTime},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, end := context.WithCancelCause(t.Context())
				defer end(nil)
				ws, served := serveOne(ctx, t)
				defer ws.CloseNow()
				start := time.Now()
				end(tt.cause)
				if !tt.deaf {
					goaway, err := readText(t, ws)
					if goaway != tt.goaway || websocket.CloseStatus(err) != 4100 {
						t.Errorf("goaway %v, then %v, want %v, then close code 4100", goaway, err, tt.goaway)
					}
				}
				if err := <-served; err != nil {
					t.Errorf("Serve = %v", err)
				}
				if got := time.Since(start); got < tt.took || got > tt.took+closeTime/2 {
					t.Errorf("Serve ends after %v, want %v", got, tt.took)
				}
			})
		})
	}
}

// serveOne serves one viewer until ctx ends.
func serveOne(ctx context.Context, t *testing.T) (*websocket.Conn, <-chan error) {
	t.Helper()
	streams := new(livews.Streams)
	src, sink := livews.Pipe()
	published := make(chan struct{})
	go func() {
		defer close(published)
		_ = streams.Publish(context.WithoutCancel(ctx), "cam1", src)
	}()
	t.Cleanup(func() {
		sink.Close()
		streams.Close()
		<-published
	})
	ln := memnet.Listen()
	h := &relay.Handler{Streams: streams}
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, ln, h, h) }()
	transport := &http.Transport{DialContext: ln.Dial}
	t.Cleanup(transport.CloseIdleConnections)
	for {
		ws, resp, err := websocket.Dial(t.Context(), "ws://memory/live/cam1", &websocket.DialOptions{
			HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{"livews.1"},
		})
		if err == nil {
			return ws, served
		}
		if resp == nil || resp.StatusCode != http.StatusNotFound { // not published yet
			t.Fatal(err)
		}
	}
}

// readText reads to the end and reports whether there was a goaway.
func readText(t *testing.T, ws *websocket.Conn) (goaway bool, err error) {
	t.Helper()
	for {
		_, text, err := ws.Read(t.Context())
		if err != nil {
			return goaway, err
		}
		goaway = goaway || strings.HasPrefix(string(text), `{"type":"goaway"`)
	}
}

// TestServeEndsUploads ends soon, and cleanly, while somebody publishes over HTTP and does not
// stop.
func TestServeEndsUploads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		defer end()
		streams := new(livews.Streams)
		publisher := &ingress.Handler{Streams: streams}
		ln := memnet.Listen()
		h := withPublisher(&relay.Handler{Streams: streams}, publisher)
		served := make(chan error, 1)
		go func() { served <- Serve(ctx, ln, h, h) }()
		transport := &http.Transport{DialContext: ln.Dial}
		defer transport.CloseIdleConnections()
		body, w := io.Pipe()
		var publishing sync.WaitGroup
		publishing.Go(func() {
			_, err := w.Write([]byte("\x00\x00\x00\x18ftypcmf2\x00\x00\x00\x00cmf2iso6"))
			for ; err == nil; time.Sleep(100 * time.Millisecond) {
				_, err = w.Write([]byte("\x00\x00\x00\x08free"))
			}
		})
		status := make(chan int, 1)
		publishing.Go(func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://memory/publish/cam1", body)
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := (&http.Client{Transport: transport}).Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			_ = resp.Body.Close()
			status <- resp.StatusCode
		})
		time.Sleep(3 * time.Second)
		start := time.Now()
		end()
		if err := <-served; err != nil {
			t.Errorf("Serve = %v", err)
		}
		if took := time.Since(start); took > shutdownTime/2 {
			t.Errorf("Serve ends after %v", took)
		}
		_ = body.Close()
		publishing.Wait()
		if got := <-status; got != http.StatusServiceUnavailable {
			t.Errorf("the publisher gets %d, want 503", got)
		}
		_ = publisher.Close()
		_ = streams.Close()
	})
}
