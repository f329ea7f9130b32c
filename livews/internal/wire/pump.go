package wire

import (
	"runtime"
	"sync"
)

// pumpBatch is how many deliveries a worker takes at a time.
const pumpBatch = 16

// pump serves the deliveries that have something due with a few goroutines, in the order in
// which they come. That is what a viewer of its own goroutine costs less: a switch, and a
// stack that is not in the cache any more. A machine that is overloaded has its queue
// here, and not in front of everything else that runs. Nothing runs while nothing is due.
// The zero pump is ready for use.
type pump struct {
	mu      sync.Mutex
	queue   []*delivery
	taken   int // of the queue, at its front
	workers int
}

// push queues d.
func (p *pump) push(d *delivery) {
	p.mu.Lock()
	if p.taken > 0 && len(p.queue) == cap(p.queue) {
		p.moveUp()
	}
	p.queue = append(p.queue, d)
	start := p.workers < runtime.GOMAXPROCS(0)
	if start {
		p.workers++
	}
	p.mu.Unlock()
	if start {
		go p.work()
	}
}

// work serves deliveries until none is left.
func (p *pump) work() {
	w := workers.Get().(*worker)
	defer workers.Put(w)
	var batch [pumpBatch]*delivery
	for {
		n := p.take(batch[:])
		if n == 0 {
			return
		}
		for _, d := range batch[:n] {
			if d.serve(w) {
				p.push(d)
			}
		}
		clear(batch[:n])
		runtime.Gosched() // reading, joining and writing to the log come in between
	}
}

// take takes deliveries from the queue; none ends the worker.
func (p *pump) take(batch []*delivery) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := copy(batch, p.queue[p.taken:])
	p.taken += n
	if p.taken == len(p.queue) {
		p.moveUp()
	}
	if n == 0 {
		p.workers--
	}
	return n
}

// moveUp makes room at the end of the queue where the front was taken.
func (p *pump) moveUp() {
	left := copy(p.queue, p.queue[p.taken:])
	clear(p.queue[left:])
	p.queue, p.taken = p.queue[:left], 0
}
