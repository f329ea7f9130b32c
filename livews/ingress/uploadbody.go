package ingress

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// minProgress is how many bytes a publisher has to send within the time for which it may be
// silent: who sends less holds a name, and publishes nothing.
const minProgress = 512

// body is a request's body which a publisher may keep silent for a while only, whatever
// its server's timeouts are.
type body struct {
	in      io.Reader
	rc      *http.ResponseController
	silence time.Duration

	mu     sync.Mutex
	due    time.Time // the read deadline
	limit  time.Time // beyond which it is not put off; zero: none
	last   time.Time // when something came
	begun  time.Time // the count; time in which nobody reads does not count
	left   time.Time // when the last Read returned; zero before
	count  int       // bytes since then, fewer than minProgress
	over   error     // no more is to be read
	failed error     // what Read has given for that
	ended  bool      // the handler returns: the connection may be another request's
}

// newBody returns the body of r. end has to be called before the handler returns.
func newBody(w http.ResponseWriter, r *http.Request, silence time.Duration) *body {
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Time{}) // where it does not work, the server's holds
	now := time.Now()
	return &body{in: r.Body, rc: rc, silence: silence, last: now, begun: now}
}

// Read blocks for as long as the publisher may be silent.
func (b *body) Read(p []byte) (int, error) {
	if err := b.patience(); err != nil {
		return 0, err
	}
	n, err := b.in.Read(p)
	b.heard(n)
	if err != nil && err != io.EOF {
		err = b.fail(err)
	}
	return n, err
}

func (b *body) heard(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = time.Now()
	if n == 0 {
		return
	}
	b.last = b.left
	if b.count += n; b.count >= minProgress {
		b.begun, b.count = b.last, 0
	}
}

// idle returns for how long nothing has come.
func (b *body) idle() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Since(b.last)
}

// fail notes why a Read has failed: an end of the deadline before it was due is an
// interruption. net/http ends the request's context after any error, so that says nothing.
func (b *body) fail(err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over != nil && errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(b.due) {
		err = b.over
	}
	b.over, b.failed = err, err
	return err
}

// patience puts the deadline off, as far as enough has come. An eighth of it is not worth a
// call to the kernel.
func (b *body) patience() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over != nil {
		return b.over
	}
	if !b.left.IsZero() {
		b.begun = b.begun.Add(time.Since(b.left))
	}
	due := b.begun.Add(b.silence)
	if !b.limit.IsZero() && b.limit.Before(due) {
		due = b.limit
	}
	if due.Sub(b.due) > b.silence/8 || due.Before(b.due) {
		b.due = due
		_ = b.rc.SetReadDeadline(b.due) // as in newBody
	}
	return nil
}

// hasten lets b end in so long at the latest, however much comes. It reports whether that
// works.
func (b *body) hasten(d time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	limit := time.Now().Add(d)
	if b.ended || !b.limit.IsZero() && b.limit.Before(limit) {
		return true
	}
	b.limit, b.due = limit, limit
	return b.rc.SetReadDeadline(limit) == nil
}

// failure returns why no more could be read, or nil.
func (b *body) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}

// interrupt ends the Read that is going on, and all that follow, with err.
func (b *body) interrupt(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over == nil && !b.ended {
		b.over = err
		_ = b.rc.SetReadDeadline(time.Unix(1, 0)) // as in newBody
	}
}

// endsWith has ctx interrupt b with its cause.
func (b *body) endsWith(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { b.interrupt(context.Cause(ctx)) })
}

// end leaves the connection alone from now on.
func (b *body) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}
