package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/wire"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

const tick = 100 * time.Millisecond

var (
	errReset = errors.New("connection reset")
	errLoop  = fmt.Errorf("%w: 508", livews.ErrLoop)
)

// fakeServer is a server of one stream in virtual time: a window behind connections that
// do as the test says.
type fakeServer struct {
	url   string
	relay *livews.Relay

	mu      sync.Mutex
	refuse  error         // what a dial gets
	hang    bool          // a dial gets nothing
	foreign bool          // knows neither paths nor standbys
	path    []string      // told to those who connect
	mute    bool          // no media goes out
	lazy    bool          // has a way only while somebody takes the stream
	fickle  bool          // has a way only until somebody takes the stream
	leave   bool          // sends away who has just come
	slow    time.Duration // to answer a dial
	conns   []*fakeConn
	dials   []time.Time
}

// do changes the server.
func (s *fakeServer) do(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// open returns the connections that are open now.
func (s *fakeServer) open() []*fakeConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.conns), func(c *fakeConn) bool { return c.ctx.Err() != nil })
}

// leadsBack reports whether the server's stream comes from who asks for it.
func (s *fakeServer) leadsBack(opts *wire.DialOptions) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(opts.Via, func(id string) bool { return slices.Contains(s.path, id) })
}

func (s *fakeServer) dialled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.dials)
}

