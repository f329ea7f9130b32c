package dash

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/livews/websocketlivestream/livews"
)

// What follows builds boxes for tests: mk a box, full a full box, and u16, u32,
// u64 and str their fields.

func mk(typ string, parts ...[]byte) []byte {
	b := openBox(nil, cc(typ))
	b = append(b, slices.Concat(parts...)...)
	closeBox(b, 0)
	return b
}

func full(typ string, version byte, flags uint32, parts ...[]byte) []byte {
	return mk(typ, append([][]byte{u32(uint32(version)<<24 | flags)}, parts...)...)
}

// large is mk with a 64-bit size.
func large(typ string, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return slices.Concat(u32(1), []byte(typ), u64(uint64(16+len(body))), body)
}

// open is mk with size 0: to the end of the stream.
func open(typ string, parts ...[]byte) []byte {
	b := mk(typ, parts...)
	clear(b[:4])
	return b
}

func u16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
func str(s string) []byte { return []byte(s) }
func zeros(n int) []byte  { return make([]byte, n) }

func words(v ...uint32) []byte {
	var b []byte
	for _, w := range v {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	return b
}

// testTrack describes a track for buildMoov.
type testTrack struct {
	id        uint32
	handler   string // "vide" by default
	timescale uint32 // 1000 by default
	language  string
	entry     []byte // an H.264 or Opus one by default
	trex      []uint32
	noTrex    bool
	samples   uint32 // of stsz
	edits     []byte // an edts
}

func (tr testTrack) trak() []byte {
	if tr.handler == "" {
		tr.handler = "vide"
	}
	if tr.timescale == 0 {
		tr.timescale = 1000
	}
	var packed uint16
	for _, c := range tr.language {
		packed = packed<<5 | uint16(c-0x60)
	}
	if tr.entry == nil && tr.handler == "vide" {
		tr.entry = videoEntry("avc1", mk("avcC", []byte{1, 0x4d, 0x40, 0x1e, 0xff, 0xe0, 0}))
	} else if tr.entry == nil {
		tr.entry = audioEntryBox("Opus", mk("dOps", []byte{0, 2}, u16(312), u32(48000), u16(0), []byte{0}))
	}
	return mk("trak",
		full("tkhd", 0, 3, words(11, 22, tr.id, 0, 33), zeros(60)),
		tr.edits,
		mk("mdia",
			full("mdhd", 0, 0, words(11, 22, tr.timescale, 33), u16(packed), u16(0)),
			full("hdlr", 0, 0, u32(0), str(tr.handler), zeros(13)),
			mk("minf", mk("stbl",
				full("stsd", 0, 0, u32(1), tr.entry),
				full("stsz", 0, 0, u32(0), u32(tr.samples))))))
}

func videoEntry(typ string, boxes ...[]byte) []byte {
	return mk(typ, zeros(6), u16(1), zeros(16), u16(640), u16(360), zeros(50), slices.Concat(boxes...))
}

func audioEntryBox(typ string, boxes ...[]byte) []byte {
	return mk(typ, zeros(6), u16(1), zeros(8), u16(2), u16(16), zeros(4), u32(48000<<16), slices.Concat(boxes...))
}

func buildMoov(tracks ...testTrack) []byte {
	var traks, trexs []byte
	for _, tr := range tracks {
		traks = append(traks, tr.trak()...)
		if tr.trex == nil {
			tr.trex = []uint32{0, 0, 0}
		}
		if !tr.noTrex {
			trexs = append(trexs, full("trex", 0, 0, words(tr.id, 1), words(tr.trex...))...)
		}
	}
	return mk("moov",
		full("mvhd", 0, 0, words(11, 22, 1000, 33), zeros(76), u32(2)),
		traks,
		mk("mvex", full("mehd", 0, 0, u32(44)), trexs),
		mk("udta", str("gone")))
}

func buildInit(tracks ...testTrack) []byte {
	return slices.Concat(mk("ftyp", str("iso6"), u32(0), str("iso6")), buildMoov(tracks...))
}

var (
	video1 = testTrack{id: 1}
	audio2 = testTrack{id: 2, handler: "soun", timescale: 48000}
)

// The sample flags of tests.
const (
	flagsSync    = 0x02000000
	flagsNonSync = 0x01010000
)

// plainMoof is a moof in the form of CMAF, with one trun of samples of duration
// 40 and the sizes given, the first of which is a sync sample.
func plainMoof(id uint32, time uint64, sizes ...uint32) []byte {
	moof := func(offset uint32) []byte {
		return mk("moof",
			full("mfhd", 0, 0, u32(7)),
			mk("traf",
				full("tfhd", 0, 0x020028, words(id, 40, flagsNonSync)),
				full("tfdt", 1, 0, u64(time)),
				full("trun", 0, 0x205, words(uint32(len(sizes)), offset, flagsSync), words(sizes...))))
	}
	return moof(uint32(len(moof(0)) + 8))
}

// plainChunk is plainMoof with its mdat. The bytes of sample i are all i+1.
func plainChunk(id uint32, time uint64, sizes ...uint32) []byte {
	return append(plainMoof(id, time, sizes...), mk("mdat", sampleData(sizes...))...)
}

// sampleData returns the bytes of samples: all of sample i are i+1.
func sampleData(sizes ...uint32) []byte {
	var b []byte
	for i, n := range sizes {
		b = append(b, bytes.Repeat([]byte{byte(i + 1)}, int(n))...)
	}
	return b
}

// readAll reads src to its end.
func readAll(ctx context.Context, src livews.Source) ([]*livews.Segment, error) {
	var segs []*livews.Segment
	for {
		seg, err := src.ReadSegment(ctx)
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return segs, err
		}
		segs = append(segs, seg)
	}
}

