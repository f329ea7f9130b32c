package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// pageBound is how long a page may take until it shows what it should.
const pageBound = 60 * time.Second

// until waits until an expression is true in the page, or in one of its frames.
func (b *browser) until(t *testing.T, frame, expression string) {
	t.Helper()
	var last reply
	for deadline := time.Now().Add(pageBound); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		last = b.do(t, command{Do: "evaluate", Expression: expression, Frame: frame})
		if string(last.Value) == "true" {
			return
		}
	}
	state := b.do(t, command{Do: "sample"})
	t.Fatalf("%s: not true in %v: %s; errors %q", b.name, pageBound, expression, state.Errors)
}

// moving returns an expression that is true when each of n videos has shown two different
// pictures. It is to be asked for again and again.
func moving(videos string, n int) string {
	return fmt.Sprintf(`(() => {
		const videos = %s;
		const first = globalThis.firstPictures ??= new WeakMap();
		const moved = globalThis.movedVideos ??= new WeakSet();
		for (const video of videos) {
			const context = new OffscreenCanvas(32, 18).getContext('2d');
			context.drawImage(video, 0, 0, 32, 18);
			const green = [...context.getImageData(0, 0, 32, 18).data].filter((_, i) => i %% 4 === 1);
			if (Math.max(...green) - Math.min(...green) < 20) continue;
			if (!first.has(video)) first.set(video, green.join());
			else if (first.get(video) !== green.join()) moved.add(video);
		}
		return videos.length === %d && videos.every((video) => moved.has(video));
	})()`, videos, n)
}

const (
	tiles   = `[...document.querySelectorAll('.preview[data-state="moving"] video')]`
	players = `[...document.querySelectorAll('livews-player')].map((player) => player.video).filter(Boolean)`
)

// muted is true when the players of a page are without sound as told, in their order.
func muted(want ...bool) string {
	return fmt.Sprintf(`JSON.stringify(%s.map((video) => video.muted)) === '%s'`, players, strings.ReplaceAll(fmt.Sprint(want), " ", ","))
}

// TestPages shows the edge's other pages: the overview with two streams that move, the
// page with both of them, of which one at a time is heard, and the page in a frame of another host.
func TestPages(t *testing.T) {
	edge := "http://" + startCDN(t)
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!DOCTYPE html><title>Host</title><link rel="icon" href="data:,"><iframe src="%s/embed/cam1?muted" width="480" height="270" allow="autoplay"></iframe>`, edge)
	}))
	defer host.Close()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			b := newBrowser(t, engine)

			b.open(t, edge+"/")
			b.until(t, "", moving(tiles, 2))
			b.screenshot(t, "overview-"+engine+".png")
			b.until(t, "", `document.querySelectorAll('.pick input:not(:checked)').forEach((box) => box.click()),
				document.getElementById('watch').getAttribute('href') === 'multi?s=cam1&s=cam2'`)
			b.click(t, "previews")
			b.until(t, "", tiles+`.length === 0 && document.querySelectorAll('.preview[data-state="still"]').length === 2`)

			b.open(t, edge+"/multi?s=cam1&s=cam2")
			b.until(t, "", moving(players, 2))
			b.until(t, "", muted(true, true))
			for i, want := range []string{muted(false, true), muted(true, false)} {
				b.do(t, command{Do: "evaluate", Expression: fmt.Sprintf("document.querySelectorAll('.cell')[%d].querySelector('button').click()", i)})
				b.until(t, "", want+fmt.Sprintf(" && location.search.endsWith('&sound=cam%d')", i+1))
			}
			b.screenshot(t, "multi-"+engine+".png")

			// Another name of the machine is another site.
			b.open(t, strings.Replace(host.URL, "127.0.0.1", "localhost", 1))
			b.until(t, "/embed/", moving(players, 1))
			b.screenshot(t, "embed-"+engine+".png")
			if errors := b.do(t, command{Do: "sample"}).Errors; len(errors) > 0 {
				t.Errorf("%s reports errors: %q", engine, errors)
			}
		})
	}
}
