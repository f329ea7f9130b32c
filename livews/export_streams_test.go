package livews

// Lingering returns what the timer by which the stream of this name ends will do: a timer
// can have begun to run when it is stopped. The stream must linger.
func Lingering(s *Streams, name string) (fire func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[name]
	if st == nil || st.timer == nil {
		return nil
	}
	term := st.term
	return func() { s.expire(st, term, ErrClosed) }
}
