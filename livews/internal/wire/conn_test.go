package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestPing lets a peer live that says nothing but answers pings, and gives up one that
// does not answer.
func TestPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := net.Pipe()
		c := newServerConn(server, nil)
		start := time.Now()
		go func() {
			ping := make([]byte, len(pingFrame))
			for time.Since(start) < time.Minute {
				if _, err := io.ReadFull(peer, ping); err != nil || !bytes.Equal(ping, pingFrame) {
					t.Errorf("the peer gets %x, %v", ping, err)
				}
				_, _ = peer.Write([]byte("pong"))
			}
			_, _ = io.Copy(io.Discard, peer) // from now on it only takes
		}()
		buf := make([]byte, 100)
		for i := range 12 {
			n, err := c.Read(buf)
			if string(buf[:n]) != "pong" || err != nil {
				t.Fatalf("Read = %q, %v", buf[:n], err)
			}
			if got, want := time.Since(start), time.Duration(i+1)*pingAfter; got != want {
				t.Errorf("answer %d after %v, want %v", i, got, want)
			}
		}
		if n, err := c.Read(buf); n != 0 || !errors.Is(err, errDead) {
			t.Errorf("Read = %d, %v, want errDead", n, err)
		}
		if got, want := time.Since(start), time.Minute+deadAfter; got != want {
			t.Errorf("given up after %v, want %v", got, want)
		}
		server.Close()
		synctest.Wait()
	})
}

// TestPingSlow does not give up a peer that is still taking a long message: it cannot be
// pinged meanwhile, so that its silence says nothing.
func TestPingSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := net.Pipe()
		c := newServerConn(server, nil)
		c.mu.Lock() // as a write holds it
		read := make(chan error)
		go func() {
			_, err := c.Read(make([]byte, 100))
			read <- err
		}()
		time.Sleep(time.Minute)
		select {
		case err := <-read:
			t.Fatalf("Read = %v while a write is under way", err)
		default:
		}
		c.mu.Unlock()
		start := time.Now()
		go func() { _, _ = io.Copy(io.Discard, peer) }()
		if err := <-read; !errors.Is(err, errDead) {
			t.Errorf("Read = %v, want errDead", err)
		}
		if got := time.Since(start); got > deadAfter+pingAfter {
			t.Errorf("given up %v after the write", got)
		}
		server.Close()
	})
}

// TestEarly gives what came with the handshake first.
func TestEarly(t *testing.T) {
	server, peer := net.Pipe()
	c := newServerConn(server, []byte("early"))
	defer server.Close()
	go func() { _, _ = peer.Write([]byte("late")) }()
	got := make([]byte, len("earlylate"))
	if _, err := io.ReadFull(c, got); string(got) != "earlylate" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
}

// TestStall gives up a peer that takes nothing, and a ping does not wait for it.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := net.Pipe()
		defer peer.Close()
		c := newServerConn(server, nil)
		start := time.Now()
		failed := make(chan error)
		go func() { failed <- c.WriteAll(net.Buffers{[]byte("a"), []byte("b")}) }()
		synctest.Wait()
		c.ping()
		if got := time.Since(start); got != 0 {
			t.Errorf("a ping waits %v", got)
		}
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("WriteAll = %v, want a deadline", err)
		}
		if got := time.Since(start); got != stallAfter {
			t.Errorf("given up after %v, want %v", got, stallAfter)
		}
	})
}

// TestDrip keeps on with a peer that takes a little now and then, but not when the session
// is over.
func TestDrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := net.Pipe()
		c := newServerConn(server, nil)
		c.plain = true
		failed := make(chan error, 1)
		go func() { failed <- c.WriteAll(net.Buffers{make([]byte, 1000), make([]byte, 1000)}) }()
		var reading sync.WaitGroup
		defer reading.Wait()
		reading.Go(func() {
			for {
				if _, err := peer.Read(make([]byte, 1)); err != nil {
					return
				}
				time.Sleep(stallAfter / 2)
			}
		})
		time.Sleep(10 * stallAfter)
		select {
		case err := <-failed:
			t.Fatalf("WriteAll = %v, while the peer takes something", err)
		default:
		}
		start := time.Now()
		c.hurry()
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("WriteAll = %v, want a deadline", err)
		}
		if got := time.Since(start); got > stallAfter+lastAfter {
			t.Errorf("given up after %v, want %v at most", got, stallAfter+lastAfter)
		}
	})
}

