package ingress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// unit is the unit of the times in scripts, and the duration of their chunks.
const unit = 100 * time.Millisecond

// The tracks of scripts, by the letter that names them.
var scriptTracks = map[byte]*livews.Track{
	'v': {Number: 1, Kind: livews.KindVideo, Codec: "avc1.42C01F", Timescale: 90000},
	'a': {Number: 2, Kind: livews.KindAudio, Codec: "mp4a.40.2", Timescale: 48000},
	'w': {Number: 3, Kind: livews.KindVideo, Codec: "avc1.42C01E", Timescale: 90000},
	'b': {Number: 4, Kind: livews.KindAudio, Codec: "opus", Timescale: 48000},
}

// script makes segments of words: +v is an init segment of track v, *v one of a source
// that has started again, V7 a sync chunk at 7 units, v8 another chunk, a7 a chunk of
// sound, which is always a sync one, a7x20 one of 20 units, and ~V7 one with a
// discontinuity.
func script(t *testing.T, words string) []*livews.Segment {
	t.Helper()
	var segs []*livews.Segment
	for word := range strings.FieldsSeq(words) {
		seg := &livews.Segment{Type: livews.TypeChunk, Duration: unit, Payload: []byte(word)}
		rest, found := strings.CutPrefix(word, "~")
		if found {
			seg.Flags |= livews.FlagDiscontinuity
		}
		switch rest[0] {
		case '*':
			seg.Flags |= livews.FlagDiscontinuity
			fallthrough
		case '+':
			seg.Type, seg.Info = livews.TypeInit, scriptTracks[rest[1]]
			seg.Track = seg.Info.Number
			segs = append(segs, seg)
			continue
		case 'V', 'W', 'a', 'b':
			seg.Flags |= livews.FlagSync
		}
		seg.Track = scriptTracks[rest[0]|0x20].Number
		at, long, _ := strings.Cut(rest[1:], "x")
		seg.DecodeTime = time.Duration(atoi(t, at)) * unit
		if long != "" {
			seg.Duration = time.Duration(atoi(t, long)) * unit
		}
		segs = append(segs, seg)
	}
	return segs
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// told tells a stream in words: +v0 is an init segment in force from group 0 on, V7=1.0
// the chunk V7 at group 1, chunk 0, with an exclamation mark if there is a
// discontinuity and a question mark if there is a gap, and | a rise of the epoch.
func told(segs []*livews.Segment) string {
	var words []string
	var epoch uint32
	for _, seg := range segs {
		if epoch != 0 && seg.Position.Epoch > epoch {
			words = append(words, "|")
		}
		epoch = seg.Position.Epoch
		word := strings.TrimPrefix(string(seg.Payload), "~")
		if seg.Type == livews.TypeInit {
			word = fmt.Sprintf("+%c%d", word[1], seg.Position.Group)
		} else {
			word = fmt.Sprintf("%s=%d.%d", word, seg.Position.Group, seg.Position.Chunk)
		}
		if seg.Flags.Has(livews.FlagDiscontinuity) {
			word += "!"
		}
		if seg.Gap != nil {
			word += "?"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// play is a Source of segs and then err.
func play(segs []*livews.Segment, err error) livews.Source {
	return livews.SourceFunc(func(ctx context.Context) (*livews.Segment, error) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if len(segs) == 0 {
			return nil, err
		}
		seg := segs[0]
		segs = segs[1:]
		return seg, nil
	})
}

// stampAll returns what Stamp makes of src until it ends with want, and lets a Checker
// see it.
func stampAll(t *testing.T, src livews.Source, want error) []*livews.Segment {
	t.Helper()
	var all []*livews.Segment
	var c livewstest.Checker
	for {
		seg, err := src.ReadSegment(t.Context())
		if err != nil {
			if !errors.Is(err, want) {
				t.Fatalf("ReadSegment = %v, want %v", err, want)
			}
			return all
		}
		if err := c.WriteSegment(t.Context(), seg); err != nil {
			t.Errorf("checker: %v", err)
		}
		all = append(all, seg)
	}
}

// stampTests are streams in the words of script and what they become in those of told.
var stampTests = []struct{ name, in, out string }{
	{
		"video alone",
		"+v V0 v1 v2 v3 V4 v5",
		"+v0 V0=0.0 v1=0.1 v2=0.2 v3=0.3 V4=1.0 v5=1.1",
	},
	{
		"audio beside video",
		"+v +a V0 a0 v4 a4 V8 a8 v12",
		"+v0 +a0 V0=0.0 a0=0.0 v4=0.1 a4=0.1 V8=1.0 a8=1.0 v12=1.1",
	},
	{
		"audio ahead is held until its group is certain",
		"+v +a a0 a1 V0 v1 a2 a3 a4 a5 v2 v3 V4 v5",
		"+v0 +a0 V0=0.0 a0=0.0 v1=0.1 a1=0.1 v2=0.2 a2=0.2 v3=0.3 a3=0.3 V4=1.0 a4=1.0 v5=1.1 a5=1.1",
	},
	{
		"audio behind stays in its group",
		"+v +a V0 v2 a0 V4 v5 a2 a3 a4 v6",
		"+v0 +a0 V0=0.0 v2=0.1 a0=0.0 V4=1.0 v5=1.1 a2=0.1 a3=0.2 a4=1.0 v6=1.2",
	},
	{
		"an audio group begins at or after video's",
		"+v +a V0 a0x3 a3x3 v1x3 V4 v5 a6x3",
		"+v0 +a0 V0=0.0 a0x3=0.0 v1x3=0.1 a3x3=0.1 V4=1.0 v5=1.1 a6x3=1.0",
	},
	{
		"sound before the first picture is dropped",
		"+v +a a0 a1 v1 a2 V2 a3 v3",
		"+v0 +a0 V2=0.0 a2=0.0 v3=0.1 a3=0.1",
	},
	{
		"chunks before an init segment are dropped",
		"v0 +v V1 a1 v2",
		"+v0 V1=0.0 v2=0.1",
	},
	{
		"audio alone has groups of a second",
		"+a a0x5 a5x5 a10x5 a15x5 a20x5",
		"+a0 a0x5=0.0 a5x5=0.1 a10x5=1.0 a15x5=1.1 a20x5=2.0",
	},
	{
		"every picture a sync one: groups of 0.4 s",
		"+v V0 V1 V2 V3 V4 V5 V8",
		"+v0 V0=0.0 V1=0.1 V2=0.2 V3=0.3 V4=1.0 V5=1.1 V8=2.0",
	},
	{
		"a ladder shares its groups, and the lowest number leads",
		"+w +v +a W0 V0 a0 v1 w1 w2 W4 V4 a4 w5 v5",
		"+w0 +v0 +a0 V0=0.0 W0=0.0 a0=0.0 v1=0.1 w1=0.1 w2=0.2 V4=1.0 W4=1.0 a4=1.0 v5=1.1 w5=1.1",
	},
	{
		"a group lasts until long chunks of sound have begun it",
		"+v +a V0 V5 V10 V15 a0x20 V20 V25 a20x20 V40 a40x20",
		"+v0 +a0 V0=0.0 V5=0.1 V10=0.2 V15=0.3 a0x20=0.0 V20=1.0 V25=1.1 a20x20=1.0 V40=2.0 a40x20=2.0",
	},
	{
		"sound that never comes stretches the first group only",
		"+v +a V0 V20 V39 V40 V50 V60",
		"+v0 +a0 V0=0.0 V20=0.1 V39=0.2 V40=1.0 V50=2.0 V60=3.0",
	},
	{
		"sound that stops stretches one group only",
		"+v +a V0 a0 V20 a20 V40 V60 V62 V80 a80 V100",
		"+v0 +a0 V0=0.0 a0=0.0 V20=1.0 a20=1.0 V40=2.0 V60=2.1 V62=3.0 V80=4.0 a80=4.0? V100=5.0",
	},
	{
		"a new init segment is in force from the next group on",
		"+v +a V0 a0 v1 +v v2 a2 V4 a4 v5",
		"+v0 +a0 V0=0.0 a0=0.0 v1=0.1 +v1 a2=0.1 V4=1.0! a4=1.0 v5=1.1",
	},
	{
		"a new init segment of sound only",
		"+v +a V0 a0 v1 +a a1 v2 V4 a4",
		"+v0 +a0 V0=0.0 a0=0.0 v1=0.1 +a1 v2=0.2 V4=1.0 a4=1.0!",
	},
	{
		"a source that starts again with the same tracks",
		"+v +a V0 a0 v1 a1 *v *a ~a2 ~v2 a3 V3 v4 a4",
		"+v0 +a0 V0=0.0 a0=0.0 v1=0.1 a1=0.1 +v1 +a1 V3=1.0! a3=1.0! v4=1.1 a4=1.1",
	},
	{
		"a source that starts again flushes what was held",
		"+v +a V0 a0 a1 a2 *v *a ~V3 ~a3",
		"+v0 +a0 V0=0.0 a0=0.0 a1=0.1 a2=0.2 +v1 +a1 V3=1.0! a3=1.0!",
	},
	{
		"a source that starts again without sound",
		"+v +a V0 a0 v1 *v ~V2 v3",
		"+v0 +a0 V0=0.0 a0=0.0 v1=0.1 | +v0 V2=0.0! v3=0.1",
	},
	{
		"a source that starts again with sound",
		"+v V0 v1 *v *a ~V2 ~a2",
		"+v0 V0=0.0 v1=0.1 | +v0 +a0 V2=0.0! a2=0.0!",
	},
	{
		"a break begins a group",
		"+v +a V0 a0 V1 ~V2 ~a2",
		"+v0 +a0 V0=0.0 a0=0.0 V1=0.1 V2=1.0! a2=1.0!",
	},
	{
		"what is held is bounded by a second",
		"+v +a V0 a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 V20",
		"+v0 +a0 V0=0.0 a0=0.0 a1=0.1 a2=0.2 a3=0.3 a4=0.4 a5=0.5 a6=0.6 a7=0.7 a8=0.8 a9=0.9 a10=0.10 a11=0.11 V20=1.0",
	},
	{
		"the end flushes what was held",
		"+v +a V0 a0 a1 a2",
		"+v0 +a0 V0=0.0 a0=0.0 a1=0.1 a2=0.2",
	},
	{
		"video that dies is replaced by sound, and comes back",
		"+v +a V0 a0 v1 a1x99 a100x52 a160x5 a165x5 a170x5 v170 V172 a175x5 V180 a180x5",
		"+v0 +a0 V0=0.0 a0=0.0 v1=0.1 a1x99=0.1 a100x52=1.0 a160x5=2.0 a165x5=2.1 a170x5=3.0 v170=0.2 V172=3.0? a175x5=3.1 V180=4.0 a180x5=4.0",
	},
	{
		"video that never comes",
		"+v +a a0x50 a50x50 a100x50 a150x5 a160x5 a170x5",
		"+v0 +a0 a50x50=0.0 a100x50=1.0 a150x5=2.0 a160x5=3.0 a170x5=4.0",
	},
}

func TestStamp(t *testing.T) {
	for _, tt := range stampTests {
		t.Run(tt.name, func(t *testing.T) {
			got := told(stampAll(t, Stamp(play(script(t, tt.in), io.EOF), nil), io.EOF))
			if got != tt.out {
				t.Errorf("%s\n gives %s\n want  %s", tt.in, got, tt.out)
			}
		})
	}
}

// TestStampHeldBounds holds sound that is ahead of a picture that does not move, by
// number and by size.
func TestStampHeldBounds(t *testing.T) {
	for _, tt := range []struct {
		name          string
		size, n, held int
	}{
		{"number", 1, 1000, maxHeld},
		{"bytes", 1 << 20, 40, maxHeldBytes >> 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			segs := script(t, "+v +a V0 a0")
			payload := make([]byte, tt.size)
			for range tt.n {
				segs = append(segs, &livews.Segment{
					Type: livews.TypeChunk, Flags: livews.FlagSync, Track: 2, DecodeTime: unit, Payload: payload,
				})
			}
			s := Stamp(play(segs, io.EOF), nil).(*stamper)
			most := 0
			for {
				if _, err := s.ReadSegment(t.Context()); err != nil {
					break
				}
				if sound := s.track(2); sound != nil {
					most = max(most, len(sound.held))
				}
			}
			if most != tt.held {
				t.Errorf("%d chunks are held, want %d", most, tt.held)
			}
		})
	}
}

func TestStampEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := uint32(time.Now().Unix())
		for _, tt := range []struct {
			opts *StampOptions
			want uint32
		}{
			{nil, now},
			{&StampOptions{}, now},
			{&StampOptions{LastEpoch: now - 5}, now},
			{&StampOptions{LastEpoch: now}, now + 1},
			{&StampOptions{LastEpoch: now + 99}, now + 100},
		} {
			for _, seg := range stampAll(t, Stamp(play(script(t, "+v V0 v1"), io.EOF), tt.opts), io.EOF) {
				if seg.Position.Epoch != tt.want {
					t.Errorf("%+v: epoch = %d, want %d", tt.opts, seg.Position.Epoch, tt.want)
				}
			}
		}
	})
}

