package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

const (
	// hedgeAfter is how long the first dial may take before another server is dialled
	// as well.
	hedgeAfter = time.Second
	// openWait is how long the way of a stream is waited for where nothing comes.
	openWait = time.Second
	// noWayFor is how long an active link is kept over which no way leads.
	noWayFor = 15 * time.Second
	// maxProbeWait bounds the waits between the probes of other servers when all are
	// silent.
	maxProbeWait = time.Minute
)

// Why a link is left.
var (
	errCircle  = fmt.Errorf("%w: the upstream's way leads through this node", livews.ErrLoop)
	errNoWay   = errors.New("the upstream has no way to the stream")
	errForeign = errors.New("the upstream does not know how to stand by")
	errSilent  = errors.New("no media from the upstream")
	errHole    = errors.New("the upstream lacks what the present one has")
	errStale   = errors.New("the upstream's stream is of an older epoch")
	errEnded   = errors.New("the upstream's stream has ended")
)

// review brings the links to what they should be; an error ends the stream. It goes by
// the state alone, so that it may be called at any time.
func (f *follower) review(ctx context.Context) error {
	f.now, f.wake = time.Now(), time.Time{}
	all := f.up.parents.candidates(f.name)
	f.candidates = choose(all, f.wanted())
	f.leaveWayless()
	f.leaveOutdated(all)
	f.promote(ctx)
	f.dialActive(ctx)
	f.replace(ctx)
	f.keepStandby(ctx)
	f.border = false
	f.noteOpen()
	f.noteRoute()
	return f.giveUp()
}

// due reports whether a time has come, and if not sees to it that a review follows then.
func (f *follower) due(at time.Time) bool {
	if !f.now.Before(at) {
		return true
	}
	if f.wake.IsZero() || at.Before(f.wake) {
		f.wake = at
	}
	return false
}

// wanted says which servers may be asked. Those below who had a part in the opening may
// have gone since: later it is only this node through which no way may lead.
func (f *follower) wanted() wanted {
	return wanted{order: f.up.order, via: f.ownVia(), epoch: f.given.epoch}
}

func (f *follower) ownVia() []string {
	if f.isOpen && len(f.via) > 0 {
		return f.via[len(f.via)-1:]
	}
	return f.via
}

// candidate returns what is known of the server of l, if that may be asked.
func (f *follower) candidate(l *link) (c candidate, ok bool) {
	if l == nil {
		return candidate{}, false
	}
	i := slices.IndexFunc(f.candidates, func(c candidate) bool { return c.parent == l.parent })
	if i < 0 {
		return candidate{}, false
	}
	return f.candidates[i], true
}

// next returns the best server that may be asked now and has no link, or false.
func (f *follower) next(standby bool) (c candidate, ok bool) {
	for _, c := range f.candidates {
		t := f.trials[c.parent]
		if t.final || f.isLinked(c.parent) || standby && t.foreign {
			continue
		}
		if f.due(t.after) {
			return c, true
		}
	}
	return candidate{}, false
}

func (f *follower) isLinked(p *parent) bool {
	return slices.ContainsFunc([]*link{f.active, f.standby, f.spare}, func(l *link) bool { return l != nil && l.parent == p })
}

// start dials a server.
func (f *follower) start(ctx context.Context, p *parent, standby bool) *link {
	opts := &wire.DialOptions{MaxLag: f.up.maxLag, Via: f.ownVia(), Standby: standby}
	if !standby {
		opts.After, opts.From = f.resume()
	}
	return f.startLink(ctx, p, opts)
}

// leaveWayless leaves an active link over which there has been no way for too long.
func (f *follower) leaveWayless() {
	l := f.active
	if l.isOpen() && !l.hasWay() && f.due(l.lost.Add(noWayFor)) {
		f.fail(l, errNoWay)
	}
}

// leaveOutdated leaves an active link to a server that has had, for long enough, only an
// epoch that has passed here. Nothing would come from it: it waits for what follows ours.
func (f *follower) leaveOutdated(all []candidate) {
	l := f.active
	old := l.isOpen() && slices.ContainsFunc(all, func(c candidate) bool {
		return c.parent == l.parent && c.epoch > 0 && c.epoch < f.given.epoch
	})
	if !old {
		f.outdated = time.Time{}
		return
	}
	if f.outdated.IsZero() {
		f.outdated = f.now
	}
	if f.due(f.outdated.Add(leadFor)) {
		f.leaveStale(l)
	}
}

// promote makes the standby the active link where there is none that is connected.
func (f *follower) promote(ctx context.Context) {
	l := f.standby
	if f.active.isOpen() || !l.hasWay() {
		return
	}
	drop(f.active)
	f.active, f.standby = l, nil
	f.heard = f.now
	if l.started.IsZero() {
		f.startStandby(ctx, l)
	}
	f.giveHeld(ctx)
}

