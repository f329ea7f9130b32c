package dash

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/livews/websocketlivestream/livews"
)

func TestRenumber(t *testing.T) {
	file, err := os.ReadFile("testdata/live.mp4")
	if err != nil {
		t.Fatal(err)
	}
	var inits [][]byte
	var chunks []byte
	for seg, err := range livews.All(t.Context(), NewSplitter(bytes.NewReader(file), nil)) {
		if err != nil {
			t.Fatal(err)
		}
		before := bytes.Clone(seg.Payload)
		same, err := Renumber(seg, seg.Track)
		if err != nil || same != seg {
			t.Fatalf("Renumber to its own number = %p, %v, want %p", same, err, seg)
		}
		moved, err := Renumber(seg, seg.Track+6)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(seg.Payload, before) {
			t.Fatal("Renumber has changed the segment that it was given")
		}
		if moved.Type == livews.TypeChunk {
			chunks = append(chunks, moved.Payload...)
			continue
		}
		inits = append(inits, moved.Payload)
		if moved.Info.Number != seg.Track+6 {
			t.Errorf("Info.Number = %d, want %d", moved.Info.Number, seg.Track+6)
		}
	}
	init, err := MergeInits(inits...)
	if err != nil {
		t.Fatal(err)
	}
	// The splitter reads what was made, and knows the tracks by their new numbers only.
	s := NewSplitter(bytes.NewReader(append(init, chunks...)), nil)
	for seg, err := range livews.All(t.Context(), s) {
		if err != nil {
			t.Fatal(err)
		}
		if seg.Type == livews.TypeChunk && seg.Track < 7 {
			t.Fatalf("chunk of track %d, want 7 or more", seg.Track)
		}
	}
	if st := s.Stats(); st.Chunks == 0 || st.Unknown > 0 {
		t.Errorf("stats %+v, want chunks, all of known tracks", st)
	}
}

func TestRenumberMalformed(t *testing.T) {
	for _, b := range []string{"\x00\x00\x00\x0cmoof\x00\x00\x00\x04", "\x00\x00\x00\x08prft", "\x00\x00\x00\xffmoov"} {
		if _, err := Renumber(&livews.Segment{Payload: []byte(b)}, 1); !errors.Is(err, ErrMalformed) {
			t.Errorf("Renumber(%q) = %v, want ErrMalformed", b, err)
		}
	}
}
