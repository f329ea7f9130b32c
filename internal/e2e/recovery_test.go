package e2e

import (
	"errors"
	"testing"
)

// TestRelayRestart kills the relay in the middle of a chain while a browser
// plays, and starts it again: the player says that it is not live, and then is
// live again without anybody's help.
func TestRelayRestart(t *testing.T) {
	c := startChain(t, "clip")
	b := newBrowser(t, "chromium")
	b.open(t, "http://"+c.edge+"/live/cam1")
	b.watch(t, settleBound, goesOn)
	c.relay.kill(t)
	b.watch(t, settleBound, func(samples []sample) error {
		if goesOn(samples) == nil {
			return errors.New("plays on without its relay")
		}
		return nil
	})
	c.relay = c.startRelay(t)
	b.watch(t, settleBound, goesOn)
	b.checkMoves(t)
}

// goesOn reports why the last two seconds of samples do not show a player that
// plays: nil if they do.
func goesOn(samples []sample) error {
	const n = 5
	if len(samples) < n {
		return errors.New("too few samples")
	}
	last := samples[len(samples)-n:]
	for i, s := range last {
		if err := s.plays(); err != nil {
			return err
		}
		if i > 0 && (s.CurrentTime <= last[i-1].CurrentTime || s.Frames <= last[i-1].Frames) {
			return errors.New("the picture stands still")
		}
	}
	return nil
}
