package livews

import (
	"context"
	"io"
	"iter"
)

// A Source gives segments one after the other.
//
// ReadSegment blocks until there is a segment, the source has ended, or ctx
// has ended. A clean end is [io.EOF], not wrapped; a source that was cut off
// gives [io.ErrUnexpectedEOF] or another error. After an error other than
// ctx's own, every later call returns an error too. The returned Segment is
// shared and must not be changed.
//
// In each track a source gives an init segment before the first chunk.
// ReadSegment is called by one goroutine at a time unless the type says
// otherwise.
type Source interface {
	ReadSegment(ctx context.Context) (*Segment, error)
}

// SourceFunc makes a Source of a function.
type SourceFunc func(ctx context.Context) (*Segment, error)

// ReadSegment calls f.
func (f SourceFunc) ReadSegment(ctx context.Context) (*Segment, error) { return f(ctx) }

// All returns an iterator over what src gives until it ends. A clean end ends
// the loop; any other error is the last pair, with a nil Segment. Leaving the
// loop early loses nothing: src can be read on.
func All(ctx context.Context, src Source) iter.Seq2[*Segment, error] {
	return func(yield func(*Segment, error) bool) {
		for {
			seg, err := src.ReadSegment(ctx)
			if err == io.EOF {
				return
			}
			if !yield(seg, err) || err != nil {
				return
			}
		}
	}
}