func (s *fakeServer) dial(ctx context.Context, opts *wire.DialOptions) (conn, error) {
	s.mu.Lock()
	s.dials = append(s.dials, time.Now())
	refuse, hang := s.refuse, s.hang
	s.mu.Unlock()
	time.Sleep(max(s.slow, time.Millisecond))
	if hang {
		select {
		case <-time.After(5 * time.Second):
			return nil, fmt.Errorf("%w: %w", livews.ErrUnavailable, context.DeadlineExceeded)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if refuse == nil && s.leadsBack(opts) {
		refuse = errLoop
	}
	if refuse != nil {
		return nil, refuse
	}
	c := &fakeConn{server: s, opts: opts, segs: make(chan *livews.Segment), control: make(chan func() error, 8), start: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.sub = livews.SubscribeOptions{After: opts.After, From: opts.From, MaxLag: opts.MaxLag}
	if !opts.Standby || s.foreign {
		close(c.start)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.foreign {
		path := s.path
		if s.lazy && opts.Standby {
			path = nil
		}
		c.control <- func() error { opts.OnPath(path); return nil }
	}
	if s.leave {
		c.control <- func() error { opts.OnGoaway(0); return nil }
	}
	s.conns = append(s.conns, c)
	go c.pump()
	return c, nil
}

// tell changes the path for all.
func (s *fakeServer) tell(path ...string) {
	s.do(func() { s.path = path })
	for _, c := range s.open() {
		c.control <- func() error { c.opts.OnPath(path); return nil }
	}
}

// cut ends all connections with err.
func (s *fakeServer) cut(err error) {
	for _, c := range s.open() {
		c.control <- func() error { return err }
	}
}

// goaway tells all to leave after delay.
func (s *fakeServer) goaway(delay time.Duration) {
	for _, c := range s.open() {
		c.control <- func() error { c.opts.OnGoaway(delay); return nil }
	}
}

// fakeConn is the follower's end of a connection to a fakeServer.
type fakeConn struct {
	server  *fakeServer
	opts    *wire.DialOptions
	sub     livews.SubscribeOptions
	segs    chan *livews.Segment
	control chan func() error
	start   chan struct{} // closed when the media begins
	ctx     context.Context
	cancel  context.CancelFunc
	code    int
}

func (c *fakeConn) pump() {
	select {
	case <-c.start:
	case <-c.ctx.Done():
		return
	}
	src := c.server.relay.Subscribe(&c.sub)
	for {
		seg, err := src.ReadSegment(c.ctx)
		for muted := true; muted && err == nil; {
			c.server.do(func() { muted = c.server.mute })
			if muted {
				time.Sleep(tick)
				err = c.ctx.Err()
			}
		}
		if err != nil {
			select {
			case c.control <- func() error { return err }:
			case <-c.ctx.Done():
			}
			return
		}
		select {
		case c.segs <- seg:
		case <-c.ctx.Done():
			return
		}
	}
}

func (c *fakeConn) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	for {
		select {
		case f := <-c.control:
			if err := f(); err != nil {
				return nil, err
			}
			continue
		default:
		}
		select {
		case f := <-c.control:
			if err := f(); err != nil {
				return nil, err
			}
		case seg := <-c.segs:
			return seg, nil
		case <-c.ctx.Done():
			return nil, errors.New("closed")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *fakeConn) Start(_ context.Context, after map[uint16]livews.Position, from livews.Position) error {
	if c.server.leadsBack(c.opts) {
		c.control <- func() error { return errLoop }
		return nil
	}
	c.sub.After, c.sub.From = after, from
	if c.server.fickle {
		c.sub.Tracks = []uint16{99} // nor media
		c.control <- func() error { c.opts.OnPath(nil); return nil }
	}
	close(c.start)
	return nil
}

func (c *fakeConn) CloseWith(code int, _ string) error {
	c.server.do(func() { c.code = code })
	return c.Close()
}

func (c *fakeConn) Close() error {
	c.cancel()
	return nil
}

// isStarted reports whether media comes over c.
func (c *fakeConn) isStarted() bool {
	select {
	case <-c.start:
		return true
	default:
		return false
	}
}

// world is some servers of one stream, a follower of it and its reader.
type world struct {
	t       *testing.T
	up      *Upstream
	servers []*fakeServer
	src     livews.Source
	stop    chan struct{}
	paused  bool

	mu     sync.Mutex
	check  livewstest.Checker
	err    error // of the reader
	last   time.Time
	chunks int
	pause  time.Duration // the longest between chunks
	routes [][]string
}

// inWorld runs a test in virtual time with n servers named "a", "b"... in order of
// preference, all of which have the stream; those of lazy tests begin with no media.
func inWorld(t *testing.T, n int, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, src: livewstest.NewSource(nil), stop: make(chan struct{})}
		var urls []string
		for i := range n {
			id := string(rune('a' + i))
			w.servers = append(w.servers, &fakeServer{url: "ws://" + id, relay: livews.NewRelay(nil), path: []string{id, "cam"}})
			urls = append(urls, "ws://"+id)
		}
		w.up = &Upstream{
			parents: newParents(urls), maxLag: defaultMaxLag, log: newDiscard(), idle: func() {},
			dial: func(ctx context.Context, base, _ string, opts *wire.DialOptions) (conn, error) {
				i := slices.Index(urls, base)
				return w.servers[i].dial(ctx, opts)
			},
		}
		go w.flow()
		defer func() {
			close(w.stop)
			for _, s := range w.servers {
				s.relay.Close()
			}
		}()
		time.Sleep(2 * time.Second)
		test(w)
	})
}

func newDiscard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// flow gives all servers a chunk of each track in every tick.
func (w *world) flow() {
	for {
		select {
		case <-w.stop:
			return
		case <-time.After(tick):
		}
		w.mu.Lock()
		src, paused := w.src, w.paused
		w.mu.Unlock()
		for n := 0; n < 2 && !paused; n++ {
			seg, err := src.ReadSegment(context.Background())
			if err != nil {
				break
			}
			if seg.Type == livews.TypeInit {
				n--
			}
			for _, s := range w.servers {
				_ = s.relay.WriteSegment(context.Background(), seg) // closed at the end
			}
		}
	}
}

// follow opens the stream and reads it until the test ends.
func (w *world) follow(req livews.Request) *follower {
	w.t.Helper()
	req.Name = "cam1"
	if req.Via == nil {
		req.Via = []string{"me"}
	}
	req.Routed = func(path []string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.routes = append(w.routes, path)
	}
	src, err := w.up.Open(w.t.Context(), &req)
	if err != nil {
		w.t.Fatal(err)
	}
	f := src.(*follower)
	w.t.Cleanup(func() { f.Close() })
	go w.read(f)
	return f
}

func (w *world) read(f *follower) {
	for {
		seg, err := f.ReadSegment(context.Background())
		w.mu.Lock()
		if err == nil {
			err = errors.Join(w.check.WriteSegment(context.Background(), seg), livewstest.CheckProof(seg))
		}
		if err == nil && seg.Type == livews.TypeChunk {
			if w.chunks++; w.chunks > 1 {
				w.pause = max(w.pause, time.Since(w.last))
			}
			w.last = time.Now()
		}
		w.err = err
		w.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// sleep lets virtual time pass and everything come to rest.
func (w *world) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// on returns which server gives the media: its index, or -1.
func (w *world) on(f *follower) int {
	at := -1
	for i, s := range w.servers {
		for _, c := range s.open() {
			if c.isStarted() {
				at = i
			}
		}
	}
	return at
}

// well fails the test if the reader has seen a gap, an error, or a pause longer than most.
func (w *world) well(most time.Duration) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || w.check.Gaps > 0 || w.pause > most {
		w.t.Errorf("reader: error %v, %d gaps, pause of %v, want no error, no gap, at most %v", w.err, w.check.Gaps, w.pause, most)
	}
	if w.chunks == 0 {
		w.t.Error("the reader has got nothing")
	}
}

// resetPause forgets the pauses so far.
func (w *world) resetPause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pause = 0
}

func (w *world) route() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.routes) == 0 {
		return nil
	}
	return w.routes[len(w.routes)-1]
}

func (w *world) readErr() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// setPaused stops or resumes the media at its source.
func (w *world) setPaused(p bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused = p
}

// report tells the follower what server i says of the stream; nil: nothing.
func (w *world) report(i int, info *livews.StreamInfo) {
	node := &wire.Node{ID: string(rune('a' + i)), Directory: livews.Directory{Complete: true}}
	if info != nil {
		info.Name = "cam1"
		node.Streams = []livews.StreamInfo{*info}
	}
	w.up.parents.set(i, report{node: node, live: true, told: true})
}
