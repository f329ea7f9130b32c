package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	figures    = flag.Bool("figures", false, "measure the player: TestPlayerFigures")
	figuresFor = flag.Duration("figures.for", time.Minute, "how `long` to measure each line of the table")
	figuresOf  = flag.String("figures.of", "", "which players to measure the latency of: those with this `text` in their line, as in webcodecs; all by default")
)

const (
	// figuresSettle is how long a player has to settle after its first frame.
	figuresSettle = 8 * time.Second
	// calmFor is how long a player is watched after the network has become calm.
	calmFor = 30 * time.Second
	// starts is how many first pictures are measured.
	starts = 9
)

// TestPlayerFigures measures the player in Chromium and Firefox, and in WebKitGTK where that
// is, through ingress, relay, relay and edge, separate processes, and prints a table:
//
//	go test -run TestPlayerFigures -figures -v -timeout 1h
//
// With -figures.for=15s it takes ten minutes, and half an hour without; a part of it is
// measured alone by its name, as in -run TestPlayerFigures/firefox/start, and some lines of
// the latency with -figures.of.
//
// Latency is from the wall clock of the ingress, when the frame would have been captured,
// to the moment at which the browser presents it (requestVideoFrameCallback), or at which
// it is drawn (mode webcodecs).
func TestPlayerFigures(t *testing.T) {
	if !*figures {
		t.Skip("-figures is not set")
	}
	table := []string{"| browser | player, network | p50 ms | p95 ms | stalls | frames dropped | |", "| --- | --- | --- | --- | --- | --- | --- |"}
	var versions []string
	for _, name := range append(slices.Clone(engines), "webkit") {
		t.Run(name, func(t *testing.T) {
			for _, part := range figureParts(name) {
				t.Run(part.name, func(t *testing.T) {
					b := newBrowser(t, name)
					rows := part.measure(t, b)
					t.Log("\n" + strings.Join(rows, "\n"))
					table = append(table, rows...)
					if !slices.Contains(versions, b.version) {
						versions = append(versions, b.version)
					}
				})
			}
		})
	}
	t.Logf("\n%s\n\nMeasured for %v a line on %s.", strings.Join(table, "\n"), *figuresFor, machine(versions))
}

// figurePart is a part of the table that one page measures.
type figurePart struct {
	name    string
	measure func(*testing.T, *browser) []string
}

func figureParts(browser string) []figurePart {
	if browser == "webkit" {
		return []figurePart{{"latency", webKitFigures}}
	}
	return []figurePart{{"latency", latencyFigures}, {"network", networkFigures}, {"start", startFigures}}
}

// latencyFigures measures profiles, with and without sound, and the other mode.
func latencyFigures(t *testing.T, b *browser) []string {
	c := startChain(t, "clip")
	var rows []string
	for _, setting := range []struct{ name, latency, mode, sound string }{
		{"low", "low", "", "false"},
		{"low, with sound", "low", "", "true"},
		{"balanced", "", "", "false"},
		{"balanced, with sound", "", "", "true"},
		{"low, mode webcodecs", "low", "webcodecs", "false"},
		{"low, mode webcodecs, with sound", "low", "webcodecs", "true"},
	} {
		if !strings.Contains(setting.name, *figuresOf) {
			continue
		}
		b.start(t, "http://"+c.edge+"/live/cam1", fmt.Sprintf("muted = !%s; player.latency = '%s'; player.mode = '%s'",
			setting.sound, setting.latency, setting.mode))
		f := b.measure(t, *figuresFor)
		note := ""
		if setting.mode != "" && !f.Canvas {
			note = "fell back to Media Source"
		}
		if len(f.Skews) > 0 {
			note = fmt.Sprintf("picture ahead of its sound by %.0f ms, p95 %.0f", quantile(f.Skews, 0.5), quantile(f.Skews, 0.95))
		}
		rows = append(rows, f.row(b.name, setting.name, note))
	}
	return rows
}

// webKitFigures measures the default profile with sound, with each kind of source. WebKitGTK
// does not count its frames.
func webKitFigures(t *testing.T, b *browser) []string {
	page := "http://" + startChain(t, "clip").edge + "/live/cam1"
	var rows []string
	for _, kind := range []string{"MediaSource", "ManagedMediaSource"} {
		var f figure
		if hangs(func() {
			b.loadWebKit(t, page, kind)
			b.settle(t, "muted = false")
			f = b.measure(t, *figuresFor)
		}) {
			t.Fatal("WebKit hangs; with another one it may not")
		}
		rows = append(rows, fmt.Sprintf("| %s | balanced, with sound, %s | %.0f | %.0f | %d | not told | %d jumps |",
			b.name, kind, f.at(0.5), f.at(0.95), f.Stalls, f.Jumps))
	}
	return rows
}

