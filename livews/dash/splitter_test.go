package dash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// describe writes segments as text, one to a line: an init segment as "init
// TRACK", a chunk as "TRACK TIME+DURATION SAMPLES", with the sizes of the
// samples and, in capitals behind them, Sync and Discontinuity.
func describe(t *testing.T, segs []*livews.Segment) string {
	t.Helper()
	var lines []string
	inits := map[uint16]*Init{}
	for _, seg := range segs {
		if seg.Type == livews.TypeInit {
			init, err := ParseInit(seg.Payload)
			if err != nil {
				t.Fatal(err)
			}
			inits[seg.Track] = init
			lines = append(lines, fmt.Sprintf("init %d", seg.Track))
			continue
		}
		_, moof, _, err := chunkBoxes(seg.Payload)
		if err != nil {
			t.Fatal(err)
		}
		var f fragment
		if err := f.parse(moof, 0, func(uint32) Defaults { return inits[seg.Track].Tracks[0].Defaults }); err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%d %d+%d", seg.Track, f.trafs[0].time, sumDuration(f.samples))
		for _, s := range f.samples {
			line += fmt.Sprintf(" %d", s.size)
		}
		if seg.Flags.Has(livews.FlagSync) {
			line += " S"
		}
		if seg.Flags.Has(livews.FlagDiscontinuity) {
			line += " D"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// lines joins with line ends.
func lines(l ...string) string { return strings.Join(l, "\n") }

// offsets is a moof with the trafs, whose data offsets each trun may compute
// from the size of the whole: build is called twice, at first with size 0.
func offsets(build func(size uint32) []byte) []byte {
	return build(uint32(len(build(0))))
}

func moofOf(trafs ...[]byte) []byte {
	return mk("moof", full("mfhd", 0, 0, u32(1)), slices.Concat(trafs...))
}

// tfhd is a tfhd with default duration and flags.
func tfhd(flags, id uint32, sampleFlags uint32) []byte {
	return full("tfhd", 0, flags|0x28, words(id, 40, sampleFlags))
}

func tfdt64(v uint64) []byte { return full("tfdt", 1, 0, u64(v)) }
func tfdt32(v uint32) []byte { return full("tfdt", 0, 0, u32(v)) }

const baseIsMoof = 0x020000

// formTest is a stream and the segments that come of it, as describe has them.
type formTest struct {
	name string
	in   []byte
	want string
}

func TestSplitterForms(t *testing.T) {
	init := buildInit(video1, audio2)
	testForms(t, boxForms(init))
	testForms(t, dataForms(init))
	testForms(t, trackForms(init))
}

func testForms(t *testing.T, tests []formTest) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			segs := split(t, tt.in)
			if got := describe(t, segs); got != tt.want {
				t.Errorf("segments are\n%s\nwant\n%s", got, tt.want)
			}
			checkAgainstReference(t, tt.in, segs)
			for _, seg := range chunks(segs, 0) {
				checkChunkForm(t, seg)
			}
		})
	}
}

// checkChunkForm checks that a chunk is a moof and an mdat, with emsg and prft
// in front, and that its one traf has the form of CMAF.
func checkChunkForm(t *testing.T, seg *livews.Segment) {
	t.Helper()
	var types []string
	for b := seg.Payload; len(b) > 0; {
		c, rest, err := nextBox(fileLevel, b)
		if err != nil {
			t.Fatal(err)
		}
		if b = rest; c.typ != boxPrft && c.typ != boxEmsg {
			types = append(types, c.typ.String())
		}
	}
	if !slices.Equal(types, []string{"moof", "mdat"}) {
		t.Errorf("track %d at %v: boxes %v, want moof and mdat", seg.Track, seg.DecodeTime, types)
	}
	_, moof, _, err := chunkBoxes(seg.Payload)
	if err != nil {
		t.Fatal(err)
	}
	var f fragment
	if err := f.parse(moof, 0, func(uint32) Defaults { return Defaults{} }); err != nil {
		t.Fatal(err)
	}
	if len(f.trafs) != 1 || !f.trafs[0].plain {
		t.Errorf("track %d at %v: %d trafs, plain: %v", seg.Track, seg.DecodeTime, len(f.trafs), f.trafs[0].plain)
	}
}

