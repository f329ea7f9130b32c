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

// body is a request's body which a publisher may keep silent for a while only, whatever
// its server's timeouts are.
type body struct {
	in      io.Reader
	rc      *http.ResponseController
	silence time.Duration

	mu     sync.Mutex
	due    time.Time // the read deadline
	last   time.Time // when something came
	over   error     // no more is to be read
	failed error     // what Read has given for that
	ended  bool      // the handler returns: the connection may be another request's
}

// newBody returns the body of r. end has to be called before the handler returns.
func newBody(w http.ResponseWriter, r *http.Request, silence time.Duration) *body {
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Time{}) // where it does not work, the server's holds
	return &body{in: r.Body, rc: rc, silence: silence, last: time.Now()}
}

// Read blocks for as long as the publisher may be silent.
func (b *body) Read(p []byte) (int, error) {
	if err := b.patience(); err != nil {
		return 0, err
	}
	n, err := b.in.Read(p)
	if n > 0 {
		b.heard()
	}
	if err != nil && err != io.EOF {
		err = b.fail(err)
	}
	return n, err
}

func (b *body) heard() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = time.Now()
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

// patience puts the deadline off. An eighth of it is not worth a call to the kernel.
func (b *body) patience() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over != nil {
		return b.over
	}
	now := time.Now()
	if b.due.Sub(now) < b.silence-b.silence/8 {
		b.due = now.Add(b.silence)
		_ = b.rc.SetReadDeadline(b.due) // as in newBody
	}
	return nil
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