// networkFigures measures the default profile on networks that delay, and that break.
func networkFigures(t *testing.T, b *browser) []string {
	c := startChain(t, "clip")
	net := newShaper(t, c.edge)
	page := "http://" + net.addr + "/live/cam1"
	b.start(t, page, "muted = true")
	quiet := b.measure(t, min(*figuresFor, 10*time.Second))
	var rows []string
	for _, most := range []time.Duration{80 * time.Millisecond, 200 * time.Millisecond} {
		net.setJitter(most)
		b.start(t, page, "muted = true")
		f := b.measure(t, *figuresFor)
		began := time.Now()
		net.setJitter(0)
		time.Sleep(calmFor)
		calm := b.collected(t).calmAt(began, quiet.at(0.5)+30)
		note := fmt.Sprintf("near %.0f ms again %s after it", quiet.at(0.5), seconds(calm))
		rows = append(rows, f.row(b.name, fmt.Sprintf("balanced, each message up to %v late", most), note))
	}
	return append(rows, outageFigures(t, b, net, page))
}

// outageFigures measures how soon the picture is near the live edge after an outage.
func outageFigures(t *testing.T, b *browser, net *shaper, page string) string {
	b.start(t, page, "muted = true")
	quiet := b.measure(t, 3*time.Second).at(0.5)
	var back []string
	for range 5 {
		ends := net.outage(1500 * time.Millisecond)
		time.Sleep(time.Until(ends) + 5*time.Second)
		back = append(back, seconds(b.collected(t).nearAt(ends, quiet+250)))
	}
	f := b.collected(t)
	note := "within 250 ms of its place " + strings.Join(back, ", ") + " after each"
	return fmt.Sprintf("| %s | balanced, %d outages of 1.5 s | | | %d | %d of %d | %s |", b.name, len(back), f.Stalls, f.Dropped, f.Shown, note)
}

// startFigures measures from a navigation to the first picture, where groups are long.
func startFigures(t *testing.T, b *browser) []string {
	need(t, "ffmpeg")
	c := startChain(t, "test", "-group", "10s", "-size", "640x360", "-fps", "30")
	page := fmt.Sprintf("http://%s/live/cam1", c.edge)
	time.Sleep(10 * time.Second) // a whole group
	var all []float64
	for i := range starts {
		all = append(all, b.firstPicture(t, page))
		// The next one comes at another place in the group.
		time.Sleep(time.Duration(i%3) * time.Second)
	}
	slices.Sort(all)
	return []string{fmt.Sprintf("| %s | first picture after the navigation, groups of 10 s | %.0f | %.0f | | | %d times: %.0f |",
		b.name, all[len(all)/2], all[len(all)-1], len(all), all)}
}

// figure is what collectFigures has seen.
type figure struct {
	At        []float64 `json:"at"`        // Unix time of each frame shown, in milliseconds
	Latencies []float64 `json:"latencies"` // of it, in milliseconds
	Skews     []float64 `json:"skews"`     // how far the picture was ahead of its sound, in milliseconds, where that is known
	Target    float64   `json:"target"`
	Stalls    int       `json:"stalls"`
	Jumps     int       `json:"jumps"`
	Shown     int       `json:"shown"`
	Dropped   int       `json:"dropped"`
	Canvas    bool      `json:"canvas"`
}

// collectFigures runs in the page.
const collectFigures = `(() => {
  const player = document.querySelector('livews-player');
  const canvas = player.shadowRoot.querySelector('canvas') !== null && player.mode === 'webcodecs';
  const before = player.stats;
  const got = { at: [], latencies: [], skews: [] };
  let decoded = -1;
  const next = (call) => canvas ? requestAnimationFrame(call) : player.video.requestVideoFrameCallback(call);
  const onframe = () => {
    next(onframe);
    const { latencyMs, decodedFrames, skewMs } = player.stats;
    if (latencyMs === null || (canvas && decodedFrames === decoded)) return;
    decoded = decodedFrames;
    got.at.push(performance.timeOrigin + performance.now());
    got.latencies.push(latencyMs);
    if (typeof skewMs === 'number') got.skews.push(skewMs);
  };
  next(onframe);
  globalThis.figures = () => {
    const { stalls, jumps, droppedFrames, decodedFrames, targetMs } = player.stats;
    return { ...got, canvas, target: targetMs, stalls: stalls - before.stalls, jumps: jumps - before.jumps,
      shown: decodedFrames - before.decodedFrames, dropped: droppedFrames - before.droppedFrames };
  };
})()`

