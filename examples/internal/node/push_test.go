package node

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
	"github.com/livews/websocketlivestream/livews/livewstest"
	"github.com/livews/websocketlivestream/livews/relay"
)

// TestPush runs a camera that pushes to a server with -publish, an edge below that, and
// compares what a reader gets there with what it gets from the camera.
func TestPush(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	server, camera, edge := freeAddr(t), freeAddr(t), freeAddr(t)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Add(1)
	go func() {
		defer running.Done()
		err := Run(
			ctx,
			&Node{
				Name: "camera", Role: Ingress, Listen: camera, Stdout: io.Discard, Logger: log,
				Streams: map[string]Stream{"cam1": {Source: "clip", Push: "ws://" + server + "/publish/tv/cam1"}},
			},
			&Node{Name: "server", Role: Ingress, Listen: server, Publish: true, Stdout: io.Discard, Logger: log},
			&Node{Name: "edge", Role: Edge, Listen: edge, Upstreams: []string{"ws://" + server}, Stdout: io.Discard, Logger: log},
		)
		if err != nil {
			t.Errorf("Run = %v", err)
		}
	}()
	defer running.Wait()
	defer cancel()

	here, there := follow(t, camera, "cam1"), follow(t, edge, "tv/cam1")
	messages := make(map[string][]byte)
	check := &livewstest.Checker{}
	for same := 0; same < 100; {
		seg := take(t, there)
		if err := check.WriteSegment(ctx, seg); err != nil {
			t.Error(err)
		}
		if seg.Type == livews.TypeInit {
			if _, err := dash.ParseInit(seg.Payload); err != nil {
				t.Error(err)
			}
			continue
		}
		key := func(s *livews.Segment) string { return s.Position.String() + "/" + string(rune('0'+s.Track)) }
		for messages[key(seg)] == nil {
			from := take(t, here)
			if from.Type == livews.TypeChunk {
				messages[key(from)], _ = from.Message()
				if from.Position.Epoch == seg.Position.Epoch && from.Position.Group > seg.Position.Group+2 {
					break // was before the reader there
				}
			}
		}
		if want := messages[key(seg)]; want != nil {
			if got, _ := seg.Message(); !bytes.Equal(got, want) {
				t.Fatalf("track %d: %v differs from what the camera gave", seg.Track, seg.Position)
			}
			same++
		}
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// follow subscribes to a stream at a server as soon as it is there.
func follow(t *testing.T, addr, name string) *livews.Subscription {
	t.Helper()
	up, err := relay.NewUpstream(&relay.UpstreamOptions{URLs: []string{"ws://" + addr}})
	if err != nil {
		t.Fatal(err)
	}
	streams := &livews.Streams{Open: up.Open, Discover: up.Discover}
	t.Cleanup(func() { _ = streams.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		r, leave, err := streams.Join(ctx, name)
		if err == nil {
			t.Cleanup(leave)
			return r.Subscribe(&livews.SubscribeOptions{Start: livews.StartOldest, Lossless: true})
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("stream %s at %s: %v", name, addr, err)
		}
	}
}

func take(t *testing.T, src livews.Source) *livews.Segment {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	seg, err := src.ReadSegment(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return seg
}
