package e2e

import (
	"encoding/json"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
)

// moveBound is how long a picture may stand after what carries it has come back.
const moveBound = settleBound

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
	// It may be so quick that the picture does not stand still long enough to be seen.
	time.Sleep(2 * time.Second)
	b.watch(t, moveBound, goesOn)
	b.checkResumed(t, 0)
}

// TestEpochSwitch kills the ingress and starts it again under the same name, also
// with another source, whose picture and codec string are others: the viewer stays
// on the page and sees the new epoch.
func TestEpochSwitch(t *testing.T) {
	for _, source := range []string{"clip", "test"} {
		t.Run(source, func(t *testing.T) { testEpochSwitch(t, source) })
	}
}

func testEpochSwitch(t *testing.T, source string) {
	need(t, "ffmpeg")
	ingress, edge := freeAddr(t), freeAddr(t)
	capture := func(source string) *program {
		return serve(t, example("ingress", "-listen", ingress, "-stream", "cam1", "-source", source), ingress)
	}
	first := capture("clip")
	serve(t, example("edge", "-listen", edge, "-upstream", "ws://"+ingress), edge)
	b := openPlaying(t, "chromium", edge)
	first.kill(t)
	capture(source)
	// What is buffered plays on for a moment.
	time.Sleep(2 * time.Second)
	b.watch(t, moveBound, goesOn)
	last := b.checkStayed(t)
	t.Logf("after the restart: %d x %d, %v", last.Width, last.Height, last.Stats)
	b.checkMoves(t)
}

// TestMove ends one of two edges behind one address with SIGTERM: its viewer moves
// to the other one, and notices nothing.
func TestMove(t *testing.T) {
	ingress, edge, other := freeAddr(t), freeAddr(t), freeAddr(t)
	serve(t, example("ingress", "-listen", ingress, "-stream", "cam1", "-source", "clip"), ingress)
	first := serve(t, example("edge", "-listen", edge, "-upstream", "ws://"+ingress), edge)
	serve(t, example("edge", "-listen", other, "-upstream", "ws://"+ingress), other)
	balancer := newCutter(t, edge)
	b := openPlaying(t, "chromium", balancer.addr)
	balancer.turnTo(other)
	first.stop(t, syscall.SIGTERM)
	b.watch(t, moveBound, goesOn)
	last := b.checkResumed(t, 0)
	if last.Stats["moves"] != 1.0 {
		t.Errorf("moves = %v, want 1", last.Stats["moves"])
	}
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
func (b *browser) checkResumed(t *testing.T, reconnects float64) sample {
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
	return last
}

// A cutter forwards connections, and cuts them when it is told to.
type cutter struct {
	addr   string
	mu     sync.Mutex
	target string
	conns  []net.Conn
}

// newCutter forwards to addr until the test ends.
func newCutter(t *testing.T, addr string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{addr: l.Addr().String(), target: addr}
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
			c.forward(conn)
		}
	})
	return c
}

// turnTo makes connections that come from now on go to addr.
func (c *cutter) turnTo(addr string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.target = addr
}

func (c *cutter) forward(client net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	server, err := net.Dial("tcp", c.target)
	if err != nil {
		client.Close() // which is what the client has to see
		return
	}
	c.conns = append(c.conns, client, server)
	for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1]) // it ends when one side is gone
			pair[0].Close()
		}()
	}
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