func (f *follower) dialActive(ctx context.Context) {
	if f.active != nil {
		return
	}
	c, ok := f.next(false)
	if l := f.standby; !ok && l.isOpen() && !l.hasWay() && !l.isProbing() {
		// It may have a way for those who take the stream.
		drop(l)
		f.standby = nil
		c, ok = f.next(false)
	}
	if ok {
		f.active = f.start(ctx, c.parent, false)
	}
}

// keepStandby sees to it that the next best server stands by.
func (f *follower) keepStandby(ctx context.Context) {
	if f.active == nil || !f.active.isOpen() && !f.due(f.active.since.Add(hedgeAfter)) {
		return
	}
	if f.spare != nil || f.standby.isProbing() || f.standby != nil && !f.standby.isOpen() {
		return
	}
	f.leaveUseless()
	c, ok := f.next(true)
	switch {
	case !ok:
	case f.standby == nil:
		f.standby = f.start(ctx, c.parent, true)
	case f.outranks(c):
		f.spare = f.start(ctx, c.parent, true)
	}
}

// leaveUseless leaves a standby whose server is no longer to be asked, or goes away.
func (f *follower) leaveUseless() {
	l := f.standby
	if l == nil {
		return
	}
	if _, ok := f.candidate(l); !ok || !l.leaveAt.IsZero() && f.due(l.leaveAt) {
		drop(l)
		f.standby = nil
	}
}

// outranks reports whether c should stand by rather than the one that does.
func (f *follower) outranks(c candidate) bool {
	s, ok := f.candidate(f.standby)
	if !ok || !f.standby.hasWay() {
		return true
	}
	return c.stream == has && c.epoch > s.epoch || f.wanted().prefers(c, s)
}

// replace has the standby take over where there is a reason.
func (f *follower) replace(ctx context.Context) {
	if !f.active.isOpen() {
		return
	}
	if f.standby.isProbing() {
		f.endProbe()
		return
	}
	why := f.reason()
	if why == none || !f.standby.hasWay() {
		return
	}
	f.why = why
	f.startStandby(ctx, f.standby)
	f.wait = min(max(2*f.wait, f.pace.patience()), maxProbeWait)
	f.probeEnd = f.now.Add(f.wait)
	f.due(f.probeEnd)
}

// endProbe ends a probe that has given nothing for long enough. Where all are silent the
// next one is tried, after waits that double, if there is one.
func (f *follower) endProbe() {
	l := f.standby
	if !f.due(f.probeEnd) {
		return
	}
	if f.why != silent {
		f.fail(l, errSilent)
		return
	}
	if _, ok := f.next(true); ok {
		f.retire(l, errSilent)
		f.standby = nil
	}
}

// fail ends a link; its server is asked again after a while.
func (f *follower) fail(l *link, err error) {
	f.retire(l, err)
	switch l {
	case f.active:
		f.active = nil
	case f.standby:
		f.standby = nil
	case f.spare:
		f.spare = nil
	}
}

// retire drops a link and notes why.
func (f *follower) retire(l *link, err error) {
	t := l.trial
	if err == io.EOF {
		err = errEnded
	}
	if l.isOpen() {
		t.backoff.Lived(f.now.Sub(l.since))
		f.up.log.Warn("upstream lost", "stream", f.name, "remote", l.parent.url, "err", err)
	}
	t.err = err
	t.final = t.final || wire.Advice(err) == wire.Stop
	f.rest(l)
	drop(l)
}

// rest has the server of l wait for its turn to be asked again.
func (f *follower) rest(l *link) {
	if at := f.now.Add(l.trial.backoff.Next()); at.After(l.trial.after) {
		l.trial.after = at
	}
}

// leaveStale leaves a link whose chunks are of an epoch that has passed.
func (f *follower) leaveStale(l *link) {
	if !l.trial.warned {
		l.trial.warned = true
		f.up.log.Warn("upstream is stale", "stream", f.name, "remote", l.parent.url)
	}
	f.dropStale(l)
	stale := *l // its end is under way
	stale.cancel = func() {}
	f.retire(&stale, errStale)
	if l == f.active {
		f.active = nil
	} else {
		f.standby = nil
	}
}

// noteOpen says that the stream is open, once the first way is known.
func (f *follower) noteOpen() {
	l := f.active
	if f.isOpen || !l.isOpen() {
		return
	}
	silent := !l.told && (len(f.via) == 0 || f.due(l.since.Add(openWait))) // it tells no paths
	if l.told && len(l.path) > 0 || l.begun || silent {
		f.noteRoute()
		f.isOpen = true
		close(f.opened)
	}
}

// noteRoute tells by which way the stream comes now.
func (f *follower) noteRoute() {
	var route []string
	switch l := f.active; {
	case !l.isOpen():
	case l.told:
		route = l.path
	case l.begun || f.isOpen && f.due(l.since.Add(openWait)) || len(f.via) == 0:
		route = []string{l.parent.name()}
	}
	if slices.Equal(route, f.route) {
		return
	}
	f.route = route
	if f.routed != nil {
		f.routed(slices.Clone(route))
	}
}
