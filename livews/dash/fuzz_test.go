package dash

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// The bounds that hold for every input of n bytes: what is allocated in all,
// and what comes out, in bytes per byte of input. An input of nothing but
// groups of one byte of media each costs most, see TestSplitterAmplification.
const (
	maxAllocFactor  = 64
	maxAllocConst   = 8 << 20
	maxOutputFactor = 32
	maxOutputConst  = 64 << 10
)

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// checkSplit splits in, checks the bounds, and that what comes out is sound and
// the same whatever the read sizes.
func checkSplit(t *testing.T, in []byte) {
	t.Helper()
	var segs []*livews.Segment
	var err error
	bytesAllocated := allocated(func() {
		segs, err = readAll(t.Context(), NewSplitter(bytes.NewReader(in), nil))
	})
	if limit := uint64(maxAllocFactor*len(in) + maxAllocConst); bytesAllocated > limit {
		t.Errorf("%d bytes allocated for %d of input, at most %d", bytesAllocated, len(in), limit)
	}
	if err != nil && !isExpected(err) {
		t.Errorf("ReadSegment = %v, want an error of this package", err)
	}
	output := 0
	for _, seg := range segs {
		output += len(seg.Payload)
	}
	if limit := maxOutputFactor*len(in) + maxOutputConst; output > limit {
		t.Errorf("%d bytes come of %d, at most %d", output, len(in), limit)
	}
	checkSegments(t, segs)
	again, errAgain := readAll(t.Context(), NewSplitter(iotest.HalfReader(bytes.NewReader(in)), nil))
	if (err == nil) != (errAgain == nil) {
		t.Errorf("ReadSegment = %v, with half reads %v", err, errAgain)
	}
	compareSegments(t, again, segs)
	checkTimeline(t, segs)
}

func isExpected(err error) bool {
	return errors.Is(err, ErrMalformed) || errors.Is(err, ErrUnsupported) || errors.Is(err, io.ErrUnexpectedEOF)
}

// checkTimeline checks that on a timeline each track's decode times rise, but
// for a time unit where the timescale changes.
func checkTimeline(t *testing.T, segs []*livews.Segment) {
	t.Helper()
	out, err := readAll(t.Context(), Timeline(listSource(segs), nil))
	if err != nil && !errors.Is(err, ErrMalformed) {
		t.Errorf("Timeline = %v, want ErrMalformed", err)
	}
	last := map[uint16]time.Duration{}
	unit := map[uint16]time.Duration{}
	for _, seg := range out {
		if seg.Type == livews.TypeInit {
			unit[seg.Track] = time.Second / time.Duration(seg.Info.Timescale)
			continue
		}
		if seg.DecodeTime < last[seg.Track]-unit[seg.Track] {
			t.Errorf("track %d: %v after %v", seg.Track, seg.DecodeTime, last[seg.Track])
		}
		last[seg.Track] = seg.DecodeTime
	}
}

// seeds are whole small files, and the beginnings of large ones.
func seeds(f *testing.F) [][]byte {
	names, err := filepath.Glob("testdata/*.mp4")
	if err != nil {
		f.Fatal(err)
	}
	var all [][]byte
	for _, name := range names {
		b := fixture(f, filepath.Base(name))
		all = append(all, b[:min(len(b), 6<<10)])
	}
	init := buildInit(video1, audio2)
	both := offsets(func(n uint32) []byte {
		return moofOf(
			mk("traf", tfhd(0, 1, 0), tfdt32(0), full("trun", 0, 0x601, words(3, n+8, 2, flagsSync, 1, flagsNonSync, 1, flagsSync))),
			mk("traf", tfhd(0, 2, 0), full("trun", 0, 0x200, words(1, 4))))
	})
	return append(all,
		slices.Concat(init, prft(1, ntp2026), plainChunk(1, 0, 5), both, mk("mdat", zeros(8)), init, chunk32(1, 0xfffffff0, 5), chunk32(1, 0, 5)),
		slices.Concat(init, plainMoof(1, 0, 5), open("mdat", zeros(5))),
		slices.Concat(init, large("mdat", zeros(5)), noTime(1, 5), plainChunk(9, 0, 5)),
	)
}

// FuzzSplitter checks that no input panics, hangs or takes more memory than a
// small multiple of its size, and that whatever comes out is sound.
func FuzzSplitter(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Fuzz(checkSplit)
}

