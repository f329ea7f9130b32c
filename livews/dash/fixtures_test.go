package dash

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/livews/websocketlivestream/livews"
)

// fixtures are files by other people's software (see testdata/README.md), with
// what their init segments must say.
var fixtures = []struct {
	name   string
	tracks []livews.Track
	chunks int
}{
	{"live.mp4", []livews.Track{h264("avc1.4D400B"), aac}, 39},
	{"everyframe.mp4", []livews.Track{h264("avc1.4D400B"), aac}, 73},
	{"multitraf.mp4", []livews.Track{h264("avc1.64000B"), aac}, 16},
	{"baseoffset.mp4", []livews.Track{h264("avc1.64000B"), aac}, 4},
	{"negcts.mp4", []livews.Track{h264("avc1.64000B"), aac}, 4},
	{"hvc1.mp4", []livews.Track{h264("hvc1.1.6.L30.90")}, 1},
	{"hev1.mp4", []livews.Track{h264("hev1.1.6.L30.90")}, 1},
	{"hvc1ten.mp4", []livews.Track{h264("hvc1.2.4.L30.90")}, 1},
	{"vp9opus.mp4", []livews.Track{h264("vp09.00.10.08"), opus(1, "")}, 2},
	{"vp9p1.mp4", []livews.Track{h264("vp09.01.10.08.03.02.02.02.00")}, 1},
	{"av1.mp4", []livews.Track{h264("av01.0.00M.08")}, 1},
	{"av1ten.mp4", []livews.Track{h264("av01.0.00M.10")}, 1},
	{"flac.mp4", []livews.Track{sound("flac", 1, 128000)}, 1},
	{"mp3.mp4", []livews.Track{sound("mp4a.6B", 2, 32000)}, 1},
	{"ac3.mp4", []livews.Track{sound("ac-3", 1, 64000)}, 1},
	{"eac3.mp4", []livews.Track{sound("ec-3", 1, 64000)}, 1},
	{"opus2.mp4", []livews.Track{opus(2, "deu")}, 1},
	{"ism.mp4", []livews.Track{
		{
			Number: 1, Kind: livews.KindVideo, Codec: "avc1.64000B", Timescale: 10000000,
			Width: 160, Height: 90, FrameRate: 25,
		},
		{
			Number: 2, Kind: livews.KindAudio, Codec: "mp4a.40.2", Timescale: 10000000,
			SampleRate: 48000, Channels: 1, Bitrate: 24000,
		},
	}, 4},
	{"mp4box-0.mp4", mp4box(395093, 64625), 12},
	{"mp4box-1.mp4", mp4box(398749, 64641), 12},
	{"mediarecorder-avc1.mp4", mediaRecorder("avc1.42C01F", 20.012), 2},
	{"mediarecorder-vp9.mp4", mediaRecorder("vp09.00.21.08.00.06.06.06.00", 20.003), 14},
}

var aac = func() livews.Track {
	t := sound("mp4a.40.2", 1, 24000)
	t.Number = 2
	return t
}()

func h264(codec string) livews.Track {
	return livews.Track{
		Number: 1, Kind: livews.KindVideo, Codec: codec, Timescale: 12800,
		Width: 160, Height: 90, FrameRate: 25, Bitrate: 60000,
	}
}

func sound(codec string, channels uint16, bitrate uint32) livews.Track {
	return livews.Track{
		Number: 1, Kind: livews.KindAudio, Codec: codec, Timescale: 48000,
		SampleRate: 48000, Channels: channels, Bitrate: bitrate,
	}
}

func opus(channels uint16, language string) livews.Track {
	t := sound("opus", channels, 24000)
	t.Language = language
	if language == "" {
		t.Number = 2
	}
	return t
}

func mp4box(videoRate, audioRate uint32) []livews.Track {
	a := sound("mp4a.40.2", 1, audioRate)
	a.Number = 2
	return []livews.Track{{
		Number: 1, Kind: livews.KindVideo, Codec: "avc1.64001E", Timescale: 15360,
		Width: 640, Height: 360, FrameRate: 30, Bitrate: videoRate,
	}, a}
}

func mediaRecorder(codec string, rate float64) []livews.Track {
	a := sound("opus", 1, 0)
	a.Number = 2
	return []livews.Track{{
		Number: 1, Kind: livews.KindVideo, Codec: codec, Timescale: 20000,
		Width: 640, Height: 360, FrameRate: rate,
	}, a}
}

// TestSplitterFixtures checks what is said of each file, and that the samples
// of what comes out are those of what goes in: per track, and of all tracks
// behind one merged init segment.
func TestSplitterFixtures(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			file := fixture(t, f.name)
			segs := split(t, file)
			var got []livews.Track
			var payloads [][]byte
			for _, seg := range inits(segs) {
				got = append(got, *seg.Info)
				payloads = append(payloads, seg.Payload)
			}
			if !slices.Equal(got, f.tracks) {
				t.Errorf("tracks = %+v, want %+v", got, f.tracks)
			}
			if n := len(chunks(segs, 0)); n != f.chunks {
				t.Errorf("%d chunks, want %d", n, f.chunks)
			}
			for _, seg := range chunks(segs, 0) {
				checkChunkForm(t, seg)
			}
			want := readReference(t, file)
			for id, samples := range want {
				single := readReference(t, join(segs, uint16(id)))
				compareSamples(t, single[id], samples)
			}
			merged, err := MergeInits(payloads...)
			if err != nil {
				t.Fatal(err)
			}
			all := readReference(t, append(merged, join(chunks(segs, 0), 0)...))
			for id, samples := range want {
				compareSamples(t, all[id], samples)
			}
		})
	}
}

