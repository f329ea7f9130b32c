package e2e

import (
	"encoding/json"
	"testing"
)

// moves runs in the page: moving waits until the player is live and has shown so many
// pictures, of which no two in a row are the same, while playback went on by so many seconds.
// WebKitGTK tells neither of frames nor how many there were, so the pictures themselves are
// looked at. A bound in milliseconds says how long that may take.
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
  globalThis.moving = async (pictures, seconds, bound) => {
    const began = performance.now();
    let seen = 0, played = 0, picture = '', time = player.video.currentTime;
    while (seen <= pictures || played < seconds) {
      if (performance.now() - began > bound) {
        return { ill: seen + ' pictures, ' + played.toFixed(2) + ' s', status: player.status, stats: player.stats };
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
      const { currentTime } = player.video;
      if (currentTime > time && currentTime - time < 0.5) played += currentTime - time;
      time = currentTime;
      if (player.state !== 'live') continue;
      const now = look();
      if (now !== picture) seen++;
      picture = now;
    }
    return { took: performance.now() - began, stats: player.stats };
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
	b := newBrowser(t, "webkit")
	f := newFilms(t)
	tree := "http://" + startChain(t, "clip").edge + "/live/cam1"
	for _, kind := range []string{"MediaSource", "ManagedMediaSource"} {
		t.Run(kind, func(t *testing.T) {
			b.loadWebKit(t, tree, kind)
			b.moving(t)
			b.sees(t, "player.stats.tracks.length === 2 && player.video.videoWidth === 640")
			b.screenshot(t, "webkit-"+kind+".png")
			testWebKitMishaps(t, b, f, kind)
		})
	}
}

// testWebKitMishaps goes through what WebKit does in another way than other browsers, and
// what every viewer meets.
func testWebKitMishaps(t *testing.T, b *browser, f films, kind string) {
	s := newStage(t, f.base)
	b.loadWebKit(t, s.page, kind)
	b.moving(t)
	for _, m := range []mishap{
		{name: "another resolution", happen: func(*testing.T, *stage, *browser) { s.play(f.large) }, sees: "player.video.videoWidth === 480"},
		{name: "another codec", happen: func(*testing.T, *stage, *browser) { s.play(f.other) }, sees: "player.stats.tracks[0].codec.startsWith('vp09')"},
		{name: "cut off", happen: func(*testing.T, *stage, *browser) { s.closeAll(0, "") }, sees: "player.stats.reconnects > 0"},
	} {
		t.Run(m.name, func(t *testing.T) {
			s.t = t
			m.happen(t, s, b)
			s.awaitGroups(1)
			b.moving(t)
			b.sees(t, m.sees)
		})
	}
}

// loadWebKit opens a player's page, and lets the player use this kind of source.
func (b *browser) loadWebKit(t *testing.T, page, kind string) {
	t.Helper()
	b.open(t, page)
	b.do(t, command{Do: "evaluate", Expression: "customElements.whenDefined('livews-player').then(() => true)"})
	b.do(t, command{Do: "evaluate", Expression: moves})
	if kind == "ManagedMediaSource" {
		b.do(t, command{Do: "evaluate", Expression: managed})
	}
}

// moving waits until the picture has moved for a second.
func (b *browser) moving(t *testing.T) {
	t.Helper()
	var got struct {
		Took float64 `json:"took"`
		Ill  string  `json:"ill"`
	}
	answer := b.do(t, command{Do: "evaluate", Expression: "moving(10, 1, 60000)"}).Value
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	if got.Ill != "" {
		t.Fatalf("%s: the picture does not move: %s", b.name, answer)
	}
	t.Logf("moved after %.0f ms", got.Took)
}
