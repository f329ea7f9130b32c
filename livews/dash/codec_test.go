package dash

import (
	"bytes"
	"strings"
	"testing"

	"github.com/livews/websocketlivestream/livews"
)

// esdsBox is an esds with an object type and a decoder specific information.
func esdsBox(object byte, config ...byte) []byte {
	descriptor := func(tag byte, body ...byte) []byte {
		return append([]byte{tag, 0x80, 0x80, byte(len(body))}, body...)
	}
	decoder := append([]byte{object, 0x15, 0, 0, 0}, bytes.Join([][]byte{u32(96000), u32(64000)}, nil)...)
	if config != nil {
		decoder = append(decoder, descriptor(5, config...)...)
	}
	return full("esds", 0, 0, descriptor(3, append([]byte{0, 1, 0}, append(descriptor(4, decoder...), 6, 1, 2)...)...))
}

func vpcC(fields ...byte) []byte { return full("vpcC", 1, 0, fields, u16(0)) }

func TestCodecs(t *testing.T) {
	hvcC := func(b ...byte) []byte { return mk("hvcC", b, zeros(23-len(b))) }
	tests := []struct {
		name  string
		kind  string
		entry []byte
		want  string
	}{
		{"avc1", "vide", videoEntry("avc1", mk("avcC", []byte{1, 0x42, 0xc0, 0x1f, 0xff, 0xe0, 0})), "avc1.42C01F"},
		{"avc3", "vide", videoEntry("avc3", mk("avcC", []byte{1, 0x64, 0, 0x0a, 0xff, 0xe0, 0})), "avc3.64000A"},
		{"hvc1 main", "vide", videoEntry("hvc1", hvcC(1, 0x01, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93)), "hvc1.1.6.L93.B0"},
		{"hev1 main 10 high tier", "vide", videoEntry("hev1", hvcC(1, 0x22, 0x20, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 153)), "hev1.2.4.H153.90"},
		{"hvc1 profile space, no constraints", "vide", videoEntry("hvc1", hvcC(1, 0x41, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 30)), "hvc1.A1.1.L30"},
		{"hvc1 constraints with a hole", "vide", videoEntry("hvc1", hvcC(1, 0x04, 0x08, 0, 0, 0, 0x9e, 0, 0x08, 0, 0, 0, 120)), "hvc1.4.10.L120.9E.0.8"},
		{"av01 main", "vide", videoEntry("av01", mk("av1C", []byte{0x81, 0x04, 0x0c, 0})), "av01.0.04M.08"},
		{"av01 main 10 bit, high tier", "vide", videoEntry("av01", mk("av1C", []byte{0x81, 0x0d, 0xcc, 0})), "av01.0.13H.10"},
		{"av01 high 4:4:4", "vide", videoEntry("av01", mk("av1C", []byte{0x81, 0x28, 0x00, 0})), "av01.1.08M.08.0.000.01.01.01.0"},
		{"av01 monochrome", "vide", videoEntry("av01", mk("av1C", []byte{0x81, 0x00, 0x1c, 0})), "av01.0.00M.08.1.110.01.01.01.0"},
		{"av01 professional 12 bit", "vide", videoEntry("av01", mk("av1C", []byte{0x81, 0x48, 0x6c, 0})), "av01.2.08M.12"},
		{"vp09 default", "vide", videoEntry("vp09", vpcC(0, 31, 0x82, 1, 1, 1)), "vp09.00.31.08"},
		{"vp09 not known", "vide", videoEntry("vp09", vpcC(0, 10, 0x82, 2, 2, 2)), "vp09.00.10.08"},
		{"vp09 HDR", "vide", videoEntry("vp09", vpcC(2, 51, 0xa2, 9, 16, 9)), "vp09.02.51.10.01.09.16.09.00"},
		{"vp09 full range", "vide", videoEntry("vp09", vpcC(0, 31, 0x83, 1, 1, 1)), "vp09.00.31.08.01.01.01.01.01"},
		{"vp09 level 0", "vide", videoEntry("vp09", vpcC(0, 0, 0x82, 1, 1, 1)), "vp09.00.21.08"},
		{"vp08", "vide", videoEntry("vp08", vpcC(0, 10, 0x82, 1, 1, 1)), "vp08.00.10.08"},
		{"AAC LC", "soun", audioEntryBox("mp4a", esdsBox(0x40, 0x11, 0x90)), "mp4a.40.2"},
		{"HE-AAC", "soun", audioEntryBox("mp4a", esdsBox(0x40, 0x2b, 0x11, 0x88, 0x00)), "mp4a.40.5"},
		{"HE-AAC v2", "soun", audioEntryBox("mp4a", esdsBox(0x40, 0xeb, 0x09, 0x88, 0x00)), "mp4a.40.29"},
		{"xHE-AAC: escaped object type 42", "soun", audioEntryBox("mp4a", esdsBox(0x40, 0xf9, 0x46, 0x40, 0x00)), "mp4a.40.42"},
		{"MP3", "soun", audioEntryBox("mp4a", esdsBox(0x6b)), "mp4a.6B"},
		{"MPEG-2 AAC", "soun", audioEntryBox("mp4a", esdsBox(0x67)), "mp4a.67"},
		{".mp3", "soun", audioEntryBox(".mp3"), "mp3"},
		{"Opus", "soun", audioEntryBox("Opus", mk("dOps", []byte{0, 6}, u16(312), u32(44100), u16(0), []byte{1, 4, 2, 0, 4, 1, 2, 3, 5})), "opus"},
		{"AC-3", "soun", audioEntryBox("ac-3", mk("dac3", []byte{0x10, 0x3d, 0xc0})), "ac-3"},
		{"E-AC-3", "soun", audioEntryBox("ec-3", mk("dec3", []byte{0x0c, 0x00, 0x20, 0x0f, 0x00})), "ec-3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, err := ParseInit(buildInit(testTrack{id: 1, handler: tt.kind, entry: tt.entry}))
			if err != nil {
				t.Fatal(err)
			}
			if got := in.Tracks[0].Info.Codec; got != tt.want {
				t.Errorf("Codec = %q, want %q", got, tt.want)
			}
		})
	}
}

