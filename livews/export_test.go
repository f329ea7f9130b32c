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
