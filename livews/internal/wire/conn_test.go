package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
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
