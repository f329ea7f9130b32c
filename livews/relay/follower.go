package relay

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// follower is the Source of one stream of an Upstream. One goroutine owns all its
// state and all its retries: it hears what happens to the links, hands on what the
// reader has not had yet, and decides in review which links there are to be:
//
//	active    gives the media; it may still be dialled
//	standby   is connected to another server and gives nothing, until it is started
//	          beside the active one to take over from it
//	spare     is being dialled to be a better standby
type follower struct {
	up     *Upstream
	name   string
	via    []string            // of the first reader, this node's own id last; may be empty
	from   livews.Position     // where the first reader's media begins
	routed func(path []string) // may be nil

	events chan event
	out    chan *livews.Segment
	opened chan struct{} // closed when the first link is there with its way
	ended  chan struct{} // closed when end is known
	end    error
	cancel context.CancelFunc
	tasks  sync.WaitGroup // everything but run
	done   chan struct{}  // closed when nothing runs any more

	// What follows belongs to run.
	given                  given
	pace                   pace
	trials                 map[*parent]*trial
	active, standby, spare *link
	candidates             []candidate
	route                  []string

	now      time.Time // of the review
	wake     time.Time // when the next one is due; zero: when something happens
	heard    time.Time // when the active one gave something
	lead     time.Time // since when a server has a higher epoch
	outdated time.Time // since when the active one's server has a lower epoch
	gone     time.Time // since when no server has the stream
	isOpen   bool      // opened is closed
	border   bool      // the last chunk began a group

	why      reason // of the probe: of the standby that was started
	wait     time.Duration
	probeEnd time.Time
}

// newFollower returns a follower that runs until Close or the end of ctx.
func newFollower(ctx context.Context, up *Upstream, req *livews.Request) *follower {
	f := &follower{
		up: up, name: req.Name, via: slices.Clone(req.Via), from: beginning(req), routed: req.Routed,
		events: make(chan event), out: make(chan *livews.Segment),
		opened: make(chan struct{}), ended: make(chan struct{}), done: make(chan struct{}),
		trials: make(map[*parent]*trial),
	}
	for _, p := range up.parents.all {
		f.trials[p] = new(trial)
	}
	ctx, f.cancel = context.WithCancel(ctx)
	go f.run(ctx)
	return f
}

// beginning returns the group with which a stream is to begin for its first reader.
func beginning(req *livews.Request) livews.Position {
	from := lowestGroup(req.After)
	if from.Group > 0 {
		from.Group-- // for slower readers of the same node
	}
	if from.IsZero() || !req.From.IsZero() && from.After(req.From) {
		return req.From
	}
	return from
}

// ReadSegment returns the next segment. It blocks while there is no connection.
// Its errors are ctx's, or final: [io.EOF] at the stream's clean end,
// [livews.ErrNotFound] when no upstream has had it for 5 s, [livews.ErrUnavailable] when
// all have refused for good, and [livews.ErrClosed] after Close.
func (f *follower) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	select {
	case seg := <-f.out:
		return seg, nil
	case <-f.ended:
		return nil, f.end
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close ends the connections and waits until nothing runs any more. It always returns
// nil.
func (f *follower) Close() error {
	f.cancel()
	<-f.done
	return nil
}

func (f *follower) run(ctx context.Context) {
	changed, stop := f.up.parents.watch(f.name)
	if f.routed != nil {
		f.routed(nil) // this is no ingress, even if it never finds a way
	}
	defer close(f.done)
	defer f.tasks.Wait()
	defer f.cancel()
	defer stop()
	f.end = f.loop(ctx, changed)
	close(f.ended)
}

// loop is the follower's life; it returns why it ends.
func (f *follower) loop(ctx context.Context, changed <-chan struct{}) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case e := <-f.events:
			if again, err := f.handle(ctx, e); err != nil {
				return err
			} else if !again {
				continue
			}
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			return livews.ErrClosed
		}
		if err := f.review(ctx); err != nil {
			return err
		}
		timer.Reset(f.nap())
	}
}

// nap returns how long nothing is due.
func (f *follower) nap() time.Duration {
	if f.wake.IsZero() {
		return time.Hour
	}
	return time.Until(f.wake)
}

// handle takes an event and reports whether there is something to decide; an error ends
// the stream.
func (f *follower) handle(ctx context.Context, e event) (again bool, err error) {
	f.now = time.Now()
	l := e.link
	if l != f.active && l != f.standby && l != f.spare {
		return false, nil // it was dropped
	}
	switch {
	case e.err != nil:
		return true, f.lose(l, e.err)
	case e.conn != nil:
		f.connected(l, e.conn)
	case e.path != nil:
		f.tellPath(l, *e.path)
	case e.goaway != nil:
		f.sendAway(l, *e.goaway)
	default:
		return f.take(ctx, l, e.seg), nil
	}
	return true, nil
}

// connected notes that a dial has gone well: no reason yet to trust the server.
func (f *follower) connected(l *link, c conn) {
	l.conn, l.since, l.ready = c, f.now, f.now
	l.trial.err = nil
	switch l {
	case f.active:
		f.heard = f.now
	case f.spare:
		if f.standby != nil && !f.standby.hasWay() {
			f.rest(f.standby) // else two of that kind would take turns
		}
		drop(f.standby)
		f.standby, f.spare = l, nil
	}
}