// FuzzInit does the same for ParseInit and MergeInits.
func FuzzInit(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b[:min(len(b), 4<<10)])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var in *Init
		var err error
		bytesAllocated := allocated(func() { in, err = ParseInit(b) })
		if limit := uint64(maxAllocFactor*len(b) + maxAllocConst); bytesAllocated > limit {
			t.Errorf("%d bytes allocated for %d of input, at most %d", bytesAllocated, len(b), limit)
		}
		if err != nil {
			if !isExpected(err) {
				t.Errorf("ParseInit = %v, want an error of this package", err)
			}
			return
		}
		var singles [][]byte
		for _, track := range in.Tracks {
			singles = append(singles, in.Segment(track))
		}
		merged, err := MergeInits(singles...)
		if err != nil {
			t.Fatalf("MergeInits of the tracks of one init segment = %v", err)
		}
		again, err := ParseInit(merged)
		if err != nil {
			t.Fatalf("ParseInit of a merged one = %v", err)
		}
		if len(again.Tracks) != len(in.Tracks) {
			t.Fatalf("%d tracks after MergeInits, want %d", len(again.Tracks), len(in.Tracks))
		}
		for i, track := range again.Tracks {
			got, want := track.Info, in.Tracks[i].Info
			if got != want || track.ID != in.Tracks[i].ID || track.Defaults != in.Tracks[i].Defaults {
				t.Errorf("track %d = %+v after MergeInits, want %+v", i, got, want)
			}
		}
	})
}

// FuzzChunk checks ParseChunk and ShiftChunk: there and back changes nothing.
func FuzzChunk(f *testing.F) {
	f.Add(plainChunk(1, 1000, 5, 6), int64(500))
	f.Add(slices.Concat(prft(1, ntp2026), full("emsg", 1, 0, u32(90000), u64(1e6), zeros(8), str("id\x00\x00")), plainChunk(1, 1000, 5)), int64(-500))
	f.Add(noTime(1, 5), int64(1))
	f.Fuzz(func(t *testing.T, b []byte, delta int64) {
		in := mustInit(t, video1)
		before, err := ParseChunk(in, b)
		if err != nil {
			return
		}
		shifted, err := ShiftChunk(b, delta, 1000)
		if err != nil {
			return
		}
		after, err := ParseChunk(in, shifted)
		if err != nil {
			t.Fatalf("ParseChunk after ShiftChunk = %v", err)
		}
		before.DecodeTime += uint64(delta)
		if after != before {
			t.Errorf("ShiftChunk by %d: %+v, want %+v", delta, after, before)
		}
	})
}

// TestSplitterAmplification makes the most of the fewest bytes: claims without
// data, and groups of one byte of media.
func TestSplitterAmplification(t *testing.T) {
	init := buildInit(video1)
	repeat := func(n int, b []byte) []byte { return bytes.Repeat(b, n) }
	flags := make([]uint32, 0, 2000)
	for i := range uint32(2000) {
		flags = append(flags, []uint32{flagsSync, flagsNonSync}[i%2])
	}
	groups := append(offsets(func(n uint32) []byte {
		return moofOf(mk("traf", full("tfhd", 0, baseIsMoof|0x18, words(1, 1, 1)), tfdt64(0),
			full("trun", 0, 0x401, words(2000, n+8), words(flags...))))
	}), mk("mdat", zeros(2000))...)
	claim := append(moofOf(mk("traf", full("tfhd", 0, baseIsMoof|0x10, words(1, 1)), full("trun", 0, 1, words(MaxSamples, 100)))), mk("mdat")...)
	tests := map[string][]byte{
		"groups of two bytes":    slices.Concat(init, repeat(20, groups)),
		"samples that only are":  slices.Concat(init, claim),
		"moofs without samples":  slices.Concat(init, repeat(5000, moofOf())),
		"moovs that differ":      alternatingInits(500),
		"moovs that do not":      slices.Concat(repeat(500, init)),
		"a box of 2^62 bytes":    slices.Concat(init, u32(1), str("free"), u64(1<<62)),
		"an mdat of 16 MB":       slices.Concat(init, plainMoof(1, 0, 5), u32(15<<20), str("mdat")),
		"a moov of 4 MB":         slices.Concat(u32(MaxInit), str("moov")),
		"samples that are large": slices.Concat(init, plainMoof(1, 0, 0xffffffff, 0xffffffff), mk("mdat")),
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) { checkSplit(t, in) })
	}
}

// alternatingInits are init segments of which each differs from the one before.
func alternatingInits(n int) []byte {
	a, b := buildInit(video1), buildInit(testTrack{id: 1, timescale: 90000})
	return bytes.Repeat(append(a, b...), n/2)
}
