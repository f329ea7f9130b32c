package relay

import (
	"cmp"
	"slices"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// nearer is how much of another's round-trip time a server may have at most to be
// clearly nearer than that, and nearerBy how much less it must be.
const (
	nearer   = 0.5
	nearerBy = 20 * time.Millisecond
)

// knowledge is what is known of a stream at a server.
type knowledge int

const (
	has knowledge = iota
	unknown
	lacks
)

// candidate is a server as one that may be asked for a stream.
type candidate struct {
	parent *parent
	index  int // in the order of preference
	stream knowledge
	// What follows is known where the server has the stream.
	path    []string
	epoch   uint32
	rtt     time.Duration
	viewers int
}

// wanted says which servers may be asked.
type wanted struct {
	order Order
	via   []string // no node of the path may be one of these
	epoch uint32   // the least
}

// choose returns those of all who may be asked, the best first.
func choose(all []candidate, w wanted) []candidate {
	var highest uint32
	for _, c := range all {
		highest = max(highest, c.epoch)
	}
	var allowed []candidate
	for _, c := range all {
		if w.allows(c) {
			c.epoch = cmp.Or(c.epoch, highest) // what is not known puts nobody back
			allowed = append(allowed, c)
		}
	}
	slices.SortStableFunc(allowed, w.compare)
	return allowed
}

func (w wanted) allows(c candidate) bool {
	switch c.stream {
	case unknown:
		return true
	case lacks:
		return false
	}
	return len(c.path) > 0 && !w.leadsBack(c.path) && (c.epoch >= w.epoch || c.epoch == 0)
}

// leadsBack reports whether a stream must not be taken by this path.
func (w wanted) leadsBack(path []string) bool {
	return len(path) >= livews.MaxPath || slices.ContainsFunc(path, func(id string) bool { return slices.Contains(w.via, id) })
}

// compare puts the better one first: what is known to have the stream before what is
// not, then the higher epoch.
func (w wanted) compare(a, b candidate) int {
	if c := cmp.Compare(a.stream, b.stream); c != 0 {
		return c
	}
	if a.stream == has {
		if c := cmp.Compare(b.epoch, a.epoch); c != 0 {
			return c
		}
	}
	if a.stream == has && w.order == Nearest {
		if c := cmp.Or(cmp.Compare(len(a.path), len(b.path)), cmp.Compare(a.rtt, b.rtt), cmp.Compare(a.viewers, b.viewers)); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.index, b.index)
}

// prefers reports whether a is so much better than b that it is worth leaving b for it.
// What changes all the time, as round-trip times do, must not.
func (w wanted) prefers(a, b candidate) bool {
	switch {
	case a.stream != has && b.stream == has:
		return false
	case w.order == Preferred:
		return a.index < b.index
	case a.stream != has || b.stream != has:
		return a.stream == has
	case len(a.path) != len(b.path):
		return len(a.path) < len(b.path)
	}
	return float64(a.rtt) < nearer*float64(b.rtt) && b.rtt-a.rtt >= nearerBy
}
