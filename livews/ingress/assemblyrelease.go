package ingress

import (
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// maxSkew is by how much media a track may run ahead of another before it waits. Where
	// chunks come as they are made nothing ever does.
	maxSkew = 500 * time.Millisecond
	// minPause and maxPause bound how long others wait for a track.
	minPause = 500 * time.Millisecond
	maxPause = 10 * time.Second
)

// release queues what may go out, in the order of decode times, and returns how long to
// wait for more, or -1 if nothing waits for a time.
//
// A chunk waits as long as another track has not come to within maxSkew of it: so the
// tracks of whole segments, which come one after the other, go out side by side, as groups
// need it. It waits no longer than that track has paused lately, and a quarter; after that
// nobody waits for the track until it comes again.
func (a *assembly) release(now time.Time) time.Duration {
	if !a.open {
		if wait := a.opening(now); wait != 0 {
			return wait
		}
		a.open = true
		for _, t := range a.tracks {
			a.giveInit(t, t.firstInit())
			t.lost = !t.came
		}
	}
	for {
		t := a.earliest()
		if t == nil {
			return -1
		}
		if wait := a.waits(t, now); wait > 0 && a.bytes <= maxAssemblyBytes {
			return wait
		}
		a.give(t)
	}
}

// opening returns how long the first init segments still wait, -1 if for ever.
func (a *assembly) opening(now time.Time) time.Duration {
	if a.firstAt.IsZero() {
		return -1
	}
	if a.bytes > maxAssemblyBytes || a.expected > 0 && a.complete() {
		return 0
	}
	return max(0, a.firstAt.Add(assemblyPatience).Sub(now))
}

// complete reports whether all representations that are expected are there, with all that
// their descriptions can tell.
func (a *assembly) complete() bool {
	n := 0
	for _, rep := range a.reps {
		if len(rep.tracks) > 0 {
			n++
		}
	}
	for _, t := range a.tracks {
		if t.init == nil || !t.came && t.isVideo() {
			return false
		}
	}
	return n >= a.expected
}

// earliest returns the track whose next chunk has the lowest decode time.
func (a *assembly) earliest() *assemblyTrack {
	var first *assemblyTrack
	for _, t := range a.tracks {
		if len(t.held) > 0 && (first == nil || t.held[0].seg.DecodeTime < first.held[0].seg.DecodeTime) {
			first = t
		}
	}
	return first
}

// waits returns how long the next chunk of t has to wait for other tracks.
func (a *assembly) waits(t *assemblyTrack, now time.Time) time.Duration {
	next, longest := t.held[0], time.Duration(0)
	for _, other := range a.tracks {
		if other == t || other.lost || !other.came || other.newest+maxSkew >= next.seg.DecodeTime {
			continue
		}
		pause := other.pauses.most()
		patience := min(max(pause+pause/4, minPause), maxPause)
		wait := patience - now.Sub(next.at)
		if wait <= 0 {
			other.lost = true
			continue
		}
		longest = max(longest, wait)
	}
	return longest
}

// give queues the next chunk of t.
func (a *assembly) give(t *assemblyTrack) {
	c := t.pop()
	a.giveInit(t, c.init)
	a.queue = append(a.queue, c.seg)
}

// giveInit queues an init segment if it is not the one that has gone out.
func (a *assembly) giveInit(t *assemblyTrack, init *livews.Segment) {
	if init == nil || t.given == init {
		return
	}
	t.given = init
	if init == t.init {
		a.countInit(t)
	}
	a.queue = append(a.queue, init)
}

// flush queues all that waits.
func (a *assembly) flush() {
	if !a.open && !a.firstAt.IsZero() {
		for _, t := range a.tracks {
			a.giveInit(t, t.firstInit())
		}
	}
	for t := a.earliest(); t != nil; t = a.earliest() {
		a.give(t)
	}
}
