package dash

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/abema/go-mp4"

	"github.com/livews/websocketlivestream/livews"
)

// extract returns the payloads of the boxes at path.
func extract(t *testing.T, b []byte, path ...string) []mp4.IBox {
	t.Helper()
	var p mp4.BoxPath
	for _, typ := range path {
		p = append(p, mp4.StrToBoxType(typ))
	}
	found, err := mp4.ExtractBoxWithPayload(bytes.NewReader(b), nil, p)
	if err != nil {
		t.Fatalf("%v: %v", path, err)
	}
	var boxes []mp4.IBox
	for _, f := range found {
		boxes = append(boxes, f.Payload)
	}
	return boxes
}

// one is extract where there must be one box.
func one[B mp4.IBox](t *testing.T, b []byte, path ...string) B {
	t.Helper()
	boxes := extract(t, b, path...)
	if len(boxes) != 1 {
		t.Fatalf("%d boxes at %v, want 1", len(boxes), path)
	}
	return boxes[0].(B)
}

// TestInitIsLive checks that init segments say nothing of a duration or of the
// time of their making, whatever the version of their boxes.
func TestInitIsLive(t *testing.T) {
	for _, name := range []string{"live.mp4", "mp4box-0.mp4", "mediarecorder-avc1.mp4", "ism.mp4"} {
		t.Run(name, func(t *testing.T) {
			for _, seg := range inits(split(t, fixture(t, name))) {
				b := seg.Payload
				mvhd := one[*mp4.Mvhd](t, b, "moov", "mvhd")
				tkhd := one[*mp4.Tkhd](t, b, "moov", "trak", "tkhd")
				mdhd := one[*mp4.Mdhd](t, b, "moov", "trak", "mdia", "mdhd")
				for what, v := range map[string]uint64{
					"mvhd duration": mvhd.GetDuration(), "mvhd creation": mvhd.GetCreationTime(), "mvhd modification": mvhd.GetModificationTime(),
					"tkhd duration": tkhd.GetDuration(), "tkhd creation": tkhd.GetCreationTime(), "tkhd modification": tkhd.GetModificationTime(),
					"mdhd duration": mdhd.GetDuration(), "mdhd creation": mdhd.GetCreationTime(), "mdhd modification": mdhd.GetModificationTime(),
				} {
					if v != 0 {
						t.Errorf("track %d: %s = %d, want 0", seg.Track, what, v)
					}
				}
				if mdhd.Timescale != seg.Info.Timescale || tkhd.TrackID != uint32(seg.Track) {
					t.Errorf("track %d: timescale %d, track_ID %d", seg.Track, mdhd.Timescale, tkhd.TrackID)
				}
				trex := one[*mp4.Trex](t, b, "moov", "mvex", "trex")
				if trex.TrackID != uint32(seg.Track) {
					t.Errorf("trex has track %d, want %d", trex.TrackID, seg.Track)
				}
				if n := len(extract(t, b, "moov", "mvex", "mehd")); n != 0 {
					t.Errorf("%d mehd, want none", n)
				}
				if !one[*mp4.Ftyp](t, b, "ftyp").HasCompatibleBrand(mp4.BrandISO6()) {
					t.Error("ftyp lacks iso6")
				}
			}
		})
	}
}

// TestInitKeepsEdits checks that a track's edit list stays as it is.
func TestInitKeepsEdits(t *testing.T) {
	for _, seg := range inits(split(t, fixture(t, "mp4box-0.mp4"))) {
		elst := one[*mp4.Elst](t, seg.Payload, "moov", "trak", "edts", "elst")
		if len(elst.Entries) != 1 || elst.GetMediaTime(0) != 1024 || elst.GetSegmentDuration(0) != 0 {
			t.Errorf("track %d: edits %+v, want one of media time 1024", seg.Track, elst.Entries)
		}
	}
}

