package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/livews/websocketlivestream/livews"
)

// place is where a message stands in its stream.
type place struct {
	init     bool
	track    uint16
	position livews.Position
}

// flow is what one subscriber got: the messages by place, and the places in
// the order in which they came.
type flow struct {
	messages map[place][]byte
	order    []place
}

func newFlow(messages [][]byte) (*flow, error) {
	f := &flow{messages: make(map[place][]byte)}
	for _, msg := range messages {
		seg, err := livews.ParseMessage(msg)
		if err != nil {
			return nil, err
		}
		p := place{seg.Type == livews.TypeInit, seg.Track, seg.Position}
		if _, twice := f.messages[p]; twice {
			return nil, fmt.Errorf("%+v came twice", p)
		}
		f.messages[p] = msg
		f.order = append(f.order, p)
	}
	return f, nil
}

// chunks returns the positions of a track's chunks, in the order in which they
// came.
func (f *flow) chunks(track uint16) []livews.Position {
	var positions []livews.Position
	for _, p := range f.order {
		if !p.init && p.track == track {
			positions = append(positions, p.position)
		}
	}
	return positions
}

// inits returns the tracks whose init segments came, rising.
func (f *flow) inits() []uint16 {
	var tracks []uint16
	for _, p := range f.order {
		if p.init {
			tracks = append(tracks, p.track)
		}
	}
	slices.Sort(tracks)
	return tracks
}

// sameFlow reports why b is not the same flow as a where both overlap, and
// returns the number of chunks that were compared.
func sameFlow(a, b *flow) (compared int, err error) {
	if !slices.Equal(a.inits(), b.inits()) || len(a.inits()) == 0 {
		return 0, fmt.Errorf("init segments of the tracks %v and %v", a.inits(), b.inits())
	}
	for p, msg := range a.messages {
		if other, ok := b.messages[p]; ok && !bytes.Equal(msg, other) {
			return 0, fmt.Errorf("%+v has other bytes", p)
		}
	}
	for _, track := range a.inits() {
		as, bs := a.chunks(track), b.chunks(track)
		if err := cmp.Or(contiguous(as), contiguous(bs)); err != nil {
			return 0, fmt.Errorf("track %d: %w", track, err)
		}
		as, bs = overlap(as, bs)
		if !slices.Equal(as, bs) {
			return 0, fmt.Errorf("track %d: %d chunks and %d chunks where both overlap: %v and %v", track, len(as), len(bs), as, bs)
		}
		if len(as) == 0 {
			return 0, fmt.Errorf("track %d: no overlap", track)
		}
		compared += len(as)
	}
	return compared, nil
}

// overlap cuts two rising lists to the range that both cover.
func overlap(a, b []livews.Position) (as, bs []livews.Position) {
	if len(a) == 0 || len(b) == 0 {
		return nil, nil
	}
	from, to := a[0], a[len(a)-1]
	if b[0].After(from) {
		from = b[0]
	}
	if to.After(b[len(b)-1]) {
		to = b[len(b)-1]
	}
	outside := func(p livews.Position) bool { return from.After(p) || p.After(to) }
	return slices.DeleteFunc(slices.Clone(a), outside), slices.DeleteFunc(slices.Clone(b), outside)
}

// contiguous reports a hole or a step back: the chunks of a group count from 0
// and the groups follow each other.
func contiguous(positions []livews.Position) error {
	for i := 1; i < len(positions); i++ {
		p, q := positions[i-1], positions[i]
		nextChunk := livews.Position{Epoch: p.Epoch, Group: p.Group, Chunk: p.Chunk + 1}
		nextGroup := livews.Position{Epoch: p.Epoch, Group: p.Group + 1}
		if q != nextChunk && q != nextGroup {
			return fmt.Errorf("%v follows %v", q, p)
		}
	}
	return nil
}

func TestSameFlowFindsDifferences(t *testing.T) {
	// message returns a message with the given chunk number, 0 for the init
	// segment.
	message := func(chunk uint32) []byte {
		seg := &livews.Segment{Type: livews.TypeChunk, Track: 1, Position: livews.Position{Epoch: 1, Chunk: chunk}, Payload: []byte{1, 2, 3}}
		if chunk == 0 {
			seg.Type, seg.Info = livews.TypeInit, &livews.Track{Number: 1, Kind: livews.KindVideo, Timescale: 1}
		}
		msg, err := seg.Message()
		if err != nil {
			t.Fatal(err)
		}
		return msg
	}
	changed := slices.Clone(message(3))
	changed[livews.HeaderSize+1]++
	all := [][]byte{message(0), message(1), message(2), message(3), message(4)}
	for _, tt := range []struct {
		name string
		b    [][]byte
		same bool
	}{
		{"same", all, true},
		{"joined later", [][]byte{message(0), message(3), message(4), message(5)}, true},
		{"other bytes", [][]byte{message(0), message(2), changed, message(4)}, false},
		{"one missing", [][]byte{message(0), message(2), message(4)}, false},
		{"one missing later", [][]byte{message(0), message(4), message(6)}, false},
		{"last missing", [][]byte{message(0), message(1), message(2), message(3)}, true},
		{"out of order", [][]byte{message(0), message(2), message(4), message(3)}, false},
		{"no init segment", [][]byte{message(2), message(3)}, false},
		{"no overlap", [][]byte{message(0), message(5)}, false},
		{"twice", [][]byte{message(0), message(2), message(2)}, false},
	} {
		a, err := newFlow(all)
		if err != nil {
			t.Fatal(err)
		}
		b, err := newFlow(tt.b)
		if err == nil {
			_, err = sameFlow(a, b)
		}
		if (err == nil) != tt.same {
			t.Errorf("%s: %v, want same %v", tt.name, err, tt.same)
		}
	}
}
