package wire

import (
	"bytes"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// TestBundles gives a viewer that asks for them what lies ready in few messages, with the
// same frames in them that another gets, and what comes later one by one.
func TestBundles(t *testing.T) {
	t.Run("at once", func(t *testing.T) { testBundles(t, "?bundle=1") })
	t.Run("with a budget", func(t *testing.T) { testBundles(t, "?bundle=1&latency=20ms") })
}

func testBundles(t *testing.T, query string) {
	const ready, later = 40, 3
	streams := new(livews.Streams)
	server := serve(t, streams)
	sink := publish(t, streams)
	src := livewstest.NewSource(&livewstest.SourceOptions{Chunks: 1000})
	write(t, sink, src, ready)
	plain, bundled := viewer(t, server.URL, ""), viewer(t, server.URL, query)
	var want bytes.Buffer
	for range ready {
		want.Write(frameOf(read(t, plain)))
	}
	var got bytes.Buffer
	messages, last := 0, false
	for got.Len() < want.Len() {
		msg := read(t, bundled)
		if last {
			t.Error("more comes after what was said to be the last")
		}
		if msg[0] == typeBundle {
			got.Write(msg[2:])
			last = msg[1]&flagLast != 0
		} else {
			got.Write(frameOf(msg))
			last = true
		}
		messages++
	}
	if !last {
		t.Error("nobody says that nothing more lies ready")
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Error("bundles have other frames in them than there are without")
	}
	if most := ready/maxBatch + 2; messages > most {
		t.Errorf("what lies ready comes in %d messages, want %d at the most", messages, most)
	}
	for range later {
		write(t, sink, src, 1)
		if one, other := read(t, plain), read(t, bundled); !bytes.Equal(one, other) {
			t.Fatal("what comes later is not the same, one by one")
		}
	}
}

// TestBundleBounds makes no bundle that would be too long, nor one of a single message with
// nothing behind it, nor any more once a viewer has caught up.
func TestBundleBounds(t *testing.T) {
	chunk := func(size int) *livews.Segment {
		return &livews.Segment{Type: livews.TypeChunk, Track: 1, Position: livews.Position{Epoch: 1}, Payload: make([]byte, size)}
	}
	init := &livews.Segment{Type: livews.TypeInit, Track: 1, Info: &livews.Track{Number: 1, Kind: livews.KindVideo, Codec: "avc1.4D401E", Timescale: 90000}, Payload: make([]byte, 9)}
	gap := chunk(5)
	gap.Gap = &livews.Gap{Reason: livews.GapLost}
	full := make([]*livews.Segment, maxBatch)
	for i := range full {
		full[i] = chunk(10)
	}
	for _, tt := range []struct {
		name               string
		segments           []*livews.Segment
		all, bundle, after bool
	}{
		{"one", []*livews.Segment{chunk(1)}, true, false, false},
		{"a notice and one", []*livews.Segment{gap}, true, true, false},
		{"a few", []*livews.Segment{chunk(1), chunk(1)}, true, true, false},
		{"init segments", []*livews.Segment{init, init}, true, true, true},
		{"one, and more", []*livews.Segment{chunk(maxBatchBytes)}, false, true, true},
		{"many", full, false, true, true},
		{"many, and no more", full, true, true, false},
		{"too many bytes", []*livews.Segment{chunk(livews.MaxMessage - livews.HeaderSize), chunk(1)}, false, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &session{enc: messages{}, bundles: true}
			bufs, err := s.frames(nil, tt.segments, caughtUp(tt.segments, tt.all))
			if err != nil {
				t.Fatal(err)
			}
			head := bufs[0]
			isBundle := len(head) <= maxHeader && head[len(head)-2] == typeBundle
			if isBundle != tt.bundle {
				t.Errorf("it is a bundle: %v, want %v", isBundle, tt.bundle)
			}
			if isBundle && head[len(head)-1]&flagLast != 0 == tt.after {
				t.Errorf("it says that it is the last: %v, want %v", !tt.after, tt.after)
			}
			if s.bundles != tt.after {
				t.Errorf("bundles go on: %v, want %v", s.bundles, tt.after)
			}
		})
	}
}

// viewer connects to cam1.
func viewer(t *testing.T, server, query string) *websocket.Conn {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), strings.Replace(server, "http", "ws", 1)+"/live/cam1"+query,
		&websocket.DialOptions{Subprotocols: []string{Subprotocol}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	ws.SetReadLimit(livews.MaxMessage)
	return ws
}

func read(t *testing.T, ws *websocket.Conn) []byte {
	t.Helper()
	_, msg, err := ws.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

// frameOf returns the frame of a binary message.
func frameOf(msg []byte) []byte {
	return append(livews.AppendFrameHeader(nil, livews.OpBinary, len(msg)), msg...)
}
