package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// codecMishaps are those of TestRecovery that a player with WebCodecs lives through as well.
var codecMishaps = []string{
	"a group is missing", "time jumps back", "another resolution", "another codec", "the first codec again",
	"the sound stops", "the sound comes back",
	"a moof is garbled", "an mdat is garbled", "an outage of 1.5 s", "cut off", "hidden for 5 s",
}

// TestWebCodecs plays with WebCodecs, from a server that misbehaves.
func TestWebCodecs(t *testing.T) {
	f := newFilms(t)
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t, engine)
			s := newStage(t, f.base)
			b.loadCodecs(t, s.page)
			b.awaitHealth(t)
			b.sees(t, "player.surface.localName === 'canvas' && player.video.hidden && player.status.note === ''")
			b.awaitMoves(t)
			b.screenshot(t, "webcodecs-"+engine+".png")
			t.Run("pause", func(t *testing.T) { testCodecsPause(t, b) })
			for _, m := range mishaps(f) {
				if !slices.Contains(codecMishaps, m.name) {
					continue
				}
				t.Run(m.name, func(t *testing.T) {
					s.t = t
					m.happen(t, s, b)
					// What has been sent is seen a little later.
					time.Sleep(300 * time.Millisecond)
					took, did := b.awaitHealth(t)
					if !strings.HasPrefix(m.name, "the sound") { // which the picture does not wait for
						b.await(t, m.sees)
					}
					t.Logf("live again after %d ms; %s", took.Milliseconds(), did)
				})
			}
			b.sees(t, "player.surface.localName === 'canvas'")
			t.Run("falls back", func(t *testing.T) { testCodecsFallBack(t, b, s.page) })
		})
	}
}

// testCodecsPause checks that a pause shows nothing new, and ends at the live edge.
func testCodecsPause(t *testing.T, b *browser) {
	b.do(t, command{Do: "evaluate", Expression: "document.querySelector('livews-player').pause()"})
	b.await(t, "player.paused && player.state === 'behind'")
	before := b.picture(t)
	b.await(t, "player.status.behind >= 2")
	if !slices.Equal(b.picture(t), before) {
		t.Errorf("%s: the picture moves while it is paused", b.name)
	}
	b.do(t, command{Do: "evaluate", Expression: "document.querySelector('livews-player').play()"})
	b.awaitHealth(t)
}

