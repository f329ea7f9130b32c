package ingress

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// maxLate is how late the reader of a loop may be before the loop waits for it.
const maxLate = 5 * time.Second

// loop is a Source that repeats the segments of a file for ever in real time.
type loop struct {
	file []byte

	inits  []*livews.Segment
	chunks []*livews.Segment // by the end of their media
	period time.Duration     // whole seconds
	scale  map[uint16]uint32

	start time.Time // when the media time was zero
	n     int       // segments given
}

// ReadSegment returns the next segment when it is due.
func (l *loop) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	if l.chunks == nil {
		if err := l.parse(ctx); err != nil {
			return nil, err
		}
	}
	if l.n < len(l.inits) {
		l.n++
		return l.inits[l.n-1], nil
	}
	i := l.n - len(l.inits)
	seg := l.chunks[i%len(l.chunks)]
	shift := time.Duration(i/len(l.chunks)) * l.period
	if err := l.waitFor(ctx, shift+end(seg)); err != nil {
		return nil, err
	}
	moved, err := l.moved(seg, shift)
	if err != nil {
		return nil, err
	}
	l.n++
	return moved, nil
}

// waitFor waits until the media time is at.
func (l *loop) waitFor(ctx context.Context, at time.Duration) error {
	now := time.Now()
	if l.start.IsZero() {
		l.start = now
	}
	if now.Sub(l.start)-at > maxLate {
		l.start = now.Add(-at)
	}
	return waitUntil(ctx, l.start.Add(at))
}

// moved returns the chunk seg later by shift, which is a number of periods.
func (l *loop) moved(seg *livews.Segment, shift time.Duration) (*livews.Segment, error) {
	scale := l.scale[seg.Track]
	payload, err := dash.ShiftChunk(seg.Payload, int64(shift/time.Second)*int64(scale), scale)
	if err != nil {
		return nil, err
	}
	return &livews.Segment{
		Type: seg.Type, Flags: seg.Flags, Track: seg.Track, Duration: seg.Duration,
		DecodeTime: seg.DecodeTime + shift, WallClock: l.wallClock(shift + end(seg)), Payload: payload,
	}, nil
}

// wallClock returns the wall clock's time when the media time was at: by today's
// setting of the clock, which may have been changed since the start.
func (l *loop) wallClock(at time.Duration) time.Time {
	now := time.Now()
	return now.Round(0).Add(l.start.Add(at).Sub(now))
}

// parse takes the file apart.
func (l *loop) parse(ctx context.Context) error {
	p := loop{scale: make(map[uint16]uint32)}
	ends := make(map[uint16]time.Duration)
	for seg, err := range livews.All(ctx, dash.NewSplitter(bytes.NewReader(l.file), nil)) {
		switch {
		case err != nil:
			return err
		case seg.Type == livews.TypeInit:
			p.inits = append(p.inits, seg)
			p.scale[seg.Track] = seg.Info.Timescale
		default:
			p.chunks = append(p.chunks, seg)
			ends[seg.Track] = end(seg)
		}
	}
	if len(p.chunks) == 0 {
		return errors.New("loop: no media")
	}
	slices.SortStableFunc(p.chunks, func(a, b *livews.Segment) int { return cmp.Compare(end(a), end(b)) })
	p.period = end(p.chunks[len(p.chunks)-1])
	if p.period%time.Second != 0 {
		return fmt.Errorf("loop: lasts %v, want whole seconds", p.period)
	}
	for track, at := range ends {
		if at != p.period {
			return fmt.Errorf("loop: track %d lasts %v, another %v", track, at, p.period)
		}
	}
	l.inits, l.chunks, l.period, l.scale = p.inits, p.chunks, p.period, p.scale
	return nil
}

// end returns the decode time at the end of a chunk.
func end(seg *livews.Segment) time.Duration { return seg.DecodeTime + seg.Duration }
