package dash_test

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// TestEdits applies the edit lists of a file that MP4Box wrote: the picture, which decodes
// two frames before it is presented, and the sound, which has a frame of priming, begin
// together at Offset.
func TestEdits(t *testing.T) {
	file, err := os.ReadFile("testdata/mp4box-1.mp4")
	if err != nil {
		t.Fatal(err)
	}
	s := dash.NewSplitter(bytes.NewReader(file), &dash.SplitterOptions{Edits: true, Offset: 10 * time.Second})
	first := make(map[uint16]time.Duration)
	end := make(map[uint16]time.Duration)
	inits := make(map[uint16][]byte)
	samples := make(map[uint16]int)
	for seg, err := range livews.All(context.Background(), s) {
		if err != nil {
			t.Fatal(err)
		}
		if seg.Type == livews.TypeInit {
			inits[seg.Track] = seg.Payload
			if bytes.Contains(seg.Payload, []byte("elst")) {
				t.Errorf("track %d has an edit list still", seg.Track)
			}
			continue
		}
		if _, ok := first[seg.Track]; !ok {
			first[seg.Track] = seg.DecodeTime
		}
		init, err := dash.ParseInit(inits[seg.Track])
		if err != nil {
			t.Fatal(err)
		}
		chunk, err := dash.ParseChunk(init, seg.Payload)
		if err != nil {
			t.Fatal(err)
		}
		samples[seg.Track] += chunk.Samples
		if got := time.Duration(chunk.DecodeTime) * time.Second / time.Duration(chunk.Track.Info.Timescale); got.Round(time.Microsecond) != seg.DecodeTime.Round(time.Microsecond) {
			t.Errorf("track %d: tfdt says %v, the segment %v", seg.Track, got, seg.DecodeTime)
		}
		end[seg.Track] = seg.DecodeTime + seg.Duration
	}
	const frame = time.Second / 30
	if got, want := first[1], 10*time.Second-2*frame; (got - want).Abs() > time.Microsecond {
		t.Errorf("pictures decode from %v on, want %v", got, want)
	}
	if got := first[2]; got != 10*time.Second {
		t.Errorf("sound begins at %v, want 10s", got)
	}
	if samples[1] != 90 || samples[2] != 141 {
		t.Errorf("%d pictures and %d frames of sound, want 90 and 141", samples[1], samples[2])
	}
	if got, want := end[1], 13*time.Second-2*frame; (got - want).Abs() > time.Microsecond {
		t.Errorf("pictures end at %v, want %v", got, want)
	}
}

// TestEditsTooEarly has what decodes before the beginning named.
func TestEditsTooEarly(t *testing.T) {
	file, err := os.ReadFile("testdata/mp4box-1.mp4")
	if err != nil {
		t.Fatal(err)
	}
	s := dash.NewSplitter(bytes.NewReader(file), &dash.SplitterOptions{Edits: true})
	for _, err := range livews.All(context.Background(), s) {
		if err != nil {
			return
		}
	}
	t.Error("a negative decode time is no error")
}

// TestSameInit tells init segments apart that a decoder would.
func TestSameInit(t *testing.T) {
	var inits [][]byte
	for _, name := range []string{"mp4box-0.mp4", "mp4box-1.mp4", "vp9opus.mp4"} {
		file, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		inits = append(inits, file)
	}
	for i, a := range inits {
		for j, b := range inits {
			if got, want := dash.SameInit(a, b), i == j || i+j == 1; got != want {
				t.Errorf("SameInit(%d, %d) = %v, want %v", i, j, got, want)
			}
		}
	}
	if dash.SameInit([]byte("x"), []byte("y")) {
		t.Error("garbage is the same")
	}
}
