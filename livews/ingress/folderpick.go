package ingress

import (
	"cmp"
	"time"
)

const (
	// giveUp is how long a file may rest without being whole before it is taken as it is,
	// and giveUpFollowed how long where another one of its series has followed it.
	giveUp         = 5 * time.Second
	giveUpFollowed = time.Second
)

// pick returns the first file that is ready, or nil and how long that cannot change. Of each
// series only the first file can be, by its number.
func (s *shelf) pick(now time.Time) (*shelved, time.Duration) {
	var (
		first, newest = s.ends()
		wait          = giveUp
		holds         bool
		best          *shelved
	)
	for series, f := range first {
		// What comes in no order follows nothing.
		next := newest[series]
		followed := next.mod.After(f.mod)
		if left := f.left(now, s.opts.Settle, followed); left > 0 {
			wait = min(wait, left)
			holds = holds || f.kind == initFile || f.kind == initialised
			continue
		}
		if best == nil || compareFiles(f, best) < 0 {
			best = f
		}
	}
	// The init segment that is not ready may be its own, and beside a piece it is nothing.
	if holds && best != nil && best.kind == mediaFile && now.Sub(best.since) < giveUpFollowed+s.opts.Settle {
		best = nil
	}
	return best, max(wait, breath)
}

// ends returns the first and the last file of each series of those that wait. Where there is
// no media, a moov is not an init segment but the beginning of a piece.
func (s *shelf) ends() (first, last map[string]*shelved) {
	first, last = make(map[string]*shelved), make(map[string]*shelved)
	inits := s.hasMedia()
	for _, f := range s.waiting {
		if other := last[f.series]; other == nil || compareNatural(f.name, other.name) > 0 {
			last[f.series] = f
		}
		if f.kind == initFile && !inits {
			continue
		}
		if other := first[f.series]; other == nil || compareNatural(f.name, other.name) < 0 {
			first[f.series] = f
		}
	}
	return first, last
}

// hasMedia reports whether media segments wait.
func (s *shelf) hasMedia() bool {
	for _, f := range s.waiting {
		if f.kind == mediaFile {
			return true
		}
	}
	return false
}

// left returns how long the file has to rest until it is taken.
func (f *shelved) left(now time.Time, settle time.Duration, followed bool) time.Duration {
	rested := now.Sub(f.since)
	switch {
	case f.whole && (followed || f.ended):
		return 0
	case f.whole:
		return settle - rested
	case followed:
		return giveUpFollowed - rested
	}
	return giveUp - rested
}

// compareFiles orders the files that wait: init segments first, then pieces by their
// names, then media segments by their numbers, so that those of all representations come
// side by side.
func compareFiles(a, b *shelved) int {
	if c := cmp.Compare(rank(a.kind), rank(b.kind)); c != 0 {
		return c
	}
	if a.kind == mediaFile {
		if c := compareNatural(a.number, b.number); c != 0 {
			return c
		}
	}
	return compareNatural(a.name, b.name)
}

func rank(kind fileKind) int {
	switch kind {
	case initFile:
		return 0
	case mediaFile:
		return 2
	}
	return 1
}
