package chaos

import (
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// Tally is what has passed a [Hop] since it was made, or since its Begin.
type Tally struct {
	// Chunks have passed, Lost have not, Gaps tell of those. Epochs counts the changes of
	// epoch, at which nobody knows how many were lost.
	Chunks, Lost, Gaps, Epochs int
	// Told has the last notice of a gap.
	Told livews.Gap
	// Epoch is that of the newest chunk.
	Epoch uint32
	// Newest is the time at the camera of the newest chunk; At is when the last came.
	Newest, At time.Time
	// Longest is the longest time without a chunk between two.
	Longest time.Duration
	// Oldest is the greatest age that a chunk had when it came.
	Oldest time.Duration
}

// plus returns the sum of t and of u, which came later.
func (t Tally) plus(u Tally) Tally {
	u.Chunks += t.Chunks
	u.Lost += t.Lost
	if u.Gaps == 0 {
		u.Told = t.Told
	}
	u.Gaps += t.Gaps
	u.Epochs += t.Epochs
	u.Longest = max(u.Longest, t.Longest)
	u.Oldest = max(u.Oldest, t.Oldest)
	u.Epoch = max(u.Epoch, t.Epoch)
	if u.At.IsZero() {
		u.At = t.At
	}
	if t.Newest.After(u.Newest) {
		u.Newest = t.Newest
	}
	return u
}
