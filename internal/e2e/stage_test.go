package e2e

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/edge"
	"github.com/livews/websocketlivestream/livews/ingress"
)

// tamper is what is done to the segments of a stream before its server has them: what it
// returns goes on, nil does not.
type tamper func(*livews.Segment) *livews.Segment

// A stage is a server that misbehaves when it is told to. It has the edge's pages and one
// stream, cam1. A viewer's connection goes through it, message by message, to a real edge.
type stage struct {
	t       *testing.T
	page    string // the player's address
	inner   string // the edge's, ws
	streams *livews.Streams
	ctx     context.Context
	running sync.WaitGroup

	mu     sync.Mutex
	tamper tamper
	group  uint32 // of the newest chunk of picture
	begun  int    // groups of picture so far
	epoch  uint32
	conns  map[*websocket.Conn]bool // of viewers; true: nothing is passed on to them any more
	dials  int                      // connections so far
	hold   *sync.Cond               // signalled when held changes
	held   bool                     // nothing is passed on to anybody for the moment
	rate   int                      // bytes in a second that a viewer gets; zero: no bound
}

// newStage opens a stage that plays f.
func newStage(t *testing.T, f *film) *stage {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &stage{t: t, ctx: ctx, streams: new(livews.Streams), conns: make(map[*websocket.Conn]bool)}
	s.hold = sync.NewCond(&s.mu)
	real := &edge.Handler{Streams: s.streams}
	inner := httptest.NewServer(real)
	s.inner = "ws" + strings.TrimPrefix(inner.URL, "http")
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			s.serve(w, r)
			return
		}
		real.ServeHTTP(w, r)
	}))
	s.page = outer.URL + "/live/cam1"
	t.Cleanup(func() {
		cancel()
		s.release()
		s.each(func(c *websocket.Conn) { _ = c.CloseNow() })
		outer.Close()
		_ = s.streams.Close()
		_ = real.Close(context.Background())
		inner.Close()
		s.running.Wait()
	})
	s.play(f)
	return s
}

// play publishes f in place of what was played, in a new epoch with a time line of its own.
func (s *stage) play(f *film) {
	s.mu.Lock()
	src := ingress.Stamp(f.source(), &ingress.StampOptions{LastEpoch: s.epoch})
	s.mu.Unlock()
	began := make(chan struct{})
	var once sync.Once
	s.running.Go(func() {
		_ = s.streams.Publish(s.ctx, "cam1", livews.SourceFunc(func(ctx context.Context) (*livews.Segment, error) {
			for {
				seg, err := src.ReadSegment(ctx)
				if err != nil {
					return nil, err
				}
				once.Do(func() { close(began) })
				if seg = s.pass(seg); seg != nil {
					return seg, nil
				}
			}
		}))
	})
	<-began
}

// pass does to a segment what is to be done to it.
func (s *stage) pass(seg *livews.Segment) *livews.Segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seg.Type == livews.TypeInit {
		s.epoch = max(s.epoch, seg.Position.Epoch)
		return seg
	}
	if seg.Track == 1 && seg.Position.Epoch == s.epoch && seg.Flags.Has(livews.FlagFirst) {
		s.group = seg.Position.Group
		s.begun++
	}
	if s.tamper != nil {
		return s.tamper(seg)
	}
	return seg
}

// during tampers with what comes until the picture has begun so many groups.
func (s *stage) during(groups int, do tamper) {
	s.setTamper(do)
	s.awaitGroups(groups)
	s.setTamper(nil)
}

func (s *stage) setTamper(do tamper) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tamper = do
}

// newest returns the number of the picture's newest group.
func (s *stage) newest() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.group
}

// awaitGroups waits until the picture has begun so many more groups.
func (s *stage) awaitGroups(n int) {
	s.t.Helper()
	begun := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.begun
	}
	from := begun()
	for deadline := time.Now().Add(20 * time.Second); begun() < from+n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("the picture has not begun %d groups in 20 s", n)
		}
	}
}

// serve passes the messages of one connection on, both ways.
func (s *stage) serve(w http.ResponseWriter, r *http.Request) {
	viewer, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"livews.1"}})
	if err != nil {
		return
	}
	defer viewer.CloseNow()
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	server, _, err := websocket.Dial(ctx, s.inner+r.URL.RequestURI(), &websocket.DialOptions{Subprotocols: []string{"livews.1"}})
	if err != nil {
		viewer.Close(4200, "the edge does not answer")
		return
	}
	defer server.CloseNow()
	server.SetReadLimit(livews.MaxMessage)
	s.mu.Lock()
	s.conns[viewer] = false
	s.dials++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.conns, viewer)
		s.mu.Unlock()
	}()
	s.running.Go(func() {
		defer cancel()
		for {
			kind, data, err := viewer.Read(ctx)
			if err != nil || server.Write(ctx, kind, data) != nil {
				return
			}
		}
	})
	for {
		kind, data, err := server.Read(ctx)
		if err != nil {
			return
		}
		s.pace(ctx, len(data))
		if s.mayPass(viewer) && viewer.Write(ctx, kind, data) != nil {
			return
		}
	}
}

// narrow lets no more than so many bytes a second through to a viewer; zero: as many as there are.
func (s *stage) narrow(rate int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rate = rate
}

// pace takes the time that so many bytes take.
func (s *stage) pace(ctx context.Context, bytes int) {
	s.mu.Lock()
	rate := s.rate
	s.mu.Unlock()
	if rate == 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(bytes) * time.Second / time.Duration(rate)):
	}
}

// mayPass waits while all is held, and reports whether a viewer is to hear anything.
func (s *stage) mayPass(viewer *websocket.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.held {
		s.hold.Wait()
	}
	return !s.conns[viewer]
}

// outage holds back all that comes, and lets it go at once afterwards.
func (s *stage) outage(long time.Duration) {
	s.mu.Lock()
	s.held = true
	s.mu.Unlock()
	time.Sleep(long)
	s.release()
}

func (s *stage) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = false
	s.hold.Broadcast()
}

// mute makes the connections that there are bring nothing more, without a word.
func (s *stage) mute() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for viewer := range s.conns {
		s.conns[viewer] = true
	}
}

// closeAll closes all connections; 0 cuts them off.
func (s *stage) closeAll(code websocket.StatusCode, reason string) {
	s.each(func(viewer *websocket.Conn) {
		if code == 0 {
			_ = viewer.CloseNow()
			return
		}
		s.running.Go(func() { _ = viewer.Close(code, reason) })
	})
}

func (s *stage) each(do func(*websocket.Conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for viewer := range s.conns {
		do(viewer)
	}
}

// dialled returns how many connections there have been.
func (s *stage) dialled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}