// TestInitSameTwice checks what two moovs may differ in and still say the same.
func TestInitSameTwice(t *testing.T) {
	one := split(t, fixture(t, "mp4box-0.mp4"))
	both := split(t, slices.Concat(fixture(t, "mp4box-0.mp4"), fixture(t, "mp4box-1.mp4")))
	if got := len(inits(both)); got != len(inits(one)) {
		t.Errorf("%d init segments of two files of one encoder, want %d", got, len(inits(one)))
	}
	entry := videoEntry("avc1", mk("avcC", []byte{1, 0x64, 0, 0x1f, 0xff, 0xe0, 0}))
	for name, tr := range map[string]testTrack{
		"decoder configuration": {id: 1, entry: entry},
		"timescale":             {id: 1, timescale: 90000},
		"defaults":              {id: 1, trex: []uint32{40, 0, 0}},
		"language":              {id: 1, language: "fra"},
	} {
		in := slices.Concat(buildInit(video1, audio2), plainChunk(1, 0, 5), buildInit(tr, audio2), plainChunk(1, 40, 5))
		if got := inits(split(t, in)); len(got) != 3 || got[2].Track != 1 {
			t.Errorf("another %s: %d init segments, want a third one of track 1", name, len(got))
		}
	}
}

func TestParseInit(t *testing.T) {
	in, err := ParseInit(slices.Concat(mk("free"), buildInit(
		testTrack{id: 7, language: "eng", trex: []uint32{1, 2, flagsNonSync}},
		testTrack{id: 3, handler: "text", entry: mk("tx3g")},
		testTrack{id: 2, handler: "soun", language: "und", timescale: 44100},
	), []byte("what follows is not looked at")))
	if err != nil {
		t.Fatal(err)
	}
	want := []Track{
		{ID: 7, Defaults: Defaults{1, 2, flagsNonSync}, Info: livews.Track{
			Number: 7, Kind: livews.KindVideo, Codec: "avc1.4D401E", Timescale: 1000, Width: 640, Height: 360, Language: "eng",
		}},
		{ID: 2, Info: livews.Track{
			Number: 2, Kind: livews.KindAudio, Codec: "opus", Timescale: 44100, SampleRate: 48000, Channels: 2,
		}},
	}
	if len(in.Tracks) != len(want) {
		t.Fatalf("%d tracks, want %d", len(in.Tracks), len(want))
	}
	for i, w := range want {
		if got := in.Tracks[i]; got.ID != w.ID || got.Info != w.Info || got.Defaults != w.Defaults {
			t.Errorf("track %d = %+v, want %+v", i, *got, w)
		}
	}
	if in.Track(7) != in.Tracks[0] || in.Track(3) != nil {
		t.Errorf("Track(7) = %v, Track(3) = %v, want the first and none", in.Track(7), in.Track(3))
	}
}

