package livews

import "context"

// A Sink takes segments one after the other.
//
// WriteSegment may block until ctx ends. It keeps seg, which must not be
// changed any more. Unless the type says otherwise it is called by one
// goroutine at a time, and init segments come before the chunks that need
// them.
type Sink interface {
	WriteSegment(ctx context.Context, seg *Segment) error
}

// SinkFunc makes a Sink of a function.
type SinkFunc func(ctx context.Context, seg *Segment) error

// WriteSegment calls f.
func (f SinkFunc) WriteSegment(ctx context.Context, seg *Segment) error { return f(ctx, seg) }
