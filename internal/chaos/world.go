package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// World is a topology that runs: its nodes, a Proxy on each link, and viewers, each with a
// Proxy of its own.
type World struct {
	Topology *Topology
	Nodes    []*Node
	Viewers  []*Viewer
	Feeds    *Feeds
	Findings *Findings

	links map[string]*Proxy // by name
	seats []seat            // of the viewers
}

// seat is where a viewer sits.
type seat struct {
	node int
	link *Proxy
}

// NewWorld makes what the topology says and starts nothing.
func NewWorld(t *Topology) (*World, error) {
	w := &World{Topology: t, Feeds: NewFeeds(), Findings: new(Findings), links: make(map[string]*Proxy)}
	for _, plan := range t.Nodes {
		w.Nodes = append(w.Nodes, NewNode(plan, w.Feeds, w.Findings))
	}
	for i := range t.Nodes {
		if err := errors.Join(w.linkParents(i), w.seatViewers(i)); err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	return w, nil
}

func (w *World) linkParents(node int) error {
	n := w.Nodes[node]
	for _, parent := range n.Plan.Parents {
		link, err := w.link(n.Name, parent)
		if err != nil {
			return err
		}
		n.parents = append(n.parents, link)
	}
	return nil
}

// link puts a Proxy between a child and the node that is its parent.
func (w *World) link(child string, parent int) (*Proxy, error) {
	name := linkName(child, w.Topology.Nodes[parent].Name)
	p, err := NewProxy(name, func() string { return w.listening(parent) })
	if err == nil {
		w.links[name] = p
	}
	return p, err
}

// listening returns the address of a node, or "" while it is dead: somebody else may have the
// port by then.
func (w *World) listening(node int) string {
	if n := w.Nodes[node]; n.Up() {
		return n.Addr()
	}
	return ""
}

func linkName(child, parent string) string { return child + "<" + parent }

func (w *World) seatViewers(node int) error {
	plan := w.Topology.Nodes[node]
	for _, stream := range w.Topology.Streams() {
		for range plan.Viewers {
			name := fmt.Sprintf("v%d", len(w.Viewers))
			link, err := w.link(name, node)
			if err != nil {
				return err
			}
			v, err := NewViewer(name, stream, []string{link.URL()}, w.Feeds, w.Findings)
			if err != nil {
				return err
			}
			w.Viewers, w.seats = append(w.Viewers, v), append(w.seats, seat{node: node, link: link})
		}
	}
	return nil
}

// Start starts all nodes, and lets the viewers come until ctx ends.
func (w *World) Start(ctx context.Context) error {
	for _, n := range w.Nodes {
		if err := n.Start(); err != nil {
			return err
		}
	}
	for _, v := range w.Viewers {
		v.Come(ctx)
	}
	return nil
}

// Close ends everything and waits for that. It always returns nil.
func (w *World) Close() error {
	for _, v := range w.Viewers {
		v.Leave()
	}
	for _, n := range w.Nodes {
		n.Kill()
	}
	for _, p := range w.links {
		_ = p.Close() // always nil
	}
	return nil
}

// Link returns the link between two nodes, or of a viewer and its node, by their names.
func (w *World) Link(child, parent string) *Proxy { return w.links[linkName(child, parent)] }

// Node returns the node of this name.
func (w *World) Node(name string) *Node {
	for _, n := range w.Nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// LinksOf returns all links from and to the node of this name.
func (w *World) LinksOf(name string) []*Proxy {
	var links []*Proxy
	for i, n := range w.Nodes {
		for j, parent := range w.Topology.Nodes[i].Parents {
			if n.Name == name || w.Nodes[parent].Name == name {
				links = append(links, n.parents[j])
			}
		}
	}
	for i, s := range w.seats {
		if w.Nodes[s.node].Name == name || w.Viewers[i].Name == name {
			links = append(links, s.link)
		}
	}
	return links
}

// Served returns for each viewer whether a way leads to it now from an ingress that is
// alive: whether it is promised its stream.
func (w *World) Served() []bool {
	served := make([]bool, len(w.Viewers))
	for _, stream := range w.Topology.Streams() {
		reached := w.reached(stream)
		for i, v := range w.Viewers {
			if v.Stream == stream {
				served[i] = v.Watching() && w.seats[i].link.Passes() && reached[w.seats[i].node]
			}
		}
	}
	return served
}

func (w *World) reached(stream string) []bool {
	t := w.Topology
	up := func(i int) bool { return w.Nodes[i].Up() }
	return t.Reached(stream, up, func(child, parent int) bool {
		return w.Link(t.Nodes[child].Name, t.Nodes[parent].Name).Passes()
	})
}

// AwaitLive waits until every viewer that is promised its stream has got a chunk which left
// the camera after the call: promise P7. It returns how long that took, and an error that
// names those who have not after the bound.
func (w *World) AwaitLive(ctx context.Context, bound time.Duration) (time.Duration, error) {
	begin := time.Now()
	served := w.Served()
	for {
		var dead []string
		for i, v := range w.Viewers {
			if served[i] && !v.Tally().Newest.After(begin) {
				dead = append(dead, fmt.Sprintf("%s at %s (%s)", v.Name, w.Nodes[w.seats[i].node].Name, v.Stream))
			}
		}
		took := time.Since(begin)
		if len(dead) == 0 {
			return took, nil
		}
		if took > bound {
			return took, fmt.Errorf("P7: not live %v after the last fault: %q", bound, dead)
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			return took, err
		}
	}
}