// boxForms are about the boxes of the top level.
func boxForms(init []byte) []formTest {
	return []formTest{
		{
			"64-bit sizes",
			slices.Concat(init, offsets(func(n uint32) []byte {
				return large("moof", large("mfhd", words(0, 1)), large("traf",
					large("tfhd", words(baseIsMoof, 1)), large("tfdt", words(1<<24, 0, 80)),
					large("trun", words(0x701, 1, n+16, 40, 5, flagsSync))))
			}), large("mdat", sampleData(5)), plainChunk(1, 120, 6)),
			lines("init 1", "init 2", "1 80+40 5 S", "1 120+40 6 S"),
		},
		{
			"size 0 at the end",
			slices.Concat(init, plainMoof(1, 0, 5, 6), open("mdat", sampleData(5, 6), str("more"))),
			lines("init 1", "init 2", "1 0+80 5 6 S"),
		},
		{
			"size 0 of what is passed over",
			slices.Concat(init, plainChunk(1, 0, 5), open("free", str("to the end"))),
			lines("init 1", "init 2", "1 0+40 5 S"),
		},
		{
			"boxes in front, between and behind",
			slices.Concat(mk("free"), init, mk("sidx", zeros(50)), mk("styp", str("msdh")), mk("uuid", zeros(20)),
				full("emsg", 0, 0, zeros(20)), plainChunk(1, 0, 5), mk("skip"), mk("abcd", zeros(100)),
				plainChunk(1, 40, 6), mk("mfra", zeros(9))),
			lines("init 1", "init 2", "1 0+40 5 S", "1 40+40 6 S"),
		},
		{
			"several moofs in a segment, and none of media",
			slices.Concat(init, mk("styp"), plainChunk(1, 0, 5), plainChunk(1, 40, 6), moofOf(), mk("mdat"),
				moofOf(mk("traf", tfhd(baseIsMoof, 1, 0), tfdt64(80))), plainChunk(1, 80, 7)),
			lines("init 1", "init 2", "1 0+40 5 S", "1 40+40 6 S", "1 80+40 7 S"),
		},
		{
			"stray mdat", slices.Concat(init, mk("mdat", zeros(9)), plainChunk(1, 0, 5)),
			lines("init 1", "init 2", "1 0+40 5 S"),
		},
	}
}

// dataForms are about where the data of samples lie.
func dataForms(init []byte) []formTest {
	// sound is a traf of two audio samples of 3 and 4 bytes whose data follow
	// those of the traf before.
	sound := mk("traf", tfhd(0, 2, 0), tfdt64(480), full("trun", 0, 0x200, words(2, 3, 4)))
	return []formTest{
		{
			"no default-base-is-moof: offsets from the moof, then from the data before",
			slices.Concat(init, offsets(func(n uint32) []byte {
				return moofOf(mk("traf", tfhd(0, 1, flagsNonSync), tfdt64(0),
					full("trun", 0, 0x205, words(2, n+8, flagsSync, 5, 6))), sound)
			}), mk("mdat", sampleData(5, 6, 3, 4))),
			lines("init 1", "init 2", "1 0+80 5 6 S", "2 480+80 3 4 S"),
		},
		{
			"default-base-is-moof in every traf",
			slices.Concat(init, offsets(func(n uint32) []byte {
				return moofOf(
					mk("traf", tfhd(baseIsMoof, 1, 0), tfdt64(0), full("trun", 0, 0x201, words(1, n+8+4, 5))),
					mk("traf", tfhd(baseIsMoof, 2, 0), tfdt64(0), full("trun", 0, 0x201, words(1, n+8, 4))))
			}), mk("mdat", sampleData(4, 5))),
			lines("init 1", "init 2", "1 0+40 5 S", "2 0+40 4 S"),
		},
		{
			"several truns, the second without an offset",
			slices.Concat(init, offsets(func(n uint32) []byte {
				return moofOf(mk("traf", tfhd(baseIsMoof, 1, flagsNonSync), tfdt64(0),
					full("trun", 0, 0x205, words(2, n+8, flagsSync, 5, 6)),
					full("trun", 0, 0x200, words(1, 7)),
					full("trun", 0, 0x201, words(1, n+8+30, 8))))
			}), mk("mdat", sampleData(5, 6, 7), zeros(12), sampleData(8))),
			lines("init 1", "init 2", "1 0+160 5 6 7 8 S"),
		},
		{
			"a sample without bytes, whose offset does not matter",
			slices.Concat(init, moofOf(mk("traf", tfhd(baseIsMoof, 1, 0), tfdt32(0), full("trun", 0, 0x201, words(1, 0xf0000000, 0)))), mk("mdat"),
				moofOf(mk("traf", tfhd(baseIsMoof, 1, 0), tfdt32(40), full("trun", 0, 0x201, words(1, 0x7fffffff, 0)))), mk("mdat")),
			lines("init 1", "init 2", "1 0+40 0 S", "1 40+40 0 S"),
		},
		{
			"a free box in front of the mdat",
			slices.Concat(init, shifted(8), mk("free"), mk("mdat", sampleData(5, 6))),
			lines("init 1", "init 2", "1 0+80 5 6 S"),
		},
		{
			"media data of one track in two mdats",
			slices.Concat(init, offsets(func(n uint32) []byte {
				return moofOf(mk("traf", tfhd(baseIsMoof, 1, 0), tfdt64(0), full("trun", 0, 0x201, words(1, n+8, 5)),
					full("trun", 0, 0x201, words(1, n+8+5+8, 6))))
			}), mk("mdat", sampleData(5)), mk("mdat", sampleData(6))),
			lines("init 1", "init 2", "1 0+80 5 6 S"),
		},
		{
			"media data in two mdats with a free box between",
			slices.Concat(init, offsets(func(n uint32) []byte {
				return moofOf(
					mk("traf", tfhd(baseIsMoof, 1, 0), tfdt64(0), full("trun", 0, 0x201, words(1, n+8, 5))),
					mk("traf", tfhd(baseIsMoof, 2, 0), tfdt64(0), full("trun", 0, 0x201, words(1, n+8+5+8+8, 4))))
			}), mk("mdat", sampleData(5)), mk("free"), mk("mdat", sampleData(4))),
			lines("init 1", "init 2", "1 0+40 5 S", "2 0+40 4 S"),
		},
	}
}

