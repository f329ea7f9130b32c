package relay

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/backoff"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

// maxHeldInits and maxHeldBytes bound the init segments that wait for a first chunk.
const (
	maxHeldInits = 2 * maxTracks
	maxHeldBytes = 4 << 20
)

// conn is a connection to a server: a [wire.Stream], or its double in tests.
type conn interface {
	livews.Source
	Start(ctx context.Context, after map[uint16]livews.Position, from livews.Position) error
	CloseWith(code int, reason string) error
	Close() error
}

// trial is what a follower has seen of one server.
type trial struct {
	backoff backoff.Backoff
	after   time.Time // when it may be asked again
	err     error     // of the last attempt; nil where that connected
	final   bool      // not to be asked again
	foreign bool      // cannot stand by
	warned  bool      // of its staleness
}

// link is one connection of a follower, from its dial on. A goroutine of its own reads
// it; all fields but those that never change belong to the follower's.
type link struct {
	parent  *parent
	trial   *trial
	healthy time.Duration // how long it has to be ready before it is preferred
	cancel  context.CancelFunc

	conn    conn      // nil while it is dialled
	since   time.Time // of conn, or of the dial
	started time.Time // when a standby was started
	begun   bool      // a segment has come
	told    bool      // path was told
	path    []string
	ready   time.Time // since when it has been there with a way
	lost    time.Time // since when it has had none
	leaveAt time.Time // the server goes away then
	inits   []*livews.Segment
	held    int // bytes of inits
}

func (l *link) isOpen() bool { return l != nil && l.conn != nil }

// isDialled reports whether l is still to connect.
func (l *link) isDialled() bool { return l != nil && l.conn == nil }

// isProbing reports whether l is a standby that was started beside the active one.
func (l *link) isProbing() bool { return l.isOpen() && !l.started.IsZero() }

// hasWay reports whether the stream can come over l, as far as is known.
func (l *link) hasWay() bool { return l.isOpen() && (!l.told || len(l.path) > 0) }

// hold keeps an init segment until the first chunk.
func (l *link) hold(seg *livews.Segment) {
	if len(l.inits) < maxHeldInits && l.held+len(seg.Payload) <= maxHeldBytes {
		l.inits = append(l.inits, seg)
		l.held += len(seg.Payload)
	}
}

// event is what has happened to a link: one of its fields is set.
type event struct {
	link   *link
	conn   conn
	seg    *livews.Segment
	err    error
	path   *[]string
	goaway *time.Duration
}

// startLink dials p, and reads what comes until the link is cancelled.
func (f *follower) startLink(ctx context.Context, p *parent, opts *wire.DialOptions) *link {
	l := &link{parent: p, trial: f.trials[p], healthy: healthyFor + rand.N(healthySpread), since: time.Now()}
	ctx, l.cancel = context.WithCancel(ctx)
	opts.OnPath = func(path []string) {
		path = slices.Clone(path)
		f.tell(ctx, event{link: l, path: &path})
	}
	opts.OnGoaway = func(delay time.Duration) { f.tell(ctx, event{link: l, goaway: &delay}) }
	f.tasks.Go(func() { f.readLink(ctx, l, opts) })
	return l
}

func (f *follower) readLink(ctx context.Context, l *link, opts *wire.DialOptions) {
	defer l.cancel()
	c, err := f.dial(ctx, l.parent, opts)
	if err != nil {
		f.tell(ctx, event{link: l, err: err})
		return
	}
	defer c.Close()
	for f.tell(ctx, event{link: l, conn: c}); ctx.Err() == nil; {
		seg, err := c.ReadSegment(ctx)
		f.tell(ctx, event{link: l, seg: seg, err: err})
		if err != nil {
			return
		}
	}
}

// dial connects when there is a place among those who do.
func (f *follower) dial(ctx context.Context, p *parent, opts *wire.DialOptions) (conn, error) {
	if err := p.enter(ctx); err != nil {
		return nil, err
	}
	defer p.exit()
	return f.up.dial(ctx, p.url, f.name, opts)
}

// tell hands an event to the follower's goroutine. What happens to a link that was
// cancelled is of no interest to it.
func (f *follower) tell(ctx context.Context, e event) {
	select {
	case f.events <- e:
	case <-ctx.Done():
	}
}

// startStandby lets the media of a standby begin after what the reader has.
func (f *follower) startStandby(ctx context.Context, l *link) {
	l.started = f.now
	after, from := f.resume()
	f.tasks.Go(func() {
		if err := l.conn.Start(ctx, after, from); err != nil {
			f.tell(ctx, event{link: l, err: err})
		}
	})
}

// drop ends a link for good.
func drop(l *link) {
	if l != nil {
		l.cancel()
	}
}

// dropStale ends a link and tells the server that its publisher is no longer the one.
func (f *follower) dropStale(l *link) {
	f.tasks.Go(func() {
		defer l.cancel()
		_ = l.conn.CloseWith(wire.CodeStale, "another publisher has a higher epoch") // it may be gone already
	})
}
