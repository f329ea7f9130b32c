package ingress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// maxTurns bounds the names that are published through one Handler at the same time.
const maxTurns = 1024

var (
	// errTaken says that somebody else publishes under the name.
	errTaken = errors.New("the name is being published by another")
	// errTakenOver is why the turn of a publisher ends when another takes the name.
	errTakenOver = errors.New("another publisher has taken the name over")
)

// turn is one publisher's turn at a name. No other source of the same Streams has the
// name meanwhile.
type turn struct {
	handler   *Handler
	name      string
	lastEpoch uint32       // of the stream before
	files     *publication // where the stream comes in objects
	body      *body        // where it comes in one
	host      string       // whose body that is
	session   string       // of a publisher that may return; guarded by the handler's mu
	account   *account
	before    *turn // which has to end first; nil where there was none
	ended     chan struct{}

	// ctx ends with the turn. A turn is handed from request to request, so that it is a
	// lifetime of its own, and not an argument.
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// claimLocked gives the caller the name until end is called; begin has to be called before
// something is published. The error wraps [livews.ErrName],
// errTaken if somebody has the name and takeOver is false, [livews.ErrUnavailable] if
// there are too many names, or is [livews.ErrClosed]. The turn's context ends with ctx,
// and with errTakenOver as its cause when somebody takes the name over, or on Close.
func (h *Handler) claimLocked(ctx context.Context, name string, takeOver bool) (*turn, error) {
	old := h.turns[name]
	switch {
	case h.closed:
		return nil, livews.ErrClosed
	case !takeOver && (old != nil || h.Streams.HasSource(name)):
		return nil, fmt.Errorf("stream %q: %w", name, errTaken)
	case old == nil && len(h.turns) >= maxTurns:
		return nil, fmt.Errorf("%w: %d names are being published", livews.ErrUnavailable, len(h.turns))
	}
	if old != nil {
		old.cancel(errTakenOver)
	}
	if h.budget == nil {
		h.budget = &budget{most: cmp.Or(h.MaxMemory, defaultMaxMemory)}
	}
	t := &turn{handler: h, name: name, account: h.budget.open(), before: old, ended: make(chan struct{})}
	t.ctx, t.cancel = context.WithCancelCause(ctx)
	if h.turns == nil {
		h.turns = make(map[string]*turn)
	}
	h.turns[name] = t
	h.running.Add(1)
	return t, nil
}

// begin waits until the turn before has ended: no epoch of its comes after that. The error is
// the cause of this turn's end.
func (t *turn) begin() error {
	if t.before != nil {
		<-t.before.ended // soon, as it was cancelled; and nobody overtakes two of them
		t.before = nil
	}
	if t.ctx.Err() != nil {
		return context.Cause(t.ctx)
	}
	if info, ok := t.handler.Streams.Info(t.name); ok {
		t.lastEpoch = info.Epoch
	}
	return nil
}

// stamped returns what raw gives, which is as a [dash.Splitter] gives it, on one timeline
// and with positions behind those that the stream has had.
func (t *turn) stamped(raw livews.Source) livews.Source {
	timeline := dash.Timeline(raw, &dash.TimelineOptions{Logger: t.handler.logger().With("stream", t.name)})
	return t.stamp(timeline)
}

// stampedFrames returns what b gives with positions, as stamped does. Its clock does not
// jump; and a frame that lasts less long than was told is no jump either, as a timeline
// would have it.
func (t *turn) stampedFrames(b *browser) livews.Source {
	return t.stamp(b)
}

// stamp is Stamp for this turn, whose account pays for what has to wait.
func (t *turn) stamp(src livews.Source) livews.Source {
	s := newStamper(src, &StampOptions{LastEpoch: t.lastEpoch})
	s.account = t.account
	return s
}

// publish is [livews.Streams.Publish] of a source with positions until it or the turn
// ends. Nothing is published before src has given its first segment, so that viewers see
// no stream of a publisher that is refused. The error is the cause of the turn's end where
// that was first.
func (t *turn) publish(src livews.Source) error {
	first, err := src.ReadSegment(t.ctx)
	if err == nil {
		err = t.handler.Streams.Publish(t.ctx, t.name, withFirst(first, src))
	}
	switch {
	case err == io.EOF:
		return nil
	case err != nil && t.ctx.Err() != nil:
		return context.Cause(t.ctx)
	}
	return err
}

// withFirst returns a Source that gives first, and then what src gives.
func withFirst(first *livews.Segment, src livews.Source) livews.Source {
	return livews.SourceFunc(func(ctx context.Context) (*livews.Segment, error) {
		if err := ctx.Err(); err != nil { // it may have ended while first came
			return nil, err
		}
		if seg := first; seg != nil {
			first = nil
			return seg, nil
		}
		return src.ReadSegment(ctx)
	})
}

// end gives the name back. It is called once.
func (t *turn) end() {
	t.cancel(context.Canceled)
	t.account.close()
	h := t.handler
	h.mu.Lock()
	if h.turns[t.name] == t {
		delete(h.turns, t.name)
	}
	h.mu.Unlock()
	close(t.ended)
	h.running.Done()
}

// Close ends all that is being published, waits until it has ended, and refuses
// publishers with 503 from then on. It always returns nil.
func (h *Handler) Close() error {
	h.mu.Lock()
	h.closed = true
	for _, t := range h.turns {
		t.cancel(livews.ErrClosed)
	}
	h.mu.Unlock()
	h.running.Wait()
	return nil
}
