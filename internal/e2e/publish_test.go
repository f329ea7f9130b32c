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

// maxLatency is how long a frame of a camera may take to the screen of a viewer, at the
// median. A quiet machine needs less than 100 ms, which is in the log; more than this is no
// slow machine, but a buffer in the wrong place.
const maxLatency = 2 * time.Second

// startPublisher starts a server that takes streams in and has pages.
func startPublisher(t *testing.T, addr string) *program {
	t.Helper()
	return serve(t, example("ingress", "-listen", addr, "-publish", "-edge"), addr)
}

// text returns what the page shows in the element with the given id.
func (b *browser) text(t *testing.T, id string) string {
	t.Helper()
	r := b.do(t, command{Do: "evaluate", Expression: fmt.Sprintf("document.getElementById(%q).textContent", id)})
	var text string
	if err := json.Unmarshal(r.Value, &text); err != nil {
		t.Fatalf("%s: text of %s: %v", b.name, id, err)
	}
	return text
}

// waitText waits until an element says what is wanted, in a part of its text.
func (b *browser) waitText(t *testing.T, id, want string) {
	t.Helper()
	for deadline := time.Now().Add(settleBound); ; time.Sleep(100 * time.Millisecond) {
		got := b.text(t, id)
		if strings.Contains(got, want) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s after %v: %s says %q, want %q; the problem: %q", b.name, settleBound, id, got, want, b.text(t, "problem"))
		}
	}
}

// publish opens the page that publishes, chooses as the script says, and starts.
func (b *browser) publish(t *testing.T, url, choose string) {
	t.Helper()
	b.open(t, url)
	if choose != "" {
		b.do(t, command{Do: "evaluate", Expression: choose})
	}
	// The first click asks for the camera where the page has not got it yet. The page may
	// have it at any moment, and begin anew when something else is chosen: so it is looked
	// at and clicked in one go, and never while it says Stop.
	for deadline := time.Now().Add(settleBound); ; time.Sleep(300 * time.Millisecond) {
		var was string
		if err := json.Unmarshal(b.do(t, command{Do: "evaluate", Expression: pressGo}).Value, &was); err != nil {
			t.Fatalf("%s: %v", b.name, err)
		}
		if was == "Stop" || was == "failed" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s has not begun to publish: its button says %q", b.name, was)
		}
	}
}

// pressGo clicks on the way to publishing, and gives what the button said before.
const pressGo = `(() => {
  const go = document.getElementById('go');
  const { state } = document.body.dataset;
  const was = state === 'failed' && go.textContent === 'Start' ? state : go.textContent;
  if (was !== 'Stop' && was !== 'failed' && state !== 'asking') go.click();
  return was;
})()`

func (b *browser) click(t *testing.T, id string) {
	t.Helper()
	b.do(t, command{Do: "evaluate", Expression: fmt.Sprintf("document.getElementById(%q).click()", id)})
}

// small chooses a picture that software encodes in time on a busy machine.
const small = `document.getElementById('size').value = '640x360';
document.getElementById('size').dispatchEvent(new Event('change', { bubbles: true }));`

// silent chooses no sound.
const silent = `document.getElementById('microphone').value = 'none';
document.getElementById('microphone').dispatchEvent(new Event('change', { bubbles: true }));`

// goesOnSilent is goesOn for a stream without sound.
func goesOnSilent(samples []sample) error {
	heard := slices.Clone(samples)
	for i := range heard {
		heard[i].Audio = true
	}
	return goesOn(heard)
}

// latency returns the median delay from the capture of a frame to its showing.
func latency(samples []sample) (time.Duration, error) {
	var all []float64
	for _, s := range samples {
		if ms, ok := s.Stats["latencyMs"].(float64); ok {
			all = append(all, ms)
		}
	}
	if len(all) < 10 {
		return 0, fmt.Errorf("%d measured delays", len(all))
	}
	slices.Sort(all)
	return time.Duration(all[len(all)/2] * float64(time.Millisecond)), nil
}