// TestAudioDescription checks what comes from the decoder configuration rather
// than from the sample entry, which says 2 channels at 48 kHz.
func TestAudioDescription(t *testing.T) {
	flac := func(rate, channels uint32) []byte {
		return full("dfLa", 0, 0, words(0x80000022), zeros(10), u32(rate<<12|(channels-1)<<9|15<<4), zeros(20))
	}
	// A version 1 sound description of QuickTime has 16 more bytes.
	quickTime := mk("mp4a", zeros(6), u16(1), u16(1), zeros(6), u16(2), u16(16), zeros(4), u32(48000<<16), zeros(16), esdsBox(0x40, 0x12, 0x08))
	tests := []struct {
		name     string
		entry    []byte
		rate     uint32
		channels uint16
		bitrate  uint32
	}{
		{"AAC 44.1 kHz mono", audioEntryBox("mp4a", esdsBox(0x40, 0x12, 0x08)), 44100, 1, 64000},
		{"AAC of another layout", audioEntryBox("mp4a", esdsBox(0x40, 0x11, 0x80)), 48000, 2, 64000},
		{"AAC 7.1", audioEntryBox("mp4a", esdsBox(0x40, 0x11, 0xb8)), 48000, 8, 64000},
		{"AAC with a rate of its own, 12345 Hz", audioEntryBox("mp4a", esdsBox(0x40, 0x17, 0x80, 0x18, 0x1c, 0x90)), 12345, 2, 64000},
		{"HE-AAC 24 to 48 kHz", audioEntryBox("mp4a", esdsBox(0x40, 0x2b, 0x11, 0x88, 0x00)), 48000, 2, 64000},
		{"btrt before esds", audioEntryBox("mp4a", esdsBox(0x40, 0x11, 0x90), mk("btrt", words(0, 5000, 4000))), 48000, 2, 4000},
		{"btrt without an average", audioEntryBox("mp4a", esdsBox(0x40, 0x11, 0x90), mk("btrt", words(0, 5000, 0))), 48000, 2, 5000},
		{"QuickTime", quickTime, 44100, 1, 64000},
		{"FLAC", audioEntryBox("fLaC", flac(96000, 6)), 96000, 6, 0},
		{"Opus", audioEntryBox("Opus", mk("dOps", []byte{0, 1}, u16(312), u32(16000), u16(0), []byte{0})), 48000, 1, 0},
		{"AC-3 5.1", audioEntryBox("ac-3", mk("dac3", []byte{0x10, 0x3d, 0xc0})), 48000, 6, 0},
		{"E-AC-3 5.1", audioEntryBox("ec-3", mk("dec3", []byte{0x0c, 0x00, 0x20, 0x0f, 0x00})), 48000, 6, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, err := ParseInit(buildInit(testTrack{id: 1, handler: "soun", entry: tt.entry}))
			if err != nil {
				t.Fatal(err)
			}
			got := in.Tracks[0].Info
			if got.SampleRate != tt.rate || got.Channels != tt.channels || got.Bitrate != tt.bitrate {
				t.Errorf("%d Hz, %d channels, %d bit/s; want %d, %d, %d",
					got.SampleRate, got.Channels, got.Bitrate, tt.rate, tt.channels, tt.bitrate)
			}
		})
	}
}

