package wire

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// errPanic is why a peer goes on whose behalf something has panicked.
var errPanic = errors.New("panic")

// do does f beside the sending; finish waits for it.
func (p *peer) do(f func()) {
	p.tasks.Go(func() { p.serve(f) })
}

// serve does f, whose panic ends the connection and nothing else.
func (p *peer) serve(f func()) {
	defer p.guard()
	f()
}

// guard, deferred, ends the connection of p alone when its goroutine panics, as net/http does
// for those of handlers: encoders, loggers and Open are not of this package, and what they are
// given comes from outside. There is no close frame: the panic may have been in a write.
func (p *peer) guard() {
	if v := recover(); v != nil {
		p.panicked(v)
	}
}

// panicked ends the connection for which there was the panic v.
func (p *peer) panicked(v any) {
	p.leave(errPanic)
	p.conn.cutOff()
	p.log().Error("connection panics", "err", fmt.Errorf("%w: %v\n%s", errPanic, v, debug.Stack()))
}
