package wire

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// broken is an Encoder with a defect.
type broken struct{}

func (broken) Encode(net.Buffers, *livews.Segment) (net.Buffers, error) { panic("a defect") }

// alarms is a slog.Handler that keeps what is an error.
type alarms struct {
	slog.Handler
	mu    sync.Mutex
	texts []string
}

func (a *alarms) Enabled(context.Context, slog.Level) bool { return true }
func (a *alarms) WithAttrs([]slog.Attr) slog.Handler       { return a }

func (a *alarms) Handle(_ context.Context, r slog.Record) error {
	if r.Level < slog.LevelError {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r.Attrs(func(attr slog.Attr) bool {
		a.texts = append(a.texts, attr.Value.String())
		return true
	})
	return nil
}

// TestPanic ends the one connection on whose behalf something panics, as net/http does: all
// the others go on, what it held is given back, and the log says where it was.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		log := new(alarms)
		server := &Server{
			Streams: &livews.Streams{ID: "a"}, Logger: slog.New(log), Plain: func() Encoder { return broken{} },
		}
		stop := serveMemory(m, server)
		defer stop()
		sink, unpublish := feed(t, server.Streams, "cam1")
		defer unpublish()
		synctest.Wait()
		d := newDialer(nil, nil, m.Dial)
		defer d.CloseIdle()
		steady, err := d.Dial(t.Context(), memoryURL, "cam1", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer steady.Close()
		plain, err := m.Dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer plain.Close()
		if _, err := plain.Write([]byte(plainUpgrade)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1})
		write(t, sink, src, 2)
		for range 2 {
			if _, err := steady.ReadSegment(t.Context()); err != nil {
				t.Errorf("another viewer: %v", err)
			}
		}
		synctest.Wait()
		if n, listed := server.sessions.count(), server.listed(); n != 1 || listed != 1 {
			t.Errorf("%d have entered and %d are listed after the panic, want 1", n, listed)
		}
		if info, _ := server.Streams.Info("cam1"); info.Viewers != 1 {
			t.Errorf("%d viewers of the stream, want 1", info.Viewers)
		}
		log.mu.Lock()
		defer log.mu.Unlock()
		if text := strings.Join(log.texts, " "); !strings.Contains(text, "a defect") || !strings.Contains(text, "broken.Encode") {
			t.Errorf("the log says %q", text)
		}
	})
}

// TestPanicAside ends a connection by a panic beside the sending, too.
func TestPanicAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		defer client.Close()
		p, ctx := newTestPeer(t, newServerConn(server, nil))
		p.do(func() { panic("a defect") })
		p.finish()
		if err := context.Cause(ctx); !errors.Is(err, errPanic) {
			t.Errorf("the peer leaves for %v, want errPanic", err)
		}
		if _, err := client.Read(make([]byte, 1)); err == nil {
			t.Error("the connection lives")
		}
	})
}

// TestPanicWorker ends one connection, too, when it is a worker of the pump that panics for it.
func TestPanicWorker(t *testing.T) {
	log := new(alarms)
	server := &Server{Streams: new(livews.Streams), Logger: slog.New(log), Plain: func() Encoder { return broken{} }}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { server.ServeStream(w, r, "cam1") }))
	defer web.Close()
	defer server.Streams.Close()
	write(t, publish(t, server.Streams), livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1}), 2)
	for range 2 { // the second finds the pump as it was
		conn, err := net.Dial("tcp", web.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte(plainUpgrade)); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(stallAfter))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("the connection lives")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), stallAfter)
	defer cancel()
	if err := server.Close(ctx); err != nil {
		t.Errorf("Close = %v", err)
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if len(log.texts) != 2 {
		t.Errorf("%d panics in the log, want 2", len(log.texts))
	}
}
