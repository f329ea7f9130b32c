package livews

// cursor is the place of one subscription in one track. It is guarded by the
// relay's mutex.
type cursor struct {
	sub   *Subscription
	track *trackLog
	next  uint64     // number of the chunk to be read next
	from  Position   // nothing before this group start is read; zero: anything
	last  Position   // of the last chunk read, or resumed after; zero: none
	init  *initEntry // the one handed out last
	gap   string     // the reason of a hole in front of the next chunk
	blind bool       // resumed where the log was empty: what follows last is not known
	slot  int        // 1 + the index in the wait list that holds the cursor
}

// start places a new cursor at the group of p, or at the end of the log to wait
// for it.
func (c *cursor) start(p Position) {
	c.next = c.track.startFrom(p)
	c.from = Position{Epoch: p.Epoch, Group: p.Group}
}

// resume places a new cursor after p where the log has what follows it, else at
// the oldest group of p's epoch, or at live if that has passed.
func (c *cursor) resume(p, live Position) {
	c.last = p
	log := &c.track.chunks
	i := c.track.after(p)
	c.next = i
	switch {
	case log.n == 0:
		c.blind = true
	case p.Epoch < live.Epoch && log.at(log.first).seg.Position.Epoch > p.Epoch:
		c.gap = GapRestart
		c.start(live)
	case i == log.first && !follows(p, log.at(i).seg.Position):
		c.gap = GapEvicted
		c.next = c.track.startFrom(log.at(i).seg.Position)
	}
}

// follows reports whether q certainly comes right after p.
func follows(p, q Position) bool {
	return p.Epoch == q.Epoch && p.Group == q.Group && q.Chunk == p.Chunk+1
}

// evicted moves a cursor whose chunk has left the window: to the oldest group
// that is there, so that as little as possible is lost, or to the newest.
func (c *cursor) evicted(lossless bool) {
	start, ok := c.track.lastStart()
	if lossless {
		start, ok = c.track.firstStart()
	}
	if !ok {
		start = c.track.chunks.end()
	}
	c.jump(start, GapEvicted)
}

// skipTo moves a cursor that is behind to the group of p.
func (c *cursor) skipTo(p Position) {
	if i := c.track.startFrom(p); i > c.next {
		c.from = Position{Epoch: p.Epoch, Group: p.Group}
		c.jump(i, GapSlow)
	}
}

func (c *cursor) jump(i uint64, reason string) {
	c.next = i
	if c.gap == "" && !c.last.IsZero() {
		c.gap = reason
	}
}

// settle moves over the chunks that the cursor must not give: those before the
// group start that it waits for, and those that the subscriber already has.
func (c *cursor) settle() {
	for c.next < c.track.chunks.end() {
		seg := c.track.chunks.at(c.next).seg
		if !c.last.IsZero() && !seg.Position.After(c.last) {
			c.blind = false
			c.next++
			continue
		}
		c.look(seg.Position)
		if !c.from.After(seg.Position) && (!c.mustStart() || seg.Flags.Has(FlagFirst)) {
			return
		}
		c.next++
	}
}

// look tells a cursor that has resumed blindly what the log begins with.
func (c *cursor) look(p Position) {
	if !c.blind {
		return
	}
	c.blind = false
	switch {
	case p.Epoch != c.last.Epoch:
		c.jump(c.next, GapRestart)
	case !follows(c.last, p):
		c.jump(c.next, GapLost)
	}
}

// mustStart reports whether the next chunk has to be a group start.
func (c *cursor) mustStart() bool { return c.last.IsZero() || c.gap != "" }

// dueInit returns the init segment that has to come next, or nil: that of the
// next chunk, or the newest where there is no next chunk yet.
func (c *cursor) dueInit() *initEntry {
	init := c.track.init
	if c.next < c.track.chunks.end() {
		init = c.track.chunks.at(c.next).init
	} else if !c.sub.relay.current(c.track) {
		return nil
	}
	if init == c.init {
		return nil
	}
	return init
}

// due reports whether the cursor has something to give.
func (c *cursor) due() bool {
	return c.next < c.track.chunks.end() || c.dueInit() != nil
}

// order returns the number of arrival of what is due.
func (c *cursor) order() uint64 {
	if init := c.dueInit(); init != nil {
		return init.order
	}
	return c.track.chunks.at(c.next).order
}

// readInit returns the init segment that is due.
func (c *cursor) readInit() *Segment {
	c.init = c.dueInit()
	return c.init.seg
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
