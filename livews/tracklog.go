package livews

import (
	"bytes"
	"math"
	"sort"
	"time"
)

// maxJump is the step in decode time from one chunk to the next beyond which
// the timeline of a track has started anew rather than gone on.
const maxJump = 10 * time.Second

// initEntry is one init segment of a trackLog.
type initEntry struct {
	seg   *Segment
	order uint64 // number of arrival among all segments of the relay, from 1
	users int    // chunks in the log that need it
}

func (e *initEntry) epoch() uint32 { return e.seg.Position.Epoch }

// entry is one chunk in a trackLog.
type entry struct {
	seg     *Segment
	init    *initEntry    // the init segment in force
	time    time.Duration // decode time on a timeline that only rises
	arrived time.Duration // since the relay was made
	order   uint64        // number of arrival among all segments of the relay, from 1
}

// trackLog is the bounded log of one track: its chunks by the number of their
// arrival, and the numbers at which groups start.
type trackLog struct {
	number  uint16
	init    *initEntry // the newest
	chunks  ring[entry]
	starts  ring[uint64]
	newest  Position
	gone    Position      // of the chunk that has left the window last
	bytes   int64         // held: the chunks, and the init segments that they need or that is in force
	shift   time.Duration // from decode time to entry.time
	broken  bool          // chunks are missing: wait for a group start
	waiting waitList
}

// repeats reports whether seg is the init segment that is in force.
func (t *trackLog) repeats(seg *Segment) bool {
	old := t.init.seg
	return seg.Position.Epoch == old.Position.Epoch && *seg.Info == *old.Info && bytes.Equal(seg.Payload, old.Payload)
}

// setInit puts an init segment in force.
func (t *trackLog) setInit(seg *Segment, order uint64) {
	if t.init != nil && t.init.users == 0 {
		t.bytes -= cost(t.init.seg)
	}
	t.init = &initEntry{seg: seg, order: order}
	t.bytes += cost(seg)
}

// append adds the chunk, which comes with this order at this time, and reports
// whether it did: a chunk that is not newer than the newest, or that has no group
// start before it, is left out. What is missing in front of a chunk gets a notice
// here if it has none yet.
func (t *trackLog) append(seg *Segment, order uint64, now time.Duration) bool {
	if !seg.Position.After(t.newest) {
		return false
	}
	first := seg.Flags.Has(FlagFirst)
	if !first && !t.continues(seg.Position) {
		t.broken = true
		return false
	}
	if gap := t.gapBefore(seg); gap != nil || seg.Gap != nil {
		seg = seg.withGap(gap)
	}
	t.broken = false
	if first {
		t.starts.push(t.chunks.end())
	}
	t.chunks.push(entry{seg: seg, init: t.init, time: t.timeOf(seg), arrived: now, order: order})
	t.init.users++
	t.bytes += cost(seg)
	t.newest = seg.Position
	return true
}

// continues reports whether a chunk at p, no group start, follows the newest.
func (t *trackLog) continues(p Position) bool {
	q := t.newest
	return !t.broken && p.Epoch == q.Epoch && p.Group == q.Group && p.Chunk == q.Chunk+1 && !q.IsZero()
}

// gapBefore returns the notice that seg, a group start or the next chunk, has to
// carry: of what was told to be missing, between the positions that the log has,
// or of what must be missing.
func (t *trackLog) gapBefore(seg *Segment) *Gap {
	if t.newest.IsZero() || t.continues(seg.Position) {
		return nil
	}
	gap := &Gap{From: t.newest, To: seg.Position, Reason: GapLost}
	switch {
	case seg.Gap != nil:
		gap.Reason = seg.Gap.Reason
	case !t.misses(seg.Position):
		return nil
	}
	return gap
}

// misses reports whether chunks must be missing in front of a group start at p.
// Where a group or an epoch has ended is only known when the next one has begun, so
// the next group and the first one of a new epoch miss nothing, unless something was
// left out before them.
func (t *trackLog) misses(p Position) bool {
	if p.Epoch != t.newest.Epoch {
		return t.broken || p.Group > 0
	}
	return t.broken || p.Group > t.newest.Group+1
}

