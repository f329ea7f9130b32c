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

const (
	// overlap is by how much a chunk may begin before its track's last one ended, because
	// encoders guess the duration of their last sample, and still continue it.
	overlap = 100 * time.Millisecond
	// maxApart is how far apart the chunks of tracks come that are on one clock, and how
	// long a track may go on without the break that another one has had on that clock.
	maxApart = time.Second
)

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
// by the same time, so that sound and picture stay in step: after an init segment
// or a chunk with FlagDiscontinuity the track that ended last goes on without a
// hole, else the one whose clock has jumped first. Each track's first chunk behind
// the break gets FlagDiscontinuity.
//
// A chunk breaks the timeline if it does not begin later than its track's last
// one did, or before that one ended by more than 0.1 s and 15 % of its duration, or
// more than MaxGap after. A track that stays on the old timeline for a while, because
// the chunks of tracks are interleaved, follows when its own break comes. Should it
// then begin too early for that, all tracks move a little more.
//
// Where the clock of one track jumps alone, that track goes on without a hole, and the
// others stay where they are. Tracks whose decode times are within a second of each
// other are on one clock all the same: if they have been moved by different times, as
// after a clock that was wrong for a moment, those that were moved less follow.
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

// timelineTrack is where a track is. Times are those given out, but for came.
type timelineTrack struct {
	timescale  uint32
	offset     time.Duration
	moved      bool // another track has changed offset since the last chunk
	begun      bool
	renewed    bool          // no chunk has come since an init segment
	start, end time.Duration // of the last chunk
	came       time.Duration // decode time at which that came
	apart      time.Duration // for how long it was on the clock of others, but not on their offset
}

// isNear reports whether media of another track whose decode time is at comes beside that
// of t.
func (t *timelineTrack) isNear(at time.Duration) bool {
	return t.begun && at >= t.came-maxApart && at <= t.came+(t.end-t.start)+maxApart
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
	t.timescale, t.renewed = seg.Info.Timescale, true
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
	t.begun, t.renewed = true, false
	t.came, t.start, t.end = seg.DecodeTime, moved.DecodeTime, moved.DecodeTime+moved.Duration
	l.end = max(l.end, t.end)
	return moved, nil
}

// place sets the offset of t so that seg continues it, and reports whether that
// is a break: one which another track has come to first, or a new one.
func (l *timeline) place(t *timelineTrack, seg *livews.Segment) (broken bool) {
	at := seg.DecodeTime
	if !t.begun {
		t.offset = l.offset
	}
	if l.follows(t, at+t.offset, max(overlap, (t.end-t.start)*3/20)) && !l.isLeft(t, seg) {
		broken, t.moved = t.moved, false
		return broken
	}
	rounding := time.Second / time.Duration(t.timescale)
	if t.offset == l.offset || !l.follows(t, at+l.offset, rounding) {
		l.log.Warn("timeline breaks", "track", seg.Track,
			"err", fmt.Sprintf("decode time %v, due was %v", at+t.offset, t.end))
		l.rebase(t, at, t.renewed || seg.Flags.Has(livews.FlagDiscontinuity))
	}
	t.offset, t.moved, t.apart = l.offset, false, 0
	return true
}

// isLeft reports whether t has missed the newest break, though it goes on: it has done so for
// long beside tracks which are on the same clock and have been moved farther, or it would
// have a hole here which those do not have.
func (l *timeline) isLeft(t *timelineTrack, seg *livews.Segment) bool {
	if t.offset == l.offset || !l.hasNear(t, seg.DecodeTime, l.offset) {
		t.apart = 0
		return false
	}
	if t.offset > l.offset {
		return seg.DecodeTime+t.offset > t.end+overlap && seg.DecodeTime+l.offset >= t.end-maxApart
	}
	t.apart += seg.Duration
	return t.apart > maxApart
}

// hasNear reports whether a track other than t that was moved by offset is where at is.
func (l *timeline) hasNear(t *timelineTrack, at, offset time.Duration) bool {
	for _, other := range l.tracks {
		if other != t && other.offset == offset && other.isNear(at) {
			return true
		}
	}
	return false
}

// rebase makes a new break for t, which goes on with the time start. restarts says that the
// other tracks are known to break there, too.
func (l *timeline) rebase(t *timelineTrack, start time.Duration, restarts bool) {
	least := t.end - start
	if t.offset != l.offset && least > l.offset && least <= l.offset+l.maxGap {
		// The other tracks have passed this break already, but t begins too early
		// for the place that they gave it: they move once more, to stay in step.
		for _, other := range l.tracks {
			if other.offset == l.offset {
				other.offset, other.moved = least, other.begun
			}
		}
		l.offset = least
		return
	}
	l.offset = least
	if restarts {
		l.offset = l.end - start
		return
	}
	for _, other := range l.tracks {
		if other != t && other.isNear(start) {
			l.offset = max(l.offset, other.offset)
		}
	}
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