// TestTrickle keeps on with a peer over TLS that takes a long message slowly: what TLS has begun
// to write cannot go on after a timeout, so that each record has its own. When the session is
// over all of it has no more than stallAfter.
func TestTrickle(t *testing.T) {
	for name, bufs := range map[string]net.Buffers{
		"one":  {make([]byte, 600_000)},
		"many": {make([]byte, 300_000), make([]byte, 100), make([]byte, 300_000)},
	} {
		for _, hurried := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) { testTrickle(t, name, slices.Clone(bufs), hurried) })
		}
	}
}

func testTrickle(t *testing.T, name string, bufs net.Buffers, hurried bool) {
	server, peer := net.Pipe()
	c := newServerConn(server, nil) // no TCP, and as TLS: broken by a timeout
	if hurried {
		c.hurry()
	}
	var reading sync.WaitGroup
	defer reading.Wait()
	defer c.Close()
	reading.Go(func() {
		for buf := make([]byte, maxRecord); ; time.Sleep(time.Second) {
			if _, err := peer.Read(buf); err != nil {
				return
			}
		}
	})
	start := time.Now()
	err := c.WriteAll(bufs)
	took := time.Since(start)
	if hurried && (!errors.Is(err, os.ErrDeadlineExceeded) || took > stallAfter) {
		t.Errorf("%s: in a hurry WriteAll = %v after %v, want a deadline after %v", name, err, took, stallAfter)
	}
	if !hurried && (err != nil || took < 3*stallAfter) {
		t.Errorf("%s: WriteAll = %v after %v, while the peer takes something", name, err, took)
	}
}

// late returns a connection whose peer begins to read when its stall has just been seen.
func late(t *testing.T) (*serverConn, <-chan []byte) {
	t.Helper()
	server, peer := net.Pipe()
	c := newServerConn(server, nil)
	c.plain = true
	all := make(chan []byte, 1)
	go func() {
		time.Sleep(stallAfter + lastAfter/2)
		b, _ := io.ReadAll(peer)
		all <- b
	}()
	return c, all
}

// TestLateClose waits for the answer to a close frame that goes out only when the stall has
// been seen, as to any other, and sends nothing after it.
func TestLateClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, all := late(t)
		start := time.Now()
		c.writeClose(codeShutdown, "bye")
		if !c.closing.Load() {
			t.Error("the close frame does not count")
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read = %v, want a deadline", err)
		}
		if got, want := time.Since(start), stallAfter+lastAfter/2+closeAfter; got != want {
			t.Errorf("the end comes after %v, want %v", got, want)
		}
		c.Close()
		if got, want := string(<-all), "\x88\x05\x10\x04bye"; got != want {
			t.Errorf("the peer gets %q, want %q", got, want)
		}
	})
}

// TestLateAside closes with 4401 whatever it was that the peer did not take.
func TestLateAside(t *testing.T) {
	for name, say := range map[string]func(p *peer){
		"goaway": func(p *peer) { p.goaway(0) },
		"pong": func(p *peer) {
			p.tasks.Go(func() {
				in := &inbox{take: p.taker(nil)}
				p.hear(in, copy(in.space(), masked(0x89, 0, "p")), nil)
			})
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, all := late(t)
			p, ctx := newTestPeer(t, c)
			say(p)
			<-ctx.Done()
			p.close(context.Cause(ctx))
			p.tasks.Wait()
			c.Close()
			if got, want := string(<-all), "\x11\x31"+errStalled.Error(); !strings.HasSuffix(got, want) {
				t.Errorf("%s: the peer gets %q, want %q at the end", name, got, want)
			}
		})
	}
}