// start opens a page, sets its player, as in "muted = true", and lets it settle.
func (b *browser) start(t *testing.T, page, set string) {
	t.Helper()
	b.open(t, page)
	b.settle(t, set)
}

// settle sets the player of the open page once it shows a picture, and lets it settle.
func (b *browser) settle(t *testing.T, set string) {
	t.Helper()
	b.awaitPicture(t)
	b.do(t, command{Do: "evaluate", Expression: "(() => { const player = document.querySelector('livews-player'); player." + set + "; })()"})
	b.awaitPicture(t)
	time.Sleep(figuresSettle)
}

func (b *browser) awaitPicture(t *testing.T) {
	t.Helper()
	b.watch(t, settleBound, func(samples []sample) error {
		if samples[len(samples)-1].Stats["firstFrameMs"] == nil {
			return fmt.Errorf("no frame yet")
		}
		return nil
	})
}

// measure watches the player of the open page for so long.
func (b *browser) measure(t *testing.T, long time.Duration) figure {
	t.Helper()
	b.do(t, command{Do: "evaluate", Expression: collectFigures})
	time.Sleep(long)
	f := b.collected(t)
	if len(f.Latencies) < int(long.Seconds())*10 {
		t.Fatalf("%s: only %d frames have a latency", b.name, len(f.Latencies))
	}
	return f
}

// collected returns what has been seen since measure began.
func (b *browser) collected(t *testing.T) figure {
	t.Helper()
	var f figure
	if err := json.Unmarshal(b.do(t, command{Do: "evaluate", Expression: "figures()"}).Value, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// firstPicture opens the page and returns how long the first frame took after the
// navigation began, in milliseconds.
func (b *browser) firstPicture(t *testing.T, page string) float64 {
	t.Helper()
	b.open(t, page)
	b.awaitPicture(t)
	var ms float64
	expression := "performance.getEntriesByName('livews-first-frame')[0].startTime"
	if err := json.Unmarshal(b.do(t, command{Do: "evaluate", Expression: expression}).Value, &ms); err != nil {
		t.Fatal(err)
	}
	return ms
}

// at returns a quantile of the latencies.
func (f figure) at(q float64) float64 { return quantile(f.Latencies, q) }

// quantile returns the value below which this part of the values lies.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(q*float64(len(sorted)-1))]
}

// row is a line of the table.
func (f figure) row(browser, setting, note string) string {
	return fmt.Sprintf("| %s | %s | %.0f | %.0f | %d | %d of %d | %s |", browser, setting, f.at(0.5), f.at(0.95), f.Stalls, f.Dropped, f.Shown, note)
}

func (f figure) String() string {
	return fmt.Sprintf("latency p50 %.0f ms, p95 %.0f, p99 %.0f, max %.0f; target %.0f ms; %d stalls, %d jumps; %d of %d frames dropped",
		f.at(0.5), f.at(0.95), f.at(0.99), f.at(1), f.Target, f.Stalls, f.Jumps, f.Dropped, f.Shown)
}

// nearAt returns how long after a moment the first frame was shown that was at most so many
// milliseconds late; negative: none was.
func (f figure) nearAt(from time.Time, most float64) time.Duration {
	for i, at := range f.At {
		if since := sinceUnix(from, at); since >= 0 && f.Latencies[i] <= most {
			return since
		}
	}
	return -1
}

// calmAt returns how long after a moment the median of the 60 frames that followed was at
// most so many milliseconds late for the first time; negative: it never was.
func (f figure) calmAt(from time.Time, most float64) time.Duration {
	for i := 0; i+60 <= len(f.At); i++ {
		since := sinceUnix(from, f.At[i])
		if next := (figure{Latencies: f.Latencies[i : i+60]}); since >= 0 && next.at(0.5) <= most {
			return since
		}
	}
	return -1
}

func sinceUnix(from time.Time, ms float64) time.Duration {
	return time.Duration((ms - float64(from.UnixMicro())/1000) * float64(time.Millisecond))
}

func seconds(d time.Duration) string {
	if d < 0 {
		return "never"
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// machine says on what was measured.
func machine(browsers []string) string {
	load, _ := os.ReadFile("/proc/loadavg") // elsewhere nobody knows
	loads := strings.Fields(string(load))
	cpu := runtime.GOARCH
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			cpu = strings.TrimSpace(model)
			break
		}
	}
	return fmt.Sprintf("%d processors (%s), %s, load average %s; %s", runtime.NumCPU(), cpu, runtime.GOOS,
		strings.Join(loads[:min(3, len(loads))], " "), strings.Join(browsers, ", "))
}