func TestParseInitErrors(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"nothing", nil, "no moov"},
		{"no moov", mk("ftyp", zeros(8)), "no moov"},
		{"media first", plainChunk(1, 0, 5), "moof before moov"},
		{"cut", buildInit(video1)[:200], "bytes left"},
		{"no mvhd", mk("moov", mk("mvex")), "no mvhd"},
		{"short mvhd", mk("moov", full("mvhd", 1, 0, zeros(20)), mk("mvex")), "mvhd: 32 bytes"},
		{"track_ID 0", buildInit(testTrack{id: 0}), "track_ID 0"},
		{"track_ID twice", buildInit(video1, video1), "two tracks with track_ID 1"},
		{"track_ID of a track that is left out", buildInit(testTrack{id: 1, handler: "text", entry: mk("tx3g")}, video1), "two tracks with track_ID 1"},
		{"no media", mk("moov", full("mvhd", 0, 0, zeros(96)), mk("trak", full("tkhd", 0, 0, words(0, 0, 1), zeros(70))), mk("mvex")), "track 1: dash: malformed fragmented MP4: trak: no mdia"},
		{"samples", buildInit(testTrack{id: 1, samples: 5}), "samples of its own"},
		{"no decoder configuration", buildInit(testTrack{id: 1, entry: videoEntry("avc1")}), "avc1: no avcC"},
		{"short sample entry", buildInit(testTrack{id: 1, entry: mk("avc1", zeros(20))}), "avc1: 28 bytes"},
		{"video entry in a track of sound", buildInit(testTrack{id: 1, handler: "soun", entry: videoEntry("avc1")}), "avc1 in a track of audio"},
		{"short trex", mk("moov", full("mvhd", 0, 0, zeros(96)), video1.trak(), mk("mvex", full("trex", 0, 0, u32(1)))), "trex: 8 bytes"},
	}
	for _, tt := range tests {
		if _, err := ParseInit(tt.in); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: ParseInit = %v, want %q", tt.name, err, tt.want)
		}
	}
	var many []testTrack
	for i := range MaxTracks + 1 {
		many = append(many, testTrack{id: uint32(i + 1)})
	}
	if _, err := ParseInit(buildInit(many[:MaxTracks]...)); err != nil {
		t.Errorf("ParseInit of %d tracks = %v", MaxTracks, err)
	}
	if _, err := ParseInit(buildInit(many...)); !errors.Is(err, ErrMalformed) {
		t.Errorf("ParseInit of %d tracks = %v, want ErrMalformed", len(many), err)
	}
	in := buildInit(video1)
	at := bytes.Index(in, []byte("mdhd")) + 4 + 4 + 8
	clear(in[at : at+4])
	if _, err := ParseInit(in); err == nil || !strings.Contains(err.Error(), "timescale 0") {
		t.Errorf("ParseInit = %v, want timescale 0", err)
	}
}

// TestTrackNumbers checks that tracks have the number of their track_ID where
// that is possible, different ones always, and the same as long as they live.
func TestTrackNumbers(t *testing.T) {
	const big = 0x10000
	tests := []struct {
		name  string
		moovs [][]uint32
		want  [][]uint16
	}{
		{"small", [][]uint32{{1, 2, 65535}}, [][]uint16{{1, 2, 65535}}},
		{"big", [][]uint32{{big + 1, 1, big + 2}}, [][]uint16{{65535, 1, 65534}}},
		{"taken", [][]uint32{{big + 1, 65535}}, [][]uint16{{65534, 65535}}},
		{"stable", [][]uint32{{big + 1, big + 2}, {big + 2, 65535}, {big + 1}}, [][]uint16{{65535, 65534}, {65534, 65533}, {65535}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			known := map[uint32]uint16{}
			for i, ids := range tt.moovs {
				in := &Init{}
				for _, id := range ids {
					in.Tracks = append(in.Tracks, &Track{ID: id})
				}
				if err := in.number(known); err != nil {
					t.Fatal(err)
				}
				var got []uint16
				for _, track := range in.Tracks {
					got = append(got, track.Info.Number)
				}
				if !slices.Equal(got, tt.want[i]) {
					t.Errorf("numbers of %v = %v, want %v", ids, got, tt.want[i])
				}
			}
		})
	}
}

func TestTrackNumbersAreBounded(t *testing.T) {
	known := map[uint32]uint16{}
	for id := uint32(1); ; id++ {
		err := (&Init{Tracks: []*Track{{ID: id}}}).number(known)
		if id <= maxKnown && err != nil {
			t.Fatalf("number of track_ID %d = %v", id, err)
		}
		if id > maxKnown {
			if err == nil {
				t.Errorf("number of a track_ID after %d = nil, want an error", maxKnown)
			}
			return
		}
	}
}

