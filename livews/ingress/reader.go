package ingress

import (
	"context"
	"io"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// deadliner is a reader whose Read can be interrupted: a network connection, and on
// most systems a pipe.
type deadliner interface {
	SetReadDeadline(t time.Time) error
}

// NewReader returns a Source of the fragmented MP4 that r gives, with positions and on
// one continuous timeline. It gives io.EOF at the end of r, and errors of package dash.
//
// ReadSegment blocks in r.Read. If r has a SetReadDeadline that works, as connections and
// most pipes have, the end of the context interrupts that, for good: r cannot be read on
// then. With any other r the Read has to be ended by closing r.
func NewReader(r io.Reader, opts *Options) livews.Source {
	o := opts.orDefault()
	splitter := dash.NewSplitter(r, &dash.SplitterOptions{Logger: o.Logger})
	src := Stamp(dash.Timeline(splitter, &dash.TimelineOptions{Logger: o.Logger}), nil)
	if d, ok := r.(deadliner); ok && d.SetReadDeadline(time.Time{}) == nil {
		return &interruptible{src: src, in: d}
	}
	return src
}

// interruptible is a Source whose reads end with their context, because the reader
// below can be interrupted.
type interruptible struct {
	src livews.Source
	in  deadliner
}

// ReadSegment returns the next segment.
func (i *interruptible) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	stop := context.AfterFunc(ctx, func() {
		_ = i.in.SetReadDeadline(time.Unix(1, 0)) // it worked before
	})
	defer stop()
	return i.src.ReadSegment(ctx)
}
