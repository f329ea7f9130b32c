package dash

import (
	"context"
	"io"
)

const (
	// minBuffer is the size of a reader's buffer at the start.
	minBuffer = 64 << 10
	// maxIdle is the size of a buffer that is kept while there is nothing in it.
	maxIdle = 1 << 20
	// maxEmptyReads is how many reads without data and error a reader bears.
	maxEmptyReads = 100
)

// reader gives the bytes of a stream in pieces of the caller's choice. Its
// buffer grows with the bytes that really arrive, never with what is asked
// for, so that a false size costs nothing.
type reader struct {
	src    io.Reader
	buf    []byte
	lo, hi int   // the bytes in buf that are not consumed yet
	offset int64 // of buf[lo] in the stream
	debt   int64 // bytes to pass over before the next peek
	err    error // of src; sticky
}

// peek returns the next n bytes without consuming them. They are valid until
// the next peek. The error is io.EOF if the stream has ended before the first
// of them, io.ErrUnexpectedEOF if it ended between, or ctx's or the stream's
// own; after ctx's the peek can be made again.
func (r *reader) peek(ctx context.Context, n int) ([]byte, error) {
	if err := r.payDebt(ctx); err != nil {
		return nil, err
	}
	for r.hi-r.lo < n {
		if err := r.fill(ctx); err != nil {
			if err == io.EOF && r.hi > r.lo {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return r.buf[r.lo : r.lo+n : r.lo+n], nil
}

// buffered returns what can be peeked without a read.
func (r *reader) buffered() []byte { return r.buf[r.lo:r.hi] }

// skip consumes the next n bytes, or all that come if n is toEnd. It does not
// read: what is not there yet is passed over by the next peek.
func (r *reader) skip(n int64) {
	have := min(n, int64(r.hi-r.lo))
	r.lo += int(have)
	r.offset += have
	r.debt = n - have
	if n == toEnd {
		r.debt = toEnd
	}
}

// payDebt passes over what skip has left.
func (r *reader) payDebt(ctx context.Context) error {
	for r.debt > 0 {
		if err := r.fill(ctx); err != nil {
			if err == io.EOF && r.debt != toEnd {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		r.skip(r.debt)
	}
	return nil
}

// fill reads at least one byte, unless ctx ends: also within a Read, which then may give
// nothing.
func (r *reader) fill(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.err != nil {
		return r.err
	}
	r.makeRoom()
	for range maxEmptyReads {
		n, err := r.src.Read(r.buf[r.hi:])
		r.hi += n
		r.err = err
		if n > 0 {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	r.err = io.ErrNoProgress
	return r.err
}

// makeRoom makes sure that there is room behind hi.
func (r *reader) makeRoom() {
	switch {
	case r.lo == r.hi:
		r.lo, r.hi = 0, 0
		if len(r.buf) > maxIdle {
			r.buf = nil
		}
	case r.hi < len(r.buf):
		return
	case r.lo >= len(r.buf)/2:
		r.hi = copy(r.buf, r.buf[r.lo:r.hi])
		r.lo = 0
		return
	}
	if r.hi < len(r.buf) {
		return
	}
	grown := make([]byte, max(minBuffer, 2*len(r.buf)))
	r.hi = copy(grown, r.buf[r.lo:r.hi])
	r.lo, r.buf = 0, grown
}
