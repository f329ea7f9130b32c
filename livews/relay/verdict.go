package relay

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// goneAfter is how long all servers may say that they have no such stream, which
// they had, before that is final.
const goneAfter = 5 * time.Second

// giveUp returns an error where the stream is not to be had: at once if it has never
// been, and else when no server has had it for 5 s or all have refused for good.
func (f *follower) giveUp() error {
	switch {
	case f.active.isOpen() || f.standby.hasWay():
		return nil // media will say that it is not gone: to connect is no proof
	case !f.isOpen && f.active == nil && !f.standby.isDialled():
		return f.verdict()
	case f.allFinal():
		return fmt.Errorf("follow: %w", f.verdict())
	case slices.ContainsFunc(f.up.parents.all, f.mayHave):
		f.gone = time.Time{}
		return nil
	}
	if f.gone.IsZero() {
		f.gone = f.now
	}
	if !f.due(f.gone.Add(goneAfter)) {
		return nil
	}
	return fmt.Errorf("follow: %w: %q", livews.ErrNotFound, f.name)
}

// mayHave reports whether the server may still have the stream: it has not said anything
// else. One without a way to it has it no more than one that waits for this node.
func (f *follower) mayHave(p *parent) bool {
	if !f.isAsked(p) {
		return false
	}
	err := f.trials[p].err
	for _, none := range []error{livews.ErrNotFound, livews.ErrLoop, errNoWay, errStale, errEnded} {
		if errors.Is(err, none) {
			return false
		}
	}
	return true
}

// isAsked reports whether the server may be asked, by what it has told of its streams.
func (f *follower) isAsked(p *parent) bool {
	return slices.ContainsFunc(f.candidates, func(c candidate) bool { return c.parent == p })
}

func (f *follower) allFinal() bool {
	for _, t := range f.trials {
		if !t.final {
			return false
		}
	}
	return true
}

// verdict returns what the servers have said of the stream, all together.
func (f *follower) verdict() error {
	verdict := fmt.Errorf("%w: %q", livews.ErrNotFound, f.name)
	for _, c := range f.up.parents.candidates(f.name) {
		err := f.trials[c.parent].err
		switch {
		case c.stream == has && len(c.path) >= livews.MaxPath:
			verdict = fmt.Errorf("%w: %q: more than %d nodes", livews.ErrLoop, f.name, livews.MaxPath)
		case errors.Is(err, livews.ErrLoop), c.stream == has && f.wanted().leadsBack(c.path):
			if len(f.via) > 1 { // else it would come from here, where it is not
				verdict = fmt.Errorf("%w: %q", livews.ErrLoop, f.name)
			}
		case err == nil && f.isAsked(c.parent), c.stream == has && len(c.path) == 0:
			return fmt.Errorf("%w: %q: %w", livews.ErrUnavailable, f.name, errNoWay)
		case !f.isAsked(c.parent), errors.Is(err, livews.ErrNotFound):
		case errors.Is(err, livews.ErrUnavailable):
			return err
		default:
			return fmt.Errorf("%w: %q: %w", livews.ErrUnavailable, f.name, err)
		}
	}
	return verdict
}
