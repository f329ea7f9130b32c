package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// healedBound is how long a player may take until it is live again once what was wrong
	// is over. It takes less than 2 s; a machine that others use gets more.
	healedBound = 30 * time.Second
)

// A mishap is something that goes wrong at the server or in the browser. It returns when
// that is over; the player has to be live again soon, without being loaded anew.
type mishap struct {
	name    string
	happen  func(t *testing.T, s *stage, b *browser)
	sees    string   // what is true of the player afterwards, as JavaScript; empty: nothing special
	engines []string // nil: all
}

// films are what the mishaps play.
type films struct{ base, large, other *film }

func newFilms(t *testing.T) films {
	t.Helper()
	h264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-c:a", "aac"}
	vp9 := []string{"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0", "-b:v", "300k", "-c:a", "libopus"}
	return films{newFilm(t, "320x180", h264...), newFilm(t, "480x270", h264...), newFilm(t, "320x180", vp9...)}
}

// TestRecovery plays from a server that misbehaves in all ways that there are.
func TestRecovery(t *testing.T) {
	f := newFilms(t)
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t, engine)
			s := newStage(t, f.base)
			b.load(t, s.page)
			b.heal(t, settleBound)
			for _, m := range mishaps(f) {
				if m.engines != nil && !slices.Contains(m.engines, engine) {
					continue
				}
				ok := t.Run(m.name, func(t *testing.T) {
					s.t = t
					m.happen(t, s, b)
					// What has been sent is seen a little later.
					time.Sleep(300 * time.Millisecond)
					took, did := b.heal(t, healedBound)
					b.sees(t, m.sees)
					t.Logf("live again after %d ms; %s", took.Milliseconds(), did)
				})
				if !ok {
					b.load(t, s.page)
					b.heal(t, settleBound)
				}
			}
			t.Run("closed with 4303", func(t *testing.T) { testRefused(t, s, b) })
		})
	}
}

// testRefused checks that a player whom the server does not want back stays away, and says why.
func testRefused(t *testing.T, s *stage, b *browser) {
	dialled := s.dialled()
	s.closeAll(4303, "as the test wants it")
	time.Sleep(1500 * time.Millisecond)
	b.sees(t, "player.state === 'failed' && player.status.message === 'as the test wants it'")
	if n := s.dialled() - dialled; n > 0 {
		t.Errorf("%s: %d connections after the refusal", b.name, n)
	}
}

