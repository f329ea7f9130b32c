package livews

import (
	"context"
	"io"
	"sync"
)

// Pipe returns the two ends of a channel of segments: what is written to the
// sink is read from the source. There is no buffer: each WriteSegment blocks
// until the segment has been read, or an end is closed, or its context ends.
// Both ends may be used from any number of goroutines at the same time.
func Pipe() (*PipeSource, *PipeSink) {
	p := &pipe{segments: make(chan *Segment), done: make(chan struct{})}
	return &PipeSource{p}, &PipeSink{p}
}

type pipe struct {
	segments chan *Segment
	done     chan struct{}

	mu       sync.Mutex
	closed   bool
	readErr  error // what readers get
	writeErr error // what writers get
}

func (p *pipe) close(readErr, writeErr error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed, p.readErr, p.writeErr = true, readErr, writeErr
	close(p.done)
}

// PipeSource is the end of a [Pipe] to read from.
type PipeSource struct{ p *pipe }

// ReadSegment blocks until a segment is written, the pipe is closed, or ctx
// ends.
func (s *PipeSource) ReadSegment(ctx context.Context) (*Segment, error) {
	select {
	case <-s.p.done:
		return nil, s.p.readErr
	default:
	}
	select {
	case seg := <-s.p.segments:
		return seg, nil
	case <-s.p.done:
		return nil, s.p.readErr
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close makes writes fail with [io.ErrClosedPipe]. It always returns nil.
func (s *PipeSource) Close() error { return s.CloseWithError(nil) }

// CloseWithError makes writes fail with err, or with [io.ErrClosedPipe] if err
// is nil. The first close of either end decides; it always returns nil.
func (s *PipeSource) CloseWithError(err error) error {
	if err == nil {
		err = io.ErrClosedPipe
	}
	s.p.close(io.ErrClosedPipe, err)
	return nil
}

// PipeSink is the end of a [Pipe] to write to.
type PipeSink struct{ p *pipe }

// WriteSegment blocks until the segment has been read, the pipe is closed, or
// ctx ends.
func (s *PipeSink) WriteSegment(ctx context.Context, seg *Segment) error {
	select {
	case <-s.p.done:
		return s.p.writeErr
	default:
	}
	select {
	case s.p.segments <- seg:
		return nil
	case <-s.p.done:
		return s.p.writeErr
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close makes reads return [io.EOF]. It always returns nil.
func (s *PipeSink) Close() error { return s.CloseWithError(nil) }

// CloseWithError makes reads fail with err, or return [io.EOF] if err is nil.
// The first close of either end decides; it always returns nil.
func (s *PipeSink) CloseWithError(err error) error {
	if err == nil {
		err = io.EOF
	}
	s.p.close(err, io.ErrClosedPipe)
	return nil
}
