//go:build unix

package wire

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// fanOut is one chunk after the other to many viewers.
type fanOut struct {
	viewers, bytes int
	perSecond      int
	latency        string // the viewers' budget
	tls            bool
}

func (f fanOut) String() string {
	name := fmt.Sprintf("%dx%dKB", f.viewers, f.bytes>>10)
	if f.latency != "" {
		name += "-" + f.latency
	}
	if f.tls {
		name += "-TLS"
	}
	return name
}

// BenchmarkFanOut compares the processor time of the server with that of a bare
// reference: connections that get one Write of the same bytes for each chunk. Both send
// in turns, a second each, to viewers in other processes. ours/reference is what counts;
// run it with -benchtime=10x or so.
func BenchmarkFanOut(b *testing.B) {
	for _, f := range []fanOut{
		{viewers: 500, bytes: 8 << 10, perSecond: 30},
		{viewers: 100, bytes: 150 << 10, perSecond: 10},
		{viewers: 4000, bytes: 4 << 10, perSecond: 5},
		{viewers: 500, bytes: 8 << 10, perSecond: 30, latency: "200ms"},
		{viewers: 500, bytes: 4 << 10, perSecond: 30, latency: "200ms"},
	} {
		b.Run(f.String(), f.bench)
		f.tls = true
		b.Run(f.String(), f.bench)
	}
}

// side is one of the two that are compared.
type side struct {
	send     func()
	received func() int64
	cpu      time.Duration
}

func (f fanOut) bench(b *testing.B) {
	sides := []*side{f.reference(b), f.server(b)}
	for _, s := range sides {
		s.received()
		f.second(b, s) // the first second fills buffers and sizes records
		s.cpu = 0
	}
	for b.Loop() {
		for _, s := range sides {
			f.second(b, s)
		}
	}
	chunks := float64(f.viewers * f.perSecond * b.N)
	reference, ours := float64(sides[0].cpu), float64(sides[1].cpu)
	b.ReportMetric(reference/chunks/1e3, "reference-us/chunk")
	b.ReportMetric(ours/chunks/1e3, "ours-us/chunk")
	b.ReportMetric(ours/reference, "ours/reference")
}

// second sends what belongs into a second, waits until it has come, and counts what that cost.
func (f fanOut) second(b *testing.B, s *side) {
	base, began, start := s.received(), cpuTime(), time.Now()
	for i := range f.perSecond {
		time.Sleep(time.Until(start.Add(time.Second / time.Duration(f.perSecond) * time.Duration(i))))
		s.send()
	}
	want := base + int64(f.perSecond*f.viewers*f.bytes)
	for deadline := time.Now().Add(20 * time.Second); s.received() < want; {
		if time.Now().After(deadline) {
			b.Fatalf("%d bytes have come, want %d", s.received()-base, want-base)
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.cpu += cpuTime() - began
}

// cpuTime returns the processor time that this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // there is no other cause than a bad argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// reference starts the bare connections, with a goroutine each.
func (f fanOut) reference(b *testing.B) *side {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	if f.tls {
		ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{certificate(b)}})
	}
	b.Cleanup(func() { ln.Close() })
	c := &crowd{Addr: ln.Addr().String(), Viewers: f.viewers, TLS: f.tls}
	received := c.start(b)
	chunks := make([]chan []byte, f.viewers)
	for i := range chunks {
		conn, err := ln.Accept()
		if err != nil {
			b.Fatal(err)
		}
		chunks[i] = make(chan []byte, 8)
		go func() {
			defer conn.Close()
			if secure, ok := conn.(*tls.Conn); ok {
				_ = secure.Handshake()
			}
			for chunk := range chunks[i] {
				_, _ = conn.Write(chunk)
			}
		}()
		b.Cleanup(func() { close(chunks[i]) })
	}
	frame := make([]byte, f.bytes+livews.HeaderSize+4)
	return &side{received: received, send: func() {
		for _, c := range chunks {
			c <- frame
		}
	}}
}

// certificate is that of httptest.
func certificate(b *testing.B) tls.Certificate {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	return server.TLS.Certificates[0]
}

// server starts the server with its viewers.
func (f fanOut) server(b *testing.B) *side {
	streams := new(livews.Streams)
	s := &Server{Streams: streams}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeStream(w, r, "cam1") }))
	if f.tls {
		server.StartTLS()
	} else {
		server.Start()
	}
	b.Cleanup(func() {
		streams.Close()
		server.CloseClientConnections()
		server.Close()
	})
	sink := publish(b, streams)
	src := livewstest.NewSource(&livewstest.SourceOptions{
		Tracks: 1, Chunks: 2 * f.perSecond, ChunkDuration: time.Second / time.Duration(f.perSecond), Size: f.bytes,
	})
	write(b, sink, src, 1)
	target := "/live/cam1?latency=" + f.latency
	c := &crowd{Addr: server.Listener.Addr().String(), Viewers: f.viewers, TLS: f.tls, Target: target}
	return &side{received: c.start(b), send: func() { write(b, sink, src, 1) }}
}
