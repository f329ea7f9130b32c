package wire

import "net"

// leftover is what a worker could not do for a viewer.
type leftover struct {
	bufs   net.Buffers // to be written
	locked bool        // conn.mu is held: a part of bufs is written
	err    error       // what comes then: no more
}

// tryWrite writes what of bufs the peer takes at once, with room to put them together. It
// returns what is left for finishWrite, nil if that is nothing.
func (c *serverConn) tryWrite(bufs net.Buffers, w *worker) *leftover {
	if c.pong.Load() != nil || !c.mu.TryLock() {
		return &leftover{bufs: after(bufs, 0)}
	}
	if c.closing.Load() {
		c.mu.Unlock()
		return &leftover{err: &sendError{net.ErrClosed}} // nothing follows a close frame
	}
	p := w.join(bufs)
	n, err := w.attempt.write(c.raw, p)
	switch {
	case err != nil:
		c.mu.Unlock()
		c.reset() // of no use any more
		return &leftover{err: &sendError{err}}
	case n < size(bufs):
		return &leftover{bufs: after(bufs, n), locked: true}
	}
	c.mu.Unlock()
	if c.pong.Load() != nil {
		return new(leftover) // an answer that came meanwhile may have to wait
	}
	return nil
}

// finishWrite writes what tryWrite has left, and waits as long as WriteAll does.
func (c *serverConn) finishWrite(left *leftover) error {
	if !left.locked {
		c.mu.Lock()
	}
	defer c.unlock()
	if len(left.bufs) == 0 {
		return nil
	}
	return c.writeVector(left.bufs)
}

func size(bufs net.Buffers) int {
	n := 0
	for _, p := range bufs {
		n += len(p)
	}
	return n
}

// after returns a copy of what comes after the first n bytes of bufs, which have more.
func after(bufs net.Buffers, n int) net.Buffers {
	for n >= len(bufs[0]) {
		n -= len(bufs[0])
		bufs = bufs[1:]
	}
	rest := append(net.Buffers(nil), bufs...)
	rest[0] = rest[0][n:]
	return rest
}

// then returns l, which may be nil, with err as its end unless it has one.
func (l *leftover) then(err error) *leftover {
	if l == nil {
		return &leftover{err: err}
	}
	if l.err == nil {
		l.err = err
	}
	return l
}
