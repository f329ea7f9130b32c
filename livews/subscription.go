package livews

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

const defaultMaxLag = 3 * time.Second

// Start says where a [Subscription] begins.
type Start int

const (
	// StartLive begins with the newest group.
	StartLive Start = iota
	// StartOldest begins with the oldest group in the window.
	StartOldest
)

// SubscribeOptions say what a subscriber wants.
type SubscribeOptions struct {
	// Tracks are the numbers of the tracks wanted; empty means all, also those
	// that appear later. Tracks that the stream does not have are waited for.
	Tracks []uint16
	// Start says where to begin. A [Subscription] begins at a group start.
	Start Start
	// From, where it is not zero, takes the place of Start: the subscription begins with
	// the first group at or after it that the window has; its Chunk does not count. One
	// that is newer than the window is not waited for: then Start holds.
	From Position
	// After has the last position that the subscriber already has, by track: it goes on
	// with the chunk after that where the window still has it, or waits for that where
	// it is not there yet, and else begins with a group start and a [Gap]. Tracks
	// without a position begin at Start or From.
	After map[uint16]Position
	// MaxLag is how slow the subscriber may be. One whose next chunk lies more than
	// that behind the newest in media time, and has waited for it longer than that, is
	// moved to the newest group start, if that is another group, and gets a [Gap]. A
	// chunk waits from its arrival, or from when the subscriber came: a backlog that
	// arrives at once after an outage, or that a subscriber asks for with Start, From
	// or After, is given whole to one who reads it within MaxLag. Zero means 3 s.
	MaxLag time.Duration
	// Ready, where it is not nil, is for [Subscription.Poll]: it is called when there may
	// be something to read after Poll has found nothing more, or after Select or Switch. It
	// is called by any goroutine, at times with locks held: it must return at once, and not
	// use the Subscription.
	Ready func()
	// Lossless is for recorders: no skipping for lag. Only what leaves the
	// window unread is missed, with a [Gap], which is so for all others as well.
	Lossless bool
}

// A Subscription is one subscriber's place in a [Relay]: a [Source] of the
// stream's segments. Its place is fixed when it is made, not at its first read.
// It owns no goroutine and no memory that grows, and needs no Close: one that is
// no longer used is simply forgotten.
//
// In each track it gives the init segment, then chunks from a group start on (or
// from where it resumes), in strictly rising positions. The init segments of all
// tracks come before the first chunk, and those of a new epoch after the last chunk of
// the one before and ahead of all others. A chunk after a hole carries a [Gap].
//
// ReadSegment, ReadSegments, Poll and Forget are called by one goroutine at a time,
// Select, Switch, SetMaxLag and Stats by any.
type Subscription struct {
	relay *Relay
	ready chan struct{} // holds a token when there may be something to read

	// What follows is guarded by relay.mu.
	opts    SubscribeOptions
	cursors []*cursor
	lobby   *cursor // waits for a first track where there is no other cursor
	known   int     // tracks of the relay that were looked at
	begun   uint32  // epoch of the last chunk given
	stats   SubscriptionStats

	crossing *crossing // nil: there is none
}

// SubscriptionStats counts what a [Subscription] has given.
type SubscriptionStats struct {
	// Segments and Bytes count what was handed out, Bytes as on the wire.
	Segments, Bytes int64
	// Gaps counts the chunks that carried a [Gap].
	Gaps int64
	// Lag is the media time between the next chunk to be read and the newest.
	Lag time.Duration
}

// Subscribe returns a new Subscription; opts may be nil. A stream that has ended
// can be subscribed to: what is in its window is still given.
func (r *Relay) Subscribe(opts *SubscribeOptions) *Subscription {
	s := &Subscription{relay: r, ready: make(chan struct{}, 1)}
	s.lobby = &cursor{sub: s}
	if opts != nil {
		s.opts = *opts
	}
	s.opts.MaxLag = cmp.Or(s.opts.MaxLag, defaultMaxLag)
	s.opts.Tracks = slices.Clone(s.opts.Tracks)
	s.opts.After = maps.Clone(s.opts.After)
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	s.enter(now)
	return s
}

// ReadSegment returns the next segment. It blocks until there is one, the
// stream has ended (then the error of [Relay.CloseWithError], [io.EOF] after a
// clean end), or ctx ends.
func (s *Subscription) ReadSegment(ctx context.Context) (*Segment, error) {
	var one [1]*Segment
	if _, err := s.ReadSegments(ctx, one[:], 0); err != nil {
		return nil, err
	}
	return one[0], nil
}

