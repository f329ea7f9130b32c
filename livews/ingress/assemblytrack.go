package ingress

import (
	"bytes"
	"hash/maphash"
	"log/slog"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

const (
	// maxRecent is how many chunks a track remembers, to know them again when they are
	// sent once more: those of a segment that was cut, or of a connection.
	maxRecent = 1024
	// maxResend is how long it can take to send again what was sent before. What is known
	// for longer than that comes from an encoder that makes the same bytes once more.
	maxResend = 2 * time.Second
	// pausesFor is for how long, and at most twice as long, a pause is waited for again.
	pausesFor = 30 * time.Second
)

// assemblyTrack is one track of an assembly.
type assemblyTrack struct {
	number uint16
	rep    *representation
	log    *slog.Logger

	init    *livews.Segment // the newest
	counted bool            // it is in the assembly's bytes
	given   *livews.Segment // the one that has gone out last

	held   []heldChunk
	came   bool          // a chunk has come
	newest time.Duration // where the newest that came ends
	lastAt time.Time     // when it came
	pauses pauses        // between two that came
	lost   bool          // others have waited for it in vain

	recent   map[uint64]struct{} // hashes of the last chunks
	order    []uint64            // the same, a ring
	oldest   int                 // its first
	seed     maphash.Seed
	resentAt time.Time // when the known chunks in a row began; zero where there is none
	waits    bool      // for a sync chunk
}

// heldChunk is a chunk that waits, with the init segment that it needs.
type heldChunk struct {
	seg, init *livews.Segment
	at        time.Time // when it came
}

// pauses knows the longest of the last pauses: those of one or two pausesFor. What was a
// hiccup is forgotten.
type pauses struct {
	longest, before time.Duration // of this span of time, and of that before it
	since           time.Time     // when this span began
}

func (p *pauses) note(now time.Time, d time.Duration) {
	if now.Sub(p.since) >= pausesFor {
		p.before, p.longest, p.since = p.longest, 0, now
	}
	p.longest = max(p.longest, d)
}

func (p *pauses) most() time.Duration { return max(p.longest, p.before) }

func (t *assemblyTrack) isVideo() bool { return t.init != nil && t.init.Info.Kind == livews.KindVideo }

// renumber returns seg as one of t, with what an MPD has said of it.
func (t *assemblyTrack) renumber(seg *livews.Segment, h hint) (*livews.Segment, error) {
	seg, err := dash.Renumber(seg, t.number)
	if err != nil || seg.Type != livews.TypeInit || h == (hint{}) {
		return seg, err
	}
	info := *seg.Info
	if info.Bitrate == 0 {
		info.Bitrate = h.bitrate
	}
	if info.Language == "" {
		info.Language = h.language
	}
	return &livews.Segment{Type: seg.Type, Flags: seg.Flags, Track: seg.Track, Info: &info, Payload: seg.Payload}, nil
}

// takeInit notes an init segment. One with the same bytes counts only for the frame rate,
// which is not in them, as long as it has not gone out. takeInit reports whether it is new.
func (t *assemblyTrack) takeInit(seg *livews.Segment) bool {
	if t.init == nil || !bytes.Equal(t.init.Payload, seg.Payload) {
		t.init, t.counted, t.waits = seg, false, true
		return true
	}
	if t.given != t.init && t.init.Info.FrameRate == 0 && seg.Info.FrameRate != 0 {
		for i := range t.held {
			if t.held[i].init == t.init {
				t.held[i].init = seg
			}
		}
		t.init = seg
	}
	return false
}

// spare returns the size of the newest init segment if no chunk has needed it yet, and it has
// not gone out.
func (t *assemblyTrack) spare() int {
	if t.init == nil || t.counted {
		return 0
	}
	return len(t.init.Payload)
}

// firstInit returns the init segment with which t begins to go out; nil where there is none.
func (t *assemblyTrack) firstInit() *livews.Segment {
	if len(t.held) > 0 {
		return t.held[0].init
	}
	return t.init
}

// takeChunk takes a chunk, and reports whether it is wanted.
func (t *assemblyTrack) takeChunk(seg *livews.Segment, now time.Time) bool {
	if t.recent == nil {
		t.recent, t.seed = make(map[uint64]struct{}), maphash.MakeSeed()
	}
	sum := maphash.Bytes(t.seed, seg.Payload)
	if t.knows(sum, now) || t.waits && !seg.Flags.Has(livews.FlagSync) {
		return false
	}
	t.remember(sum)
	if t.came && !t.lost {
		t.pauses.note(now, now.Sub(t.lastAt))
	}
	t.came, t.lost, t.waits, t.newest, t.lastAt = true, false, false, end(seg), now
	t.held = append(t.held, heldChunk{seg: seg, init: t.init, at: now})
	return true
}

// knows reports whether a chunk with this hash has come before.
func (t *assemblyTrack) knows(sum uint64, now time.Time) bool {
	if _, ok := t.recent[sum]; !ok {
		t.resentAt = time.Time{}
		return false
	}
	if t.resentAt.IsZero() {
		t.resentAt = now
		t.log.Info("segments come a second time and are dropped", "track", t.number, "file", t.rep.key)
	}
	if now.Sub(t.resentAt) < maxResend {
		return true
	}
	t.resentAt, t.waits = time.Time{}, true
	clear(t.recent)
	t.order, t.oldest = t.order[:0], 0
	return false
}

// remember notes a chunk that is not known yet.
func (t *assemblyTrack) remember(sum uint64) {
	t.recent[sum] = struct{}{}
	if len(t.order) < maxRecent {
		t.order = append(t.order, sum)
		return
	}
	delete(t.recent, t.order[t.oldest])
	t.order[t.oldest] = sum
	t.oldest = (t.oldest + 1) % maxRecent
}

func (t *assemblyTrack) pop() heldChunk {
	c := t.held[0]
	t.held[0] = heldChunk{}
	t.held = t.held[1:]
	return c
}