func mishaps(f films) []mishap {
	closing := func(code websocket.StatusCode) func(*testing.T, *stage, *browser) {
		return func(_ *testing.T, s *stage, _ *browser) { s.closeAll(code, "as the test wants it") }
	}
	plays := func(f *film) func(*testing.T, *stage, *browser) {
		return func(_ *testing.T, s *stage, _ *browser) { s.play(f); s.awaitGroups(1) }
	}
	return []mishap{
		{name: "a group is missing", happen: func(_ *testing.T, s *stage, _ *browser) {
			lost := s.newest() + 1
			s.during(2, func(seg *livews.Segment) *livews.Segment {
				if seg.Position.Group == lost {
					return nil
				}
				return seg
			})
		}},
		{name: "some frames are missing", happen: func(_ *testing.T, s *stage, _ *browser) {
			s.during(1, func(seg *livews.Segment) *livews.Segment {
				if c := seg.Position.Chunk; seg.Track == 1 && c >= 10 && c < 15 {
					return nil
				}
				return seg
			})
		}},
		{name: "time jumps forward", happen: func(t *testing.T, s *stage, _ *browser) { s.moveTime(t, f.base, time.Minute) }},
		{name: "time jumps back", happen: func(t *testing.T, s *stage, _ *browser) { s.moveTime(t, f.base, 50*time.Second) }},
		{name: "time jumps back a little", happen: func(t *testing.T, s *stage, _ *browser) { s.moveTime(t, f.base, 46*time.Second) }},
		{name: "a new epoch", happen: plays(f.base)},
		{name: "another resolution", happen: plays(f.large), sees: "player.stats.width === 480"},
		{name: "another codec", happen: plays(f.other), sees: "player.stats.tracks.map(({ codec }) => codec.slice(0, 4)).join() === 'vp09,opus'"},
		{name: "the first codec again", happen: plays(f.base), sees: "player.stats.width === 320"},
		{name: "the sound stops", happen: func(_ *testing.T, s *stage, _ *browser) {
			s.setTamper(without(2))
			time.Sleep(time.Second)
		}, sees: "player.stats.tracks.length === 1"},
		{name: "the sound comes back", happen: func(_ *testing.T, s *stage, _ *browser) { s.setTamper(nil); s.awaitGroups(1) }, sees: "player.stats.tracks.length === 2"},
		{name: "the sound is not there at first", happen: func(t *testing.T, s *stage, b *browser) {
			s.setTamper(without(2))
			s.play(f.base)
			s.awaitGroups(1)
			b.load(t, s.page)
		}, sees: "player.stats.tracks.length === 1"},
		{name: "the sound starts late", happen: func(_ *testing.T, s *stage, _ *browser) { s.setTamper(nil); s.awaitGroups(1) }, sees: "player.stats.tracks.length === 2"},
		{name: "a chunk is no box", happen: garble(0, 8)},
		{name: "a moof is garbled", happen: garble(8, 100)},
		{name: "an mdat is garbled", happen: garble(120, 1<<20)},
		{name: "an outage of 1.5 s", happen: func(_ *testing.T, s *stage, _ *browser) { s.outage(1500 * time.Millisecond) }},
		{name: "closed with 4100", happen: closing(4100)},
		{name: "closed with 4200", happen: closing(4200)},
		{name: "closed with 4401", happen: closing(4401)},
		{name: "cut off", happen: closing(0)},
		{name: "no room", happen: evaluates(`(() => {
			const { appendBuffer } = SourceBuffer.prototype;
			SourceBuffer.prototype.appendBuffer = function () {
				SourceBuffer.prototype.appendBuffer = appendBuffer;
				throw new DOMException('full', 'QuotaExceededError');
			};
		})()`)},
		{name: "no room at all for 1 s", happen: evaluates(`(() => {
			const { appendBuffer } = SourceBuffer.prototype;
			SourceBuffer.prototype.appendBuffer = () => { throw new DOMException('full', 'QuotaExceededError'); };
			return new Promise((resolve) => setTimeout(() => {
				SourceBuffer.prototype.appendBuffer = appendBuffer;
				resolve();
			}, 1000));
		})()`)},
		{name: "hidden for 5 s", happen: func(t *testing.T, _ *stage, b *browser) {
			b.do(t, command{Do: "hide"})
			time.Sleep(5 * time.Second)
			b.do(t, command{Do: "show"})
		}},
		{name: "frozen for 5 s", engines: []string{"chromium"}, happen: func(t *testing.T, _ *stage, b *browser) { b.freeze(t, 5*time.Second) }},
		{name: "asleep, and the connection is dead", engines: []string{"chromium"}, happen: func(t *testing.T, s *stage, b *browser) {
			s.mute()
			b.freeze(t, 5*time.Second)
		}},
	}
}

// without drops a track.
func without(track uint16) tamper {
	return func(seg *livews.Segment) *livews.Segment {
		if seg.Track == track {
			return nil
		}
		return seg
	}
}

// garble makes bytes from..to of a chunk of picture senseless, late in a group.
func garble(from, to int) func(*testing.T, *stage, *browser) {
	return func(_ *testing.T, s *stage, _ *browser) {
		s.during(2, func(seg *livews.Segment) *livews.Segment {
			if seg.Track != 1 || seg.Position.Chunk != 20 {
				return seg
			}
			payload := slices.Clone(seg.Payload)
			for i := from; i < min(to, len(payload)); i++ {
				payload[i] ^= 0xa5
			}
			return altered(seg, payload)
		})
	}
}

// evaluates runs an expression in the page.
func evaluates(expression string) func(*testing.T, *stage, *browser) {
	return func(t *testing.T, _ *stage, b *browser) { b.do(t, command{Do: "evaluate", Expression: expression}) }
}

