package chaos

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/edge"
	"github.com/livews/websocketlivestream/livews/relay"
)

const (
	// linger is how long a server keeps a stream that nobody watches, here.
	linger = 400 * time.Millisecond
	// window is long enough for everything that a fault here can hold up.
	window = 40 * time.Second
	// leaveTime bounds the orderly end of a server.
	leaveTime = 3 * time.Second
)

// Node is a server which can be started, killed, stopped, drained and started again. It has
// the same links and the same name all its lives, but nothing else: a new life knows of
// no stream. Its methods may be called by any number of goroutines at the same time;
// Start, Kill, Stop and Drain wait for each other.
type Node struct {
	Plan
	// Spoil, where it is set, takes the place of each Source that the node opens, in
	// front of its check.
	Spoil func(livews.Source) livews.Source

	parents  []*Proxy
	feeds    *Feeds
	findings *Findings

	turn sync.Mutex // held by what changes life

	mu      sync.Mutex
	addr    string
	life    *life // nil between lives
	intakes []*Hop
}

// life is a Node from one start to its end.
type life struct {
	streams *livews.Streams
	handler drainer
	server  *http.Server
	ln      *listener
	up      *relay.Upstream // nil in an ingress
	cancel  context.CancelFunc
	running sync.WaitGroup
	cameras []*feed
}

// drainer is the handler of a relay or of an edge.
type drainer interface {
	http.Handler
	Drain(ctx context.Context) error
}

// NewNode returns a node that has not been started and has no links yet.
func NewNode(plan Plan, feeds *Feeds, findings *Findings) *Node {
	return &Node{Plan: plan, feeds: feeds, findings: findings}
}

// Addr is where the node listens, or has listened last. Children reach it through a Proxy,
// whose address never changes.
func (n *Node) Addr() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.addr
}

// Up reports whether the node is alive.
func (n *Node) Up() bool { return n.current() != nil }

// Info describes one stream of the node, if that is open.
func (n *Node) Info(stream string) (livews.StreamInfo, bool) {
	l := n.current()
	if l == nil {
		return livews.StreamInfo{}, false
	}
	return l.streams.Info(stream)
}

// Intakes returns what the node has taken in, one Hop for each time that it has opened a
// stream.
func (n *Node) Intakes() []*Hop {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]*Hop(nil), n.intakes...)
}

// Start begins a life, where the last one had its address if that is still free.
func (n *Node) Start() error {
	n.turn.Lock()
	defer n.turn.Unlock()
	if n.Up() {
		return nil
	}
	ln, err := n.listen()
	if err != nil {
		return fmt.Errorf("start %s: %w", n.Name, err)
	}
	l := &life{ln: newListener(ln)}
	if err := n.equip(l); err != nil {
		_ = ln.Close()
		return fmt.Errorf("start %s: %w", n.Name, err)
	}
	ctx, cancel := context.WithCancel(context.Background()) // a life ends when it is told to
	l.cancel = cancel
	l.serve(ctx)
	for _, name := range n.Streams {
		camera := n.feeds.New()
		l.cameras = append(l.cameras, camera.(*feed))
		l.running.Go(func() { _ = l.streams.Publish(ctx, name, camera) }) // a stream of a higher epoch may be there
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.life, n.addr = l, ln.Addr().String()
	return nil
}

// Kill ends the life as a SIGKILL does: the listener is gone, every connection is reset, and
// nobody is told anything.
func (n *Node) Kill() {
	n.turn.Lock()
	defer n.turn.Unlock()
	if l := n.die(); l != nil {
		l.ln.abort()
		l.finish()
	}
}

// Stop ends the life in good order: those who are connected get their close frames.
func (n *Node) Stop() {
	n.turn.Lock()
	defer n.turn.Unlock()
	if l := n.die(); l != nil {
		l.stop()
	}
}

// Drain asks all who are connected to go elsewhere, and then stops.
func (n *Node) Drain(ctx context.Context) {
	n.turn.Lock()
	defer n.turn.Unlock()
	l := n.current()
	if l == nil {
		return
	}
	_ = l.handler.Drain(ctx) // who stays is cut off
	n.die()
	l.stop()
}

// End lets the cameras of an ingress end cleanly.
func (n *Node) End() {
	if l := n.current(); l != nil {
		for _, c := range l.cameras {
			c.End()
		}
	}
}

// Greeting returns the greatest number of connections that were waiting for the end of their
// handshake at the same time, in this life.
func (n *Node) Greeting() int {
	if l := n.current(); l != nil {
		return l.ln.greeting.peak()
	}
	return 0
}

func (n *Node) current() *life {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.life
}

// die takes the life that there is.
func (n *Node) die() *life {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.life
	n.life = nil
	return l
}

// listen takes the last address again. Another connection may have its port by now.
func (n *Node) listen() (net.Listener, error) {
	if addr := n.Addr(); addr != "" {
		if ln, err := net.Listen("tcp", addr); err == nil {
			return ln, nil
		}
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

// equip makes what serves.
func (n *Node) equip(l *life) error {
	l.streams = &livews.Streams{ID: n.Name, Linger: linger, Relay: &livews.RelayOptions{Window: window}}
	l.handler = &relay.Handler{Streams: l.streams}
	if n.Role == Edge {
		l.handler = &edge.Handler{Streams: l.streams}
	}
	if n.Role == Ingress {
		return nil
	}
	up, err := relay.NewUpstream(&relay.UpstreamOptions{URLs: urls(n.parents)})
	if err != nil {
		return err
	}
	l.up = up
	l.streams.Open, l.streams.Discover = n.tapped(up.Open), up.Discover
	return nil
}

// tapped returns open with a check of all that it gives.
func (n *Node) tapped(open func(context.Context, *livews.Request) (livews.Source, error)) func(context.Context, *livews.Request) (livews.Source, error) {
	return func(ctx context.Context, req *livews.Request) (livews.Source, error) {
		src, err := open(ctx, req)
		if err != nil {
			return nil, err
		}
		hop := NewHop(fmt.Sprintf("%s takes in %s", n.Name, req.Name), n.feeds, n.findings)
		n.mu.Lock()
		n.intakes = append(n.intakes, hop)
		n.mu.Unlock()
		checked := src
		if n.Spoil != nil {
			checked = n.Spoil(src)
		}
		return tap{Source: livews.Tee(checked, hop), Closer: src.(io.Closer)}, nil
	}
}

// tap is a checked Source with the Close of the one behind it.
type tap struct {
	livews.Source
	io.Closer
}

// serve serves until the life ends.
func (l *life) serve(ctx context.Context) {
	l.server = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l.running.Add(1)
			defer l.running.Done()
			l.handler.ServeHTTP(w, r)
		}),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnState:         l.ln.note,
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	l.running.Go(func() { _ = l.server.Serve(l.ln) }) // ends with the listener
}

// stop ends the life in good order, within leaveTime.
func (l *life) stop() {
	l.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	_ = l.server.Shutdown(ctx) // what is left is cut off
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.finish()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		l.ln.abort()
		<-done
	}
}

// finish ends everything and waits for it.
func (l *life) finish() {
	l.cancel()
	_ = l.streams.Close() // always nil
	_ = l.server.Close()  // the connections are gone
	l.running.Wait()
	if l.up != nil {
		l.up.CloseIdle()
	}
}

func urls(links []*Proxy) []string {
	var all []string
	for _, p := range links {
		all = append(all, p.URL())
	}
	return all
}
