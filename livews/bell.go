package livews

// bell tells any number of waiters at once that something has changed. It costs nothing
// while nobody waits. The zero bell is ready for use; a mutex of its owner guards it.
type bell struct{ next chan struct{} }

// wait returns a channel that is closed when the bell is rung next.
func (b *bell) wait() <-chan struct{} {
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

func (b *bell) ring() {
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}
