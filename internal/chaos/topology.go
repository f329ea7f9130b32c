package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Role is what a node does.
type Role string

// The roles.
const (
	Ingress Role = "ingress"
	Relay   Role = "relay"
	Edge    Role = "edge"
)

// Plan is one node of a [Topology].
type Plan struct {
	Name string
	Role Role
	// Parents are nodes in order of preference; an ingress has none.
	Parents []int
	// Streams are what an ingress publishes.
	Streams []string
	// Viewers is how many viewers each stream has here.
	Viewers int
}

// Topology is which nodes there are and who takes from whom.
type Topology struct {
	Name  string
	Nodes []Plan
}

// Topologies are the names that [NewTopology] knows.
var Topologies = []string{"chain", "tree", "diamond", "ring", "self", "random"}

// maxNodes bounds a random topology.
const maxNodes = 8

// NewTopology returns the one of this name; where it leaves something open, rng decides.
func NewTopology(name string, rng *rand.Rand) (*Topology, error) {
	t := &Topology{Name: name}
	switch name {
	case "chain":
		t.chain(2 + rng.IntN(3))
	case "tree":
		t.tree()
	case "diamond":
		t.diamond()
	case "ring":
		t.ring(3+rng.IntN(3), 1+rng.IntN(2))
	case "self":
		t.self()
	case "random":
		t.random(rng)
	default:
		return nil, fmt.Errorf("no topology %q: want one of %s", name, strings.Join(Topologies, ", "))
	}
	return t, nil
}

// String draws the topology in a line.
func (t *Topology) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:", t.Name)
	for _, n := range t.Nodes {
		fmt.Fprintf(&b, " %s", n.Name)
		if len(n.Streams) > 0 {
			fmt.Fprintf(&b, "(%s)", strings.Join(n.Streams, ","))
		}
		for i, p := range n.Parents {
			fmt.Fprintf(&b, "%c%s", "<,"[min(i, 1)], t.Nodes[p].Name)
		}
	}
	return b.String()
}

// Streams returns the names of all streams.
func (t *Topology) Streams() []string {
	var names []string
	for _, n := range t.Nodes {
		names = append(names, n.Streams...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Reached returns for each node whether a way without a loop leads to it from a live
// ingress of the stream, over links that pass.
func (t *Topology) Reached(stream string, up func(node int) bool, passes func(child, parent int) bool) []bool {
	reached := make([]bool, len(t.Nodes))
	for i, n := range t.Nodes {
		reached[i] = up(i) && slices.Contains(n.Streams, stream)
	}
	for more := true; more; {
		more = false
		for i, n := range t.Nodes {
			if reached[i] || !up(i) {
				continue
			}
			reached[i] = slices.ContainsFunc(n.Parents, func(p int) bool { return reached[p] && passes(i, p) })
			more = more || reached[i]
		}
	}
	return reached
}

// add adds a node and returns its number.
func (t *Topology) add(role Role, viewers int, parents ...int) int {
	i := len(t.Nodes)
	t.Nodes = append(t.Nodes, Plan{Name: fmt.Sprintf("%c%d", role[0], i), Role: role, Parents: parents, Viewers: viewers})
	return i
}

// ingress adds an ingress of one stream.
func (t *Topology) ingress(stream string) int {
	i := t.add(Ingress, 0)
	t.Nodes[i].Streams = []string{stream}
	return i
}

func (t *Topology) chain(relays int) {
	last := t.ingress("cam1")
	for range relays {
		last = t.add(Relay, 0, last)
	}
	t.Nodes[last].Viewers = 1
	t.add(Edge, 2, last)
}

func (t *Topology) tree() {
	root := t.ingress("cam1")
	left, right := t.add(Relay, 0, root), t.add(Relay, 1, root)
	t.add(Edge, 1, left)
	t.add(Edge, 1, left)
	t.add(Edge, 1, right)
}

// diamond has two ways from the ingress to the edges.
func (t *Topology) diamond() {
	top := t.ingress("cam1")
	left, right := t.add(Relay, 0, top), t.add(Relay, 0, top)
	t.add(Edge, 2, left, right)
	t.add(Edge, 1, right, left)
}

// ring has relays each of which takes from both its neighbours, and ingresses at some of
// them, each with a stream of its own.
func (t *Topology) ring(relays, ingresses int) {
	for i := range relays {
		t.add(Relay, 1, (i+relays-1)%relays, (i+1)%relays)
	}
	for i := range ingresses {
		at := i * relays / ingresses
		in := t.ingress(fmt.Sprintf("cam%d", i+1))
		t.Nodes[at].Parents = append([]int{in}, t.Nodes[at].Parents...)
	}
}

// self has a relay which is its own first parent.
func (t *Topology) self() {
	root := t.ingress("cam1")
	loop := t.add(Relay, 1)
	t.Nodes[loop].Parents = []int{loop, root}
	t.add(Edge, 1, loop)
}

// random has any links among its relays and edges, loops and dead ends included; every
// ingress has a child.
func (t *Topology) random(rng *rand.Rand) {
	ingresses := 1 + rng.IntN(2)
	n := 2*ingresses + 1 + rng.IntN(maxNodes-2*ingresses)
	for i := range ingresses {
		t.ingress(fmt.Sprintf("cam%d", i+1))
	}
	for i := ingresses; i < n; i++ {
		role := Relay
		if rng.IntN(3) == 0 {
			role = Edge
		}
		parents := slices.Clone(rng.Perm(n)[:1+rng.IntN(3)])
		if from := i - ingresses; from < ingresses && !slices.Contains(parents, from) {
			parents[rng.IntN(len(parents))] = from
		}
		t.add(role, rng.IntN(2), parents...)
	}
	t.Nodes[ingresses].Viewers = 1
	t.Nodes[n-1].Viewers = 1
}