// TestPublishCamera publishes the fake camera of a browser through the real program, and
// plays it in another one. A second publisher is told why it may not. The server is killed,
// and both come back by themselves when it does.
func TestPublishCamera(t *testing.T) {
	addr := freeAddr(t)
	server := startPublisher(t, addr)
	publisher, viewer := newBrowser(t, "chromium"), newBrowser(t, "chromium")
	publisher.publish(t, "http://"+addr+"/publish/cam1", small)
	publisher.waitText(t, "state", "Live")

	viewer.open(t, "http://"+addr+"/live/cam1")
	viewer.watch(t, settleBound, goesOn)
	viewer.checkMoves(t)
	viewer.checkLatency(t)
	viewer.screenshot(t, "published-chromium.png")
	publisher.screenshot(t, "publish-chromium.png")

	viewer.publish(t, "http://"+addr+"/publish/cam1", small)
	viewer.waitText(t, "problem", "Somebody else is publishing")
	viewer.screenshot(t, "publish-taken-chromium.png")

	viewer.open(t, "http://"+addr+"/live/cam1")
	viewer.watch(t, settleBound, goesOn)
	server.kill(t)
	publisher.waitText(t, "state", "Reconnecting")
	startPublisher(t, addr)
	publisher.waitText(t, "state", "Live")
	viewer.watch(t, settleBound, goesOn)
	viewer.checkMoves(t)

	publisher.click(t, "go")
	publisher.waitText(t, "state", "Off")
	viewer.watch(t, settleBound, func(samples []sample) error {
		if state := samples[len(samples)-1].State; state != "ended" {
			return fmt.Errorf("state is %q, want ended", state)
		}
		return nil
	})
}

// checkLatency fails where the picture comes too late.
func (b *browser) checkLatency(t *testing.T) {
	t.Helper()
	var found time.Duration
	b.watch(t, settleBound, func(samples []sample) (err error) {
		const n = 20 // the newest: a player that has just joined is on its way to the edge
		if len(samples) < n {
			return errors.New("too few samples")
		}
		if found, err = latency(samples[len(samples)-n:]); err == nil && found > maxLatency {
			err = fmt.Errorf("frames take %v from the camera to the screen, want at most %v", found, maxLatency)
		}
		return err
	})
	t.Logf("%s: frames take %v (median) from the camera to the screen", b.name, found)
}

// TestPublishFirefox publishes without MediaStreamTrackProcessor, in a codec that this
// browser encodes without delay. There is no sound: Firefox has none without a sound card.
func TestPublishFirefox(t *testing.T) {
	addr := freeAddr(t)
	startPublisher(t, addr)
	publisher, viewer := newBrowser(t, "firefox"), newBrowser(t, "chromium")
	publisher.publish(t, "http://"+addr+"/publish/cam1", small+silent)
	publisher.waitText(t, "state", "Live")
	viewer.open(t, "http://"+addr+"/live/cam1")
	viewer.watch(t, settleBound, goesOnSilent)
	viewer.checkMoves(t)
	publisher.screenshot(t, "publish-firefox.png")
	t.Logf("firefox publishes %s, encoder delay %s", publisher.text(t, "picture"), publisher.text(t, "delay"))
}

// TestPublishWithoutProcessor takes the way of browsers without MediaStreamTrackProcessor
// in one that has sound: pictures from a video element, sound from an audio worklet.
func TestPublishWithoutProcessor(t *testing.T) {
	addr := freeAddr(t)
	startPublisher(t, addr)
	publisher, viewer := newBrowser(t, "chromium"), newBrowser(t, "chromium")
	publisher.publish(t, "http://"+addr+"/publish/cam1", small+"delete globalThis.MediaStreamTrackProcessor;")
	publisher.waitText(t, "state", "Live")
	viewer.open(t, "http://"+addr+"/live/cam1")
	viewer.watch(t, settleBound, goesOn)
	viewer.checkMoves(t)
}