// timeOf returns the place of seg on the rising timeline.
func (t *trackLog) timeOf(seg *Segment) time.Duration {
	if t.chunks.n == 0 {
		return seg.DecodeTime + t.shift
	}
	last := t.chunks.at(t.chunks.end() - 1).time
	at := seg.DecodeTime + t.shift
	jumps := at < last || (at > last+maxJump && seg.Gap == nil)
	if jumps || seg.Position.Epoch != t.newest.Epoch {
		t.shift = last - seg.DecodeTime
		return last
	}
	return at
}

// cost returns what holding seg costs, in bytes.
func cost(seg *Segment) int64 { return int64(HeaderSize + len(seg.Payload)) }

// oldest returns the order of the oldest chunk, or the highest number where there is
// none.
func (t *trackLog) oldest() uint64 {
	if t.chunks.n == 0 {
		return math.MaxUint64
	}
	return t.chunks.at(t.chunks.first).order
}

// lag returns how much media lies between the chunk with number i and the
// newest.
func (t *trackLog) lag(i uint64) time.Duration {
	if i >= t.chunks.end() {
		return 0
	}
	return t.chunks.at(t.chunks.end()-1).time - t.chunks.at(i).time
}

// held returns how long the chunk with number i, which is there, could have been
// read when the newest came, by one who is there since then.
func (t *trackLog) held(i uint64, since time.Duration) time.Duration {
	return t.chunks.at(t.chunks.end()-1).arrived - max(t.chunks.at(i).arrived, since)
}

// lastStart returns the number of the newest group start.
func (t *trackLog) lastStart() (i uint64, ok bool) {
	if t.starts.n == 0 {
		return 0, false
	}
	return *t.starts.at(t.starts.end() - 1), true
}

// firstStart returns the number of the oldest group start in the window.
func (t *trackLog) firstStart() (i uint64, ok bool) {
	if t.starts.n == 0 {
		return 0, false
	}
	return *t.starts.at(t.starts.first), true
}

// secondGroup returns the number of the first group start after the oldest chunk.
func (t *trackLog) secondGroup() (i uint64, ok bool) {
	i, ok = t.firstStart()
	if !ok || i > t.chunks.first {
		return i, ok
	}
	if t.starts.n == 1 {
		return 0, false
	}
	return *t.starts.at(t.starts.first + 1), true
}

// startFrom returns the number of the first group start at or after the group
// of p, or the end of the log.
func (t *trackLog) startFrom(p Position) uint64 {
	p.Chunk = 0
	i := sort.Search(t.starts.n, func(i int) bool {
		start := *t.starts.at(t.starts.first + uint64(i))
		return t.chunks.at(start).seg.Position.Compare(p) >= 0
	})
	if i == t.starts.n {
		return t.chunks.end()
	}
	return *t.starts.at(t.starts.first + uint64(i))
}

// after returns the number of the first chunk after p, or the end of the log.
func (t *trackLog) after(p Position) uint64 {
	i := sort.Search(t.chunks.n, func(i int) bool {
		return t.chunks.at(t.chunks.first + uint64(i)).seg.Position.After(p)
	})
	return t.chunks.first + uint64(i)
}

// had reports whether the log has the chunk at p, or lost it last: what follows p is
// then known.
func (t *trackLog) had(p Position) bool {
	i := t.after(p)
	if i == t.chunks.first {
		return p == t.gone
	}
	return p == t.chunks.at(i-1).seg.Position
}

// expired reports whether the window is full without the oldest group.
func (t *trackLog) expired(window time.Duration) bool {
	second, ok := t.secondGroup()
	return ok && t.lag(second) >= window
}

// evict removes the oldest group, or the oldest chunk where there is one group
// only.
func (t *trackLog) evict() {
	end, ok := t.secondGroup()
	if !ok {
		end = t.chunks.first + 1
	}
	for t.chunks.first < end {
		if start, ok := t.firstStart(); ok && start == t.chunks.first {
			t.starts.pop()
		}
		t.evicted(t.chunks.pop())
	}
}

// evicted accounts for a chunk that has left the window.
func (t *trackLog) evicted(e entry) {
	t.gone = e.seg.Position
	t.bytes -= cost(e.seg)
	e.init.users--
	if e.init.users == 0 && e.init != t.init {
		t.bytes -= cost(e.init.seg)
	}
}