// shifted is a plainMoof of samples of 5 and 6 bytes whose data lie by bytes
// farther away than right behind the header of an mdat.
func shifted(by uint32) []byte {
	return offsets(func(n uint32) []byte {
		return moofOf(mk("traf", tfhd(baseIsMoof, 1, 0), tfdt64(0), full("trun", 0, 0x201, words(2, n+8+by, 5, 6))))
	})
}

// trackForms are about decode times, moovs and tracks.
func trackForms(init []byte) []formTest {
	return []formTest{
		{
			"32-bit decode times that wrap, per track",
			slices.Concat(init, chunk32(1, 0xffffffb0, 5, 6), chunk32(2, 0xfffffff0, 3), chunk32(1, 0, 7), chunk32(2, 24, 3), chunk32(1, 40, 8)),
			lines("init 1", "init 2", "1 4294967216+80 5 6 S", "2 4294967280+40 3 S", "1 4294967296+40 7 S", "2 4294967320+40 3 S", "1 4294967336+40 8 S"),
		},
		{
			"32-bit decode times that go back",
			slices.Concat(init, chunk32(1, 5000, 5), chunk32(1, 0, 6)),
			lines("init 1", "init 2", "1 5000+40 5 S", "1 0+40 6 S"),
		},
		{
			"no decode times: on from the end, and from 0 behind a moov",
			slices.Concat(init, plainChunk(1, 400, 5), noTime(1, 6), noTime(1, 7), noTime(2, 3), init, noTime(1, 8), noTime(1, 9)),
			lines("init 1", "init 2", "1 400+40 5 S", "1 440+40 6 S", "1 480+40 7 S", "2 0+40 3 S", "1 0+40 8 S D", "1 40+40 9 S"),
		},
		{
			"the same moov again, and media that go on",
			slices.Concat(init, plainChunk(1, 0, 5), init, plainChunk(1, 40, 6), plainChunk(2, 0, 3)),
			lines("init 1", "init 2", "1 0+40 5 S", "1 40+40 6 S", "2 0+40 3 S"),
		},
		{
			"another moov: new init segments for the tracks that changed",
			slices.Concat(init, plainChunk(1, 0, 5), plainChunk(2, 0, 3), buildInit(testTrack{id: 1, timescale: 2000}, audio2),
				plainChunk(1, 0, 6), plainChunk(2, 40, 3)),
			lines("init 1", "init 2", "1 0+40 5 S", "2 0+40 3 S", "init 1", "1 0+40 6 S", "2 40+40 3 S"),
		},
		{
			"a track of another kind is left out",
			slices.Concat(buildInit(video1, testTrack{id: 3, handler: "text", entry: mk("tx3g")}),
				plainChunk(3, 0, 9), plainChunk(1, 0, 5), plainChunk(3, 0, 9)),
			lines("init 1", "1 0+40 5 S"),
		},
		{
			"a track that is not in the moov is left out",
			slices.Concat(init, plainChunk(9, 0, 9), plainChunk(1, 0, 5)),
			lines("init 1", "init 2", "1 0+40 5 S"),
		},
		{
			"a moov without media",
			init,
			lines("init 1", "init 2"),
		},
		{
			"no trex, no ftyp, moov of one track",
			slices.Concat(buildMoov(testTrack{id: 1, noTrex: true}), plainChunk(1, 0, 5)),
			lines("init 1", "1 0+40 5 S"),
		},
		{"nothing", nil, ""},
	}
}

// checkAgainstReference compares the data of the samples of all tracks.
func checkAgainstReference(t *testing.T, in []byte, segs []*livews.Segment) {
	t.Helper()
	if bytes.Contains(in, []byte("\x00\x00\x00\x00mdat")) || bytes.Contains(in, []byte("\x00\x00\x00\x00free")) {
		return // go-mp4 does not know size 0
	}
	want := readReference(t, in)
	for _, seg := range inits(segs) {
		var got, all []string
		for _, s := range readReference(t, join(segs, seg.Track))[uint32(seg.Track)] {
			got = append(got, s.data)
		}
		for _, s := range want[uint32(seg.Track)] {
			all = append(all, s.data)
		}
		if !slices.Equal(got, all) {
			t.Errorf("data of track %d = %x, want %x", seg.Track, got, all)
		}
	}
}

// chunk32 and noTime are plainChunk with a 32-bit tfdt, and without any.
func chunk32(id, time uint32, sizes ...uint32) []byte { return timedChunk(id, tfdt32(time), sizes...) }
func noTime(id uint32, sizes ...uint32) []byte        { return timedChunk(id, nil, sizes...) }

func timedChunk(id uint32, tfdt []byte, sizes ...uint32) []byte {
	return append(offsets(func(n uint32) []byte {
		return moofOf(mk("traf", tfhd(baseIsMoof, id, flagsNonSync), tfdt,
			full("trun", 0, 0x205, words(uint32(len(sizes)), n+8, flagsSync), words(sizes...))))
	}), mk("mdat", sampleData(sizes...))...)
}

