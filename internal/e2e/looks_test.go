package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/edge"
	"github.com/livews/websocketlivestream/livews/ingress"
)

// A theatre is an edge with streams that play a film.
type theatre struct {
	url     string
	streams *livews.Streams
	running sync.WaitGroup
	ctx     context.Context
}

// newTheatre opens a theatre, which has a page to publish, too.
func newTheatre(t *testing.T) *theatre {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h := &theatre{streams: new(livews.Streams), ctx: ctx}
	handler := &edge.Handler{Streams: h.streams, Publisher: http.NotFoundHandler()}
	server := httptest.NewServer(handler)
	h.url = server.URL
	t.Cleanup(func() {
		cancel()
		_ = h.streams.Close()
		_ = handler.Close(context.Background())
		server.Close()
		h.running.Wait()
	})
	return h
}

// show plays a film until end is called, which ends the stream for good.
func (h *theatre) show(name string, f *film) (end func()) {
	over := make(chan struct{})
	src := ingress.Stamp(f.source(), nil)
	h.running.Go(func() {
		_ = h.streams.Publish(h.ctx, name, livews.SourceFunc(func(ctx context.Context) (*livews.Segment, error) {
			select {
			case <-over:
				return nil, io.EOF
			default:
				return src.ReadSegment(ctx)
			}
		}))
	})
	return sync.OnceFunc(func() { close(over) })
}

// TestLooks uses the player by keyboard alone, and has axe-core look at it in each of its
// states and at the edge's pages.
func TestLooks(t *testing.T) {
	f := newFilm(t, "320x180", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-c:a", "aac")
	h := newTheatre(t)
	h.show("cam1", f)
	h.show("cam2", f)
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			b := newBrowser(t, engine)
			b.open(t, h.url+"/live/cam1")
			b.awaits(t, plays)
			t.Run("keys", func(t *testing.T) { testKeys(t, b) })
			t.Run("focus", func(t *testing.T) { testFocus(t, b) })
			t.Run("menu", func(t *testing.T) { testMenu(t, b) })
			t.Run("memory", func(t *testing.T) { testMemory(t, b, h.url+"/live/cam1") })
			t.Run("api", func(t *testing.T) { testAPI(t, b, h.url+"/api?s=cam1") })
			t.Run("audit", func(t *testing.T) { testAudit(t, b, h, f) })
		})
	}
}

const (
	// plays is true when the player shows the live edge.
	plays = `player.state === 'live' && !player.paused`
	// shadow finds an element within the player.
	shadow = `player.shadowRoot.querySelector`
	// inMenu is true while the menu has the focus, inPanel while the statistics are there, and told when
	// a notice has appeared.
	inMenu  = `!!` + shadow + `('.menu:not([hidden]) :focus')`
	told    = `getComputedStyle(` + shadow + `('.notice')).opacity === '1'`
	inPanel = `!!` + shadow + `('.stats:not([hidden]) dd')`
	// focused is the name of what has the focus.
	focused = `(() => {
		let element = document.activeElement;
		while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
		return element.getAttribute('aria-label') ?? element.textContent.trim();
	})()`
	// ringed is true where the focus can be seen.
	ringed = `(() => {
		let element = document.activeElement;
		while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
		const { outlineStyle, outlineWidth } = getComputedStyle(element);
		return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
	})()`
)

// press presses a key and waits until that has had its effect.
func (b *browser) press(t *testing.T, key, effect string) {
	t.Helper()
	b.do(t, command{Do: "press", Key: key})
	b.awaits(t, effect)
}