func compareSamples(t *testing.T, got, want []refSample) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d samples, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			g, w := got[i], want[i]
			same := g.data == w.data
			g.data, w.data = "", ""
			t.Fatalf("sample %d = %+v, want %+v; same data: %v", i, g, w, same)
		}
	}
}

// TestSplitterPassesPlainChunks checks that chunks which have the form of CMAF
// come out as the bytes that went in.
func TestSplitterPassesPlainChunks(t *testing.T) {
	file := fixture(t, "live.mp4")
	rest := file
	for _, seg := range chunks(split(t, file), 0) {
		i := bytes.Index(rest, seg.Payload)
		if i < 0 {
			t.Fatalf("chunk of track %d at %v is not a part of the file", seg.Track, seg.DecodeTime)
		}
		rest = rest[i+len(seg.Payload):]
	}
}

// TestSplitterWallClock checks the prft of ffmpeg: it stands in front of the
// chunks of video and tells when they were encoded.
func TestSplitterWallClock(t *testing.T) {
	var last livews.Segment
	for _, seg := range chunks(split(t, fixture(t, "live.mp4")), 0) {
		if video := seg.Track == 1; video == seg.WallClock.IsZero() {
			t.Fatalf("track %d at %v: WallClock = %v", seg.Track, seg.DecodeTime, seg.WallClock)
		} else if !video {
			continue
		}
		if !bytes.HasPrefix(seg.Payload[4:], []byte("prft")) {
			t.Fatalf("chunk at %v begins with %q, want prft", seg.DecodeTime, seg.Payload[4:8])
		}
		if seg.WallClock.Before(last.WallClock) {
			t.Fatalf("WallClock = %v after %v", seg.WallClock, last.WallClock)
		}
		if ns := seg.WallClock.Nanosecond(); ns%1000 != 0 {
			t.Fatalf("WallClock = %v, ffmpeg's was in microseconds", seg.WallClock)
		}
		last.WallClock = seg.WallClock
	}
}

// randomReader gives as many bytes as chance wants.
type randomReader struct {
	r   io.Reader
	rng *rand.Rand
}

func (r randomReader) Read(b []byte) (int, error) {
	return r.r.Read(b[:min(len(b), r.rng.IntN(5000))])
}

// TestSplitterReadSizes checks that the sizes of reads make no difference.
func TestSplitterReadSizes(t *testing.T) {
	readers := map[string]func(io.Reader) io.Reader{
		"one byte": iotest.OneByteReader,
		"half":     iotest.HalfReader,
		"data err": iotest.DataErrReader,
		"random": func(r io.Reader) io.Reader {
			return randomReader{r, rand.New(rand.NewPCG(1, 2))}
		},
	}
	for _, name := range []string{"live.mp4", "everyframe.mp4", "mp4box-0.mp4", "mediarecorder-vp9.mp4"} {
		file := fixture(t, name)
		want := split(t, file)
		for kind, wrap := range readers {
			t.Run(strings.TrimSuffix(name, ".mp4")+"/"+kind, func(t *testing.T) {
				got, err := readAll(t.Context(), NewSplitter(wrap(bytes.NewReader(file)), nil))
				if err != nil {
					t.Fatal(err)
				}
				compareSegments(t, got, want)
			})
		}
	}
}

func compareSegments(t *testing.T, got, want []*livews.Segment) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d segments, want %d", len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if g.Type != w.Type || g.Track != w.Track || g.Flags != w.Flags ||
			g.DecodeTime != w.DecodeTime || g.Duration != w.Duration || !bytes.Equal(g.Payload, w.Payload) {
			t.Fatalf("segment %d: track %d at %v, %d bytes; want track %d at %v, %d bytes",
				i, g.Track, g.DecodeTime, len(g.Payload), w.Track, w.DecodeTime, len(w.Payload))
		}
	}
}

// TestSplitterCut cuts a file at every byte: what comes before is the beginning
// of what the whole file gives, and the end is clean only between boxes.
func TestSplitterCut(t *testing.T) {
	file := slices.Concat(buildInit(video1, audio2),
		mk("styp", str("msdh")), plainChunk(1, 0, 5, 6), plainChunk(2, 0, 7), mk("free", str("abc")), plainChunk(1, 80, 8))
	whole := split(t, file)
	clean := map[int]bool{0: true}
	for b, n := file, 0; len(b) > 0; {
		c, rest, err := nextBox(fileLevel, b)
		if err != nil {
			t.Fatal(err)
		}
		n, b = n+len(c.raw), rest
		clean[n] = c.typ != boxMoof
	}
	for n := range len(file) + 1 {
		got, err := readAll(t.Context(), NewSplitter(bytes.NewReader(file[:n]), nil))
		if clean[n] != (err == nil) {
			t.Fatalf("cut at %d: ReadSegment = %v, clean is %v", n, err, clean[n])
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: ReadSegment = %v, want one that wraps io.ErrUnexpectedEOF", n, err)
		}
		if len(got) > len(whole) {
			t.Fatalf("cut at %d: %d segments of %d", n, len(got), len(whole))
		}
		compareSegments(t, got, whole[:len(got)])
	}
}