// moveTime moves the media times of all groups after this one.
func (s *stage) moveTime(t *testing.T, f *film, by time.Duration) {
	last := s.newest()
	s.setTamper(func(seg *livews.Segment) *livews.Segment {
		if seg.Position.Group <= last {
			return seg
		}
		moved, err := f.shift(seg, by)
		if err != nil {
			t.Error(err)
			return nil
		}
		if seg.Position.Group == last+1 && seg.Position.Chunk == 0 {
			moved.Flags |= livews.FlagDiscontinuity
		}
		return moved
	})
	s.awaitGroups(1)
}

// freeze hides the page, and lets no task of it run for so long.
func (b *browser) freeze(t *testing.T, long time.Duration) {
	t.Helper()
	b.do(t, command{Do: "hide"})
	b.do(t, command{Do: "freeze"})
	time.Sleep(long)
	b.do(t, command{Do: "thaw"})
	b.do(t, command{Do: "show"})
}

// health runs in the page: healed says after how many milliseconds the player has been well
// for half a second.
const health = `(() => {
  const player = document.querySelector('livews-player');
  const { video } = player;
  const shown = [];
  const onframe = () => {
    shown.push(performance.now());
    if (shown.length > 60) shown.shift();
    video.requestVideoFrameCallback(onframe);
  };
  if (player.surface === video) video.requestVideoFrameCallback(onframe);
  let drawn = 0;
  const look = () => {
    const { decodedFrames, droppedFrames } = player.stats;
    if (player.surface !== video && decodedFrames - droppedFrames !== drawn) shown.push(performance.now());
    if (shown.length > 60) shown.shift();
    drawn = decodedFrames - droppedFrames;
  };
  setInterval(look, 10);
  const symptom = (now) => {
    if (player.state !== 'live') return 'it is ' + player.state;
    const frames = shown.filter((at) => at > now - 500).length;
    if (frames < 5) return frames + ' frames in half a second';
    const { latencyMs } = player.stats;
    return latencyMs !== null && Math.abs(latencyMs) > 1000 ? 'latency is ' + latencyMs + ' ms' : '';
  };
  globalThis.healed = async (bound) => {
    const began = performance.now();
    let since = began;
    for (let now = began; now < began + bound || since !== now; now = performance.now()) {
      const ill = symptom(now);
      if (ill && now > began + bound) return { ill, stats: player.stats, status: player.status };
      if (ill) since = Infinity;
      else since = Math.min(since, now);
      if (now - since >= 500) return { took: since - began, recoveries: player.stats.recoveries };
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return { ill: 'never well for long', stats: player.stats };
  };
})()`

// load opens the player's page.
func (b *browser) load(t *testing.T, page string) {
	t.Helper()
	b.open(t, page)
	b.do(t, command{Do: "evaluate", Expression: health})
}

// sees checks that an expression about the player is true; an empty one is.
func (b *browser) sees(t *testing.T, expression string) {
	t.Helper()
	if expression == "" {
		return
	}
	js := fmt.Sprintf("(() => { const player = document.querySelector('livews-player'); return %s; })()", expression)
	if got := string(b.do(t, command{Do: "evaluate", Expression: js}).Value); got != "true" {
		t.Errorf("%s: %s is %s", b.name, expression, got)
	}
}

// heal waits until the player is live and shows the picture of now. It returns how long that
// took, and what the player says it has done in all.
func (b *browser) heal(t *testing.T, bound time.Duration) (took time.Duration, did string) {
	t.Helper()
	var got struct {
		Took       float64        `json:"took"`
		Recoveries map[string]int `json:"recoveries"`
		Ill        string         `json:"ill"`
		Stats      any            `json:"stats"`
		Status     any            `json:"status"`
	}
	answer := b.do(t, command{Do: "evaluate", Expression: fmt.Sprintf("healed(%d)", bound.Milliseconds())}).Value
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	if got.Ill != "" {
		t.Fatalf("%s is not live again after %v: %s\n%s", b.name, bound, got.Ill, answer)
	}
	var all []string
	for kind, n := range got.Recoveries {
		if n > 0 {
			all = append(all, fmt.Sprintf("%s %d", kind, n))
		}
	}
	slices.Sort(all)
	return time.Duration(got.Took * float64(time.Millisecond)), strings.Join(all, ", ")
}
