package livews

import "errors"

// ErrLoop says that a stream would come back to a node that it has come through.
var ErrLoop = errors.New("livews: loop")

// MaxPath is the greatest number of nodes from an ingress to the last server.
const MaxPath = 16

// Request says what [Streams].Open is asked for, and by whom.
type Request struct {
	// Name is the stream's name.
	Name string
	// After has the last position that the first reader has, by track, if that
	// resumes: the Source should begin early enough for it to go on there. Empty
	// means that the live edge will do.
	After map[uint16]Position
	// From is the group with which the first reader begins where it does not resume: the
	// Source should begin there, or as early as it can. Zero: at the live edge.
	From Position
	// Via has the ids of the nodes through which the request has come, in that order:
	// the last is that of this node. A stream that has come through one of them is
	// not to be taken: it would go in a circle.
	Via []string
	// Routed is called whenever the way by which the stream comes changes, with the ids
	// of the nodes on it: the next upstream first, the ingress last; nil while
	// there is none. An Open that does not call it is taken for an ingress. It may be
	// called by any goroutine until the Source has ended, and never blocks.
	Routed func(path []string)
}
