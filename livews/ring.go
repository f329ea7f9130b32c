package livews

// ring is a queue of values that can be reached by the number of their
// arrival: the first value ever pushed has number 0. The zero ring is empty.
type ring[T any] struct {
	buf   []T // its length is a power of two
	first uint64
	n     int
}

// end returns the number that the next value will have.
func (r *ring[T]) end() uint64 { return r.first + uint64(r.n) }

// at returns the value with number i, which must be in the ring. The pointer
// is good until the next push.
func (r *ring[T]) at(i uint64) *T { return &r.buf[i&uint64(len(r.buf)-1)] }

func (r *ring[T]) push(v T) {
	if r.n == len(r.buf) {
		r.grow()
	}
	r.n++
	*r.at(r.end() - 1) = v
}

func (r *ring[T]) grow() {
	bigger := make([]T, max(16, 2*len(r.buf)))
	for i := r.first; i < r.end(); i++ {
		bigger[i&uint64(len(bigger)-1)] = *r.at(i)
	}
	r.buf = bigger
}

// pop removes the oldest value and returns it.
func (r *ring[T]) pop() T {
	var zero T
	p := r.at(r.first)
	v := *p
	*p = zero
	r.first++
	r.n--
	return v
}
