package dash

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// DefaultMaxGap is the default of [TimelineOptions].MaxGap.
const DefaultMaxGap = 10 * time.Second

// overlap is by how much a chunk may begin before its track's last one ended,
// because encoders guess the duration of their last sample, and still continue
// it.
const overlap = 100 * time.Millisecond

// TimelineOptions are the options of [Timeline]. The zero value is good.
type TimelineOptions struct {
	// MaxGap is the longest hole that stays as it is: media that was lost.
	// What is longer is a clock that has jumped. 0 means DefaultMaxGap.
	MaxGap time.Duration
	// Logger gets a line for each break; nil discards.
	Logger *slog.Logger
}

// Timeline returns a Source which gives what src gives on one continuous
// timeline. Where src's decode times start again or jump (an encoder that was
// restarted, files one after the other, a clock that was set), everything from
// there on is moved so that it follows what came before. All tracks are moved
// by the same time, so that sound and picture stay in step: the track that
// ended last goes on without a hole. Each track's first chunk behind the break
// gets FlagDiscontinuity.
//
// A chunk breaks the timeline if it does not begin later than its track's last
// one did, or more than 0.1 s before that one ended, or more than MaxGap after.
// A track that stays on the old timeline for a while, because the chunks of
// tracks are interleaved, follows when its own break comes. Should it then begin
// too early for that, all tracks move a little more.
//
// Chunks that need no change pass as they are; for others a new Segment with a
// copy of the bytes is made ([ShiftChunk]). src must fill Duration, as a
// [Splitter] does, and be at the ingress: Position is kept. opts may be nil.
func Timeline(src livews.Source, opts *TimelineOptions) livews.Source {
	if opts == nil {
		opts = &TimelineOptions{}
	}
	l := &timeline{src: src, maxGap: opts.MaxGap, log: opts.Logger, tracks: make(map[uint16]*timelineTrack)}
	if l.maxGap == 0 {
		l.maxGap = DefaultMaxGap
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	return l
}

type timeline struct {
	src    livews.Source
	maxGap time.Duration
	log    *slog.Logger
	offset time.Duration // of the newest break
	end    time.Duration // where the track that is farthest ahead ends
	tracks map[uint16]*timelineTrack
	err    error // sticky
}

// timelineTrack is where a track is. Times are those given out.
type timelineTrack struct {
	timescale  uint32
	offset     time.Duration
	moved      bool // another track has changed offset since the last chunk
	begun      bool
	start, end time.Duration // of the last chunk
}

// ReadSegment implements livews.Source.
func (l *timeline) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	if l.err != nil {
		return nil, l.err
	}
	seg, err := l.src.ReadSegment(ctx)
	if err != nil {
		return nil, err
	}
	if seg.Type == livews.TypeInit {
		l.err = l.begin(seg)
	} else {
		seg, l.err = l.next(seg)
	}
	if l.err != nil {
		return nil, l.err
	}
	return seg, nil
}

// begin notes what an init segment says.
func (l *timeline) begin(seg *livews.Segment) error {
	if seg.Info == nil || seg.Info.Timescale == 0 {
		return malformed("timeline: init segment of track %d has no timescale", seg.Track)
	}
	t := l.tracks[seg.Track]
	if t == nil {
		t = &timelineTrack{}
		l.tracks[seg.Track] = t
	}
	t.timescale = seg.Info.Timescale
	return nil
}

// next returns the chunk seg in its place.
func (l *timeline) next(seg *livews.Segment) (*livews.Segment, error) {
	t := l.tracks[seg.Track]
	if t == nil {
		return nil, malformed("timeline: chunk of track %d before its init segment", seg.Track)
	}
	broken := l.place(t, seg)
	moved, err := t.move(seg, broken)
	if err != nil {
		return nil, fmt.Errorf("timeline: track %d at %v: %w", seg.Track, seg.DecodeTime, err)
	}
	t.begun, t.start, t.end = true, moved.DecodeTime, moved.DecodeTime+moved.Duration
	l.end = max(l.end, t.end)
	return moved, nil
}

// place sets the offset of t so that seg continues it, and reports whether that
// is a break: one which another track has come to first, or a new one.
func (l *timeline) place(t *timelineTrack, seg *livews.Segment) (broken bool) {
	if !t.begun {
		t.offset = l.offset
	}
	if l.follows(t, seg.DecodeTime+t.offset, overlap) {
		broken, t.moved = t.moved, false
		return broken
	}
	rounding := time.Second / time.Duration(t.timescale)
	if t.offset == l.offset || !l.follows(t, seg.DecodeTime+l.offset, rounding) {
		l.log.Warn("timeline breaks", "track", seg.Track,
			"err", fmt.Sprintf("decode time %v, due was %v", seg.DecodeTime+t.offset, t.end))
		l.rebase(t, seg.DecodeTime)
	}
	t.offset, t.moved = l.offset, false
	return true
}

// rebase makes a new break for t, which goes on with the time start.
func (l *timeline) rebase(t *timelineTrack, start time.Duration) {
	if t.offset == l.offset || t.end-start <= l.offset {
		l.offset = l.end - start
		return
	}
	// The other tracks have passed this break already, but t begins too early
	// for the place that they gave it: they move once more, to stay in step.
	for _, other := range l.tracks {
		if other.offset == l.offset {
			other.offset, other.moved = t.end-start, other.begun
		}
	}
	l.offset = t.end - start
}

// follows reports whether a chunk of t may start at start. A hole is measured
// from where any track ends, so that one which was silent comes back in step.
func (l *timeline) follows(t *timelineTrack, start, overlap time.Duration) bool {
	if !t.begun {
		return start >= 0
	}
	return start > t.start && start >= t.end-overlap && start <= l.end+l.maxGap
}

// move returns seg moved by t's offset.
func (t *timelineTrack) move(seg *livews.Segment, broken bool) (*livews.Segment, error) {
	flags := seg.Flags
	if broken && t.begun {
		flags |= livews.FlagDiscontinuity
	}
	delta := units(t.offset, t.timescale)
	if delta == 0 && flags == seg.Flags {
		return seg, nil
	}
	moved := &livews.Segment{
		Type: seg.Type, Flags: flags, Track: seg.Track, Position: seg.Position,
		DecodeTime: seg.DecodeTime, Duration: seg.Duration, WallClock: seg.WallClock,
		Info: seg.Info, Payload: seg.Payload, Gap: seg.Gap,
	}
	if delta == 0 {
		return moved, nil
	}
	payload, start, err := shiftChunk(seg.Payload, delta, t.timescale)
	if err != nil {
		return nil, err
	}
	end, ok := duration(start+uint64(units(seg.Duration, t.timescale)), t.timescale)
	if !ok {
		return nil, malformed("decode time %d at timescale %d", start, t.timescale)
	}
	moved.DecodeTime, _ = duration(start, t.timescale)
	moved.Duration = end - moved.DecodeTime
	moved.Payload = payload
	return moved, nil
}
