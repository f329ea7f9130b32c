package wire

import (
	"context"
	"net"
	"sync/atomic"
)

// Whose turn it is in a delivery.
const (
	turnNone   int32 = iota // nobody's: its subscription will say when something is due
	turnQueued              // it is in the pump's queue
	turnWorker              // a worker's
	turnAgain               // a worker's, and something has come due since
	turnOwner               // the session's
	turnOver                // the session's, which goes another way
)

// delivery brings a viewer what is due to it by way of a pump. A worker writes what the
// viewer takes at once; where it would have to wait, and for an end, it hands over to the
// session, which has a goroutine to wait with.
type delivery struct {
	session *session
	pump    *pump
	turn    atomic.Int32
	handed  chan *leftover // holds one
}

func newDelivery(s *session, p *pump) *delivery {
	d := &delivery{session: s, pump: p, handed: make(chan *leftover, 1)}
	d.turn.Store(turnOver) // until it runs, which one over TLS never does
	return d
}

// run serves the viewer until an error comes, of which errChanged is one. No worker has to do with it then.
func (d *delivery) run(ctx context.Context) error {
	defer d.session.sub.Forget()
	for {
		d.turn.Store(turnQueued)
		d.pump.push(d)
		select {
		case left := <-d.handed:
			if err := d.finish(left); err != nil {
				return err
			}
		case <-d.session.changed:
			return d.stop(errChanged)
		case <-ctx.Done():
			return d.stop(ctx.Err())
		}
	}
}

// stop takes the turn back and returns the cause, or the error that came first.
func (d *delivery) stop(cause error) error {
	switch d.turn.Swap(turnOver) {
	case turnWorker, turnAgain, turnOwner:
		if err := d.finish(<-d.handed); err != nil {
			return err
		}
	}
	return cause
}

// finish does what a worker could not.
func (d *delivery) finish(left *leftover) error {
	if err := d.session.conn.finishWrite(left); err != nil {
		return &sendError{err}
	}
	return left.err
}

// ready is called when something may be due.
func (d *delivery) ready() {
	switch {
	case d.turn.CompareAndSwap(turnNone, turnQueued):
		d.pump.push(d)
	case d.turn.CompareAndSwap(turnWorker, turnAgain), d.turn.Load() != turnNone:
	default:
		d.ready() // the worker was just done
	}
}

// serve writes what is due and reports whether d is to be queued again.
func (d *delivery) serve(w *worker) bool {
	if !d.turn.CompareAndSwap(turnQueued, turnWorker) {
		return false
	}
	all, left := d.write(w)
	if left == nil && all && d.turn.CompareAndSwap(turnWorker, turnNone) {
		return false
	}
	next := turnQueued
	if left != nil {
		next = turnOwner
	}
	if !d.pass(next) && left == nil {
		left = new(leftover)
	}
	if left != nil {
		d.handed <- left
	}
	return left == nil
}

// pass gives a worker's turn to the next, unless the session has taken it back.
func (d *delivery) pass(next int32) bool {
	for {
		turn := d.turn.Load()
		if turn == turnOver {
			return false
		}
		if d.turn.CompareAndSwap(turn, next) {
			return true
		}
	}
}

// write writes what is due as far as it goes, and reports whether that was all there is.
func (d *delivery) write(w *worker) (all bool, left *leftover) {
	defer d.guard(&left)
	s := d.session
	n, all, err := s.sub.Poll(w.segments[:], maxBatchBytes)
	if err != nil {
		return false, &leftover{err: err}
	}
	if n == 0 {
		return all, nil
	}
	defer clear(w.segments[:n])
	last := caughtUp(w.segments[:n], all)
	bufs, err := s.frames(net.Buffers(w.frames[:0]), w.segments[:n], last)
	defer clear(w.frames[:min(len(bufs), len(w.frames))])
	if len(bufs) > 0 {
		left = s.conn.tryWrite(bufs, w)
	}
	if err != nil {
		left = left.then(err)
	}
	return all, left
}

// guard, deferred, is peer.guard for the worker, which goes on: left hands the session its end.
func (d *delivery) guard(left **leftover) {
	if v := recover(); v != nil {
		d.session.panicked(v)
		*left = &leftover{err: errPanic}
	}
}
