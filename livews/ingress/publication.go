package ingress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// endGrace is how long the last objects of a stream may come after it was told to end,
	// and endDoubt after how long with more of them it was not the end. Nor was it when an
	// init segment comes: that is an encoder which starts again.
	endGrace = 500 * time.Millisecond
	endDoubt = 3 * time.Second
	// maxObjects bounds the objects of a stream that are being written at the same time.
	maxObjects = 256
)

// errNothingPublished says that there is no stream to be ended.
var errNothingPublished = errors.New("nothing is being published under the name")

// publication is a turn whose stream comes in objects, each in a request of its own. Its
// publisher is known by its address only: another one gets 409.
type publication struct {
	turn     *turn
	host     string // the publisher's address, without the port
	assembly *assembly
	done     chan struct{} // closed when it has ended
	err      error         // why; to be read then

	// Guarded by Handler.mu.
	objects int // being written
	timer   *time.Timer
	overAt  time.Time // when the stream was told to end
	closing bool      // nothing more is taken
}

// join returns the publication of the name for one more object, which ends with leave. It
// is made if there is none; the errors are those of claim.
func (h *Handler) join(r *http.Request, name string) (*publication, error) {
	host := hostOf(r)
	takeOver := h.takesOver(r)
	for {
		p, err := h.tryJoin(r.Context(), name, host, takeOver)
		if err != nil || p.enter() {
			return p, err
		}
		select {
		case <-p.done:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// tryJoin returns the publication of the name, which may be closing.
func (h *Handler) tryJoin(ctx context.Context, name, host string, takeOver bool) (*publication, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.turns[name]; t != nil && t.files != nil && (t.files.host == host || t.files.closing) {
		if t.files.objects >= maxObjects {
			return nil, fmt.Errorf("%w: %d files are being written", livews.ErrUnavailable, maxObjects)
		}
		return t.files, nil
	}
	t, err := h.claimLocked(context.WithoutCancel(ctx), name, takeOver)
	if err != nil {
		return nil, err
	}
	p := &publication{
		turn: t, host: host, done: make(chan struct{}),
		assembly: newAssembly(h.logger().With("stream", name)),
	}
	p.assembly.account = t.account
	t.files = p
	go p.run()
	return p, nil
}

// run publishes what comes until it ends. Handler.Close waits for it.
func (p *publication) run() {
	defer p.turn.end()
	defer close(p.done)
	err := p.turn.begin()
	if err == nil {
		err = p.turn.publish(p.turn.stamped(p.assembly))
	}
	p.err = err
	if err == nil {
		p.err = errEnded
	}
	p.assembly.end(p.err)
	h := p.turn.handler
	h.mu.Lock()
	defer h.mu.Unlock()
	p.closing = true
	p.stopTimer()
	if err != nil {
		h.logger().Warn("publisher has gone", "stream", p.turn.name, "err", err)
	}
}

// enter notes one more object, unless p is closing.
func (p *publication) enter() bool {
	h := p.turn.handler
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.closing {
		return false
	}
	p.objects++
	p.stopTimer()
	return true
}

// leave notes that an object has ended. When there is none for too long, the publisher is
// gone; where none was any good, there never was one.
func (p *publication) leave() {
	h := p.turn.handler
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.objects--; p.objects > 0 || p.closing {
		return
	}
	if p.assembly.isEmpty() {
		p.closeLocked(nil)
		return
	}
	if p.assembly.allEnded() && p.overAt.IsZero() {
		p.overAt = time.Now()
	}
	p.waitLocked()
}

// finish tells that the stream ends.
func (p *publication) finish() {
	h := p.turn.handler
	h.mu.Lock()
	defer h.mu.Unlock()
	p.overAt = time.Now()
	if p.objects == 0 && !p.closing {
		p.waitLocked()
	}
}

// waitLocked has p end after a while.
func (p *publication) waitLocked() {
	p.stopTimer()
	wait, err := p.turn.handler.silence(), error(nil)
	switch {
	case !p.overAt.IsZero() && (time.Since(p.overAt) > endDoubt || p.assembly.hasBegunAfter(p.overAt)):
		p.overAt = time.Time{}
		fallthrough
	case p.overAt.IsZero():
		err = fmt.Errorf("nothing new came for %v: %w", wait, os.ErrDeadlineExceeded)
		wait = max(0, wait-p.assembly.idle())
	default:
		wait = endGrace
	}
	p.timer = time.AfterFunc(wait, func() { p.expire(err) })
}

func (p *publication) expire(err error) {
	h := p.turn.handler
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.objects == 0 && !p.closing {
		p.closeLocked(err)
	}
}

func (p *publication) closeLocked(err error) {
	p.closing = true
	p.stopTimer()
	p.assembly.end(err)
}

func (p *publication) stopTimer() {
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}

// failure returns err, or why the publication has ended if that is why an object failed.
func (p *publication) failure(err error) error {
	if err == nil || !errors.Is(err, errEnded) && p.turn.ctx.Err() == nil {
		return err
	}
	<-p.done // it is ending
	return p.err
}

// hostOf returns the address of the client of r without its port.
func hostOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// published returns the publication of the name if the client of r may speak for it.
func (h *Handler) published(r *http.Request, name string) (*publication, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.turns[name]
	switch {
	case t == nil, t.files != nil && t.files.closing: // viewers may have seen its end
		return nil, fmt.Errorf("stream %q: %w", name, errNothingPublished)
	case t.files == nil || t.files.host != hostOf(r):
		return nil, fmt.Errorf("stream %q: %w", name, errTaken)
	}
	return t.files, nil
}

// serveDelete answers a request to delete a file, of which none is kept.
func (h *Handler) serveDelete(w http.ResponseWriter, r *http.Request, t target) {
	p, err := h.published(r, t.name)
	if err != nil {
		h.refuse(w, r, t.name, err)
		return
	}
	if t.file == "" || isManifest(t.file) {
		p.finish()
	}
	w.WriteHeader(http.StatusNoContent)
}