// TestSplitterSync goes through the places in which sample flags may stand.
func TestSplitterSync(t *testing.T) {
	const s, n = flagsSync, flagsNonSync
	tests := []struct {
		name       string
		trex, tfhd uint32
		tfhdFlags  uint32
		trunFlags  uint32
		trun       []uint32
		want       string
	}{
		{"trex", s, 0, 0, 0x200, []uint32{1, 5}, "1 0+10 5 S"},
		{"trex, not sync", n, 0, 0, 0x200, []uint32{1, 5}, "1 0+10 5"},
		{"tfhd over trex", n, s, 0x20, 0x200, []uint32{1, 5}, "1 0+10 5 S"},
		{"tfhd over trex, not sync", s, n, 0x20, 0x200, []uint32{1, 5}, "1 0+10 5"},
		{"first_sample_flags over tfhd", n, n, 0x20, 0x204, []uint32{2, s, 5, 6}, "1 0+20 5 6 S"},
		{"first_sample_flags over tfhd, not sync", s, n, 0x20, 0x204, []uint32{2, n, 5, 6}, "1 0+20 5 6"},
		{"sample flags over first_sample_flags", n, n, 0x20, 0x604, []uint32{2, n, 5, s, 6, n}, "1 0+20 5 6 S"},
		{"sample flags, not sync", s, s, 0x20, 0x600, []uint32{2, 5, n, 6, n}, "1 0+20 5 6"},
		{"all sync", s, 0, 0, 0x200, []uint32{3, 5, 6, 7}, "1 0+30 5 6 7 S"},
		{"sync at the end", n, 0, 0, 0x600, []uint32{3, 5, s, 6, n, 7, s}, "1 0+20 5 6 S\n1 20+10 7 S"},
		{"sync behind others", n, 0, 0, 0x600, []uint32{4, 5, n, 6, n, 7, s, 8, n}, "1 0+20 5 6\n1 20+20 7 8 S"},
		{"two groups", n, 0, 0, 0x600, []uint32{5, 5, s, 6, n, 7, s, 8, s, 9, n}, "1 0+20 5 6 S\n1 20+30 7 8 9 S"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			init := buildInit(testTrack{id: 1, trex: []uint32{10, 0, tt.trex}})
			var head []uint32
			if tt.tfhdFlags != 0 {
				head = []uint32{tt.tfhd}
			}
			moof := offsets(func(size uint32) []byte {
				fields := slices.Insert(slices.Clone(tt.trun), 1, size+8)
				return moofOf(mk("traf", full("tfhd", 0, baseIsMoof|tt.tfhdFlags, u32(1), words(head...)),
					tfdt64(0), full("trun", 0, 1|tt.trunFlags, words(fields...))))
			})
			in := slices.Concat(init, moof, mk("mdat", sampleData(5, 6, 7, 8, 9)))
			segs := split(t, in)
			if got := describe(t, segs); got != "init 1\n"+tt.want {
				t.Errorf("segments are\n%s\nwant\n%s", got, tt.want)
			}
			checkAgainstReference(t, in, segs)
		})
	}
}

// TestSplitterGroupsOfTwoTracks checks that the parts of a moof with two groups
// of pictures come in the order of their times, whatever the timescales.
func TestSplitterGroupsOfTwoTracks(t *testing.T) {
	s, n := uint32(flagsSync), uint32(flagsNonSync)
	moof := offsets(func(size uint32) []byte {
		return moofOf(
			mk("traf", tfhd(baseIsMoof, 1, 0), tfdt64(1000), full("trun", 0, 0x601, words(4, size+8, 1, s, 1, n, 1, s, 1, n))),
			mk("traf", tfhd(baseIsMoof, 2, 0), tfdt64(48480), full("trun", 0, 0x601, words(1, size+8+4, 3, 0))))
	})
	segs := split(t, slices.Concat(buildInit(video1, audio2), moof, mk("mdat", sampleData(1, 1, 1, 1, 3))))
	want := lines("init 1", "init 2", "1 1000+80 1 1 S", "2 48480+40 3 S", "1 1080+80 1 1 S")
	if got := describe(t, segs); got != want {
		t.Errorf("segments are\n%s\nwant\n%s", got, want)
	}
}

// TestSplitterBaseDataOffset checks offsets that count on the start of the file,
// which is the last ftyp: other files may have come before.
func TestSplitterBaseDataOffset(t *testing.T) {
	init := buildInit(video1)
	data := []byte("media")
	ofMoof := func(file, size uint32) []byte {
		return moofOf(mk("traf", full("tfhd", 0, 0x29, u32(1), u64(uint64(file)), words(40, 0)),
			tfdt64(0), full("trun", 0, 0x201, words(1, size+8, 5))))
	}
	ofData := func(flags uint32) func(file, size uint32) []byte {
		return func(file, size uint32) []byte {
			return moofOf(mk("traf", full("tfhd", 0, flags|0x29, u32(1), u64(uint64(file+size+8)), words(40, 0)),
				tfdt64(0), full("trun", 0, 0x200, words(1, 5))))
		}
	}
	tests := []struct {
		name  string
		front []byte
		moof  func(file, size uint32) []byte
	}{
		{"of the moof, and offsets from there", nil, ofMoof},
		{"of the data, and no offset", nil, ofData(0)},
		{"of the data, over default-base-is-moof", nil, ofData(baseIsMoof)},
		{"in a second file", slices.Concat(init, plainChunk(1, 0, 900)), ofData(0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			moof := offsets(func(n uint32) []byte { return tt.moof(uint32(len(init)), n) })
			got := chunks(split(t, slices.Concat(tt.front, init, moof, mk("mdat", data))), 1)
			if last := got[len(got)-1].Payload; !bytes.HasSuffix(last, mk("mdat", data)) {
				t.Errorf("chunk ends with %q, want %q", last[len(last)-13:], mk("mdat", data))
			}
		})
	}
}

