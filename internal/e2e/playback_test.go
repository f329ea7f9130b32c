package e2e

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// sample is what a player shows at one moment.
type sample struct {
	Now          float64        `json:"now"` // performance.now, in milliseconds
	State        string         `json:"state"`
	CurrentTime  float64        `json:"currentTime"`
	Paused       bool           `json:"paused"`
	Muted        bool           `json:"muted"`
	PlaybackRate float64        `json:"playbackRate"`
	Width        int            `json:"width"`
	Height       int            `json:"height"`
	Frames       int            `json:"frames"`
	Dropped      int            `json:"dropped"`
	Audio        bool           `json:"audio"`
	MediaError   string         `json:"mediaError"`
	Buffered     [][2]float64   `json:"buffered"`
	Stats        map[string]any `json:"stats"`
	// Errors is what the page has reported so far.
	Errors []string `json:"-"`
}

const (
	// steadyFor is how long a player has to play in step with the clock.
	steadyFor = 10 * time.Second
	// maxDrift is how far currentTime may leave the wall clock in that time.
	maxDrift = 100 * time.Millisecond
	// settleBound is how long a player may take until it plays so. A player
	// that has just joined still moves to its place at the live edge, and the
	// machine may be busy.
	settleBound = 60 * time.Second
	// minShown is the least share of the frames that has to be shown, of 30 a
	// second. Software decoding on a busy machine drops some.
	minShown = 0.5
)

// playsSteadily reports why the samples do not show a player that plays the
// whole time in step with the wall clock: nil if they do.
func playsSteadily(samples []sample) error {
	first, last := samples[0], samples[len(samples)-1]
	wall := (last.Now - first.Now) / 1000
	if wall < steadyFor.Seconds() {
		return fmt.Errorf("only %.1f s of samples", wall)
	}
	for _, s := range samples {
		if err := s.plays(); err != nil {
			return err
		}
	}
	if drift := last.CurrentTime - first.CurrentTime - wall; math.Abs(drift) > maxDrift.Seconds() {
		return fmt.Errorf("currentTime left the wall clock by %.3f s in %.1f s", drift, wall)
	}
	shown := (last.Frames - last.Dropped) - (first.Frames - first.Dropped)
	if float64(shown) < minShown*30*wall {
		return fmt.Errorf("%d frames shown in %.1f s", shown, wall)
	}
	return nil
}

// plays reports why a sample alone is not that of a player that plays.
func (s sample) plays() error {
	switch {
	case s.MediaError != "":
		return fmt.Errorf("media error %s", s.MediaError)
	case s.State != "live":
		return fmt.Errorf("state is %q, want live", s.State)
	case s.Paused:
		return errors.New("the video is paused")
	case s.Width == 0 || s.Height == 0:
		return errors.New("no picture size")
	case !s.Audio:
		return errors.New("no sound track")
	}
	return nil
}

// watch samples the player until enough holds for the samples taken so far, and
// fails when bound has passed.
func (b *browser) watch(t *testing.T, bound time.Duration, enough func([]sample) error) []sample {
	t.Helper()
	var samples []sample
	for deadline := time.Now().Add(bound); ; time.Sleep(500 * time.Millisecond) {
		r := b.do(t, command{Do: "sample"})
		r.Sample.Errors = r.Errors
		samples = append(samples, r.Sample)
		err := enough(samples)
		if err == nil {
			return samples
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s after %v: %v; last sample %+v", b.name, bound, err, r.Sample)
		}
	}
}

// lastSteady applies playsSteadily to the newest samples that are long enough.
func lastSteady(samples []sample) error {
	newest := samples[len(samples)-1].Now
	for i := len(samples) - 1; i > 0; i-- {
		if newest-samples[i].Now >= float64(steadyFor.Milliseconds()) {
			return playsSteadily(samples[i:])
		}
	}
	return playsSteadily(samples)
}

// checkPlays opens a player's page and fails unless the stream plays there.
func (b *browser) checkPlays(t *testing.T, url, screenshot string) {
	t.Helper()
	b.open(t, url)
	began := time.Now()
	defer b.screenshot(t, screenshot)
	samples := b.watch(t, settleBound, lastSteady)
	last := samples[len(samples)-1]
	t.Logf("%s plays %s: %dx%d, %d frames, %d dropped, steady after %.1f s", b.name, url,
		last.Width, last.Height, last.Frames, last.Dropped, time.Since(began).Seconds())
	if len(last.Errors) > 0 {
		t.Errorf("%s reports errors: %q", b.name, last.Errors)
	}
	b.checkMoves(t)
}

// checkMoves looks at the picture itself until it has seen two that differ, and
// fails if that takes too long. Pictures of one grey do not count:
// Firefox draws one now and then where it has no frame at hand.
func (b *browser) checkMoves(t *testing.T) {
	t.Helper()
	var first []int
	for deadline := time.Now().Add(settleBound / 2); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
		picture := b.picture(t)
		switch {
		case slices.Max(picture)-slices.Min(picture) < 20:
		case first == nil:
			first = picture
		case !slices.Equal(first, picture):
			return
		}
	}
	if first == nil {
		t.Errorf("%s shows pictures of one grey", b.name)
		return
	}
	t.Errorf("%s shows the same picture all the time", b.name)
}

func TestPlaysSteadily(t *testing.T) {
	steady := func(change func(i int, s *sample)) []sample {
		var samples []sample
		for i := range 22 {
			s := sample{
				Now: 1000 + 500*float64(i), CurrentTime: 70 + 0.5*float64(i), Frames: 15 * i,
				State: "live", Width: 640, Height: 360, Audio: true,
			}
			change(i, &s)
			samples = append(samples, s)
		}
		return samples
	}
	for _, tt := range []struct {
		name   string
		change func(i int, s *sample)
		ok     bool
	}{
		{"steady", func(int, *sample) {}, true},
		{"slightly ahead", func(i int, s *sample) { s.CurrentTime += 0.004 * float64(i) }, true},
		{"too fast", func(i int, s *sample) { s.CurrentTime += 0.006 * float64(i) }, false},
		{"frozen", func(i int, s *sample) { s.CurrentTime = min(s.CurrentTime, 75) }, false},
		{"no frames", func(_ int, s *sample) { s.Frames = 100 }, false},
		{"all dropped", func(_ int, s *sample) { s.Dropped = s.Frames }, false},
		{"reconnects once", func(i int, s *sample) { s.State = map[bool]string{true: "reconnecting", false: "live"}[i == 9] }, false},
		{"silent", func(_ int, s *sample) { s.Audio = false }, false},
		{"no picture", func(_ int, s *sample) { s.Width = 0 }, false},
		{"paused", func(_ int, s *sample) { s.Paused = true }, false},
		{"media error", func(i int, s *sample) { s.MediaError = map[bool]string{true: "3 decode"}[i == 21] }, false},
		{"too short", func(_ int, s *sample) { s.Now /= 2 }, false},
	} {
		if err := lastSteady(steady(tt.change)); (err == nil) != tt.ok {
			t.Errorf("%s: %v, want ok %v", tt.name, err, tt.ok)
		}
	}
}