// TestStampLeavesItsInputAlone: a Source's segments are shared.
func TestStampLeavesItsInputAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := script(t, "+v V0 v1 *v ~V2")
		stamp := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
		in[2].WallClock = stamp
		out := stampAll(t, Stamp(play(in, io.EOF), nil), io.EOF)
		for i, want := range script(t, "+v V0 v1 *v ~V2") {
			if in[i].Flags != want.Flags || !in[i].Position.IsZero() {
				t.Errorf("segment %d was changed: %v %v", i, in[i].Flags, in[i].Position)
			}
			if &in[i].Payload[0] != &out[i].Payload[0] {
				t.Errorf("segment %d: the bytes were copied", i)
			}
		}
		if got := out[1].WallClock; !got.Equal(time.Now()) {
			t.Errorf("WallClock = %v, want now", got)
		}
		if got := out[2].WallClock; !got.Equal(stamp) {
			t.Errorf("WallClock = %v, want the source's own %v", got, stamp)
		}
	})
}

func TestStampErrors(t *testing.T) {
	cause := errors.New("lens cap on")
	src := Stamp(play(script(t, "+v +a V0 a0 a1"), cause), nil)
	if got, want := told(stampAll(t, src, cause)), "+v0 +a0 V0=0.0 a0=0.0 a1=0.1"; got != want {
		t.Errorf("before the error comes %s, want %s", got, want)
	}
	if _, err := src.ReadSegment(t.Context()); !errors.Is(err, cause) {
		t.Errorf("ReadSegment = %v, want %v again", err, cause)
	}

	src = Stamp(play(script(t, "+v V0"), io.EOF), nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := src.ReadSegment(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadSegment with an ended context = %v, want %v", err, context.Canceled)
	}
	if got, want := told(stampAll(t, src, io.EOF)), "+v0 V0=0.0"; got != want {
		t.Errorf("read on: %s, want %s", got, want)
	}
}
