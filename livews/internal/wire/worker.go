package wire

import (
	"net"
	"sync"

	"github.com/livews/websocketlivestream/livews"
)

// maxJoin bounds what a worker puts together; there is hardly ever more.
const maxJoin = 2 * maxBatchBytes

// worker is what a goroutine of a pump needs, which deliveries share.
type worker struct {
	segments [maxBatch]*livews.Segment
	frames   [2 * maxBatch][]byte
	attempt  attempt
	room     []byte // for join
}

var workers = sync.Pool{New: func() any { return new(worker) }}

// join returns the first of bufs, or as many as fit in maxJoin, as one slice that is good
// until the next call: one write is cheaper than a vector of small ones.
func (w *worker) join(bufs net.Buffers) []byte {
	if len(bufs) == 1 || len(bufs[0])+len(bufs[1]) > maxJoin {
		return bufs[0]
	}
	w.room = w.room[:0]
	for _, p := range bufs {
		if len(w.room)+len(p) > maxJoin {
			break
		}
		w.room = append(w.room, p...)
	}
	return w.room
}
