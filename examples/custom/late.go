package main

import (
	"context"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// late is a Source that gives what src gives a while later, paced by the decode times.
// The segments are the same ones, shared with everybody who has them now.
type late struct {
	src livews.Source
	by  time.Duration

	zero time.Time // when decode time 0 is due
}

// ReadSegment returns the next segment when its time has come.
func (l *late) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	seg, err := l.src.ReadSegment(ctx)
	if err != nil || seg.Type == livews.TypeInit {
		return seg, err
	}
	if l.zero.IsZero() {
		l.zero = time.Now().Add(l.by - seg.DecodeTime)
	}
	timer := time.NewTimer(time.Until(l.zero.Add(seg.DecodeTime)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return seg, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