// TestSplitterNegativeComposition checks that negative composition offsets stay
// so in chunks that are written anew.
func TestSplitterNegativeComposition(t *testing.T) {
	moof := offsets(func(size uint32) []byte {
		return moofOf(mk("traf", tfhd(baseIsMoof, 1, flagsNonSync), tfdt32(0),
			full("trun", 1, 0xa05, words(3, size+8, flagsSync, 1, 0, 1, 80, 1, 0xffffffd8))))
	})
	segs := split(t, slices.Concat(buildInit(video1), moof, mk("mdat", sampleData(1, 1, 1))))
	var got []int64
	for _, s := range readReference(t, join(segs, 1))[1] {
		got = append(got, s.composition)
	}
	if want := []int64{0, 80, -40}; !slices.Equal(got, want) {
		t.Errorf("composition offsets = %v, want %v", got, want)
	}
}

// TestSplitterKeepsBoxes checks which boxes of a traf stay when it is written
// anew.
func TestSplitterKeepsBoxes(t *testing.T) {
	moof := offsets(func(size uint32) []byte {
		return moofOf(mk("traf", tfhd(0, 1, flagsSync), tfdt32(0), full("trun", 0, 0x201, words(1, size+8, 5)),
			mk("sbgp", str("group")), mk("saiz", zeros(4)), mk("saio", zeros(4))))
	})
	chunk := chunks(split(t, slices.Concat(buildInit(video1), moof, mk("mdat", sampleData(5)))), 1)[0]
	for typ, want := range map[string]bool{"sbgp": true, "saiz": false, "saio": false} {
		if got := bytes.Contains(chunk.Payload, []byte(typ)); got != want {
			t.Errorf("chunk has %s = %v, want %v", typ, got, want)
		}
	}
}

func prft(id uint32, ntp uint64) []byte { return full("prft", 1, 0, u32(id), u64(ntp), u64(0)) }

// ntp2026 is 2026-01-01 and a half second.
const ntp2026 = uint64(1767225600-ntpEpoch)<<32 | 1<<31

// TestSplitterFront checks to which chunk the boxes in front of a moof belong.
func TestSplitterFront(t *testing.T) {
	both := slices.Concat(offsets(func(n uint32) []byte {
		return moofOf(
			mk("traf", tfhd(baseIsMoof, 1, 0), tfdt64(0), full("trun", 0, 0x201, words(1, n+8, 5))),
			mk("traf", tfhd(baseIsMoof, 2, 0), tfdt64(0), full("trun", 0, 0x201, words(1, n+8+5, 4))))
	}), mk("mdat", sampleData(5, 4)))
	emsg := full("emsg", 0, 0, str("event"))
	big := full("emsg", 0, 0, zeros(maxFront))
	want := time.Unix(1767225600, 5e8)
	tests := []struct {
		name  string
		in    []byte
		front [][]byte // of each chunk
		clock []bool
	}{
		{"plain", slices.Concat(prft(1, ntp2026), emsg, plainChunk(1, 0, 5)), [][]byte{slices.Concat(prft(1, ntp2026), emsg)}, []bool{true}},
		{"other boxes between", slices.Concat(prft(1, ntp2026), mk("styp"), plainChunk(1, 0, 5)), [][]byte{prft(1, ntp2026)}, []bool{true}},
		{"only one", slices.Concat(prft(1, ntp2026), plainChunk(1, 0, 5), plainChunk(1, 40, 5)), [][]byte{prft(1, ntp2026), nil}, []bool{true, false}},
		{"split, first track", slices.Concat(prft(1, ntp2026), both), [][]byte{prft(1, ntp2026), nil}, []bool{true, false}},
		{"split, second track", slices.Concat(prft(2, ntp2026), both), [][]byte{nil, prft(2, ntp2026)}, []bool{false, true}},
		{"other track", slices.Concat(prft(9, ntp2026), plainChunk(1, 0, 5)), [][]byte{prft(9, ntp2026)}, []bool{false}},
		{"moof left out", slices.Concat(prft(1, ntp2026), plainChunk(9, 0, 5), plainChunk(1, 0, 5)), [][]byte{nil}, []bool{false}},
		{"too much", slices.Concat(big, prft(1, ntp2026), plainChunk(1, 0, 5)), [][]byte{prft(1, ntp2026)}, []bool{true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := chunks(split(t, slices.Concat(buildInit(video1, audio2), tt.in)), 0)
			if len(got) != len(tt.front) {
				t.Fatalf("%d chunks, want %d", len(got), len(tt.front))
			}
			for i, seg := range got {
				front, _, _ := bytes.Cut(seg.Payload, []byte("moof"))
				if front = front[:len(front)-4]; !bytes.Equal(front, tt.front[i]) {
					t.Errorf("front of chunk %d = %q, want %q", i, front, tt.front[i])
				}
				if clock := seg.WallClock.Equal(want); clock != tt.clock[i] {
					t.Errorf("WallClock of chunk %d = %v, want set: %v", i, seg.WallClock, tt.clock[i])
				}
			}
		})
	}
}

