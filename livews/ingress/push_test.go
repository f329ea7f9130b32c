package ingress

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
)

// have reads what the server has of a stream.
func have(t *testing.T, ws *websocket.Conn) string {
	t.Helper()
	_, text, err := ws.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var m struct{ Type, After string }
	if err := json.Unmarshal(text, &m); err != nil || m.Type != "have" {
		t.Fatalf("said %q, want have", text)
	}
	return m.After
}

// TestPushAgain has a node come back by a new connection while the old one still seems to
// be there: it learns what has come, may send that again, and viewers see one stream.
func TestPushAgain(t *testing.T) {
	s := newSite(t, &Handler{})
	first := s.dial(t, "/cam?session=a", "livews.1")
	if got := have(t, first); got != "" {
		t.Errorf("the server has %q of a new stream", got)
	}
	init := initOf(1, 7)
	send(t, first, message(t, init), message(t, chunkOf(1, 7, 0, 0)), message(t, chunkOf(1, 7, 0, 1)))
	sub := s.await(t, "cam")
	for range 3 {
		read(t, sub)
	}
	second := s.dial(t, "/cam?session=a", "livews.1")
	if got := have(t, second); got != "1:7.0.1" {
		t.Errorf("the server has %q, want 1:7.0.1", got)
	}
	if code := closed(t, first); code != 4304 {
		t.Errorf("the old connection: close code %d, want 4304", code)
	}
	send(t, second, message(t, init), message(t, chunkOf(1, 7, 0, 0)), message(t, chunkOf(1, 7, 0, 1)), message(t, chunkOf(1, 7, 0, 2)))
	want := chunkOf(1, 7, 0, 2)
	got := read(t, sub)
	a, _ := got.Message()
	b, _ := want.Message()
	if !bytes.Equal(a, b) || got.Gap != nil {
		t.Errorf("after it came back: %v with %v, want %v", got.Position, got.Gap, want.Position)
	}
	send(t, second, `{"type":"gap","track":1,"from":"7.0.2","to":"7.2.0","reason":"slow"}`, message(t, chunkOf(1, 7, 2, 0)))
	if got := read(t, sub); got.Gap == nil || got.Gap.Reason != livews.GapSlow || got.Gap.From != want.Position {
		t.Errorf("behind a hole: %v with %+v, want a gap from %v", got.Position, got.Gap, want.Position)
	}
}

// await subscribes to a stream as soon as it is there.
func (s *site) await(t *testing.T, name string) *livews.Subscription {
	t.Helper()
	for {
		r, leave, err := s.Streams.Join(t.Context(), name)
		if err == nil {
			t.Cleanup(leave)
			return r.Subscribe(nil)
		}
		if !errors.Is(err, livews.ErrNotFound) {
			t.Fatal(err)
		}
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, src livews.Source) *livews.Segment {
	t.Helper()
	seg, err := src.ReadSegment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return seg
}

// FuzzPush has a node push anything: what passes rises strictly, under an init segment of
// its epoch, in a bounded number of tracks.
func FuzzPush(f *testing.F) {
	f.Add([]byte{2, 1, 7, 0, 0, 1, 1, 7, 0, 0, 1, 1, 7, 0, 1, 1, 1, 7, 0, 1})
	f.Add([]byte{1, 1, 7, 0, 0})
	f.Add([]byte{2, 1, 7, 0, 0, 2, 1, 8, 0, 0, 1, 1, 7, 0, 0})
	f.Add(bytes.Repeat([]byte{2, 1, 0, 0, 0}, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := newPushSource(nil, map[uint16]livews.Position{3: {Epoch: 7, Group: 1, Chunk: 1}})
		last := map[uint16]livews.Position{3: {Epoch: 7, Group: 1, Chunk: 1}}
		epochs := map[uint16]uint32{}
		for ; len(b) >= 5; b = b[5:] {
			seg := &livews.Segment{
				Type: livews.Type(b[0]%2 + 1), Track: uint16(b[1]),
				Position: livews.Position{Epoch: uint32(b[2]), Group: uint32(b[3]), Chunk: uint32(b[4])},
			}
			if b[0] > 200 {
				seg.Gap = &livews.Gap{To: livews.Position{Epoch: 7, Group: uint32(b[0])}}
			}
			again, err := p.check(seg)
			switch {
			case err != nil:
				if !errors.Is(err, errViolation) {
					t.Errorf("check = %v, want a violation", err)
				}
				return
			case seg.Type == livews.TypeInit:
				epochs[seg.Track] = seg.Position.Epoch
			case again:
				if seg.Position.After(last[seg.Track]) {
					t.Errorf("track %d: %v after %v is said to come again", seg.Track, seg.Position, last[seg.Track])
				}
			default:
				if !seg.Position.After(last[seg.Track]) || epochs[seg.Track] != seg.Position.Epoch {
					t.Errorf("track %d: %v after %v, init segment of epoch %d", seg.Track, seg.Position, last[seg.Track], epochs[seg.Track])
				}
				last[seg.Track] = seg.Position
			}
		}
		if len(p.tracks) > maxPushTracks {
			t.Errorf("%d tracks", len(p.tracks))
		}
	})
}