// testCodecsFallBack takes from the page what WebCodecs need, or lets it fail: Media
// Source Extensions play, and the player says why.
func testCodecsFallBack(t *testing.T, b *browser, page string) {
	for name, tt := range map[string]struct{ harm, note string }{
		"no decoders": {"delete globalThis.VideoDecoder", "the browser has no VideoDecoder"},
		"not for this codec": {`
			delete HTMLCanvasElement.prototype.transferControlToOffscreen; // all runs in the page
			VideoDecoder.isConfigSupported = async () => ({ supported: false })`, "no decoder for avc1"},
		"fails for good": {`
			delete HTMLCanvasElement.prototype.transferControlToOffscreen;
			const { configure } = VideoDecoder.prototype;
			VideoDecoder.prototype.configure = function (config) {
				configure.call(this, { ...config, description: new Uint8Array(config.description.length) });
			}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b.load(t, page)
			b.do(t, command{Do: "evaluate", Expression: tt.harm})
			b.do(t, command{Do: "evaluate", Expression: chooseCodecs})
			b.await(t, fmt.Sprintf("player.surface === player.video && (player.status.note ?? '').startsWith('Media Source instead of WebCodecs: %s')", tt.note))
			b.await(t, "player.state === 'live' && player.stats.decodedFrames > 30")
		})
	}
}

// TestWebCodecsSound measures how far the sound of a film in which a flash and a beep
// coincide is from its picture, at the page's own loudspeaker.
func TestWebCodecsSound(t *testing.T) {
	// Firefox without an audio device does not run an AudioContext.
	b := newBrowser(t, "chromium")
	f := newFilmOf(t, "color=black:size=320x180:rate=30,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.2)'",
		"aevalsrc='0.5*sin(2000*PI*t)*lt(mod(t,1),0.2)':sample_rate=48000",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-c:a", "aac")
	s := newStage(t, f)
	b.open(t, s.page)
	b.do(t, command{Do: "evaluate", Expression: flashAndBeep})
	b.do(t, command{Do: "evaluate", Expression: chooseCodecs})
	var skews []float64
	const n = 5
	deadline := time.Now().Add(settleBound)
	for err := errors.New("nothing yet"); err != nil; time.Sleep(500 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("sound and picture are out of step: %v; skews %.0f ms", err, skews)
		}
		skews = nil
		if err := json.Unmarshal(b.do(t, command{Do: "evaluate", Expression: "skews()"}).Value, &skews); err != nil {
			t.Fatal(err)
		}
		err = inStep(skews, n)
	}
	t.Logf("the picture is ahead of its sound by %.0f ms", skews)
	b.sees(t, "player.stats.decodedSounds > 0 && Math.abs(player.stats.skewMs) < 250")
	b.do(t, command{Do: "evaluate", Expression: "void (document.querySelector('livews-player').volume = 0.25)"})
	b.await(t, "loudness() > 0.05 && loudness() < 0.2")
	b.do(t, command{Do: "evaluate", Expression: "void (document.querySelector('livews-player').muted = true)"})
	b.await(t, "loudness() === 0")
}

// inStep reports why the median of the last n skews is noticed, in milliseconds: nil if it
// is not (ITU-R BT.1359, with 40 ms for what is measured by polling).
func inStep(skews []float64, n int) error {
	if len(skews) < n {
		return fmt.Errorf("%d beeps with a flash, want %d", len(skews), n)
	}
	median := slices.Sorted(slices.Values(skews[len(skews)-n:]))[n/2]
	if median < -85 || median > 165 {
		return fmt.Errorf("the picture is ahead by %.0f ms", median)
	}
	return nil
}

func TestInStep(t *testing.T) {
	for _, tt := range []struct {
		skews []float64
		ok    bool
	}{
		{[]float64{500, 500, 20, 30, 400, 10, 0}, true},
		{[]float64{20, 30, 10}, false},
		{[]float64{200, 200, 30, 10, 200}, false},
		{[]float64{-100, -100, -100, 0, 0}, false},
	} {
		if err := inStep(tt.skews, 5); (err == nil) != tt.ok {
			t.Errorf("inStep(%v) = %v, want ok %v", tt.skews, err, tt.ok)
		}
	}
}

const chooseCodecs = "void (document.querySelector('livews-player').mode = 'webcodecs')"

// flashAndBeep runs in the page. skews gives, for each beep, how many milliseconds before it
// the picture became white; loudness the loudest sample of the last second.
const flashAndBeep = `(() => {
  const analysers = [];
  const { connect } = AudioNode.prototype;
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to instanceof AudioDestinationNode) {
      const analyser = new AnalyserNode(to.context, { fftSize: 2048 });
      connect.call(this, analyser);
      analysers.push(analyser);
    }
    return connect.call(this, to, ...rest);
  };
  const flashes = [];
  const beeps = [];
  const peaks = [];
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const samples = new Float32Array(512);
  let white = false;
  let loud = false;
  setInterval(() => {
    const now = performance.now();
    const player = document.querySelector('livews-player');
    context.drawImage(player.surface, 0, 0, 1, 1);
    const bright = context.getImageData(0, 0, 1, 1).data[0] > 128;
    if (bright && !white) flashes.push(now);
    white = bright;
    analysers.at(-1)?.getFloatTimeDomainData(samples);
    const peak = analysers.at(-1)?.context.state === 'running' ? Math.max(...samples.map(Math.abs)) : 0;
    if (peak > 0.1 && !loud) beeps.push(now);
    loud = peak > 0.1;
    peaks.push({ now, peak });
    while (peaks[0].now < now - 1000) peaks.shift();
  }, 5);
  const nearest = (beep) => flashes.map((flash) => beep - flash).sort((a, b) => Math.abs(a) - Math.abs(b))[0];
  globalThis.skews = () => beeps.map(nearest).filter((skew) => Math.abs(skew) < 500);
  globalThis.loudness = () => Math.max(...peaks.map(({ peak }) => peak));
})()`

// loadCodecs opens the player's page, and lets WebCodecs play.
func (b *browser) loadCodecs(t *testing.T, page string) {
	t.Helper()
	b.open(t, page)
	b.do(t, command{Do: "evaluate", Expression: chooseCodecs})
	b.do(t, command{Do: "evaluate", Expression: health})
}

// awaitHealth is heal without a bound that a busy machine could miss.
func (b *browser) awaitHealth(t *testing.T) (took time.Duration, did string) {
	t.Helper()
	return b.heal(t, settleBound)
}

// awaitMoves waits until the picture itself has changed.
func (b *browser) awaitMoves(t *testing.T) {
	t.Helper()
	first := b.picture(t)
	for deadline := time.Now().Add(settleBound); slices.Equal(b.picture(t), first); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s shows the same picture all the time", b.name)
		}
	}
}

// await waits until an expression about the player is true; an empty one is.
func (b *browser) await(t *testing.T, expression string) {
	t.Helper()
	if expression == "" {
		return
	}
	js := fmt.Sprintf(`(async () => {
		const player = document.querySelector('livews-player');
		for (const until = performance.now() + %d; performance.now() < until; await new Promise((resolve) => setTimeout(resolve, 50))) {
			if (%s) return '';
		}
		return JSON.stringify({ status: player.status, stats: player.stats });
	})()`, settleBound.Milliseconds(), expression)
	var got string
	if err := json.Unmarshal(b.do(t, command{Do: "evaluate", Expression: js}).Value, &got); err != nil {
		t.Fatal(err)
	}
	if got != "" {
		t.Fatalf("%s: after %v it is not true that %s: %s", b.name, settleBound, expression, got)
	}
}