func TestNTPTime(t *testing.T) {
	tests := []struct {
		ntp  uint64
		want time.Time
	}{
		{0, time.Time{}},
		{ntp2026, time.Unix(1767225600, 5e8)},
		{1 << 31 << 32, time.Date(1968, 1, 20, 3, 14, 8, 0, time.UTC)},
		{0xffffffff_ffffffff, time.Date(2036, 2, 7, 6, 28, 16, 0, time.UTC)},
		{1 << 32, time.Date(2036, 2, 7, 6, 28, 17, 0, time.UTC)},
	}
	for _, tt := range tests {
		if got := ntpTime(tt.ntp); !got.Equal(tt.want) {
			t.Errorf("ntpTime(%#x) = %v, want %v", tt.ntp, got, tt.want)
		}
	}
}

func TestSplitterErrors(t *testing.T) {
	init := buildInit(video1)
	badTraf := func(boxes ...[]byte) []byte { return slices.Concat(init, moofOf(mk("traf", boxes...)), mk("mdat")) }
	tests := []struct {
		name string
		in   []byte
		is   error
		want string // part of the text
	}{
		{"size below the header", slices.Concat(init, []byte("\x00\x00\x00\x07moof")), ErrMalformed, fmt.Sprintf("box at offset %d: dash: malformed fragmented MP4: moof: size 7", len(init))},
		{"64-bit size below the header", slices.Concat(init, u32(1), str("mdat"), u64(15)), ErrMalformed, "mdat: size 15 is less than its header's 16"},
		{"64-bit size beyond all bounds", slices.Concat(init, u32(1), str("mdat"), u64(1<<63)), ErrMalformed, "mdat: size 9223372036854775808"},
		{"garbage behind", slices.Concat(init, []byte("\x00\x00\x10\x00\x01\x02\x03\x04")), ErrMalformed, `type "\x01\x02\x03\x04"`},
		{"moof of size 0", slices.Concat(init, open("moof", zeros(9))), ErrMalformed, "moof at offset"},
		{"moof before moov", plainChunk(1, 0, 5), ErrMalformed, "moof before moov"},
		{"moof too large", slices.Concat(init, u32(maxMoof+1), str("moof")), ErrMalformed, "at most 4194304"},
		{"moov too large", slices.Concat(u32(MaxInit+1), str("moov")), ErrMalformed, "at most 4194304"},
		{"chunk too large", slices.Concat(init, plainMoof(1, 0, 5), u32(MaxChunk), str("mdat")), ErrMalformed, "make shorter fragments"},
		{"moof without mdat", slices.Concat(init, plainMoof(1, 0, 5), plainChunk(1, 40, 5)), ErrMalformed, "media data are missing, moof follows"},
		{"moof at the end", slices.Concat(init, plainMoof(1, 0, 5)), io.ErrUnexpectedEOF, "moof at offset"},
		{"samples behind the mdat", slices.Concat(init, plainMoof(1, 0, 9), mk("mdat", zeros(5)), mk("mfra")), ErrMalformed, "mfra follows"},
		{"samples before the mdat", slices.Concat(init, moofOf(mk("traf", tfhd(baseIsMoof, 1, 0), tfdt64(0), full("trun", 0, 0x201, words(1, 2, 5)))), mk("mdat", zeros(5))), ErrMalformed, "samples at 2 to 7"},
		{"no data offset: the data would begin at the moof itself", slices.Concat(init, moofOf(mk("traf", tfhd(0, 1, 0), tfdt64(0), full("trun", 0, 0x200, words(1, 5)))), mk("mdat", zeros(5))), ErrMalformed, "samples at 0 to 5 of their moof"},
		{"samples that share their data", slices.Concat(init, offsets(func(n uint32) []byte {
			run := full("trun", 0, 0x201, words(1, n+8, 5))
			return moofOf(mk("traf", tfhd(baseIsMoof, 1, 0), tfdt64(0), run, run))
		}), mk("mdat", zeros(5))), ErrMalformed, "samples of 10 bytes in media data of 5"},
		{"trun that claims 20 million samples", badTraf(tfhd(baseIsMoof, 1, 0), tfdt64(0), full("trun", 0, 0, u32(20e6))), ErrMalformed, "20000000 samples"},
		{"trun that claims samples which its box does not hold", badTraf(tfhd(baseIsMoof, 1, 0), full("trun", 0, 0x200, words(3, 1, 2))), ErrMalformed, "3 samples of 4 bytes in a box of 24"},
		{"samples without data", badTraf(tfhd(baseIsMoof, 1, 0), full("trun", 0, 0, u32(1000))), ErrMalformed, "1000 samples in 0 bytes"},
		{"traf without tfhd", badTraf(tfdt64(0)), ErrMalformed, "traf: no tfhd"},
		{"tfhd too short", badTraf(full("tfhd", 0, 0x38, words(1, 2))), ErrMalformed, "tfhd: 12 bytes do not hold"},
		{"tfdt too short", badTraf(tfhd(0, 1, 0), full("tfdt", 1, 0, u32(0))), ErrMalformed, "tfdt"},
		{"decode time beyond all bounds", slices.Concat(init, plainChunk(1, 1<<61, 5)), ErrMalformed, "decode time 2305843009213693952"},
		{"base data offset of another file", badTraf(full("tfhd", 0, 1, u32(1), u64(1<<40)), tfdt64(0), full("trun", 0, 0x201, words(1, 0, 5))), io.ErrUnexpectedEOF, "moof"},
		{"box beyond its parent", badTraf(u32(99), str("tfhd")), ErrMalformed, "tfhd: size 99, but traf has 8 bytes left"},
		{"size 0 in a box", badTraf(open("tfhd", words(0, 1))), ErrMalformed, "tfhd in traf: size 0"},
		{"half a header in a box", badTraf(zeros(5)), ErrMalformed, "traf: 5 bytes at its end"},
		{"too many trafs", slices.Concat(init, moofOf(bytes.Repeat(mk("traf", tfhd(0, 1, 0)), MaxTracks+1))), ErrMalformed, "more than 32 track fragments"},
		{"only tracks that are not in the moov", slices.Concat(init, bytes.Repeat(plainChunk(9, 0, 5), maxStray+1)), ErrMalformed, "track is not in the moov"},
		{"progressive: mdat first", fixture(t, "progressive.mp4"), ErrUnsupported, "ffmpeg -movflags"},
		{"progressive: no mvex", slices.Concat(mk("ftyp", zeros(8)), mk("moov", zeros(0))), ErrUnsupported, "ffmpeg -movflags"},
		{"samples in the moov", fixture(t, "hybrid.mp4"), ErrUnsupported, "moov has samples of its own"},
		{"encrypted", buildInit(testTrack{id: 1, entry: videoEntry("encv")}), ErrUnsupported, "encrypted media (sample entry encv)"},
		{"unknown codec", buildInit(testTrack{id: 1, entry: videoEntry("mjpa")}), ErrUnsupported, "sample entry mjpa in a track of video"},
		{"no track to carry", buildInit(testTrack{id: 1, handler: "text", entry: mk("tx3g")}), ErrUnsupported, "no video or audio track among 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := splitError(t, tt.in)
			if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ReadSegment = %v; want %q, wrapping %v", err, tt.want, tt.is)
			}
		})
	}
}