// testKeys presses each key that has a meaning.
func testKeys(t *testing.T, b *browser) {
	b.press(t, "k", "player.paused")
	b.press(t, " ", plays)
	b.press(t, "m", "player.muted")
	b.press(t, "m", "!player.muted")
	b.press(t, "ArrowDown", "Math.abs(player.volume - 0.95) < 0.01")
	b.press(t, "ArrowUp", "player.volume === 1")
	b.awaits(t, "player.video.currentTime - player.video.buffered.start(0) > 4")
	b.press(t, "ArrowLeft", "player.state === 'behind'")
	b.press(t, "l", plays)
	b.press(t, "f", "document.fullscreenElement === player")
	b.press(t, "f", "document.fullscreenElement === null")
	b.press(t, "i", inPanel)
	b.awaits(t, "player.stats.hops === 0 && "+shadow+"('.stats dl').textContent.includes('0 from the ingress')")
	for _, word := range []string{"NaN", "undefined", "null", "Infinity", "[object"} {
		b.sees(t, fmt.Sprintf("!%s('.stats').textContent.includes('%s')", shadow, word))
	}
	b.press(t, "i", "!"+inPanel)
}

// testFocus goes through the page by the Tab key: nothing is left out, and the focus is seen.
func testFocus(t *testing.T, b *browser) {
	want := []string{"← All streams", "Multi-view", "Pause", "Live", "Mute", "Volume", "Settings", "Full screen"}
	var got []string
	for range 20 {
		b.do(t, command{Do: "press", Key: "Tab"})
		var name string
		if err := json.Unmarshal(b.do(t, command{Do: "evaluate", Expression: focused}).Value, &name); err != nil {
			t.Fatal(err)
		}
		b.sees(t, ringed)
		// Not every browser has picture in picture for pages.
		if name != "Picture in picture" {
			got = append(got, name)
		}
		if name == want[len(want)-1] {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: Tab goes to %q, want %q", b.name, got, want)
	}
	b.press(t, "Shift+Tab", focused+" !== 'Full screen'")
}

// testMenu chooses something in the menu by keys, leaves it by Escape, and by a press beside it, which
// does nothing else.
func testMenu(t *testing.T, b *browser) {
	settings := focused + " === 'Settings'"
	b.does(t, shadow+"('[aria-haspopup]').focus()")
	b.press(t, "Enter", inMenu+" && "+focused+" === 'Balanced'")
	b.press(t, "ArrowDown", focused+" === 'Smooth'")
	b.press(t, "End", focused+" === 'Statistics'")
	b.press(t, "Home", focused+" === 'Lowest'")
	b.press(t, "s", focused+" === 'Smooth'")
	b.press(t, "Enter", "player.latency === 'smooth' && !("+inMenu+") && "+settings)
	b.press(t, "Enter", inMenu)
	b.press(t, "Escape", "!("+inMenu+") && "+settings)
	b.press(t, "Enter", inMenu)
	b.pressBeside(t, "!("+inMenu+")")
	b.sees(t, "!player.paused")
	b.pressBeside(t, "player.paused")
	b.pressBeside(t, plays)
}

// pressBeside clicks on the picture, away from everything on it.
func (b *browser) pressBeside(t *testing.T, effect string) {
	t.Helper()
	var at [2]float64
	middle := `(() => { const { x, y, width, height } = document.querySelector('livews-player').getBoundingClientRect(); return [x + width / 3, y + height / 3]; })()`
	if err := json.Unmarshal(b.do(t, command{Do: "evaluate", Expression: middle}).Value, &at); err != nil {
		t.Fatal(err)
	}
	b.do(t, command{Do: "click", X: at[0], Y: at[1]})
	b.awaits(t, effect)
}

// testMemory comes back to the page: all is as the viewer left it.
func testMemory(t *testing.T, b *browser, url string) {
	b.press(t, "m", "player.muted")
	b.press(t, "ArrowDown", "!player.muted && Math.abs(player.volume - 0.95) < 0.01")
	b.press(t, "m", "player.muted")
	b.open(t, url)
	b.awaits(t, plays+" && player.muted && Math.abs(player.volume - 0.95) < 0.01 && player.latency === 'smooth'")
}

// testAPI opens the page for authors of programs: its controls do what they say, and its tables tell.
func testAPI(t *testing.T, b *browser, url string) {
	b.open(t, url)
	b.awaits(t, plays)
	row := func(name string) string {
		return fmt.Sprintf(`[...document.querySelectorAll('#properties tr')].find((row) => row.cells[0].textContent === '%s')?.cells[1].textContent`, name)
	}
	b.awaits(t, row("state")+` === '"live"' && `+row("stats.engine")+` === '"Media Source"'`)
	b.awaits(t, `[...document.querySelectorAll('#events b')].some((word) => word.textContent === 'statechange')`)
	set := func(label, value string) string {
		return fmt.Sprintf(`[...document.querySelectorAll('#knobs label')].filter((label) => label.textContent.startsWith('%s')).forEach((label) => {
			const control = label.querySelector('select, input');
			%s;
			control.dispatchEvent(new Event('change'));
		})`, label, value)
	}
	b.does(t, set("Latency", "control.selectedIndex = 0"))
	b.awaits(t, "player.latency === 'low' && "+row("latency")+` === '"low"' && document.getElementById('knobs').textContent.includes("player.latency = 'low';")`)
	b.does(t, set("Without sound", "control.checked = false"))
	b.awaits(t, "!player.muted && "+row("muted")+" === 'false'")
	b.does(t, "[...document.querySelectorAll('#knobs button')].find((button) => button.textContent === 'Pause').click()")
	b.awaits(t, "player.paused && "+row("paused")+" === 'true'")
	b.sees(t, `!document.getElementById('properties').textContent.includes('undefined')`)
	b.audit(t, "the page for programs")
	b.screenshot(t, "api-"+b.name+".png")
}

// testAudit has axe-core look at all there is.
func testAudit(t *testing.T, b *browser, h *theatre, f *film) {
	b.open(t, h.url+"/live/cam1")
	b.awaits(t, plays)
	b.press(t, "i", inPanel)
	b.audit(t, "live, with statistics")
	b.does(t, shadow+"('[aria-haspopup]').focus()")
	b.press(t, "Enter", inMenu)
	b.audit(t, "with the menu")
	b.screenshot(t, "looks-menu-"+b.name+".png")
	b.press(t, "Escape", "!("+inMenu+")")
	b.press(t, "k", "player.paused")
	b.audit(t, "paused")

	b.open(t, h.url+"/live/nobody")
	b.awaits(t, "player.state === 'not-found' && "+told)
	b.audit(t, "unknown stream")

	b.does(t, "player.src = 'mailto:nobody'")
	b.awaits(t, "player.state === 'failed' && player.status.message.includes('not the address') && "+told)
	b.audit(t, "no address")

	name := "over-" + b.name
	end := h.show(name, f)
	b.open(t, h.url+"/live/"+name)
	b.awaits(t, plays)
	end()
	b.awaits(t, "player.state === 'ended' && "+told)
	b.audit(t, "ended")
	b.screenshot(t, "looks-ended-"+b.name+".png")

	b.open(t, h.url+"/")
	b.until(t, "", `document.querySelectorAll('#streams li').length >= 2`)
	b.audit(t, "overview")
	b.open(t, h.url+"/multi?s=cam1&s=cam2")
	b.until(t, "", `[...document.querySelectorAll('livews-player')].filter(({ state }) => state === 'live').length === 2`)
	b.audit(t, "multi-view")
	b.open(t, h.url+"/publish/cam3")
	b.until(t, "", `!document.getElementById('go').disabled`)
	b.audit(t, "publish")
	b.screenshot(t, "looks-publish-"+b.name+".png")
	b.open(t, h.url+"/embed/cam1")
	b.awaits(t, plays)
	b.audit(t, "embedded")
}

// audit fails where axe-core finds fault with the page as it is now.
func (b *browser) audit(t *testing.T, state string) {
	t.Helper()
	var faults []string
	if err := json.Unmarshal(b.do(t, command{Do: "audit"}).Value, &faults); err != nil {
		t.Fatal(err)
	}
	if len(faults) > 0 {
		t.Errorf("%s, %s: %s", b.name, state, strings.Join(faults, "\n"))
	}
}
