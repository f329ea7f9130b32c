package ingress

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// turnPatience is how long an object waits for the one before it, and stallPatience how
	// long that may give nothing meanwhile.
	turnPatience  = 10 * time.Second
	stallPatience = 3 * time.Second
	// missPatience is how long an object waits for one that has not come and whose number
	// lies between: it may be on a connection of its own.
	missPatience = time.Second
	// maxBehind is by how much the number of an object may be too low. One that is lower is of
	// an encoder that counts anew.
	maxBehind = 8
)

var (
	// errSuperseded is why an object that has stalled ends when the next one comes.
	errSuperseded = errors.New("nothing came for a while, and then another request")
	// errLate says that the objects behind this one have been written already.
	errLate = errors.New("later objects came before")
)

// objectOrder is the order of a representation's objects by their numbers (see objectNumber).
// Where those do not go up by one, as times do not, it is that in which the objects come.
type objectOrder struct {
	last   uint64 // number of the newest; 0: it has none
	counts bool   // numbers go up by one
}

// begin notes the object that is written next. One without a number is an init segment, after
// which an encoder may count anew.
func (o *objectOrder) begin(number uint64) {
	o.counts = number > 0 && (o.counts || o.last > 0 && number == o.last+1)
	o.last = number
}

// misses reports whether there is to be another object in front of that with this number.
func (o *objectOrder) misses(number uint64) bool { return o.counts && number > o.last+1 }

// isLate reports whether the object with this number would be behind others that it belongs
// in front of.
func (o *objectOrder) isLate(number uint64) bool {
	return o.counts && number > 0 && number < o.last && o.last-number <= maxBehind
}

// begin waits for the turn of an object: until the one before has ended, and a while for one
// that is missing between the two.
func (a *assembly) begin(ctx context.Context, rep *representation, w *boxWatch) error {
	a.lineUp(rep, w)
	for end := time.Now().Add(turnPatience); ; {
		before, progress, moved := a.progress(rep)
		wait, err := a.tryBegin(rep, w)
		if wait == 0 || err != nil {
			return err
		}
		timer := time.NewTimer(min(wait, time.Until(end)))
		select {
		case <-moved:
		case <-timer.C:
			a.checkStall(rep, before, progress)
		case <-ctx.Done():
			err = ctx.Err()
		}
		timer.Stop()
		if err == nil && !time.Now().Before(end) {
			err = fmt.Errorf("%s: %w", rep.key, errTaken)
		}
		if err != nil {
			a.stepOut(rep, w)
			return err
		}
	}
}

// lineUp has w wait behind those that have come before it, but for those of higher numbers.
func (a *assembly) lineUp(rep *representation, w *boxWatch) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.came = time.Now()
	at := len(rep.line)
	for at > 0 && w.number > 0 && rep.line[at-1].number > w.number {
		at--
	}
	rep.line = slices.Insert(rep.line, at, w)
	rep.hasMoved()
}

// stepOut gives up waiting.
func (a *assembly) stepOut(rep *representation, w *boxWatch) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rep.leaveLine(w)
}

// tryBegin makes w the object that is written, if it is its turn, and else returns how long
// to wait at the most before it is tried again.
func (a *assembly) tryBegin(rep *representation, w *boxWatch) (wait time.Duration, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case rep.order.isLate(w.number):
		rep.leaveLine(w)
		return 0, errLate
	case rep.current != nil || rep.line[0] != w:
		return stallPatience, nil
	case rep.order.misses(w.number):
		since := w.came
		if rep.freeAt.After(since) {
			since = rep.freeAt
		}
		if wait = missPatience - time.Since(since); wait > 0 {
			return wait, nil
		}
	}
	rep.leaveLine(w)
	rep.order.begin(w.number)
	rep.current = w
	return 0, nil
}

// progress returns the object that is written, how much of it has come, and what is closed
// when the line moves.
func (a *assembly) progress(rep *representation) (w *boxWatch, count int64, moved <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if rep.current == nil {
		return nil, 0, rep.moved
	}
	return rep.current, rep.current.count.Load(), rep.moved
}

// checkStall ends the object that is written if nothing of it has come since it had this
// progress.
func (a *assembly) checkStall(rep *representation, before *boxWatch, progress int64) {
	now, since, _ := a.progress(rep)
	if now != nil && now == before && since == progress && now.interrupt != nil {
		now.interrupt(errSuperseded)
	}
}

// finish lets the next object begin. A representation of which nothing was right is none.
func (a *assembly) finish(rep *representation) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rep.ended = rep.current.ended
	rep.current, rep.freeAt = nil, time.Now()
	if len(rep.tracks) == 0 && !rep.retired {
		a.refused = true
		a.account.give(len(rep.init))
		a.reps = slices.DeleteFunc(a.reps, func(r *representation) bool { return r == rep })
	}
	rep.hasMoved()
}

func (r *representation) leaveLine(w *boxWatch) {
	r.line = slices.DeleteFunc(r.line, func(other *boxWatch) bool { return other == w })
	r.hasMoved()
}

// hasMoved tells those in the line that it has moved.
func (r *representation) hasMoved() {
	close(r.moved)
	r.moved = make(chan struct{})
}