func TestSplitterNamesWhatItFound(t *testing.T) {
	ts := bytes.Repeat(append([]byte{'G', 0x40, 0}, zeros(185)...), 3)
	tests := []struct{ in, want string }{
		{"\x1aE\xdf\xa3\x9fB\x86\x81\x01", "WebM or Matroska"},
		{string(ts), "an MPEG transport stream"},
		{"FLV\x01\x05\x00\x00\x00\x09", "FLV"},
		{`{"error":"no such camera"}`, `JSON ("{\"error\":\"no such`},
		{" \r\n[1, 2, 3]", "JSON"},
		{"<!DOCTYPE html><html>", "HTML or XML"},
		{"#EXTM3U\n#EXT-X-VERSION:3", "an HLS playlist"},
		{"HTTP/1.1 404 Not Found\r\n", "an HTTP response"},
		{"Error opening input file", `text ("Error opening input file")`},
		{"GET / HTTP/1.1\r\n", `text ("GET / HTTP/1.1")`},
		{"OggS\x00\x02\x00\x00\x00", "Ogg"},
		{"RIFF\x00\x00\x00\x00WAVE", "RIFF"},
		{"\x00\x00\x00\x01\x67\x42\xc0\x1f\xda", "an elementary stream"},
		{"\xff\xf1\x4c\x80\x01\x3f\xfc\xde", "an MPEG audio stream"},
		{"\x00\x00\x00\x00\x00\x00\x00\x00\x00", "bytes 0000000000000000"},
		{"\x89PNG\r\n\x1a\n", "PNG"},
	}
	for _, tt := range tests {
		err := splitError(t, []byte(tt.in))
		if want := "not fragmented MP4: found " + tt.want; !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadSegment of %q = %v; want %q", tt.in[:min(len(tt.in), 16)], err, want)
		}
	}
}

// TestSplitterReadError checks that the reader's own error comes through.
func TestSplitterReadError(t *testing.T) {
	cause := errors.New("camera on fire")
	in := slices.Concat(buildInit(video1), plainChunk(1, 0, 5), plainMoof(1, 40, 5))
	s := NewSplitter(io.MultiReader(bytes.NewReader(in), iotest.ErrReader(cause)), nil)
	segs, err := readAll(t.Context(), s)
	if !errors.Is(err, cause) {
		t.Errorf("ReadSegment = %v, want one that wraps %v", err, cause)
	}
	if len(segs) != 2 {
		t.Errorf("%d segments before the error, want 2", len(segs))
	}
}