// TestBrokenDecoderConfigurations cuts every decoder configuration at every
// byte: an error or a codec string, never a panic, and an error for the first
// bytes.
func TestBrokenDecoderConfigurations(t *testing.T) {
	configs := []struct {
		kind, entry, typ string
		body             []byte
	}{
		{"vide", "avc1", "avcC", []byte{1, 0x42, 0xc0, 0x1f, 0xff, 0xe0, 0}},
		{"vide", "hvc1", "hvcC", zeros(23)},
		{"vide", "av01", "av1C", []byte{0x81, 4, 0x0c, 0}},
		{"vide", "vp09", "vpcC", vpcC(0, 31, 0x82, 1, 1, 1)[8:]},
		{"soun", "mp4a", "esds", esdsBox(0x40, 0x11, 0x90)[8:]},
		{"soun", "Opus", "dOps", append([]byte{0, 2}, zeros(9)...)},
		{"soun", "fLaC", "dfLa", zeros(42)},
		{"soun", "ac-3", "dac3", zeros(3)},
		{"soun", "ec-3", "dec3", zeros(5)},
	}
	for _, c := range configs {
		for n := range len(c.body) + 1 {
			config := mk(c.typ, c.body[:n])
			entry := videoEntry(c.entry, config)
			if c.kind == "soun" {
				entry = audioEntryBox(c.entry, config)
			}
			_, err := ParseInit(buildInit(testTrack{id: 1, handler: c.kind, entry: entry}))
			if n < 3 && (err == nil || !strings.Contains(err.Error(), c.typ)) {
				t.Errorf("ParseInit with %d bytes of %s = %v, want an error that names it", n, c.typ, err)
			}
			if n == len(c.body) && err != nil {
				t.Errorf("ParseInit with all of %s = %v", c.typ, err)
			}
		}
	}
}

func TestLanguage(t *testing.T) {
	for packed, want := range map[uint16]string{
		0x15c7: "eng", 0x55c4: "", 0: "", 0x7fff: "", 1<<10 | 2<<5 | 26: "abz", 27: "",
	} {
		if got := language(packed); got != want {
			t.Errorf("language(%#x) = %q, want %q", packed, got, want)
		}
	}
}

func TestVPLevel(t *testing.T) {
	for _, tt := range []struct {
		width, height uint16
		want          uint8
	}{{160, 90, 10}, {640, 360, 21}, {1280, 720, 31}, {1920, 1080, 40}, {3840, 2160, 50}, {7680, 4320, 60}} {
		if got := vpLevel(&livews.Track{Width: tt.width, Height: tt.height}); got != tt.want {
			t.Errorf("vpLevel of %dx%d = %d, want %d", tt.width, tt.height, got, tt.want)
		}
	}
}
