package relay

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

// maxDials bounds the connections to one server that are being set up at the same time:
// those who follow many streams do not storm one that has just come back.
const maxDials = 64

// parent is one server nearer the camera.
type parent struct {
	url   string
	dials chan struct{} // a place for each connection that is being set up
}

// enter waits for a place among those who connect.
func (p *parent) enter(ctx context.Context) error {
	select {
	case p.dials <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *parent) exit() { <-p.dials }

// name stands for the id of a server that does not tell its own.
func (p *parent) name() string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(p.url)) // never fails
	return fmt.Sprintf("url-%016x", h.Sum64())
}

// report is what a server has said of itself.
type report struct {
	node *wire.Node // nil: nothing, or too long ago
	live bool       // the server is there, and tells what changes
	told bool       // it has been asked once at least, with whatever result
}

// find returns what the server said of the stream, or nil.
func (r *report) find(name string) *livews.StreamInfo {
	if r.node == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(r.node.Streams, name, func(info livews.StreamInfo, name string) int {
		return strings.Compare(info.Name, name)
	})
	if !ok {
		return nil
	}
	return &r.node.Streams[i]
}

// candidate returns the server as one that may be asked for the stream.
func (r *report) candidate(p *parent, index int, name string) candidate {
	c := candidate{parent: p, index: index, stream: unknown}
	if !r.live {
		return c
	}
	c.rtt, c.viewers = r.node.RTT, r.node.Viewers
	if info := r.find(name); info != nil {
		c.stream, c.path, c.epoch = has, info.Path, info.Epoch
	} else if r.node.Complete {
		c.stream = lacks
	}
	return c
}

// parents are all servers of an [Upstream] with what is known of them.
type parents struct {
	all []*parent // in the order of preference

	mu      sync.Mutex
	reports []report                 // as all
	waiting map[chan struct{}]string // get a token when something has changed for the stream
}

func newParents(urls []string) *parents {
	ps := &parents{waiting: make(map[chan struct{}]string)}
	for _, u := range urls {
		u = strings.TrimSuffix(u, "/")
		if !slices.ContainsFunc(ps.all, func(p *parent) bool { return p.url == u }) {
			ps.all = append(ps.all, &parent{url: u, dials: make(chan struct{}, maxDials)})
		}
	}
	ps.reports = make([]report, len(ps.all))
	return ps
}

// candidates returns all servers in the order of preference.
func (ps *parents) candidates(name string) []candidate {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	all := make([]candidate, len(ps.all))
	for i, p := range ps.all {
		all[i] = ps.reports[i].candidate(p, i, name)
	}
	return all
}

// set takes a server's new report and wakes those for whom that is news.
func (ps *parents) set(index int, r report) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.setLocked(index, r)
}

// lose notes that a server tells nothing any more, and reports whether it did.
func (ps *parents) lose(index int) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	old := ps.reports[index]
	ps.setLocked(index, report{node: old.node, told: true})
	return old.live
}

// forget removes what a server that tells nothing any more has said before.
func (ps *parents) forget(index int) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if r := ps.reports[index]; !r.live {
		ps.setLocked(index, report{told: r.told})
	}
}

func (ps *parents) setLocked(index int, r report) {
	old := ps.reports[index]
	ps.reports[index] = r
	all := old.live != r.live || r.node != nil && old.node != nil && old.node.Complete != r.node.Complete
	for ch, name := range ps.waiting {
		if all || changed(old.find(name), r.find(name)) {
			wake(ch)
		}
	}
}

// changed reports whether two entries of a stream differ in what decides where it is
// taken from.
func changed(a, b *livews.StreamInfo) bool {
	if a == nil || b == nil {
		return a != b
	}
	return a.Epoch != b.Epoch || !slices.Equal(a.Path, b.Path)
}

func wake(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// watch returns a channel that gets a token whenever something has changed for the
// stream, until stop is called.
func (ps *parents) watch(name string) (changed <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.waiting[ch] = name
	return ch, func() {
		ps.mu.Lock()
		defer ps.mu.Unlock()
		delete(ps.waiting, ch)
	}
}
