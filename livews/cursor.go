package livews

import "time"

// cursor is the place of one subscription in one track. It is guarded by the
// relay's mutex.
type cursor struct {
	sub   *Subscription
	track *trackLog
	since time.Duration // when it was placed: what was there before could not be read earlier
	next  uint64        // number of the chunk to be read next
	from  Position      // nothing before this group start is read; zero: anything
	last  Position      // of the last chunk read, or resumed after; zero: none
	init  uint64        // order of the init segment handed out last; zero: none
	gap   string        // the reason of a hole in front of the next chunk
	blind bool          // last was not seen in the log: what follows it is not known
	slot  int           // 1 + the index in the wait list that holds the cursor
}

// start places a new cursor at the group of p, or at the end of the log to wait
// for it.
func (c *cursor) start(p Position) {
	c.next = c.track.startFrom(p)
	c.from = groupOf(p)
}

func groupOf(p Position) Position { return Position{Epoch: p.Epoch, Group: p.Group} }

// resume places a new cursor after p where the log has what follows it, else at
// the oldest group of p's epoch, or at live if all that is left is of a later one.
func (c *cursor) resume(p, live Position) {
	c.last = p
	c.next = c.track.after(p)
	c.blind = !c.track.had(p)
	log := &c.track.chunks
	if c.blind && log.n > 0 && log.at(log.first).seg.Position.Epoch > p.Epoch {
		c.start(live)
		c.miss(GapRestart)
	}
}

// follows reports whether q certainly comes right after p.
func follows(p, q Position) bool {
	return p.Epoch == q.Epoch && p.Group == q.Group && q.Chunk == p.Chunk+1
}

// evicted moves a settled cursor whose chunk has left the window to the oldest one that
// is there, so that as little as possible is lost.
func (c *cursor) evicted() {
	c.next = c.track.chunks.first
	if !c.last.IsZero() {
		c.next = c.track.after(c.last)
		c.blind = !c.track.had(c.last)
	}
}

// skipTo moves a settled cursor that is behind to the group of p.
func (c *cursor) skipTo(p Position) {
	if i := c.track.startFrom(p); i > c.next {
		c.next = i
		c.from = groupOf(p)
		c.miss(GapSlow)
	}
}

// miss notes a hole in front of the next chunk; the first reason stays.
func (c *cursor) miss(reason string) {
	c.blind = false
	if c.gap == "" && !c.last.IsZero() {
		c.gap = reason
	}
}

// settle moves over the chunks that the cursor must not give: those before the
// group start that it waits for, and those that the subscriber already has.
func (c *cursor) settle() {
	if c.next < c.track.chunks.first {
		c.evicted()
	}
	for c.next < c.track.chunks.end() {
		seg := c.track.chunks.at(c.next).seg
		if c.pass(seg) {
			return
		}
		c.next++
	}
}

// pass reports whether the subscriber is to get the next chunk.
func (c *cursor) pass(seg *Segment) bool {
	if !c.last.IsZero() && !seg.Position.After(c.last) {
		if seg.Position == c.last {
			c.blind = false
		}
		return false
	}
	if c.blind {
		c.look(seg.Position)
	}
	return !c.from.After(seg.Position) && (!c.mustStart() || seg.Flags.Has(FlagFirst))
}

// look tells a blind cursor the first chunk after its last, at p.
func (c *cursor) look(p Position) {
	c.blind = false
	switch {
	case follows(c.last, p):
	case c.next == c.track.chunks.first && c.track.gone.After(c.last):
		c.miss(GapEvicted)
	case p.Epoch != c.last.Epoch:
		c.miss(GapRestart)
	default:
		c.miss(GapLost)
	}
}

// mustStart reports whether the next chunk has to be a group start.
func (c *cursor) mustStart() bool { return c.last.IsZero() || c.gap != "" }

// dueInit returns the init segment that has to come next, or nil: that of the
// next chunk, or the newest where there is no next chunk yet. One of an epoch that the
// subscriber has left behind is none.
func (c *cursor) dueInit() *initEntry {
	init := c.track.init
	if c.next < c.track.chunks.end() {
		init = c.track.chunks.at(c.next).init
	} else if !c.sub.relay.current(c.track) {
		return nil
	}
	if init.order == c.init || init.epoch() < max(c.last.Epoch, c.from.Epoch) {
		return nil
	}
	return init
}

// due is what a cursor has to give.
type due struct {
	init  *initEntry // nil where it is a chunk
	epoch uint32
	order uint64 // of arrival
}

// due returns what c has to give; ok is false where that is nothing.
func (c *cursor) due() (d due, ok bool) {
	if init := c.dueInit(); init != nil {
		return due{init, init.epoch(), init.order}, true
	}
	if c.next == c.track.chunks.end() {
		return due{}, false
	}
	e := c.track.chunks.at(c.next)
	return due{nil, e.init.epoch(), e.order}, true
}

// read returns the next chunk, which is there, and moves on.
func (c *cursor) read() *Segment {
	seg := c.track.chunks.at(c.next).seg
	gap := seg.Gap
	switch {
	case c.last.IsZero():
		gap = nil
	case c.gap != "":
		gap = &Gap{From: c.last, To: seg.Position, Reason: c.gap}
	}
	c.next++
	c.last = seg.Position
	c.gap = ""
	if gap != seg.Gap {
		seg = seg.withGap(gap)
	}
	return seg
}
