package e2e

import (
	"encoding/json"
	"testing"
	"time"
)

// moves runs in the page: after moving, moved says whether the player has been live for more
// than a second since and has shown more than ten pictures, of which no two in a row are the
// same. WebKitGTK tells neither of frames nor how many there were, so the pictures themselves
// are looked at.
const moves = `(() => {
  const player = document.querySelector('livews-player');
  const canvas = document.createElement('canvas');
  canvas.width = 32;
  canvas.height = 18;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const look = () => {
    context.drawImage(player.video, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height).data.join();
  };
  globalThis.moving = () => {
    let pictures = 0, seconds = 0, picture = '', time = player.video.currentTime;
    const timer = setInterval(() => {
      const { currentTime } = player.video;
      if (currentTime > time && currentTime - time < 0.5) seconds += currentTime - time;
      time = currentTime;
      if (player.state !== 'live') return;
      const now = look();
      if (now !== picture) pictures++;
      picture = now;
      if (pictures > 10 && seconds > 1) clearInterval(timer);
    }, 30);
    globalThis.moved = () => ({ well: pictures > 10 && seconds > 1, pictures, seconds, status: player.status, stats: player.stats });
  };
})()`

// managed runs in the page: it takes the MediaSource away, as on an iPhone, keeps hold of
// the ManagedMediaSource that is used instead, and loads the stream again.
const managed = `(() => {
  delete globalThis.MediaSource;
  globalThis.ManagedMediaSource = class extends ManagedMediaSource {
    constructor() {
      super();
      globalThis.source = this;
    }
  };
  document.querySelector('livews-player').load();
})()`

// TestWebKit plays in WebKitGTK through a whole tree and from a server that misbehaves, with
// MediaSource and with ManagedMediaSource, which is all that an iPhone has.
func TestWebKit(t *testing.T) {
	f := newFilms(t)
	tree := "http://" + startChain(t, "clip").edge + "/live/cam1"
	for _, kind := range []string{"MediaSource", "ManagedMediaSource"} {
		t.Run(kind, func(t *testing.T) {
			// A browser that hangs says nothing about the player.
			for range 6 {
				hung := hangs(func() {
					b := newBrowser(t, "webkit")
					b.loadWebKit(t, tree, kind)
					b.moving(t)
					b.sees(t, "player.stats.tracks.length === 2 && player.video.videoWidth === 640")
					b.screenshot(t, "webkit-"+kind+".png")
					testWebKitMishaps(t, b, f, kind)
				})
				if !hung {
					return
				}
				t.Log("WebKit hangs: again with another one")
			}
			t.Error("WebKit hangs each time")
		})
	}
}

// testWebKitMishaps goes through what WebKit does in another way than other browsers, and
// what every viewer meets.
func testWebKitMishaps(t *testing.T, b *browser, f films, kind string) {
	s := newStage(t, f.base)
	b.loadWebKit(t, s.page, kind)
	b.moving(t)
	for _, m := range []struct {
		name   string
		kind   string // empty: every one
		happen func()
		sees   string
	}{
		{name: "another resolution", happen: func() { s.play(f.large) }, sees: "player.video.videoWidth === 480"},
		{name: "another codec", happen: func() { s.play(f.other) }, sees: "player.stats.tracks[0].codec.startsWith('vp09')"},
		{name: "cut off", happen: func() { s.closeAll(0, "") }, sees: "player.stats.reconnects > 0"},
		{name: "enough for a while", kind: "ManagedMediaSource", happen: func() {
			b.evaluate(t, "source.dispatchEvent(new Event('endstreaming'))")
			s.awaitGroups(2)
			b.evaluate(t, "source.dispatchEvent(new Event('startstreaming'))")
		}, sees: "player.stats.firstFrameMs > 0"},
	} {
		if m.kind != "" && m.kind != kind {
			continue
		}
		t.Log(m.name)
		m.happen()
		s.awaitGroups(1)
		b.moving(t)
		b.sees(t, m.sees)
	}
}

// loadWebKit opens a player's page, and lets the player use this kind of source.
func (b *browser) loadWebKit(t *testing.T, page, kind string) {
	t.Helper()
	b.open(t, page)
	b.evaluate(t, "customElements.whenDefined('livews-player').then(() => true)")
	b.evaluate(t, moves)
	if kind == "ManagedMediaSource" {
		b.evaluate(t, managed)
	}
}

// moving waits until the picture has moved for a second.
func (b *browser) moving(t *testing.T) {
	t.Helper()
	b.evaluate(t, "moving()")
	began := time.Now()
	for {
		var got struct {
			Well bool `json:"well"`
		}
		answer := b.evaluate(t, "moved()")
		if err := json.Unmarshal(answer, &got); err != nil {
			t.Fatal(err)
		}
		if got.Well {
			t.Logf("moved after %v", time.Since(began).Round(time.Millisecond))
			return
		}
		if time.Since(began) > settleBound {
			t.Fatalf("%s: the picture does not move: %s", b.name, answer)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// evaluate returns the value of an expression of the page.
func (b *browser) evaluate(t *testing.T, expression string) json.RawMessage {
	t.Helper()
	return b.do(t, command{Do: "evaluate", Expression: expression}).Value
}
