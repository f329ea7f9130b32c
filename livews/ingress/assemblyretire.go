package ingress

import (
	"maps"
	"slices"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// retirePatience is how long a track may be missing, at the least, when its publisher has begun
// again.
const retirePatience = 5 * time.Second

// retire takes tracks out of the stream that the publisher has given up: it has begun again
// with the representation of t, of which seg has come just now, and has sent nothing of
// them since. So that nobody waits for them, what goes out next says which tracks there are
// (see Stamp), in front of a group.
func (a *assembly) retire(t *assemblyTrack, seg *livews.Segment, now time.Time) {
	if !a.open || !seg.Flags.Has(livews.FlagSync) || !a.leads(t) {
		return
	}
	patience := max(retirePatience, 2*a.longestPause())
	if now.Sub(t.rep.beganAt) < patience {
		return
	}
	gone := false
	for _, other := range slices.Clone(a.tracks) {
		if other.came && other.rep.current == nil && other.lastAt.Before(t.rep.beganAt) && now.Sub(other.lastAt) >= patience {
			a.remove(other)
			gone = true
		}
	}
	if gone {
		a.announce()
	}
}

// leads reports whether groups may begin with chunks of t.
func (a *assembly) leads(t *assemblyTrack) bool {
	return t.isVideo() || !slices.ContainsFunc(a.tracks, func(other *assemblyTrack) bool {
		return other.isVideo() && other.lastAt.After(t.rep.beganAt)
	})
}

// longestPause returns how long any of the tracks pauses between two chunks.
func (a *assembly) longestPause() (longest time.Duration) {
	for _, t := range a.tracks {
		longest = max(longest, t.pauses.most())
	}
	return longest
}

// remove takes a track out. Its representation stays: what comes of that makes a new one.
func (a *assembly) remove(t *assemblyTrack) {
	a.log.Info("track is not published any more", "track", t.number)
	for len(t.held) > 0 {
		a.give(t)
	}
	a.account.give(t.spare())
	a.tracks = slices.DeleteFunc(a.tracks, func(other *assemblyTrack) bool { return other == t })
	maps.DeleteFunc(t.rep.tracks, func(_ uint16, other *assemblyTrack) bool { return other == t })
	t.rep.retired = len(t.rep.tracks) == 0
}

// announce queues the init segments of all tracks, as a source does that starts again.
func (a *assembly) announce() {
	flags := livews.FlagDiscontinuity
	for _, t := range a.tracks {
		init := t.firstInit()
		if init == nil {
			continue
		}
		if t.given == init {
			a.bytes += len(init.Payload)
			a.account.keep(len(init.Payload))
		} else if init == t.init {
			a.countInit(t)
		}
		t.given = init
		a.queue = append(a.queue, &livews.Segment{Type: init.Type, Flags: init.Flags | flags, Track: init.Track, Info: init.Info, Payload: init.Payload})
		flags = 0
	}
}
