package chaos

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// dialTimeout bounds the connecting to a parent, which is on this machine.
const dialTimeout = 2 * time.Second

var errNoParent = errors.New("no parent")

// Proxy is the link between a child and its parent: a listener that the child dials, from
// which each connection is passed on to the parent. Its methods may be called by any number
// of goroutines at the same time.
type Proxy struct {
	// Name is for messages.
	Name string

	target func() string
	ln     net.Listener
	bytes  [2]atomic.Int64
	dials  atomic.Int64
	passed sync.WaitGroup

	mu      sync.Mutex
	weather [2]Weather
	changed chan struct{} // closed when the weather changes
	cuts    [2]*cut
	refuse  bool
	tunnels map[*tunnel]struct{}
	closed  bool
}

// cut is an end that comes after so many bytes more.
type cut struct {
	left int
	how  End
}

// NewProxy listens on a free port of the loopback interface. The parent's address is asked
// for with every connection; "" says that there is no parent at the moment.
func NewProxy(name string, target func() string) (*Proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", name, err)
	}
	p := &Proxy{Name: name, target: target, ln: ln, changed: make(chan struct{}), tunnels: make(map[*tunnel]struct{})}
	p.passed.Go(p.accept)
	return p, nil
}

// URL is what the child dials.
func (p *Proxy) URL() string { return "ws://" + p.ln.Addr().String() }

// Set changes the weather of one way.
func (p *Proxy) Set(way Way, w Weather) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.weather[way] = w
	p.changedLocked()
}

// Refuse lets every new connection be reset at once, until Heal.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = true
}

// CutAfter ends the connection which carries the byte after n more in this way, right before
// that byte: in the middle of a message or of a handshake.
func (p *Proxy) CutAfter(way Way, n int, how End) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cuts[way] = &cut{left: n, how: how}
}

// EndAll ends all connections that there are.
func (p *Proxy) EndAll(how End) {
	for _, t := range p.open() {
		t.end(how)
	}
}

// Heal makes the link whole for new connections and for those that have lost nothing.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.weather, p.cuts, p.refuse = [2]Weather{}, [2]*cut{}, false
	p.changedLocked()
}

// Passes reports whether bytes get through both ways, however slowly.
func (p *Proxy) Passes() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.weather {
		if w.Stall || w.Blackhole {
			return false
		}
	}
	return !p.refuse
}

// Bytes returns how many bytes have been passed on in this way.
func (p *Proxy) Bytes(way Way) int64 { return p.bytes[way].Load() }

// Dials returns how many connections the child has made.
func (p *Proxy) Dials() int64 { return p.dials.Load() }

// Open returns how many connections there are, those that are dead without a word
// included.
func (p *Proxy) Open() int { return len(p.open()) }

// Close ends all connections and waits until nothing runs any more. It always returns
// nil.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.ln.Close() // accepts no more
	for _, t := range p.open() {
		t.close(Reset)
	}
	p.passed.Wait()
	return nil
}

func (p *Proxy) changedLocked() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Proxy) open() []*tunnel {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []*tunnel
	for t := range p.tunnels {
		all = append(all, t)
	}
	return all
}

func (p *Proxy) accept() {
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return // closed
		}
		p.dials.Add(1)
		p.passed.Go(func() { p.pass(c.(*net.TCPConn)) })
	}
}

// pass connects the child to the parent until both have ended.
func (p *Proxy) pass(child *net.TCPConn) {
	if p.refuses() {
		abort(child)
		return
	}
	parent, err := p.reach()
	if err != nil {
		abort(child)
		return
	}
	t := newTunnel(p, child, parent.(*net.TCPConn))
	if !p.add(t) {
		t.close(Reset)
		return
	}
	t.run()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.tunnels, t)
}

// reach connects to the parent.
func (p *Proxy) reach() (net.Conn, error) {
	addr := p.target()
	if addr == "" {
		return nil, errNoParent
	}
	return net.DialTimeout("tcp", addr, dialTimeout)
}

func (p *Proxy) refuses() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refuse || p.closed
}

func (p *Proxy) add(t *tunnel) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.tunnels[t] = struct{}{}
	}
	return !p.closed
}

// now returns the weather of one way and what tells its end.
func (p *Proxy) now(way Way) (Weather, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.weather[way], p.changed
}

// spend takes n bytes from what is left before a cut. It returns how many of them may pass,
// and whether the connection ends after these.
func (p *Proxy) spend(way Way, n int) (pass int, how End, ends bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.cuts[way]
	if c == nil {
		return n, 0, false
	}
	if n <= c.left {
		c.left -= n
		return n, 0, false
	}
	p.cuts[way] = nil
	return c.left, c.how, true
}

// abort resets a connection.
func abort(c *net.TCPConn) {
	_ = c.SetLinger(0) // it is closed anyhow
	_ = c.Close()
}