func TestMergeInits(t *testing.T) {
	edit := func(duration uint32) []byte {
		return mk("edts", full("elst", 0, 0, words(2, duration, 0xffffffff, 1<<16, 0, 1024, 1<<16)))
	}
	first := buildInit(video1)
	second := buildInit(testTrack{id: 9, handler: "soun", edits: edit(500)})
	// The second one's movie timescale becomes 600.
	at := bytes.Index(second, []byte("mvhd")) + 4 + 4 + 8
	copy(second[at:], u32(600))

	merged, err := MergeInits(first, second)
	if err != nil {
		t.Fatal(err)
	}
	in, err := ParseInit(merged)
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Tracks) != 2 || in.Tracks[0].ID != 1 || in.Tracks[1].ID != 9 {
		t.Errorf("merged tracks = %+v, want 1 and 9", in.Tracks)
	}
	if mvhd := one[*mp4.Mvhd](t, merged, "moov", "mvhd"); mvhd.NextTrackID != 10 || mvhd.Timescale != 1000 {
		t.Errorf("merged mvhd: next track %d, timescale %d; want 10 and 1000", mvhd.NextTrackID, mvhd.Timescale)
	}
	if n := len(extract(t, merged, "moov", "mvex", "trex")); n != 2 {
		t.Errorf("%d trex, want 2", n)
	}
	elst := one[*mp4.Elst](t, merged, "moov", "trak", "edts", "elst")
	if d := elst.GetSegmentDuration(0); d != 833 {
		t.Errorf("empty edit of 500/600 s = %d/1000 s, want 833", d)
	}
	if again, err := MergeInits(merged); err != nil || !bytes.Equal(again, merged) {
		t.Errorf("MergeInits of a merged one changes it (%v)", err)
	}
	for name, inits := range map[string][][]byte{
		"none": nil, "the same twice": {first, first}, "garbage": {first, []byte("garbage")},
	} {
		if _, err := MergeInits(inits...); !errors.Is(err, ErrMalformed) {
			t.Errorf("MergeInits of %s = %v, want ErrMalformed", name, err)
		}
	}
}

func TestRescaleEdits(t *testing.T) {
	tests := []struct {
		name     string
		elst     []byte
		from, to uint32
		want     uint64
		ok       bool
	}{
		{"32 bits", full("elst", 0, 0, words(1, 500, 0, 1<<16)), 1000, 600, 300, true},
		{"64 bits", full("elst", 1, 0, u32(1), u64(5e9), u64(0), u32(1<<16)), 1000, 600, 3e9, true},
		{"same", full("elst", 0, 0, words(1, 500, 0, 1<<16)), 1000, 1000, 500, true},
		{"too long", full("elst", 0, 0, words(1, 1<<31, 0, 1<<16)), 1000, 3000, 0, false},
		{"too long in 64 bits", full("elst", 1, 0, u32(1), u64(1<<63), u64(0), u32(1<<16)), 1, 2, 0, false},
	}
	for _, tt := range tests {
		in, err := ParseInit(buildInit(testTrack{id: 1, edits: mk("edts", tt.elst)}))
		if err != nil {
			t.Fatal(err)
		}
		err = in.Tracks[0].rescaleEdits(tt.from, tt.to)
		if (err == nil) != tt.ok {
			t.Errorf("%s: rescaleEdits = %v, want ok: %v", tt.name, err, tt.ok)
		}
		if err != nil {
			continue
		}
		elst := one[*mp4.Elst](t, in.Segment(in.Tracks[0]), "moov", "trak", "edts", "elst")
		if got := elst.GetSegmentDuration(0); got != tt.want {
			t.Errorf("%s: duration = %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestNormalFtyp(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want []byte
	}{
		{"none", nil, mk("ftyp", str("iso6"), u32(0), str("iso6mp41"))},
		{"with the brand", mk("ftyp", str("isom"), u32(512), str("isomiso6")), mk("ftyp", str("isom"), u32(512), str("isomiso6"))},
		{"without", mk("ftyp", str("isom"), u32(512), str("isom")), mk("ftyp", str("isom"), u32(512), str("isomiso6"))},
		{"size to the end", open("ftyp", str("iso6"), u32(0)), mk("ftyp", str("iso6"), u32(0))},
		{"64-bit size", large("ftyp", str("isom"), u32(0)), mk("ftyp", str("iso6"), u32(0), str("iso6mp41"))},
	}
	for _, tt := range tests {
		if got := normalFtyp(tt.in); !bytes.Equal(got, tt.want) {
			t.Errorf("%s: normalFtyp = %q, want %q", tt.name, got, tt.want)
		}
	}
}
