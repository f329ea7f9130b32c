package dash

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// listSource gives the segments of a list.
func listSource(segs []*livews.Segment) livews.Source {
	return livews.SourceFunc(func(context.Context) (*livews.Segment, error) {
		if len(segs) == 0 {
			return nil, io.EOF
		}
		seg := segs[0]
		segs = segs[1:]
		return seg, nil
	})
}

// retime puts segments, as read by a Splitter, on a Timeline.
func retime(t *testing.T, b []byte, opts *TimelineOptions) []*livews.Segment {
	t.Helper()
	segs, err := readAll(t.Context(), Timeline(NewSplitter(bytes.NewReader(b), nil), opts))
	if err != nil {
		t.Fatalf("ReadSegment = %v", err)
	}
	checkSegments(t, segs)
	return segs
}

// TestTimeline moves chunks of 40 ms of two tracks, whose timescales are 1000
// and 48000; the times of audio below are in units of that. plainChunk's
// samples last 40 units: 40 ms of video, 0.83 ms of audio.
func TestTimeline(t *testing.T) {
	init := buildInit(video1, audio2)
	v := func(time uint64) []byte { return plainChunk(1, time, 5) }
	a := func(time uint64) []byte { return plainChunk(2, time, 3) }
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{
			"nothing to do",
			slices.Concat(init, v(0), a(0), v(40), a(40), v(80)),
			lines("init 1", "init 2", "1 0+40 5 S", "2 0+40 3 S", "1 40+40 5 S", "2 40+40 3 S", "1 80+40 5 S"),
		},
		{
			"does not begin at 0, and has a hole",
			slices.Concat(init, v(1700000000000), a(81600000000000), v(1700000009000), a(81600000432000)),
			lines("init 1", "init 2", "1 1700000000000+40 5 S", "2 81600000000000+40 3 S", "1 1700000009000+40 5 S", "2 81600000432000+40 3 S"),
		},
		{
			"starts again at 0, all tracks by the same time",
			slices.Concat(init, v(1000), a(48000), init, v(0), a(0), v(40), a(40)),
			// Video ends at 1.04 s and goes on there; so does audio, 49920.
			lines("init 1", "init 2", "1 1000+40 5 S", "2 48000+40 3 S", "1 1040+40 5 S D", "2 49920+40 3 S D", "1 1080+40 5 S", "2 49960+40 3 S"),
		},
		{
			"starts again after its first chunk",
			slices.Concat(init, v(0), v(0), v(40), v(0), v(0)),
			lines("init 1", "init 2", "1 0+40 5 S", "1 40+40 5 S D", "1 80+40 5 S", "1 120+40 5 S D", "1 160+40 5 S D"),
		},
		{
			"jumps ahead",
			slices.Concat(init, v(0), a(0), v(20000), a(960000)),
			lines("init 1", "init 2", "1 0+40 5 S", "2 0+40 3 S", "1 40+40 5 S D", "2 1920+40 3 S D"),
		},
		{
			"a hole of less than the maximum stays",
			slices.Concat(init, v(0), v(10040), v(20081)),
			lines("init 1", "init 2", "1 0+40 5 S", "1 10040+40 5 S", "1 10080+40 5 S D"),
		},
		{
			"jumps while tracks are interleaved: audio still comes from before",
			slices.Concat(init, v(5000), a(240000), v(0), a(240040), a(0), v(40)),
			lines("init 1", "init 2", "1 5000+40 5 S", "2 240000+40 3 S", "1 5040+40 5 S D", "2 240040+40 3 S", "2 241920+40 3 S D", "1 5080+40 5 S"),
		},
		{
			"audio starts before video: both move again",
			// Video breaks first, and moves by 540 ms. Audio at 0 would begin
			// at 25920 then, but has ended at 48040 (1000.83 ms): so both
			// move by that.
			slices.Concat(init, v(1000), a(48000), v(500), a(0), v(540)),
			lines("init 1", "init 2", "1 1000+40 5 S", "2 48000+40 3 S", "1 1040+40 5 S D", "2 48040+40 3 S D", "1 1541+40 5 S D"),
		},
		{
			"audio was silent for long and comes back in step",
			slices.Concat(init, v(0), a(0), v(9000), v(18000), a(864000), v(18040)),
			lines("init 1", "init 2", "1 0+40 5 S", "2 0+40 3 S", "1 9000+40 5 S", "1 18000+40 5 S", "2 864000+40 3 S", "1 18040+40 5 S"),
		},
		{
			"a track that begins behind a break",
			slices.Concat(init, v(5000), v(0), a(0)),
			lines("init 1", "init 2", "1 5000+40 5 S", "1 5040+40 5 S D", "2 241920+40 3 S"),
		},
		{
			"a track that begins before all that is known",
			slices.Concat(init, v(0), v(90000), a(0), v(90040)),
			lines("init 1", "init 2", "1 0+40 5 S", "1 40+40 5 S D", "2 3840+40 3 S", "1 80+40 5 S"),
		},
		{
			"small overlaps are an encoder's guesses",
			slices.Concat(init, v(0), v(30), v(60)),
			lines("init 1", "init 2", "1 0+40 5 S", "1 30+40 5 S", "1 60+40 5 S"),
		},
		{
			"another timescale behind a break",
			slices.Concat(init, v(1000), buildInit(testTrack{id: 1, timescale: 90000}, audio2), v(0), v(40)),
			lines("init 1", "init 2", "1 1000+40 5 S", "init 1", "1 93600+40 5 S D", "1 93640+40 5 S"),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := describe(t, retime(t, tt.in, nil)); got != tt.want {
				t.Errorf("segments are\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestTimelineMaxGap(t *testing.T) {
	in := slices.Concat(buildInit(video1), plainChunk(1, 0, 5), plainChunk(1, 1041, 5))
	for gap, want := range map[time.Duration]time.Duration{
		time.Second: 40 * time.Millisecond, 2 * time.Second: 1041 * time.Millisecond,
	} {
		if got := retime(t, in, &TimelineOptions{MaxGap: gap})[2].DecodeTime; got != want {
			t.Errorf("with MaxGap %v the second chunk is at %v, want %v", gap, got, want)
		}
	}
}

// TestTimelineFiles puts files of MP4Box, which all start at 0, one after the
// other: one init segment per track, and decode times that rise without holes
// in the track that ends last.
func TestTimelineFiles(t *testing.T) {
	a, b := fixture(t, "mp4box-0.mp4"), fixture(t, "mp4box-1.mp4")
	segs := retime(t, slices.Concat(a, b, a), nil)
	if n := len(inits(segs)); n != 2 {
		t.Errorf("%d init segments, want 2", n)
	}
	for track := uint16(1); track <= 2; track++ {
		var end time.Duration
		breaks := 0
		for i, seg := range chunks(segs, track) {
			hole := seg.DecodeTime - end
			if hole < 0 || hole > 50*time.Millisecond {
				t.Errorf("track %d: chunk %d begins %v after the end of the last", track, i, hole)
			}
			if seg.Flags.Has(livews.FlagDiscontinuity) {
				breaks++
			} else if hole > 1 {
				t.Errorf("track %d: a hole of %v without FlagDiscontinuity", track, hole)
			}
			end = seg.DecodeTime + seg.Duration
		}
		if breaks != 2 {
			t.Errorf("track %d: %d chunks with FlagDiscontinuity, want 2", track, breaks)
		}
	}
	// The second file's samples are the same, at other times.
	want := readReference(t, b)
	got := readReference(t, slices.Concat(segs[0].Payload, join(chunks(segs, 1), 0)))[1]
	n := len(want[1])
	for i, s := range got[n : 2*n] {
		w := want[1][i]
		w.time += got[n].time - want[1][0].time
		if s != w {
			t.Fatalf("sample %d of the second file differs", i)
		}
	}
}

func TestTimelineErrors(t *testing.T) {
	good := split(t, slices.Concat(buildInit(video1), plainChunk(1, 0, 5), plainChunk(1, 0, 5)))
	tests := []struct {
		name string
		segs []*livews.Segment
		want string
	}{
		{"chunk before init", good[1:2], "before its init segment"},
		{"no description", []*livews.Segment{{Type: livews.TypeInit, Track: 1}}, "no timescale"},
		{"chunk that cannot be moved", append(good[:2:2], &livews.Segment{
			Type: livews.TypeChunk, Track: 1, Payload: []byte("garbage"),
		}), "timeline: track 1 at 0s: shift chunk"},
	}
	for _, tt := range tests {
		src := Timeline(listSource(tt.segs), nil)
		_, err := readAll(t.Context(), src)
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: ReadSegment = %v, want %q", tt.name, err, tt.want)
		}
		if _, again := src.ReadSegment(t.Context()); !errors.Is(again, err) {
			t.Errorf("%s: ReadSegment after the error = %v, want the same", tt.name, again)
		}
	}
}

// TestTimelineWallClock keeps the encoder's wall clock in a chunk that is moved.
func TestTimelineWallClock(t *testing.T) {
	in := slices.Concat(buildInit(video1), plainChunk(1, 1000, 5), prft(1, ntp2026), plainChunk(1, 0, 5))
	moved := retime(t, in, nil)[2]
	if !moved.Flags.Has(livews.FlagDiscontinuity) || !moved.WallClock.Equal(ntpTime(ntp2026)) {
		t.Errorf("flags %b and WallClock %v, want a discontinuity and %v", moved.Flags, moved.WallClock, ntpTime(ntp2026))
	}
}
