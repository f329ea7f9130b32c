package wire

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// The fan-out of one chunk to many viewers over loopback, beside bare TCP connections
// that get one Write each of the same bytes. The viewers of both read and count only.
// The time of an operation is that until the last viewer has the chunk; what counts is
// the ratio of the two, from one run on a quiet machine.
func BenchmarkFanOut(b *testing.B) {
	for _, size := range []struct{ viewers, bytes int }{{500, 8 << 10}, {100, 150 << 10}} {
		b.Run(fmt.Sprintf("%dx%dKB/reference", size.viewers, size.bytes>>10), func(b *testing.B) {
			benchReference(b, size.viewers, size.bytes)
		})
		b.Run(fmt.Sprintf("%dx%dKB/livews", size.viewers, size.bytes>>10), func(b *testing.B) {
			benchServer(b, size.viewers, size.bytes)
		})
	}
}

// counter counts what its connections read.
type counter struct{ n atomic.Int64 }

func (c *counter) drain(conn io.Reader) {
	buf := make([]byte, 64<<10)
	for {
		n, err := conn.Read(buf)
		c.n.Add(int64(n))
		if err != nil {
			return
		}
	}
}

func (c *counter) wait(n int64) {
	for c.n.Load() < n {
		time.Sleep(50 * time.Microsecond)
	}
}

func benchReference(b *testing.B, viewers, size int) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	var got counter
	chunks := make([]chan []byte, viewers)
	for i := range viewers {
		client, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer client.Close()
		server, err := ln.Accept()
		if err != nil {
			b.Fatal(err)
		}
		defer server.Close()
		chunks[i] = make(chan []byte, 1)
		defer close(chunks[i])
		go got.drain(client)
		go func() {
			for chunk := range chunks[i] {
				_, _ = server.Write(chunk)
			}
		}()
	}
	frame := make([]byte, size+36)
	b.SetBytes(int64(viewers * size))
	for n := int64(1); b.Loop(); n++ {
		for _, c := range chunks {
			c <- frame
		}
		got.wait(n * int64(viewers*len(frame)))
	}
}

func benchServer(b *testing.B, viewers, size int) {
	streams := new(livews.Streams)
	server := serve(b, streams)
	sink := publish(b, streams)
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Chunks: 1 << 30, ChunkDuration: time.Millisecond, Size: size})
	write(b, sink, src, 1)
	var got counter
	addr := strings.TrimPrefix(server.URL, "http://")
	for range viewers {
		conn, r, err := upgrade(addr)
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		go got.drain(r)
	}
	write(b, sink, src, 1)
	time.Sleep(100 * time.Millisecond) // all have the init segment and the first chunk
	base := got.n.Load()
	segs := make([]*livews.Segment, 0, 1000)
	b.SetBytes(int64(viewers * size))
	b.ReportAllocs()
	for n := int64(1); b.Loop(); n++ {
		if len(segs) == 0 {
			b.StopTimer()
			for range cap(segs) {
				seg, err := src.ReadSegment(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				segs = append(segs, seg)
			}
			b.StartTimer()
		}
		if err := sink.WriteSegment(b.Context(), segs[0]); err != nil {
			b.Fatal(err)
		}
		segs = segs[1:]
		got.wait(base + n*int64(viewers*(size+36)))
	}
}

// upgrade opens a stream without the cost of a WebSocket client.
func upgrade(addr string) (net.Conn, *bufio.Reader, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	req := "GET /live/cam1 HTTP/1.1\r\nHost: " + addr + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: " + Subprotocol + "\r\n\r\n"
	if _, err := conn.Write([]byte(req)); err != nil {
		return nil, nil, err
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	return conn, r, nil
}