// sendAway notes that the server wants l to leave. One that says so of each connection
// is not asked again and again.
func (f *follower) sendAway(l *link, delay time.Duration) {
	if l.leaveAt.IsZero() {
		l.trial.backoff.Lived(f.now.Sub(l.since))
		l.trial.after = f.now.Add(delay + l.trial.backoff.Next())
	}
	l.leaveAt = f.now.Add(delay)
}

// tellPath notes the way by which the stream comes over l.
func (f *follower) tellPath(l *link, path []string) {
	hadWay := l.told && len(l.path) > 0
	if l.hasWay() {
		l.lost = f.now
	}
	l.told, l.path = true, path
	switch {
	case f.wanted().leadsBack(path):
		f.fail(l, errCircle)
	case len(path) == 0 && l == f.active && (!f.isOpen || !hadWay && l.started.IsZero()):
		f.fail(l, errNoWay) // two that wait for each other would do so for ever
	case len(path) > 0 && !hadWay:
		l.ready = f.now
	}
}

// take handles a segment and reports whether there is something to decide.
func (f *follower) take(ctx context.Context, l *link, seg *livews.Segment) (again bool) {
	again = !l.begun
	l.begun = true
	switch {
	case l == f.active:
		return f.takeActive(ctx, l, seg) || again
	case !l.isProbing():
		// A server that knows no standby: what it sends now would be missing later.
		l.trial.foreign = true
		f.fail(l, errForeign)
		return true
	case seg.Type == livews.TypeInit:
		l.hold(seg)
		return false
	}
	return f.takeProbe(ctx, l, seg)
}

// takeActive gives the reader what the active link brings.
func (f *follower) takeActive(ctx context.Context, l *link, seg *livews.Segment) (again bool) {
	if f.given.isStale(seg) {
		f.leaveStale(l)
		return true
	}
	if seg.Type == livews.TypeInit {
		f.give(ctx, seg)
		return false
	}
	again = f.hasSpoken(seg)
	f.give(ctx, seg)
	f.heard = time.Now() // the reader may have taken its time
	if seg.Flags.Has(livews.FlagFirst) {
		f.border, again = true, true
	}
	return again
}

// hasSpoken notes that the active link is not silent; a probe that was made for that is
// over.
func (f *follower) hasSpoken(seg *livews.Segment) (again bool) {
	if !f.given.isNew(seg) {
		return false
	}
	f.pace.note(seg)
	f.wait = 0
	f.gone = time.Time{}
	if f.standby.isProbing() && f.why == silent {
		f.rest(f.standby)
		drop(f.standby)
		f.standby = nil
		return true
	}
	return false
}

// takeProbe looks at a chunk of a standby that was started: whether it takes over.
func (f *follower) takeProbe(ctx context.Context, l *link, seg *livews.Segment) (again bool) {
	switch {
	case f.given.isStale(seg):
		f.leaveStale(l)
	case f.why == silent && !f.given.isNew(seg):
		return false
	case f.why != silent && f.given.leavesHole(seg):
		// The active one may still fill it.
		f.fail(l, errHole)
	default:
		f.takeOver(ctx, seg)
	}
	return true
}

// takeOver makes the standby the active link, beginning with this chunk.
func (f *follower) takeOver(ctx context.Context, seg *livews.Segment) {
	old := f.active
	f.up.log.Info("upstream changes", "stream", f.name, "remote", f.standby.parent.url, "reason", f.why.String())
	f.active, f.standby = f.standby, nil
	switch {
	case old == nil: // it has failed meanwhile
	case f.why == silent:
		f.retire(old, errSilent)
	case f.why == higher && old.isOpen():
		f.dropStale(old)
	default:
		drop(old)
	}
	f.giveHeld(ctx)
	f.gone = time.Time{}
	f.pace.note(seg)
	f.give(ctx, seg)
	f.heard = time.Now()
}

// giveHeld gives the init segments that came over the active link before it was that.
func (f *follower) giveHeld(ctx context.Context) {
	for _, init := range f.active.inits {
		f.give(ctx, init)
	}
	f.active.inits = nil
}

// give hands seg to the reader if it is to have it. It blocks until the reader takes
// it.
func (f *follower) give(ctx context.Context, seg *livews.Segment) {
	seg = f.given.admit(seg)
	if seg == nil {
		return
	}
	f.noteOpen() // nobody reads before that
	select {
	case f.out <- seg:
	case <-ctx.Done():
	}
}

// resume returns where a connection is to go on: after the last position of each track,
// and the other tracks no later than these.
func (f *follower) resume() (after map[uint16]livews.Position, from livews.Position) {
	after = f.given.after()
	if len(after) == 0 {
		return nil, f.from
	}
	return after, lowestGroup(after)
}

// lose ends a link that has failed; an error ends the stream.
func (f *follower) lose(l *link, err error) error {
	if err == io.EOF && (l == f.active || l.isProbing()) && !f.isLed() {
		return io.EOF
	}
	f.fail(l, err)
	return nil
}