// split splits b, which must be without fault, and checks what holds for every
// segment.
func split(t testing.TB, b []byte) []*livews.Segment {
	t.Helper()
	segs, err := readAll(t.Context(), NewSplitter(bytes.NewReader(b), nil))
	if err != nil {
		t.Fatalf("ReadSegment = %v", err)
	}
	checkSegments(t, segs)
	return segs
}

// splitError returns the error with which the splitting of b ends.
func splitError(t *testing.T, b []byte) error {
	t.Helper()
	s := NewSplitter(bytes.NewReader(b), nil)
	_, err := readAll(t.Context(), s)
	if err == nil {
		t.Fatal("ReadSegment = nil at the end, want an error")
	}
	if _, again := s.ReadSegment(t.Context()); !errors.Is(again, err) {
		t.Errorf("ReadSegment after %v = %v, want the same", err, again)
	}
	return err
}

// checkSegments checks that segments are what a livews.Source may give, and
// that their fields say what ParseInit and ParseChunk find in their bytes.
func checkSegments(t testing.TB, segs []*livews.Segment) {
	t.Helper()
	inits := map[uint16]*Init{}
	for i, seg := range segs {
		seg.Position = livews.Position{Epoch: 1}
		if _, err := seg.Message(); err != nil {
			t.Fatalf("segment %d: Message = %v", i, err)
		}
		if seg.Type == livews.TypeInit {
			inits[seg.Track] = checkInitSegment(t, seg)
			continue
		}
		init := inits[seg.Track]
		if init == nil {
			t.Fatalf("segment %d: chunk of track %d before its init segment", i, seg.Track)
		}
		checkChunkSegment(t, init, seg)
	}
}

func checkInitSegment(t testing.TB, seg *livews.Segment) *Init {
	t.Helper()
	init, err := ParseInit(seg.Payload)
	if err != nil {
		t.Fatalf("ParseInit of track %d = %v", seg.Track, err)
	}
	if len(init.Tracks) != 1 {
		t.Fatalf("init segment of track %d has %d tracks, want 1", seg.Track, len(init.Tracks))
	}
	got := init.Tracks[0].Info
	got.Number, got.FrameRate = seg.Track, seg.Info.FrameRate
	if got != *seg.Info {
		t.Fatalf("ParseInit of track %d = %+v, want %+v", seg.Track, got, *seg.Info)
	}
	if again := init.Segment(init.Tracks[0]); !bytes.Equal(again, seg.Payload) {
		t.Fatalf("an init segment of track %d changes when it is written again", seg.Track)
	}
	return init
}

func checkChunkSegment(t testing.TB, init *Init, seg *livews.Segment) {
	t.Helper()
	c, err := ParseChunk(init, seg.Payload)
	if err != nil {
		t.Fatalf("ParseChunk of track %d at %v = %v", seg.Track, seg.DecodeTime, err)
	}
	start, _ := duration(c.DecodeTime, c.Track.Info.Timescale)
	end, _ := duration(c.DecodeTime+c.Duration, c.Track.Info.Timescale)
	if start != seg.DecodeTime || end-start != seg.Duration {
		t.Fatalf("ParseChunk of track %d = %v + %v, want %v + %v", seg.Track, start, end-start, seg.DecodeTime, seg.Duration)
	}
	sync := c.Sync || c.Track.Info.Kind == livews.KindAudio
	if sync != seg.Flags.Has(livews.FlagSync) {
		t.Fatalf("track %d at %v: sync = %v, want %v", seg.Track, start, seg.Flags.Has(livews.FlagSync), sync)
	}
	if !c.WallClock.Equal(seg.WallClock) {
		t.Fatalf("track %d at %v: ParseChunk's WallClock = %v, want %v", seg.Track, start, c.WallClock, seg.WallClock)
	}
}

// join concatenates the payloads of a track's segments, of all tracks for 0.
func join(segs []*livews.Segment, track uint16) []byte {
	var b []byte
	for _, seg := range segs {
		if track == 0 || seg.Track == track {
			b = append(b, seg.Payload...)
		}
	}
	return b
}

// chunks returns the chunks of a track, of all tracks for 0.
func chunks(segs []*livews.Segment, track uint16) []*livews.Segment {
	var c []*livews.Segment
	for _, seg := range segs {
		if seg.Type == livews.TypeChunk && (track == 0 || seg.Track == track) {
			c = append(c, seg)
		}
	}
	return c
}

// inits returns the init segments.
func inits(segs []*livews.Segment) []*livews.Segment {
	var c []*livews.Segment
	for _, seg := range segs {
		if seg.Type == livews.TypeInit {
			c = append(c, seg)
		}
	}
	return c
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
