//go:build unix

package figures_test

import (
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkRelay compares the processor time of a relay, whose upstream and children are
// in other processes, with that of a bare one: one Read of a whole chunk, and a Write of it
// for each child. They take turns of a second. relay/bare is what counts.
func BenchmarkRelay(b *testing.B) {
	for _, children := range []int{1, 20, 200} {
		b.Run(fmt.Sprintf("children=%d", children), func(b *testing.B) { benchRelay(b, children) })
	}
}

// passer is a relay of one of the two kinds.
type passer struct {
	bare     bool
	children *child
	cpu      time.Duration
}

func benchRelay(b *testing.B, children int) {
	const size = 8 << 10
	cam := start(b, order{Camera: size})
	at := cam.ask(question{})
	ours := &passer{children: start(b, order{Addr: serve(b, at.Addr).addr, Target: "/live/cam1", Viewers: children})}
	bare := &passer{bare: true, children: bareRelay(b, at.Bare, children, size)}
	for _, p := range []*passer{bare, ours} {
		p.children.ask(question{})
		p.second(b, cam, children*size)
		p.cpu = 0
	}
	for b.Loop() {
		bare.second(b, cam, children*size)
		ours.second(b, cam, children*size)
	}
	chunks := float64(b.N * chunkRate)
	b.ReportMetric(float64(bare.cpu.Microseconds())/chunks, "bare-us/chunk")
	b.ReportMetric(float64(ours.cpu.Microseconds())/chunks, "relay-us/chunk")
	b.ReportMetric(float64(ours.cpu)/float64(bare.cpu), "relay/bare")
}

// second passes on what belongs into a second, and counts what that costs until it has come.
func (p *passer) second(b *testing.B, cam *child, bytes int) {
	before, began := p.children.ask(question{}).Bytes, cpuTime()
	cam.ask(question{Send: chunkRate, Bare: p.bare})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if p.children.ask(question{}).Bytes >= before+int64(chunkRate*bytes) {
			break
		}
		if time.Now().After(deadline) {
			b.Fatal("not all has come after 20 s")
		}
	}
	p.cpu += cpuTime() - began
}

// cpuTime returns the processor time that this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // there is no other cause than a bad argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// bareRelay passes what comes from upstream on to so many connections, with a goroutine each.
func bareRelay(b *testing.B, upstream string, children, size int) *child {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	viewers := start(b, order{Addr: ln.Addr().String(), Viewers: children})
	var relayed sync.WaitGroup
	chunks := make([]chan []byte, children)
	for i := range chunks {
		conn, err := ln.Accept()
		if err != nil {
			b.Fatal(err)
		}
		chunks[i] = make(chan []byte, 8)
		relayed.Go(func() {
			defer conn.Close()
			for chunk := range chunks[i] {
				_, _ = conn.Write(chunk)
			}
		})
	}
	conn, err := net.Dial("tcp", upstream)
	if err != nil {
		b.Fatal(err)
	}
	relayed.Go(func() {
		pass(conn, chunks, size)
		for _, c := range chunks {
			close(c)
		}
	})
	b.Cleanup(func() {
		conn.Close()
		relayed.Wait()
	})
	return viewers
}

// pass passes on whole chunks until conn ends.
func pass(conn net.Conn, chunks []chan []byte, size int) {
	for {
		chunk := make([]byte, size)
		if _, err := io.ReadFull(conn, chunk); err != nil {
			return
		}
		for _, c := range chunks {
			c <- chunk
		}
	}
}
