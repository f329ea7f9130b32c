package ingress

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

//go:generate sh clips/generate.sh

var (
	//go:embed clips/clip1.mp4
	clip1 []byte
	//go:embed clips/clip2.mp4
	clip2 []byte
)

// Clips is the number of built-in clips.
const Clips = 2

// NewClip returns a Source of built-in clip n, from 1 to [Clips]: 8 s of picture
// (640x360, 30 frames a second, H.264, a sync sample every 2 s, chunks of one frame) and
// sound (AAC, 48 kHz), which repeat for ever without a seam, with positions. It keeps
// real time by the monotonic clock and does not drift: each chunk is given when its last
// sample would have been captured, counted from the first read. A reader that is late
// gets at once what is due.
func NewClip(n int) (livews.Source, error) {
	var file []byte
	switch n {
	case 1:
		file = clip1
	case 2:
		file = clip2
	default:
		return nil, fmt.Errorf("ingress: there is no clip %d, only 1 to %d", n, Clips)
	}
	l, err := newLoop(file)
	if err != nil {
		return nil, fmt.Errorf("ingress: clip %d: %w", n, err)
	}
	return Stamp(l, nil), nil
}

// loop repeats the segments of a file for ever in real time.
type loop struct {
	inits  []*livews.Segment
	chunks []*livews.Segment // by the end of their media
	period time.Duration
	scale  map[uint16]uint32

	start time.Time
	n     int // segments given
}

func newLoop(file []byte) (*loop, error) {
	l := &loop{scale: make(map[uint16]uint32)}
	ends := make(map[uint16]time.Duration)
	for seg, err := range livews.All(context.Background(), dash.NewSplitter(bytes.NewReader(file), nil)) {
		if err != nil {
			return nil, err
		}
		if seg.Type == livews.TypeInit {
			l.inits = append(l.inits, seg)
			l.scale[seg.Track] = seg.Info.Timescale
			continue
		}
		l.chunks = append(l.chunks, seg)
		ends[seg.Track] = end(seg)
	}
	for track, at := range ends {
		l.period = max(l.period, at)
		if at != l.period {
			return nil, fmt.Errorf("track %d lasts %v, another %v", track, at, l.period)
		}
	}
	if l.period == 0 {
		return nil, fmt.Errorf("no media")
	}
	slices.SortStableFunc(l.chunks, func(a, b *livews.Segment) int { return int(end(a) - end(b)) })
	return l, nil
}

// end returns the decode time at the end of a chunk.
func end(seg *livews.Segment) time.Duration { return seg.DecodeTime + seg.Duration }

// ReadSegment returns the next segment when it is due.
func (l *loop) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	if l.n < len(l.inits) {
		l.n++
		return l.inits[l.n-1], nil
	}
	if l.start.IsZero() {
		l.start = time.Now()
	}
	i := l.n - len(l.inits)
	seg := l.chunks[i%len(l.chunks)]
	shift := time.Duration(i/len(l.chunks)) * l.period
	due := l.start.Add(shift + end(seg))
	if err := waitUntil(ctx, due); err != nil {
		return nil, err
	}
	payload, err := dash.ShiftChunk(seg.Payload, l.units(seg.Track, shift), l.scale[seg.Track])
	if err != nil {
		return nil, err
	}
	l.n++
	return &livews.Segment{
		Type: seg.Type, Flags: seg.Flags, Track: seg.Track, Duration: seg.Duration,
		DecodeTime: seg.DecodeTime + shift, WallClock: due.Round(0), Payload: payload,
	}, nil
}

// units returns d in units of the track's timescale. Whole periods are whole seconds, so
// nothing is lost.
func (l *loop) units(track uint16, d time.Duration) int64 {
	return int64(d/time.Second) * int64(l.scale[track])
}

func waitUntil(ctx context.Context, due time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d := time.Until(due)
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