// ReadSegments fills dst with the segments that are due now and returns how many
// there were. It blocks as ReadSegment does until there is at least one, then
// takes what is there: at most len(dst), and none more once they have maxBytes
// together. Zero maxBytes means no such limit.
func (s *Subscription) ReadSegments(ctx context.Context, dst []*Segment, maxBytes int) (int, error) {
	for {
		if err := ctx.Err(); err != nil {
			s.stopWaiting()
			return 0, err
		}
		if n, err := s.take(dst, maxBytes); n > 0 || err != nil {
			return n, err
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			s.stopWaiting()
			return 0, ctx.Err()
		}
	}
}

// Poll is ReadSegments without waiting, for those who serve many subscriptions with few
// goroutines: where nothing is due it returns 0. It also reports whether it has taken all
// that was due: then Ready is called as soon as there may be more, perhaps before Poll
// returns, once for each track at the most.
func (s *Subscription) Poll(dst []*Segment, maxBytes int) (n int, all bool, err error) {
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	n, all, err = s.takeLocked(dst, maxBytes)
	switch {
	case !all || n == 0:
	case s.relay.err != nil:
		s.wake() // for that
	default:
		s.wait()
	}
	return n, all, err
}

// Forget withdraws what Poll has arranged: no call of Ready begins after it, but for
// Select and Switch.
func (s *Subscription) Forget() { s.stopWaiting() }

// take moves what is due to dst, or registers s to be woken if nothing is.
func (s *Subscription) take(dst []*Segment, maxBytes int) (int, error) {
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	n, _, err := s.takeLocked(dst, maxBytes)
	return n, err
}

// takeLocked also reports whether it has taken all that was due.
func (s *Subscription) takeLocked(dst []*Segment, maxBytes int) (n int, all bool, err error) {
	s.unlist() // woken by one track, s would be kept for ever by another that is silent
	bytes := 0
	for n < len(dst) && (maxBytes == 0 || bytes < maxBytes) {
		seg := s.next()
		if all = seg == nil; all {
			break
		}
		dst[n] = seg
		n++
		bytes += HeaderSize + len(seg.Payload)
	}
	if n > 0 {
		s.count(dst[:n], bytes)
		return n, all, nil
	}
	if s.relay.err != nil {
		return 0, all, s.relay.err
	}
	s.wait()
	return 0, all, nil
}

func (s *Subscription) count(segs []*Segment, bytes int) {
	s.stats.Segments += int64(len(segs))
	s.stats.Bytes += int64(bytes)
	s.relay.sent += int64(bytes)
	for _, seg := range segs {
		if seg.Gap != nil {
			s.stats.Gaps++
		}
	}
}

// next returns the next segment due, or nil.
func (s *Subscription) next() *Segment {
	s.follow()
	for _, c := range s.cursors {
		c.settle()
	}
	s.skip()
	s.cross()
	c, first := s.first()
	switch {
	case c == nil:
		return nil
	case first.init != nil:
		c.init = first.init.order
		return first.init.seg
	}
	s.begun = first.epoch
	return c.read()
}

// first returns what comes first of all that is due, and whose it is: of the oldest
// epoch, the init segments before its first chunk, then by arrival.
func (s *Subscription) first() (*cursor, due) {
	var (
		who   *cursor
		first due
	)
	for _, c := range s.cursors {
		d, ok := c.due()
		if !ok || s.crossing.holds(c, d) {
			continue
		}
		if d.init != nil && d.epoch > s.begun {
			d.order = 0
		}
		if who == nil || d.epoch < first.epoch || (d.epoch == first.epoch && d.order < first.order) {
			who, first = c, d
		}
	}
	return who, first
}

// enter gives s a cursor in each wanted track, where its options say.
func (s *Subscription) enter(now time.Duration) {
	live := s.relay.newestGroup(s.wants)
	for _, t := range s.relay.tracks {
		if s.wants(t) {
			c := s.newCursor(t, live)
			c.since = now
			s.cursors = append(s.cursors, c)
		}
	}
	s.known = len(s.relay.tracks)
}

// follow gives s a cursor in each wanted track that has appeared since: all of it is
// newer than s.
func (s *Subscription) follow() {
	for _, t := range s.relay.tracks[s.known:] {
		if s.wants(t) {
			c := &cursor{sub: s, track: t, next: t.chunks.first}
			c.last, c.blind = s.opts.After[t.number]
			s.cursors = append(s.cursors, c)
		}
	}
	s.known = len(s.relay.tracks)
}

