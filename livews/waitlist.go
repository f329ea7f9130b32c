package livews

// waitList holds the cursors whose subscriptions wait for the next chunk of a
// track. It is guarded by the relay's mutex.
type waitList struct {
	cursors []*cursor
	spare   []*cursor // the list before, emptied, to be used again
}

func (w *waitList) add(c *cursor) {
	if c.slot > 0 {
		return
	}
	w.cursors = append(w.cursors, c)
	c.slot = len(w.cursors)
}

func (w *waitList) remove(c *cursor) {
	if c.slot == 0 {
		return
	}
	last := len(w.cursors) - 1
	moved := w.cursors[last]
	w.cursors[c.slot-1] = moved
	moved.slot = c.slot
	w.cursors[last] = nil
	w.cursors = w.cursors[:last]
	c.slot = 0
}

// takeAll empties the list and returns what was in it. The caller gives it back
// with reuse when it has woken all.
func (w *waitList) takeAll() []*cursor {
	taken := w.cursors
	w.cursors, w.spare = w.spare[:0], nil
	for _, c := range taken {
		c.slot = 0
	}
	return taken
}

func (w *waitList) reuse(taken []*cursor) {
	clear(taken)
	w.spare = taken
}
