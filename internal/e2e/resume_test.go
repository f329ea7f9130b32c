package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// moveBound is how long a picture may stand after what carries it has come back.
const moveBound = 15 * time.Second

// TestResume cuts the connection between a browser and its edge: the player
// connects again and goes on where it was, without a hole.
func TestResume(t *testing.T) {
	ingress, edge := freeAddr(t), freeAddr(t)
	serve(t, example("ingress", "-listen", ingress, "-stream", "cam1", "-source", "clip"), ingress)
	serve(t, example("edge", "-listen", edge, "-upstream", "ws://"+ingress), edge)
	cuts := newCutter(t, edge)
	b := openPlaying(t, "chromium", cuts.addr)
	for range 3 {
		cuts.cut()
		b.watch(t, moveBound, goesOn)
	}
	b.checkResumed(t, 3)
}

// TestResumeRelay kills the only relay of an edge and starts it again: the edge
// resumes, and the viewer misses nothing.
func TestResumeRelay(t *testing.T) {
	c := startChain(t, "clip")
	b := openPlaying(t, "chromium", c.edge)
	c.relay.kill(t)
	c.relay = c.startRelay(t)
	b.watch(t, moveBound, standsStill)
	b.watch(t, moveBound, goesOn)
	b.checkResumed(t, 0)
}

// TestEpochSwitch kills the ingress and starts it again under the same name: the
// viewer stays on the page and sees the new epoch.
func TestEpochSwitch(t *testing.T) {
	ingress, edge := freeAddr(t), freeAddr(t)
	capture := func() *program {
		return serve(t, example("ingress", "-listen", ingress, "-stream", "cam1", "-source", "clip"), ingress)
	}
	first := capture()
	serve(t, example("edge", "-listen", edge, "-upstream", "ws://"+ingress), edge)
	b := openPlaying(t, "chromium", edge)
	first.kill(t)
	capture()
	// What is buffered plays on for a moment.
	time.Sleep(2 * time.Second)
	b.watch(t, moveBound, goesOn)
	last := b.checkStayed(t)
	t.Logf("after the restart: %v", last.Stats)
	b.checkMoves(t)
}

// openPlaying opens a stream's page at an edge, waits until it plays, and marks
// the page, so that a reload is found out.
func openPlaying(t *testing.T, name, edge string) *browser {
	t.Helper()
	b := newBrowser(t, name)
	b.open(t, "http://"+edge+"/live/cam1")
	b.watch(t, settleBound, goesOn)
	b.do(t, command{Do: "evaluate", Expression: "globalThis.mark = 'the same page'"})
	return b
}

// checkStayed fails if the page was loaded again, and returns what it shows.
func (b *browser) checkStayed(t *testing.T) sample {
	t.Helper()
	var mark string
	_ = json.Unmarshal(b.do(t, command{Do: "evaluate", Expression: "globalThis.mark ?? ''"}).Value, &mark)
	if mark != "the same page" {
		t.Error("the page was loaded again")
	}
	return b.do(t, command{Do: "sample"}).Sample
}

// checkResumed fails unless the player has had that many new connections, and
// not one hole.
func (b *browser) checkResumed(t *testing.T, reconnects float64) {
	t.Helper()
	last := b.checkStayed(t)
	t.Logf("after the resume: %v", last.Stats)
	for key, want := range map[string]float64{"reconnects": reconnects, "gaps": 0, "orphans": 0, "refused": 0} {
		if last.Stats[key] != want {
			t.Errorf("%s = %v, want %v", key, last.Stats[key], want)
		}
	}
	if len(last.Buffered) != 1 {
		t.Errorf("buffered is %v, want one range", last.Buffered)
	}
	b.checkMoves(t)
}

// standsStill reports why the newest samples do not show a picture that stands
// still: nil if they do.
func standsStill(samples []sample) error {
	if n := len(samples); n > 1 && samples[n-1].CurrentTime == samples[n-2].CurrentTime {
		return nil
	}
	return errors.New("the picture moves")
}

// A cutter forwards connections, and cuts them when it is told to.
type cutter struct {
	addr  string
	mu    sync.Mutex
	conns []net.Conn
}

// newCutter forwards to addr until the test ends.
func newCutter(t *testing.T, addr string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{addr: l.Addr().String()}
	var accepting sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		accepting.Wait()
		c.cut()
	})
	accepting.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if err := c.forward(conn, addr); err != nil {
				fmt.Printf("forward to %s: %v\n", addr, err)
			}
		}
	})
	return c
}

func (c *cutter) forward(client net.Conn, addr string) error {
	server, err := net.Dial("tcp", addr)
	if err != nil {
		client.Close()
		return err
	}
	c.mu.Lock()
	c.conns = append(c.conns, client, server)
	c.mu.Unlock()
	for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1]) // it ends when one side is gone
			pair[0].Close()
		}()
	}
	return nil
}

// cut breaks all connections that there are.
func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}
