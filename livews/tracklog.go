package livews

import (
	"bytes"
	"fmt"
	"sort"
	"time"
)

// maxJump is the step in decode time from one chunk to the next beyond which
// the timeline of a track has started anew rather than gone on.
const maxJump = 10 * time.Second

// initEntry is one init segment of a trackLog.
type initEntry struct {
	seg   *Segment
	order uint64 // number of arrival among all segments of the relay
}

// entry is one chunk in a trackLog.
type entry struct {
	seg   *Segment
	init  *initEntry    // the init segment in force
	time  time.Duration // decode time on a timeline that only rises
	order uint64        // number of arrival among all segments of the relay
	cost  int64         // bytes held, with the init segment's where it is new
}

// trackLog is the bounded log of one track: its chunks by the number of their
// arrival, and the numbers at which groups start.
type trackLog struct {
	number  uint16
	init    *initEntry // the newest
	chunks  ring[entry]
	starts  ring[uint64]
	newest  Position
	shift   time.Duration // from decode time to entry.time
	broken  bool          // chunks are missing: wait for a group start
	waiting waitList
}

// setInit makes seg the init segment in force and reports whether that is news.
func (t *trackLog) setInit(seg *Segment, order uint64) bool {
	if t.init != nil {
		old := t.init.seg
		if seg.Position.Epoch < old.Position.Epoch {
			return false
		}
		same := seg.Position.Epoch == old.Position.Epoch
		if same && *seg.Info == *old.Info && bytes.Equal(seg.Payload, old.Payload) {
			return false
		}
	}
	t.init = &initEntry{seg: seg, order: order}
	return true
}

// append adds the chunk and reports whether it did: a chunk that is not newer
// than the newest, or that has no group start before it, is left out. What is
// missing in front of a chunk gets a notice here if it has none yet.
func (t *trackLog) append(seg *Segment, order uint64) (bool, error) {
	if t.init == nil {
		return false, fmt.Errorf("livews: chunk of track %d at %v before its init segment", t.number, seg.Position)
	}
	if !seg.Position.After(t.newest) {
		return false, nil
	}
	first := seg.Flags.Has(FlagFirst)
	if !first && !t.continues(seg.Position) {
		t.broken = true
		return false, nil
	}
	if gap := t.gapBefore(seg); gap != nil || seg.Gap != nil {
		seg = seg.withGap(gap)
	}
	t.broken = false
	if first {
		t.starts.push(t.chunks.end())
	}
	t.chunks.push(entry{seg: seg, init: t.init, time: t.timeOf(seg), order: order, cost: t.costOf(seg)})
	t.newest = seg.Position
	return true, nil
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
// Where a group has ended is only known when the next one has begun, so a new
// epoch or the next group misses nothing, unless something was left out before it.
func (t *trackLog) misses(p Position) bool {
	return t.broken || (p.Epoch == t.newest.Epoch && p.Group > t.newest.Group+1)
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

func (t *trackLog) costOf(seg *Segment) int64 {
	cost := int64(HeaderSize + len(seg.Payload))
	if t.chunks.n == 0 || t.chunks.at(t.chunks.end()-1).init != t.init {
		cost += int64(len(t.init.seg.Payload))
	}
	return cost
}

// lag returns how much media lies between the chunk with number i and the
// newest.
func (t *trackLog) lag(i uint64) time.Duration {
	if i >= t.chunks.end() {
		return 0
	}
	return t.chunks.at(t.chunks.end()-1).time - t.chunks.at(i).time
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

// expired reports whether the window is full without the oldest group.
func (t *trackLog) expired(window time.Duration) bool {
	if t.starts.n < 2 {
		return false
	}
	second := *t.starts.at(t.starts.first + 1)
	return t.lag(second) >= window
}

// evict removes the oldest group, or the oldest chunk where there is one group
// only, and returns the bytes set free.
func (t *trackLog) evict() int64 {
	end := t.chunks.first + 1
	if t.starts.n > 1 {
		end = *t.starts.at(t.starts.first + 1)
	}
	var freed int64
	for t.chunks.first < end {
		if start, ok := t.firstStart(); ok && start == t.chunks.first {
			t.starts.pop()
		}
		e := t.chunks.pop()
		freed += e.cost
	}
	return freed
}
