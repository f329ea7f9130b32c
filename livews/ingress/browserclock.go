package ingress

import "time"

const (
	// startTime is the decode time of a browser's first frame, so that one of another
	// track can lie before it.
	startTime = 10 * time.Second
	// maxJump is by how much a timestamp may differ from the newest one before the clock
	// is taken to have jumped.
	maxJump = 10 * time.Second
	// maxWallOff is how far a browser's wall clock may be from this server's and still be
	// believed.
	maxWallOff = 10 * time.Second
)

// browserClock puts the timestamps of a browser's capture clock, which all tracks share,
// on a timeline that begins at startTime and does not jump.
type browserClock struct {
	begun  bool
	offset time.Duration // of the timeline to the capture clock
	newest time.Duration // on the timeline

	tied  bool
	wall0 time.Time // when the capture clock was 0
}

// micros returns a timestamp as a duration.
func micros(timestamp int64) time.Duration { return time.Duration(timestamp) * time.Microsecond }

// place returns the time on the timeline of a frame whose track has come to last, whether
// the clock has jumped, and whether the frame is late: it is not behind last, and cannot be
// put in its place.
func (c *browserClock) place(timestamp int64, last time.Duration) (at time.Duration, moved, late bool) {
	if !c.begun {
		c.begun, c.offset = true, startTime-micros(timestamp)
	}
	at = micros(timestamp) + c.offset
	if ahead := at - c.newest; c.newest > 0 && (ahead > maxJump || ahead < -maxJump) || at < 0 {
		moved = true
		c.offset += c.newest + time.Millisecond - at
		at = c.newest + time.Millisecond
	} else if at <= last {
		return at, false, true
	}
	c.newest = max(c.newest, at)
	return at, moved, false
}

// tie takes note that it was wall, in Unix milliseconds, when the capture clock was
// timestamp, in microseconds. Both are bounded.
func (c *browserClock) tie(timestamp, wall float64) {
	at := time.UnixMicro(int64(1000 * wall))
	c.tied, c.wall0 = true, at.Add(-micros(int64(timestamp)))
}

// wall returns the time of capture of a frame that came now, as far as that can be true,
// or the zero time.
func (c *browserClock) wall(timestamp int64, now time.Time) time.Time {
	if !c.tied {
		return time.Time{}
	}
	at := c.wall0.Add(micros(timestamp))
	if off := now.Sub(at); off > maxWallOff || off < -maxWallOff {
		return time.Time{}
	}
	return at
}
