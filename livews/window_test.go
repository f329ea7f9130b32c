package livews_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// TestEvictPartialGroup takes what is left of a group whose start has gone, and not the
// next group with it.
func TestEvictPartialGroup(t *testing.T) {
	const size = 1000
	relay := livews.NewRelay(&livews.RelayOptions{MaxBytes: 10 * (size + livews.HeaderSize)})
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Chunks: 12, Size: size})
	oldest := func() string {
		sub := relay.Subscribe(&livews.SubscribeOptions{Start: livews.StartOldest, Lossless: true})
		c := new(livewstest.Checker)
		return view(t, sub, c)
	}
	fill(t, relay, src, 1+12) // of group 0 the start is evicted
	if got, want := oldest(), "init1"; got != want {
		t.Errorf("oldest: %q, want %q", got, want)
	}
	fill(t, relay, src, 3) // the rest of group 0 leaves at once, not group 1
	if got, want := oldest(), "init1 1.1.0 1.1.1 1.1.2"; got != want {
		t.Errorf("oldest: %q, want %q", got, want)
	}
	if got, want := relay.Stats().Bytes, int64(3*(size+livews.HeaderSize)); got < want || got > want+100 {
		t.Errorf("window of %d bytes, want %d and an init segment", got, want)
	}
}

// TestWindowCountsInits holds the init segments that the window needs to its bounds, each
// once and as long as it is there.
func TestWindowCountsInits(t *testing.T) {
	const size, limit = 1000, 10_000
	relay := livews.NewRelay(&livews.RelayOptions{MaxBytes: limit})
	init := func(track uint16, size, epoch int) *livews.Segment {
		return &livews.Segment{
			Type: livews.TypeInit, Track: track, Position: livews.Position{Epoch: uint32(epoch)},
			Info: &livews.Track{Number: track, Timescale: 1}, Payload: bytes.Repeat([]byte{byte(epoch)}, size),
		}
	}
	write := func(segs ...*livews.Segment) (err error) {
		for _, seg := range segs {
			err = errors.Join(err, relay.WriteSegment(t.Context(), seg))
		}
		return err
	}
	for epoch := range 50 {
		if err := write(init(1, size, epoch+1), init(2, size, epoch+1)); err != nil {
			t.Fatal(err)
		}
		if epoch < 3 { // nothing needs the ones before
			if got := relay.Stats().Bytes; got < 2*size || got > 2*size+200 {
				t.Fatalf("two init segments: window of %d bytes, want %d", got, 2*size)
			}
			continue
		}
		chunk := &livews.Segment{
			Type: livews.TypeChunk, Track: 1, Flags: livews.FlagFirst | livews.FlagSync,
			Position: livews.Position{Epoch: uint32(epoch + 1)}, Payload: make([]byte, size),
		}
		if err := write(chunk); err != nil {
			t.Fatal(err)
		}
		if got := relay.Stats().Bytes; got > limit {
			t.Fatalf("window of %d bytes, at most %d", got, limit)
		}
	}
	sub := relay.Subscribe(&livews.SubscribeOptions{Start: livews.StartOldest, Tracks: []uint16{1}, Lossless: true})
	if got := strings.Count(view(t, sub, new(livewstest.Checker)), "init"); got != 4 { // each with a chunk, beside that of track 2
		t.Errorf("%d init segments in the window, want 4", got)
	}
	if err := write(init(3, limit-2*size, 50)); err == nil || !strings.Contains(err.Error(), "init segments") {
		t.Errorf("an init segment that leaves no room: %v", err)
	}
	if err := write(init(2, limit-3*size, 50)); err != nil {
		t.Errorf("an init segment for which chunks have to go: %v", err)
	}
	if got := relay.Stats().Bytes; got > limit {
		t.Errorf("window of %d bytes, at most %d", got, limit)
	}
}

// TestStaleTrackLeaves keeps no window for ever of a track that the new epoch lacks.
func TestStaleTrackLeaves(t *testing.T) {
	relay := livews.NewRelay(&livews.RelayOptions{Window: 4 * time.Second})
	both(t, relay, "init1 1.0.0 1.0.1 1.1.0 1.1.1")
	put(t, relay, 1, "init2 2.0.0 2.0.1 2.1.0")
	oldest := &livews.SubscribeOptions{Start: livews.StartOldest, Lossless: true, Tracks: []uint16{2}}
	if got, want := view(t, relay.Subscribe(oldest), new(livewstest.Checker)), "init1 1.0.0 1.0.1 1.1.0 1.1.1"; got != want {
		t.Errorf("track 2 early: %q, want %q", got, want)
	}
	put(t, relay, 1, "2.1.1 2.2.0 2.2.1 2.3.0 2.3.1 2.4.0")
	if got, want := view(t, relay.Subscribe(oldest), new(livewstest.Checker)), ""; got != want {
		t.Errorf("track 2 late: %q, want %q", got, want)
	}
}

