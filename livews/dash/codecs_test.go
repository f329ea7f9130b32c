package dash

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/livews/websocketlivestream/livews"
)

// frames are files with a chunk for each frame (testdata/codecs.sh), and which chunks
// begin with a sync sample.
var frames = []struct {
	name, sync string
	track      livews.Track
}{
	{"h264", "x....x....", livews.Track{Codec: "avc1.64000A"}},
	{"hvc1", "x...x.....", livews.Track{Codec: "hvc1.1.6.L30.90"}},
	{"hev1", "x...x.....", livews.Track{Codec: "hev1.1.6.L30.90"}},
	{"vp9", "x....x....", livews.Track{Codec: "vp09.00.10.08"}},
	{"av1", "x....x....", livews.Track{Codec: "av01.0.00M.08"}},
	{"aac", strings.Repeat("x", 16), livews.Track{Codec: "mp4a.40.2", SampleRate: 48000, Channels: 2, Language: "fra"}},
	{"opus", strings.Repeat("x", 16), livews.Track{Codec: "opus", SampleRate: 48000, Channels: 2}},
	{"flac", "xxxx", livews.Track{Codec: "flac", SampleRate: 96000, Channels: 2}},
}

// TestCodecFrames holds what the splitter says of each codec against the file.
func TestCodecFrames(t *testing.T) {
	for _, f := range frames {
		t.Run(f.name, func(t *testing.T) {
			file := fixture(t, "frames-"+f.name+".mp4")
			segs := split(t, file)
			info := inits(segs)[0].Info
			got := livews.Track{Codec: info.Codec, SampleRate: info.SampleRate, Channels: info.Channels, Language: info.Language}
			if got != f.track {
				t.Errorf("track = %+v, want %+v", got, f.track)
			}
			if info.Kind == livews.KindVideo && (info.Width != 160 || info.Height != 90 || info.FrameRate != 10) {
				t.Errorf("picture of %dx%d at %v, want 160x90 at 10", info.Width, info.Height, info.FrameRate)
			}
			var sync strings.Builder
			for _, seg := range chunks(segs, 0) {
				if seg.Flags.Has(livews.FlagSync) {
					sync.WriteByte('x')
				} else {
					sync.WriteByte('.')
				}
			}
			if sync.String() != f.sync {
				t.Errorf("sync samples are %s, want %s", sync.String(), f.sync)
			}
			compareSamples(t, readReference(t, join(segs, 0))[1], readReference(t, file)[1])
		})
	}
}

// configuration returns the body of the first box of that type in a file.
func configuration(t *testing.T, file []byte, typ string) []byte {
	t.Helper()
	i := bytes.Index(file, []byte(typ))
	if i < 4 {
		t.Fatalf("there is no %s", typ)
	}
	size := int(binary.BigEndian.Uint32(file[i-4:]))
	if size < 8 || i-4+size > len(file) {
		t.Fatalf("%s has %d bytes", typ, size)
	}
	return file[i+4 : i-4+size]
}

// TestCodecConfigurations: what a decoder needs is in the init segment as it was in the
// file.
func TestCodecConfigurations(t *testing.T) {
	for name, typ := range map[string]string{
		"h264": "avcC", "hvc1": "hvcC", "hev1": "hvcC", "vp9": "vpcC", "av1": "av1C", "aac": "esds", "opus": "dOps", "flac": "dfLa",
	} {
		file := fixture(t, "frames-"+name+".mp4")
		init := inits(split(t, file))[0].Payload
		if got, want := configuration(t, init, typ), configuration(t, file, typ); !bytes.Equal(got, want) {
			t.Errorf("%s: %s = %x, want %x", name, typ, got, want)
		}
	}
}

// TestOpusPreSkip: what the encoder put in front is not to be heard, and both places
// that say so reach the player.
func TestOpusPreSkip(t *testing.T) {
	init := inits(split(t, fixture(t, "frames-opus.mp4")))[0].Payload
	// 312 samples are 6.5 ms at 48 kHz, which is what libopus needs.
	if skip := binary.BigEndian.Uint16(configuration(t, init, "dOps")[2:]); skip != 312 {
		t.Errorf("pre-skip = %d, want 312", skip)
	}
	// Version, flags, one entry; its duration, which is open; then where media begins.
	elst := configuration(t, init, "elst")
	if at := binary.BigEndian.Uint32(elst[12:]); at != 312 {
		t.Errorf("the edit list begins at %d, want 312: %x", at, elst)
	}
}

// TestHEVCParameterSets: those that stand in front of each key frame stay there.
func TestHEVCParameterSets(t *testing.T) {
	const vps, sps, pps = 32, 33, 34
	for name, inBand := range map[string]bool{"hev1": true, "hvc1": false} {
		file := fixture(t, "frames-"+name+".mp4")
		for i, sample := range readReference(t, join(split(t, file), 0))[1] {
			types := nalTypes(t, []byte(sample.data))
			for _, typ := range []byte{vps, sps, pps} {
				if got, want := slices.Contains(types, typ), inBand && !sample.nonSync; got != want {
					t.Errorf("%s: sample %d has NAL units %d: %d in it is %v, want %v", name, i, types, typ, got, want)
				}
			}
		}
	}
}

// nalTypes returns the types of the NAL units of a sample of HEVC.
func nalTypes(t *testing.T, sample []byte) []byte {
	t.Helper()
	var types []byte
	for len(sample) > 0 {
		if len(sample) < 5 {
			t.Fatalf("%d bytes are left", len(sample))
		}
		size := int(binary.BigEndian.Uint32(sample))
		types = append(types, sample[4]>>1&0x3f)
		if sample = sample[4:]; size > len(sample) {
			t.Fatalf("a NAL unit of %d bytes in %d", size, len(sample))
		}
		sample = sample[size:]
	}
	return types
}
