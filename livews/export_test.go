package livews

// Waiting returns how many cursors wait in r.
func Waiting(r *Relay) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.idle.cursors)
	for _, t := range r.tracks {
		n += len(t.waiting.cursors)
	}
	return n
}

// Next returns what s has to give now, or nil: it never waits.
func Next(s *Subscription) *Segment {
	var one [1]*Segment
	_, _ = s.take(one[:], 0)
	return one[0]
}

// Crossing reports whether a Switch is not over.
func Crossing(s *Subscription) bool {
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	return s.crossing != nil
}