func (s *Subscription) wants(t *trackLog) bool {
	if len(s.opts.Tracks) == 0 {
		return true
	}
	return slices.Contains(s.opts.Tracks, t.number)
}

// newestGroup returns the start of the newest group among the wanted tracks.
func (r *Relay) newestGroup(wants func(*trackLog) bool) Position {
	var newest Position
	for _, t := range r.tracks {
		if start, ok := t.lastStart(); ok && wants(t) {
			if p := t.chunks.at(start).seg.Position; p.After(newest) {
				newest = p
			}
		}
	}
	return newest
}

func (s *Subscription) newCursor(t *trackLog, live Position) *cursor {
	c := &cursor{sub: s, track: t}
	if after := s.opts.After[t.number]; !after.IsZero() {
		c.resume(after, live)
	} else if from := s.opts.From; !from.IsZero() && !groupOf(from).After(live) {
		c.start(from)
	} else if oldest, ok := t.firstStart(); ok && s.opts.Start == StartOldest {
		c.next = oldest
	} else {
		c.start(live)
	}
	return c
}

// skip moves the settled cursors to the newest group if one of them is further
// behind than s may be.
func (s *Subscription) skip() {
	if s.opts.Lossless || !slices.ContainsFunc(s.cursors, s.late) {
		return
	}
	live := s.relay.newestGroup(func(t *trackLog) bool { return s.wants(t) || s.crossing.leaves(t) })
	for _, c := range s.cursors {
		c.skipTo(live)
	}
}

// late reports whether c lags too much and there is a newer group to go to.
func (s *Subscription) late(c *cursor) bool {
	start, ok := c.track.lastStart()
	return ok && start > c.next && c.track.lag(c.next) > s.opts.MaxLag && c.track.held(c.next, c.since) > s.opts.MaxLag
}

// wait registers s with all that may give it something to read.
func (s *Subscription) wait() {
	for _, c := range s.cursors {
		c.track.waiting.add(c)
	}
	if len(s.cursors) == 0 {
		s.relay.idle.add(s.lobby)
	}
}

// wake puts the token in place; it never blocks.
func (s *Subscription) wake() {
	if s.opts.Ready != nil {
		s.opts.Ready()
	}
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

func (s *Subscription) stopWaiting() {
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	s.unlist()
}

// unlist undoes wait.
func (s *Subscription) unlist() {
	s.relay.idle.remove(s.lobby)
	for _, c := range s.cursors {
		c.track.waiting.remove(c)
	}
}

// Select replaces the tracks wanted; empty means all. A track that was not
// wanted before starts with its newest group, also where s has had that before;
// one that stays goes on. After holds for the tracks that the stream does not have yet.
func (s *Subscription) Select(tracks []uint16) {
	now := s.relay.now()
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	s.change(tracks, now)
	s.wake()
}

// change replaces the tracks wanted and ends a crossing. It returns the cursors of those
// that come, at the newest group, and of those that go, which are no longer among s.cursors.
func (s *Subscription) change(tracks []uint16, now time.Duration) (come, gone []*cursor) {
	r := s.relay
	s.opts.Tracks = slices.Clone(tracks)
	s.opts.From, s.opts.Start = Position{}, StartLive
	maps.DeleteFunc(s.opts.After, func(number uint16, _ Position) bool { return r.track(number) != nil })
	s.unlist()
	gone = s.cursors
	if s.crossing != nil { // what has not come yet comes as if it had not been asked for
		gone = slices.DeleteFunc(gone, func(c *cursor) bool { return slices.Contains(s.crossing.coming, c) })
		s.crossing = nil
	}
	s.cursors = nil
	s.enter(now)
	for i, c := range s.cursors {
		if j := slices.IndexFunc(gone, func(k *cursor) bool { return k.track == c.track }); j >= 0 {
			s.cursors[i] = gone[j]
			gone = slices.Delete(gone, j, j+1)
		} else {
			come = append(come, c)
		}
	}
	return come, gone
}

// SetMaxLag replaces MaxLag; zero means 3 s.
func (s *Subscription) SetMaxLag(lag time.Duration) {
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	s.opts.MaxLag = cmp.Or(lag, defaultMaxLag)
}

// Stats returns what s has given so far.
func (s *Subscription) Stats() SubscriptionStats {
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	stats := s.stats
	for _, c := range s.cursors {
		stats.Lag = max(stats.Lag, c.track.lag(max(c.next, c.track.chunks.first)))
	}
	return stats
}
