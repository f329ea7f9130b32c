package relay

import (
	"slices"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// leastPatience is the shortest time without media that counts as silence, and
	// firstPatience that while the pace is not known.
	leastPatience = time.Second
	firstPatience = 3 * time.Second
	// patienceChunks is how many usual intervals without a chunk are silence.
	patienceChunks = 3
	// maxStep bounds the steps in decode time that count: more is a jump.
	maxStep = 10 * time.Second
	// paceSteps are the last steps of a track, of which the median counts.
	paceSteps = 8
	// maxPaced bounds the tracks that are looked at.
	maxPaced = 64
)

// pace is how fast the chunks of a stream follow each other, by their decode times:
// live media comes as fast as it is played. The zero pace is ready for use.
type pace struct{ tracks map[uint16]*trackPace }

// trackPace has the last steps of one track.
type trackPace struct {
	last  time.Duration
	steps [paceSteps]time.Duration
	n     int // steps so far
}

// note takes the next chunk.
func (p *pace) note(seg *livews.Segment) {
	t := p.tracks[seg.Track]
	if t == nil {
		if len(p.tracks) < maxPaced {
			if p.tracks == nil {
				p.tracks = make(map[uint16]*trackPace)
			}
			p.tracks[seg.Track] = &trackPace{last: seg.DecodeTime}
		}
		return
	}
	if step := seg.DecodeTime - t.last; step > 0 && step <= maxStep {
		t.steps[t.n%paceSteps] = step
		t.n++
	}
	t.last = seg.DecodeTime
}

// interval returns the usual interval of the track whose chunks are the shortest; zero
// while it is not known.
func (p *pace) interval() time.Duration {
	var shortest time.Duration
	for _, t := range p.tracks {
		if step := t.median(); step > 0 && (shortest == 0 || step < shortest) {
			shortest = step
		}
	}
	return shortest
}

func (t *trackPace) median() time.Duration {
	if t.n == 0 {
		return 0
	}
	steps := t.steps
	known := steps[:min(t.n, paceSteps)]
	slices.Sort(known)
	return known[len(known)/2]
}

// patience returns how long nothing may come before that is silence.
func (p *pace) patience() time.Duration {
	interval := p.interval()
	if interval == 0 {
		return firstPatience
	}
	return max(leastPatience, patienceChunks*interval)
}
