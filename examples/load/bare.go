package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/livews/websocketlivestream/livews"
)

// bareQueue is how many chunks may wait for a bare viewer; more hold up the source.
const bareQueue = 90

// bare is what a server is compared with: it answers any upgrade request, and writes each
// message to each connection by itself, from a goroutine each. It has no log, skips
// nothing and looks after nobody.
type bare struct {
	mu      sync.Mutex
	viewers map[chan []byte]struct{}
}

func serveBare(ctx context.Context, ln net.Listener, src livews.Source) error {
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	b := &bare{viewers: make(map[chan []byte]struct{})}
	var serving sync.WaitGroup
	serving.Go(func() { b.accept(ctx, ln, &serving) })
	defer serving.Wait()
	return livews.Copy(ctx, livews.SinkFunc(b.write), src)
}

// write gives a chunk to all viewers.
func (b *bare) write(ctx context.Context, seg *livews.Segment) error {
	frame, err := seg.Frame()
	if err != nil || seg.Type != livews.TypeChunk {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for viewer := range b.viewers {
		select {
		case viewer <- frame:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (b *bare) accept(ctx context.Context, ln net.Listener, serving *sync.WaitGroup) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		serving.Go(func() {
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			defer stop()
			defer conn.Close()
			_ = b.serve(ctx, conn) // it has left
		})
	}
}

func (b *bare) serve(ctx context.Context, conn net.Conn) error {
	if _, err := http.ReadRequest(bufio.NewReaderSize(conn, 1<<10)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"); err != nil {
		return err
	}
	frames := make(chan []byte, bareQueue)
	b.mu.Lock()
	b.viewers[frames] = struct{}{}
	b.mu.Unlock()
	defer b.remove(frames)
	for {
		select {
		case frame := <-frames:
			if _, err := conn.Write(frame); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// remove takes a viewer out; what write may just be waiting to give it is drained.
func (b *bare) remove(frames chan []byte) {
	for !b.mu.TryLock() {
		select {
		case <-frames:
		default:
		}
	}
	delete(b.viewers, frames)
	b.mu.Unlock()
}