func TestSplitterReaderThatGivesNothing(t *testing.T) {
	s := NewSplitter(readerFunc(func([]byte) (int, error) { return 0, nil }), nil)
	if _, err := s.ReadSegment(t.Context()); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("ReadSegment = %v, want one that wraps io.ErrNoProgress", err)
	}
}

type readerFunc func(b []byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// TestSplitterContext cancels before every read: nothing is lost.
func TestSplitterContext(t *testing.T) {
	file := slices.Concat(buildInit(video1, audio2), mk("free", zeros(50)), prft(1, ntp2026), plainChunk(1, 0, 5), plainChunk(2, 0, 5),
		plainMoof(1, 40, 7), open("mdat", sampleData(7)))
	want := split(t, file)
	var cancel context.CancelFunc
	in := bytes.NewReader(file)
	s := NewSplitter(readerFunc(func(b []byte) (int, error) {
		cancel()
		return in.Read(b[:1])
	}), nil)
	var got []*livews.Segment
	canceled := 0
	for {
		var ctx context.Context
		ctx, cancel = context.WithCancel(t.Context())
		seg, err := s.ReadSegment(ctx)
		cancel()
		if err == io.EOF {
			break
		}
		if errors.Is(err, context.Canceled) {
			canceled++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, seg)
	}
	if canceled < len(file)/2 {
		t.Errorf("canceled %d times in %d bytes", canceled, len(file))
	}
	compareSegments(t, got, want)
}

// TestSplitterDoesNotWait checks that a chunk comes when its last byte is there,
// and the init segments when the first moof is.
func TestSplitterDoesNotWait(t *testing.T) {
	r, w := io.Pipe()
	s := NewSplitter(r, nil)
	written := make(chan error, 1)
	write := func(b []byte) {
		go func() {
			_, err := w.Write(b)
			written <- err
		}()
	}
	steps := []struct {
		in   []byte
		want []string
	}{
		{slices.Concat(buildInit(audio2, video1), plainChunk(2, 0, 3), plainMoof(1, 0, 5)), []string{"init 2", "init 1", "2 0+40 3 S"}},
		{mk("mdat", sampleData(5)), []string{"1 0+40 5 S"}},
		{slices.Concat(plainMoof(1, 40, 5), mk("mdat", sampleData(5))), []string{"1 40+40 5 S"}},
	}
	var all []*livews.Segment
	var want []string
	for _, step := range steps {
		write(step.in)
		for range step.want {
			seg, err := s.ReadSegment(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, seg)
		}
		if err := <-written; err != nil {
			t.Fatal(err)
		}
		want = append(want, step.want...)
	}
	if got := describe(t, all); got != lines(want...) {
		t.Errorf("segments are\n%s\nwant\n%s", got, lines(want...))
	}
}

// TestSplitterFrameRate checks where the frame rate comes from, and that the
// init segments do not wait for ever for it.
func TestSplitterFrameRate(t *testing.T) {
	var sound []byte
	for i := range uint64(100) {
		sound = append(sound, plainChunk(2, 40*i, 3)...)
	}
	tests := []struct {
		name string
		in   []byte
		want float64
	}{
		{"first chunk", slices.Concat(buildInit(video1), plainChunk(1, 0, 5)), 25},
		{"behind some sound", slices.Concat(buildInit(video1, audio2), sound[:3*len(sound)/100], plainChunk(1, 0, 5)), 25},
		{"behind much sound", slices.Concat(buildInit(video1, audio2), sound, plainChunk(1, 0, 5)), 0},
		{"trex", buildInit(testTrack{id: 1, timescale: 30000, trex: []uint32{1001, 0, 0}}), 29.97},
		{"no media", buildInit(video1, audio2), 0},
		{"several", slices.Concat(buildInit(testTrack{id: 1, timescale: 90}), plainChunk(1, 0, 5, 6, 7)), 2.25},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := split(t, tt.in)[0].Info.FrameRate; got != tt.want {
				t.Errorf("FrameRate = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestSplitterStats(t *testing.T) {
	var log bytes.Buffer
	text := testTrack{id: 3, handler: "text", entry: mk("tx3g")}
	in := slices.Concat(buildInit(video1, text), plainChunk(1, 0, 5), plainChunk(3, 0, 5), plainChunk(9, 0, 5), plainChunk(9, 0, 5))
	s := NewSplitter(bytes.NewReader(in), &SplitterOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if _, err := readAll(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	want := Stats{Bytes: int64(len(in)), Inits: 1, Chunks: 1, Unknown: 2, Ignored: 1}
	if got := s.Stats(); got != want {
		t.Errorf("Stats = %+v, want %+v", got, want)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 2 {
		t.Errorf("%d warnings, want one per track:\n%s", n, &log)
	}
}

func TestSplitterMaxChunk(t *testing.T) {
	in := slices.Concat(buildInit(video1), plainChunk(1, 0, 5), plainChunk(1, 40, 500))
	segs, err := readAll(t.Context(), NewSplitter(bytes.NewReader(in), &SplitterOptions{MaxChunk: 300}))
	if !errors.Is(err, ErrMalformed) || len(segs) != 2 {
		t.Errorf("ReadSegment = %v after %d segments, want ErrMalformed after 2", err, len(segs))
	}
}
