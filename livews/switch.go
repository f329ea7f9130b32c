package livews

import "slices"

// crossing is the change of a subscription from some tracks to others at a border of
// groups. It is guarded by the relay's mutex.
type crossing struct {
	border  Position // a group start
	leaving []*cursor
	coming  []*cursor
}

// Switch is Select without a hole and without anything twice, for a change to another
// rendition: the tracks that go are given up to the end of the group that is being read, and those
// that come begin with the group after it. Only their init segments come at once. Where
// either of them lacks that group, the other one does not wait for it longer than it lasts:
// tracks that go are then given on until the others have a group, too. Of a track that has
// ended nobody expects one, and tracks that the stream does not have yet are not among
// those that come.
//
// A Select or Switch that comes before that takes its place.
func (s *Subscription) Switch(tracks []uint16) {
	now := s.relay.now()
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	come, gone := s.change(tracks, now)
	gone = slices.DeleteFunc(gone, func(c *cursor) bool { return c.last.IsZero() })
	if len(come) > 0 && len(gone) > 0 {
		s.crossing = &crossing{leaving: gone, coming: come}
		s.cursors = append(s.cursors, gone...)
		s.crossing.moveTo(newest(gone, (*cursor).border))
	}
	s.wake()
}

// border returns the start of the first group that c has not begun to read.
func (c *cursor) border() Position {
	c.settle()
	p := c.last
	if c.next < c.track.chunks.end() {
		seg := c.track.chunks.at(c.next).seg
		if seg.Flags.Has(FlagFirst) {
			return groupOf(seg.Position)
		}
		p = seg.Position
	}
	return Position{Epoch: p.Epoch, Group: p.Group + 1}
}

// moveTo sets the border.
func (x *crossing) moveTo(border Position) {
	x.border = border
	for _, c := range x.coming {
		c.start(border)
	}
}

// holds reports whether what c has to give must wait.
func (x *crossing) holds(c *cursor, d due) bool {
	switch {
	case x == nil:
		return false
	case slices.Contains(x.leaving, c):
		return x.arrived(c)
	}
	return d.init == nil && slices.Contains(x.coming, c)
}

// arrived reports whether c, which is settled, is at the border.
func (x *crossing) arrived(c *cursor) bool {
	return c.next < c.track.chunks.end() && !x.border.After(c.track.chunks.at(c.next).seg.Position)
}

// isBefore reports whether c has something to give that lies before the border.
func (x *crossing) isBefore(c *cursor) bool { return c.next < c.track.chunks.end() && !x.arrived(c) }

// overdue reports whether one of the tracks has gone beyond the group at the border.
func (x *crossing) overdue(cursors []*cursor) bool {
	return newest(cursors, (*cursor).newestGroup).After(x.border)
}

// expects reports whether one of the cursors is not at the border and may get there.
func (x *crossing) expects(cursors []*cursor) bool {
	return slices.ContainsFunc(cursors, func(c *cursor) bool { return !x.arrived(c) && c.lives() })
}

// ready reports whether one of the cursors is at the border, and no other may get there.
func (x *crossing) ready(cursors []*cursor) bool {
	return slices.ContainsFunc(cursors, x.arrived) && !x.expects(cursors)
}

// leaves reports whether t is a track that goes.
func (x *crossing) leaves(t *trackLog) bool {
	return x != nil && slices.ContainsFunc(x.leaving, func(c *cursor) bool { return c.track == t })
}

// lives reports whether there may be more to come in c's track.
func (c *cursor) lives() bool { return c.sub.relay.err == nil && c.sub.relay.current(c.track) }

// newestGroup returns the start of the newest group of c's track.
func (c *cursor) newestGroup() Position { return groupOf(c.track.newest) }

// nextGroup returns the start of the group of c's next chunk, or zero where there is none.
func (c *cursor) nextGroup() Position {
	if c.next == c.track.chunks.end() {
		return Position{}
	}
	return groupOf(c.track.chunks.at(c.next).seg.Position)
}

// newest returns the newest of what at gives.
func newest(cursors []*cursor, at func(*cursor) Position) Position {
	return at(slices.MaxFunc(cursors, func(a, b *cursor) int { return at(a).Compare(at(b)) }))
}

// cross ends the crossing of s where the border has been reached, and moves the border
// where the tracks that come have nothing there.
func (s *Subscription) cross() {
	x := s.crossing
	if x == nil {
		return
	}
	late := x.overdue(x.coming)
	x.meet()
	came, last := x.ready(x.coming), newest(x.leaving, (*cursor).newestGroup)
	switch {
	case slices.ContainsFunc(x.leaving, x.isBefore): // to be given first
	case came && (late || !x.expects(x.leaving)):
		s.cursors = slices.DeleteFunc(s.cursors, func(c *cursor) bool { return slices.Contains(x.leaving, c) })
		s.crossing = nil
	case came:
	case !x.expects(x.coming):
		x.moveTo(Position{Epoch: last.Epoch, Group: last.Group + 1})
	case x.overdue(x.leaving):
		x.moveTo(last)
	}
}

// meet moves the border to where all that come are, if that is beyond it: those that go
// are given on until there.
func (x *crossing) meet() {
	if !x.ready(x.coming) {
		return
	}
	if start := newest(x.coming, (*cursor).nextGroup); start.After(x.border) {
		x.moveTo(start)
	}
}
