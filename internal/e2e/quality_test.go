package e2e

import (
	"fmt"
	"testing"
	"time"
)

// qualityBound is how long a player may take to do what it is to do with its renditions: it
// waits for calm before it goes up.
const qualityBound = 2 * time.Minute

// TestQuality plays a stream with two renditions of the picture: by hand, and over a line that
// becomes narrow and wide again.
func TestQuality(t *testing.T) {
	f := newLadder(t)
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, f)
			b := newBrowser(t, engine)
			b.load(t, s.page)
			b.heal(t, 30*time.Second)
			b.sees(t, "player.qualities.map(({ id, label }) => id + ' ' + label).join() === '1 360p,3 90p'")
			t.Run("by hand", func(t *testing.T) { testByHand(t, s, b) })
			t.Run("by itself", func(t *testing.T) { testByItself(t, s, b) })
			t.Run("with WebCodecs", func(t *testing.T) {
				b.does(t, "player.mode = 'webcodecs'")
				b.awaits(t, "player.video.hidden && player.currentQuality !== null")
				b.goesTo(t, "'90p'", 3)
				b.goesTo(t, "'360p'", 1)
			})
		})
	}
}

// testByHand chooses one rendition and the other: nothing is missing in between, and nothing
// begins anew.
func testByHand(t *testing.T, s *stage, b *browser) {
	dialled := s.dialled()
	b.does(t, "globalThis.before = player.stats")
	b.goesTo(t, "'90p'", 3)
	b.awaits(t, "player.video.videoWidth === 160")
	b.goesTo(t, "1", 1)
	b.awaits(t, "player.video.videoWidth === 640")
	b.sees(t, "player.video.buffered.length === 1")
	for _, count := range []string{"gaps", "orphans", "reconnects", "refused", "recoveries.stream", "recoveries.media", "recoveries.hole"} {
		b.sees(t, fmt.Sprintf("player.stats.%[1]s === before.%[1]s", count))
	}
	if n := s.dialled() - dialled; n > 0 {
		t.Errorf("%s: %d connections more", b.name, n)
	}
}

// testByItself narrows the line to less than the better rendition needs, and widens it.
func testByItself(t *testing.T, s *stage, b *browser) {
	b.does(t, "player.quality = 'auto'")
	b.awaits(t, "player.currentQuality === 1")
	s.narrow(60_000)
	began := time.Now()
	b.awaits(t, "player.currentQuality === 3 && player.quality === 'auto'")
	t.Logf("down after %v", time.Since(began).Round(100*time.Millisecond))
	s.narrow(0)
	began = time.Now()
	b.awaits(t, "player.currentQuality === 1")
	t.Logf("up again after %v", time.Since(began).Round(100*time.Millisecond))
	b.sees(t, "player.stats.recoveries.media + player.stats.recoveries.stream === 0")
}

// goesTo asks for a quality, and waits until it is on the screen.
func (b *browser) goesTo(t *testing.T, quality string, id int) {
	t.Helper()
	b.does(t, "player.quality = "+quality)
	b.awaits(t, fmt.Sprintf("player.currentQuality === %[1]d && player.quality === %[1]d", id))
}

// does evaluates a statement about the player.
func (b *browser) does(t *testing.T, statement string) {
	t.Helper()
	b.do(t, command{Do: "evaluate", Expression: "(() => { const player = document.querySelector('livews-player'); " + statement + "; })()"})
}

// awaits waits until an expression about the player is true.
func (b *browser) awaits(t *testing.T, expression string) {
	t.Helper()
	js := "(() => { const player = document.querySelector('livews-player'); return " + expression + "; })()"
	for deadline := time.Now().Add(qualityBound); ; time.Sleep(100 * time.Millisecond) {
		if string(b.do(t, command{Do: "evaluate", Expression: js}).Value) == "true" {
			return
		}
		if time.Now().After(deadline) {
			stats := b.do(t, command{Do: "evaluate", Expression: "JSON.stringify(document.querySelector('livews-player').stats)"}).Value
			t.Fatalf("%s: not after %v: %s\n%s", b.name, qualityBound, expression, stats)
		}
	}
}