// TestStaleEpoch drops what is of an older epoch than the stream, in all tracks: those of
// the new epoch, those that it lacks, and those that were never there.
func TestStaleEpoch(t *testing.T) {
	relay := livews.NewRelay(nil)
	all := relay.Subscribe(nil)
	var c livewstest.Checker
	both(t, relay, "init1 1.0.0")
	put(t, relay, 1, "init2")
	if got, want := relay.Stats().Epoch, uint32(2); got != want {
		t.Errorf("epoch %d, want %d", got, want)
	}
	put(t, relay, 1, "1.0.1")
	put(t, relay, 2, "1.0.1 init1 1.1.0")
	put(t, relay, 3, "init1 1.0.0")
	put(t, relay, 1, "2.0.0")
	put(t, relay, 2, "1.1.1")
	if got, want := view(t, all, &c), "init1 init1 1.0.0 1.0.0 init2 2.0.0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := relay.Stats(); len(got.Tracks) != 1 || got.Epoch != 2 {
		t.Errorf("stats %+v, want one track in epoch 2", got)
	}
	early := &livews.Segment{Type: livews.TypeChunk, Track: 2, Flags: livews.FlagSync | livews.FlagFirst, Position: pos(t, "2.0.0")}
	if err := relay.WriteSegment(t.Context(), early); err == nil {
		t.Error("a chunk before the init segment of its epoch is taken")
	}
}

// TestEpochTracks orders what one who begins in the old epoch gets: all of that, then the
// init segments of the new one, of however many tracks, then its chunks.
func TestEpochTracks(t *testing.T) {
	for _, tt := range []struct {
		name     string
		old, new []uint16 // tracks
		want     string
	}{
		{"the same", []uint16{1, 2}, []uint16{1, 2}, "1:init1 2:init1 1:1.0.0 2:1.0.0 1:init2 2:init2 1:2.0.0 2:2.0.0"},
		{"fewer", []uint16{1, 2}, []uint16{1}, "1:init1 2:init1 1:1.0.0 2:1.0.0 1:init2 1:2.0.0"},
		{"more", []uint16{1}, []uint16{1, 2}, "1:init1 1:1.0.0 1:init2 2:init2 1:2.0.0 2:2.0.0"},
		{"others", []uint16{1}, []uint16{2}, "1:init1 1:1.0.0 2:init2 2:2.0.0"},
		{"others in another order", []uint16{2, 3}, []uint16{1, 2}, "2:init1 3:init1 2:1.0.0 3:1.0.0 2:init2 1:init2 1:2.0.0 2:2.0.0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			relay := livews.NewRelay(nil)
			late := relay.Subscribe(nil)
			for _, word := range []string{"init1", "1.0.0"} {
				for _, track := range tt.old {
					put(t, relay, track, word)
				}
			}
			for _, word := range []string{"init2", "2.0.0"} {
				for _, track := range tt.new {
					put(t, relay, track, word)
				}
			}
			oldest := relay.Subscribe(&livews.SubscribeOptions{Start: livews.StartOldest})
			for _, sub := range []*livews.Subscription{late, oldest} {
				var words []string
				var c livewstest.Checker
				for seg := livews.Next(sub); seg != nil; seg = livews.Next(sub) {
					if err := c.WriteSegment(t.Context(), seg); err != nil {
						t.Error(err)
					}
					word := seg.Position.String()
					if seg.Type == livews.TypeInit {
						word = "init" + strings.TrimSuffix(word, ".0.0")
					}
					words = append(words, string(rune('0'+seg.Track))+":"+word)
				}
				if got := strings.Join(words, " "); got != tt.want {
					t.Errorf("got %s\nwant %s", got, tt.want)
				}
			}
		})
	}
}

// TestSelectKeepsAfter resumes in a track that the stream did not have at the selection.
func TestSelectKeepsAfter(t *testing.T) {
	relay := livews.NewRelay(nil)
	put(t, relay, 1, "init1 1.0.0 1.0.1 1.1.0")
	after := map[uint16]livews.Position{1: pos(t, "1.0.0"), 2: pos(t, "1.1.0")}
	sub := relay.Subscribe(&livews.SubscribeOptions{After: after, Tracks: []uint16{1}})
	sub.Select([]uint16{1, 2})
	put(t, relay, 2, "init1 1.1.0 1.1.1")
	c := livewstest.Checker{Resumed: after}
	if got, want := view(t, sub, &c), "init1 init1 1.0.1 1.1.0 1.1.1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	sub.Select([]uint16{2})
	sub.Select(nil)
	if got, want := view(t, sub, new(livewstest.Checker)), "init1 1.1.0"; got != want {
		t.Errorf("selected again: %q, want %q", got, want)
	}
}
