package figures_test

import (
	"context"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
	"github.com/livews/websocketlivestream/livews/relay"
)

const (
	chunkRate     = 30 // in a second
	chunkDuration = time.Second / chunkRate
)

// node is a server.
type node struct {
	streams *livews.Streams
	addr    string
}

// serve starts a server that takes its streams from those at upstream, where that is not
// empty. It ends with the test.
func serve(tb testing.TB, upstream string) *node {
	tb.Helper()
	streams := new(livews.Streams)
	if upstream != "" {
		up, err := relay.NewUpstream(&relay.UpstreamOptions{URLs: []string{"ws://" + upstream}})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(up.CloseIdle)
		streams.Open = up.Open
	}
	return closing(tb, streams, httptest.NewServer(&relay.Handler{Streams: streams}))
}

// closing closes the server of these streams with the test.
func closing(tb testing.TB, streams *livews.Streams, server *httptest.Server) *node {
	tb.Cleanup(func() {
		streams.Close()
		server.CloseClientConnections()
		server.Close()
	})
	return &node{streams: streams, addr: server.Listener.Addr().String()}
}

// feed is a published stream whose chunks come when the test says so.
type feed struct {
	tb   testing.TB
	src  *livewstest.Source
	sink *livews.PipeSink
	most int // bytes of a payload; 0: as they come
}

// publish publishes a stream until the test ends. Its init segments are written.
func (n *node) publish(tb testing.TB, name string, o *livewstest.SourceOptions) *feed {
	src, sink := livews.Pipe()
	var published sync.WaitGroup
	published.Go(func() { _ = n.streams.Publish(context.WithoutCancel(tb.Context()), name, src) })
	tb.Cleanup(func() {
		sink.Close()
		published.Wait()
	})
	f := &feed{tb: tb, src: livewstest.NewSource(o), sink: sink}
	f.write(o.Tracks)
	return f
}

// write writes the next n segments, stamped with the moment at which they are handed over.
func (f *feed) write(n int) {
	for range n {
		seg, err := f.src.ReadSegment(f.tb.Context())
		if err == nil {
			if f.most > 0 {
				seg.Payload = seg.Payload[:f.most]
			}
			seg.WallClock = time.Now()
			err = f.sink.WriteSegment(f.tb.Context(), seg)
		}
		if err != nil {
			f.tb.Fatal(err)
		}
	}
}

// pace writes chunks in real time for so long.
func (f *feed) pace(d time.Duration) { f.paceEvery(chunkDuration, d) }

// paceEvery writes a chunk at the beginning of each step.
func (f *feed) paceEvery(step, d time.Duration) {
	begin := time.Now()
	for at := time.Duration(0); at < d; at += step {
		time.Sleep(time.Until(begin.Add(at)))
		f.write(1)
	}
	time.Sleep(time.Until(begin.Add(d)))
}

// video are the options of a stream of one track with chunks of this size.
func video(size int) *livewstest.SourceOptions {
	return &livewstest.SourceOptions{Tracks: 1, Chunks: 2 * chunkRate, ChunkDuration: chunkDuration, Size: size}
}
