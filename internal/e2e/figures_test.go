package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	figures    = flag.Bool("figures", false, "measure the player: TestPlayerFigures")
	figuresFor = flag.Duration("figures.for", time.Minute, "how `long` to measure in each browser")
)

// TestPlayerFigures measures the player through ingress, relay, relay and edge, separate
// processes, with the built-in clip, and prints a table:
//
//	go test -run TestPlayerFigures -figures -v
//
// Latency is from the wall clock of the ingress, when the frame would have been captured,
// to the moment at which the browser presents it (requestVideoFrameCallback).
func TestPlayerFigures(t *testing.T) {
	if !*figures {
		t.Skip("-figures is not set")
	}
	c := startChain(t, "clip")
	page := fmt.Sprintf("http://%s/live/cam1", c.edge)
	var table []string
	for _, name := range []string{"chromium", "firefox"} {
		b := newBrowser(t, name)
		starts := b.measureStarts(t, page, 7)
		b.open(t, page)
		b.watch(t, settleBound, lastSteady)
		table = append(table, fmt.Sprintf("%-10s %s; first frame after navigation %.0f ms (median of %d: %.0f)",
			name, b.measure(t, *figuresFor), starts[len(starts)/2], len(starts), starts))
	}
	t.Log("\n" + strings.Join(table, "\n"))
}

// figure is what collectFigures has seen.
type figure struct {
	Latencies []float64 `json:"latencies"` // of each frame, in milliseconds
	Rates     []float64 `json:"rates"`
	Target    float64   `json:"target"`
	Stalls    int       `json:"stalls"`
	Jumps     int       `json:"jumps"`
	Shown     int       `json:"shown"`
	Dropped   int       `json:"dropped"`
}

// collectFigures runs in the page.
const collectFigures = `(() => {
  const player = document.querySelector('livews-player');
  const { video } = player;
  const before = player.stats;
  const got = { latencies: [], rates: [] };
  const onframe = () => {
    const { latencyMs, rate } = player.stats;
    if (latencyMs !== null) got.latencies.push(latencyMs);
    got.rates.push(rate);
    video.requestVideoFrameCallback(onframe);
  };
  video.requestVideoFrameCallback(onframe);
  globalThis.figures = () => {
    const { stalls, jumps, droppedFrames, decodedFrames, targetMs } = player.stats;
    return { ...got, target: targetMs, stalls: stalls - before.stalls, jumps: jumps - before.jumps,
      shown: decodedFrames - before.decodedFrames, dropped: droppedFrames - before.droppedFrames };
  };
})()`

// measure watches the player of the open page for so long.
func (b *browser) measure(t *testing.T, long time.Duration) figure {
	t.Helper()
	b.do(t, command{Do: "evaluate", Expression: collectFigures})
	time.Sleep(long)
	var f figure
	if err := json.Unmarshal(b.do(t, command{Do: "evaluate", Expression: "figures()"}).Value, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Latencies) < int(long.Seconds())*10 {
		t.Fatalf("%s: only %d frames have a latency", b.name, len(f.Latencies))
	}
	if path := os.Getenv("FIGURES_RAW"); path != "" {
		raw, _ := json.Marshal(f)
		_ = os.WriteFile(path+"."+b.name, raw, 0o600)
	}
	return f
}

// measureStarts opens the page so often and returns how long the first frame took after
// each navigation, in milliseconds, in order of size.
func (b *browser) measureStarts(t *testing.T, page string, n int) []float64 {
	t.Helper()
	var starts []float64
	for range n {
		b.open(t, page)
		b.watch(t, settleBound, func(samples []sample) error {
			if samples[len(samples)-1].Stats["firstFrameMs"] == nil {
				return fmt.Errorf("no frame yet")
			}
			return nil
		})
		var ms float64
		expression := "performance.getEntriesByName('livews-first-frame')[0].startTime"
		if err := json.Unmarshal(b.do(t, command{Do: "evaluate", Expression: expression}).Value, &ms); err != nil {
			t.Fatal(err)
		}
		starts = append(starts, ms)
	}
	slices.Sort(starts)
	return starts
}

func (f figure) String() string {
	sorted := slices.Sorted(slices.Values(f.Latencies))
	at := func(q float64) float64 { return sorted[int(q*float64(len(sorted)-1))] }
	return fmt.Sprintf("latency p50 %.0f ms, p95 %.0f, p99 %.0f, max %.0f; target %.0f ms; %d stalls, %d jumps; %d of %d frames dropped",
		at(0.5), at(0.95), at(0.99), at(1), f.Target, f.Stalls, f.Jumps, f.Dropped, f.Shown)
}
