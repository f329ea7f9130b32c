package e2e

import (
	"bytes"
	"errors"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	// subscribed is how long the tests of what flows subscribe.
	subscribed = 9 * time.Second
	// received is the least media time that they must get in it.
	received = 6 * time.Second
)

// TestFlow looks at what comes out of a chain, without a browser.
func TestFlow(t *testing.T) {
	for _, source := range []string{"clip", "test"} {
		t.Run(source, func(t *testing.T) {
			need(t, "ffmpeg")
			c := startChain(t, source)
			t.Run("record", func(t *testing.T) { t.Parallel(); testRecord(t, c) })
			t.Run("plain client", func(t *testing.T) { t.Parallel(); testPlainClient(t, c) })
			t.Run("same bytes", func(t *testing.T) { t.Parallel(); testSameBytes(t, c) })
		})
	}
}

// testRecord records from the edge, and ends the program as a user does.
func testRecord(t *testing.T, c *chain) {
	file := filepath.Join(t.TempDir(), "cam1.mp4")
	p := start(t, example("record", "-o", file, "ws://"+c.edge+"/live/cam1"))
	time.Sleep(subscribed)
	p.stop(t, syscall.SIGINT)
	checkMedia(t, file, received)
}

// testPlainClient joins without a sub-protocol, as the simplest client does:
// what it gets is a file.
func testPlainClient(t *testing.T, c *chain) {
	got, text := messages(t, "ws://"+c.edge+"/live/cam1", subscribed)
	if len(text) > 0 {
		t.Errorf("text messages %q", text)
	}
	file := filepath.Join(t.TempDir(), "plain.mp4")
	writeFile(t, file, string(bytes.Join(got, nil)))
	checkMedia(t, file, received)
}

// testSameBytes subscribes to both ends at the same time: each message at the
// edge has the bytes that it had at the ingress, and none is missing.
func testSameBytes(t *testing.T, c *chain) {
	var flows [2]*flow
	var errs [2]error
	var wg sync.WaitGroup
	for i, addr := range []string{c.ingress, c.edge} {
		wg.Go(func() {
			got, text := messages(t, "ws://"+addr+"/live/cam1", subscribed, "livews.1")
			if len(text) > 0 {
				t.Errorf("%s sent %q", addr, text)
			}
			flows[i], errs[i] = newFlow(got)
		})
	}
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	compared, err := sameFlow(flows[0], flows[1])
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d chunks of %d tracks are the same at ingress and edge", compared, len(flows[0].inits()))
	if want := int(30 * received.Seconds()); compared < want {
		t.Errorf("%d chunks compared, want at least %d", compared, want)
	}
}
