package main

import (
	"testing"

	"github.com/livews/websocketlivestream/livews"
)

// TestPutEpoch keeps a track whose init segment is the same after the source has started
// again, when that of another one is not.
func TestPutEpoch(t *testing.T) {
	init := func(track uint16, epoch uint32, payload string) *livews.Segment {
		return &livews.Segment{Type: livews.TypeInit, Track: track, Position: livews.Position{Epoch: epoch}, Payload: []byte(payload)}
	}
	r := &recorder{}
	r.put(init(1, 1, "video"))
	r.put(init(2, 1, "audio"))
	r.put(init(3, 1, "subtitles"))
	r.stale = false
	r.put(init(1, 2, "video"))
	if r.stale {
		t.Error("a new file for an init segment that has not changed")
	}
	r.put(init(2, 2, "other audio"))
	var got []uint16
	for _, seg := range r.inits {
		got = append(got, seg.Track)
	}
	if len(got) != 2 || got[0] != 1 || got[1] != 2 || !r.stale {
		t.Errorf("the next file has the tracks %v, want 1 and 2", got)
	}
}
