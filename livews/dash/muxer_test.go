package dash

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// elementaryStream is a track of a fixture as the frames of its encoder.
type elementaryStream struct {
	config TrackConfig
	info   livews.Track
	frames []Frame
	want   []refSample // the samples without what a Muxer takes out
}

// demux takes a track of a fixture apart, with another reader than the package's own.
func demux(t testing.TB, name string, track uint16) elementaryStream {
	t.Helper()
	file := fixture(t, name)
	var s elementaryStream
	var body []byte
	for _, seg := range inits(split(t, file)) {
		if seg.Track == track {
			s.info, body = *seg.Info, seg.Payload
		}
	}
	s.config = TrackConfig{Track: track, Codec: s.info.Codec, FrameRate: s.info.FrameRate, Bitrate: s.info.Bitrate, Channels: s.info.Channels}
	for _, typ := range []string{"avcC", "hvcC", "esds"} {
		if i := bytes.Index(body, []byte(typ)); i > 0 {
			s.config.Config = body[i+4 : i-4+int(binary.BigEndian.Uint32(body[i-4:]))]
		}
	}
	if i := bytes.IndexByte(s.config.Config, tagDecoderSpecific); strings.HasPrefix(s.info.Codec, "mp4a") && i > 0 {
		e, err := parseEsds(box{typ: boxEsds, raw: s.config.Config, body: s.config.Config})
		if err != nil {
			t.Fatal(err)
		}
		s.config.Config = e.config
	}
	scale := s.info.Timescale
	for _, r := range readReference(t, file)[uint32(track)] {
		start, _ := duration(r.time, scale)
		lasts, _ := duration(uint64(r.duration), scale)
		offset := time.Duration(r.composition) * time.Second / time.Duration(scale)
		s.frames = append(s.frames, Frame{Time: start, Offset: offset, Duration: lasts, Payload: []byte(r.data)})
		s.want = append(s.want, r)
	}
	return s
}

// isSet reports whether a NAL unit may not be in a sample.
func (s *elementaryStream) isSet(unit []byte) bool {
	if strings.HasPrefix(s.info.Codec, "avc") {
		typ := unit[0] & 0x1f
		return typ >= 7 && typ <= 13 || typ == 15
	}
	typ := unit[0] >> 1 & 0x3f
	return typ >= 32 && typ <= 38
}

// strip takes out of the samples what a Muxer does.
func (s *elementaryStream) strip() {
	switch s.info.Codec[:4] {
	case "avc1", "hvc1", "hev1":
	default:
		return
	}
	for i := range s.want {
		var kept []byte
		for b := []byte(s.want[i].data); len(b) > 0; {
			n := 4 + binary.BigEndian.Uint32(b)
			if !s.isSet(b[4:n]) {
				kept = append(kept, b[:n]...)
			}
			b = b[n:]
		}
		s.want[i].data = string(kept)
	}
}

// annexB turns the frames into Annex B form, with the parameter sets in front of key
// frames.
func (s *elementaryStream) annexB(t testing.TB) {
	t.Helper()
	var sets parameterSets
	if strings.HasPrefix(s.info.Codec, "avc") {
		a, err := newAVC(s.config.Config)
		if err != nil {
			t.Fatal(err)
		}
		sets = a.sets
	} else {
		h, err := newHEVC(s.config.Config)
		if err != nil {
			t.Fatal(err)
		}
		sets = h.sets
	}
	s.config.Config = nil
	for i := range s.frames {
		var b []byte
		if !s.want[i].nonSync {
			for _, kind := range sets {
				for _, unit := range kind {
					b = append(append(b, 0, 0, 0, 1), unit...)
				}
			}
		}
		for rest := s.frames[i].Payload; len(rest) > 0; {
			n := 4 + binary.BigEndian.Uint32(rest)
			b = append(append(b, startCode...), rest[4:n]...)
			rest = rest[n:]
		}
		s.frames[i].Payload = b
	}
}

var muxed = []struct {
	name   string
	track  uint16
	annexB bool
}{
	{"everyframe.mp4", 1, false},
	{"everyframe.mp4", 1, true},
	{"everyframe.mp4", 2, false},
	{"negcts.mp4", 1, true},
	{"mediarecorder-avc1.mp4", 1, true},
	{"mediarecorder-avc1.mp4", 2, false},
	{"mediarecorder-vp9.mp4", 1, false},
	{"hvc1.mp4", 1, false},
	{"hvc1.mp4", 1, true},
	{"hev1.mp4", 1, true},
	{"hvc1ten.mp4", 1, true},
	{"vp9opus.mp4", 1, false},
	{"vp9opus.mp4", 2, false},
	{"vp9p1.mp4", 1, false},
	{"av1.mp4", 1, false},
	{"av1ten.mp4", 1, false},
	{"opus2.mp4", 1, false},
}

// TestMuxer takes what encoders and other muxers have made apart, and puts it together
// again: descriptions, samples and times have to be the same.
func TestMuxer(t *testing.T) {
	for _, tt := range muxed {
		t.Run(fmt.Sprintf("%s/%d/annexB=%v", tt.name, tt.track, tt.annexB), func(t *testing.T) {
			s := demux(t, tt.name, tt.track)
			if tt.annexB {
				s.annexB(t)
			}
			s.strip()
			segs := mux(t, &s.config, s.frames)
			checkSegments(t, segs)
			checkDescription(t, segs[0].Info, &s.info)
			if n := len(inits(segs)); n != 1 {
				t.Errorf("%d init segments, want 1", n)
			}
			got := readReference(t, join(segs, 0))[uint32(tt.track)]
			for i := range s.want {
				w := &s.want[i]
				w.time = uint64(units(s.frames[i].Time, segs[0].Info.Timescale))
				w.duration = uint32(units(s.frames[i].Time+s.frames[i].Duration, segs[0].Info.Timescale)) - uint32(w.time)
				if s.frames[i].Duration == 0 { // the last: nobody has told
					w.duration = got[i].duration
				}
				w.composition = units(s.frames[i].Time+s.frames[i].Offset, segs[0].Info.Timescale) - int64(w.time)
			}
			compareSamples(t, got, s.want)
		})
	}
}

func mux(t testing.TB, config *TrackConfig, frames []Frame) []*livews.Segment {
	t.Helper()
	m, err := NewMuxer(config)
	if err != nil {
		t.Fatal(err)
	}
	var segs []*livews.Segment
	for i := range frames {
		init, chunk, err := m.Mux(&frames[i])
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if init != nil {
			segs = append(segs, init)
		}
		if chunk != nil {
			segs = append(segs, chunk)
		}
	}
	return segs
}

// checkDescription compares what is to be the same whoever has made the init segment.
func checkDescription(t *testing.T, got, want *livews.Track) {
	t.Helper()
	w := *want
	w.Timescale, w.Language = got.Timescale, ""
	w.Codec = strings.Replace(w.Codec, "hev1", "hvc1", 1)
	if strings.HasPrefix(w.Codec, "vp09") {
		// What colours there are is not in every bitstream, but muxers know it.
		w.Codec = w.Codec[:len("vp09.00.10.08")]
		g := *got
		g.Codec = g.Codec[:len(w.Codec)]
		got = &g
	}
	if w.Codec == "avc1.42C01F" && got.Codec == "avc1.42C01F" {
		w.Bitrate = got.Bitrate
	}
	if *got != w {
		t.Errorf("track = %+v, want %+v", *got, w)
	}
}

// TestMuxerFramesOnTheirOwn gives a Muxer frames without durations and rates, and with times
// in microseconds: nothing may drift.
func TestMuxerFramesOnTheirOwn(t *testing.T) {
	s := demux(t, "everyframe.mp4", 1)
	s.annexB(t)
	s.config.FrameRate = 0
	m, err := NewMuxer(&s.config)
	if err != nil {
		t.Fatal(err)
	}
	const count = 100_000
	for i := range count {
		f := s.frames[0]
		if i%100 != 0 {
			f = s.frames[1]
		}
		f.Duration = 0
		f.Time = time.Duration(i) * time.Second / 30 / time.Microsecond * time.Microsecond
		init, chunk, err := m.Mux(&f)
		if err != nil || chunk == nil || (init != nil) != (i == 0) {
			t.Fatalf("frame %d: init %v, chunk %v, %v", i, init, chunk, err)
		}
		if off := chunk.DecodeTime - time.Duration(i)*time.Second/30; off > 12*time.Microsecond || off < -12*time.Microsecond {
			t.Fatalf("frame %d is off by %v", i, off)
		}
		if want := time.Second / 30; i > 1 && (chunk.Duration-want).Abs() > 12*time.Microsecond {
			t.Fatalf("frame %d lasts %v, want %v", i, chunk.Duration, want)
		}
	}
}

// TestMuxerSets wants the reserved bits of avcC and hvcC set (ISO/IEC 14496-15, 5.3.3.1.2
// and 8.3.3.1.2).
func TestMuxerSets(t *testing.T) {
	avc := avcFrames{sps: avcParameters{profile: 100, chroma: 1, lumaDepth: 10, chromaDepth: 9}}
	if body := avc.entry().body; !bytes.HasSuffix(body, []byte{0xfd, 0xfa, 0xf9, 0}) {
		t.Errorf("avcC = %x, want it to end with fdfaf900", body)
	}
	hevc := hevcFrames{sps: hevcParameters{chroma: 1, lumaDepth: 10, chromaDepth: 9}}
	if body := hevc.entry().body; !bytes.Equal(body[16:19], []byte{0xfd, 0xfa, 0xf9}) {
		t.Errorf("hvcC has %x for chroma and depths, want fdfaf9", body[16:19])
	}
}

// TestMuxerBoundsDurations has a frame rate that makes a frame last for years, and frames
// that are closer to each other than the timescale tells.
func TestMuxerBoundsDurations(t *testing.T) {
	s := demux(t, "vp9opus.mp4", 1)
	for _, rate := range []float64{1e-9, 1e-300, 0.05} {
		s.config.FrameRate = rate
		m, err := NewMuxer(&s.config)
		if err != nil {
			t.Fatal(err)
		}
		last := time.Duration(-1)
		for i := range 4 {
			_, chunk, err := m.Mux(&Frame{Time: time.Second + time.Duration(i)*time.Microsecond, Payload: s.frames[0].Payload})
			if err != nil {
				t.Fatal(err)
			}
			if chunk.Duration <= 0 || chunk.Duration > maxFrameDuration {
				t.Errorf("at %v frames a second one lasts %v, want %v at the most", rate, chunk.Duration, maxFrameDuration)
			}
			if chunk.DecodeTime <= last {
				t.Errorf("frame %d at %v, the one before at %v", i, chunk.DecodeTime, last)
			}
			last = chunk.DecodeTime
		}
	}
}

// TestMuxerGuessesDurations has pictures come at irregular times.
func TestMuxerGuessesDurations(t *testing.T) {
	s := demux(t, "vp9opus.mp4", 1)
	s.config.FrameRate = 25
	m, err := NewMuxer(&s.config)
	if err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct {
		at, lasts, want time.Duration
	}{
		{at: 1000, want: 40},
		{at: 1040, want: 40},
		{at: 1240, want: 100}, // nobody knows
		{at: 1440, want: 200}, // steady
		{at: 4440, want: 100},
		{at: 7440, want: 1000}, // steady, but slow
		{at: 7450, want: 10},
		{at: 7470, lasts: 50, want: 50},
		{at: 7520, want: 50},
		{at: 7570, lasts: 20_000, want: 50}, // nobody believes that
	} {
		f := Frame{Time: tt.at * time.Millisecond, Duration: tt.lasts * time.Millisecond, Payload: s.frames[0].Payload}
		_, chunk, err := m.Mux(&f)
		if err != nil {
			t.Fatal(err)
		}
		if want := tt.want * time.Millisecond; (chunk.Duration - want).Abs() > 12*time.Microsecond {
			t.Errorf("frame %d at %v lasts %v, want %v", i, f.Time, chunk.Duration, want)
		}
	}
}

// TestMuxerWaitsForKeys leaves out what cannot be decoded.
func TestMuxerWaitsForKeys(t *testing.T) {
	for _, tt := range []struct {
		name   string
		annexB bool
	}{
		{"everyframe.mp4", true}, {"hvc1.mp4", true}, {"vp9opus.mp4", false}, {"av1.mp4", false},
	} {
		s := demux(t, tt.name, 1)
		if tt.annexB {
			s.annexB(t)
		}
		m, err := NewMuxer(&s.config)
		if err != nil {
			t.Fatal(err)
		}
		step := func(what string, payload []byte, init, chunk, fails bool) {
			t.Helper()
			gotInit, gotChunk, err := m.Mux(&Frame{Payload: payload})
			if (gotInit != nil) != init || (gotChunk != nil) != chunk || (err != nil) != fails {
				t.Errorf("%s: %s: init %v, chunk %v, %v, want %v, %v, %v", tt.name, what, gotInit != nil, gotChunk != nil, err, init, chunk, fails)
			}
			if err != nil && !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: %s: %v, want ErrMalformed", tt.name, what, err)
			}
		}
		key, delta := s.frames[0].Payload, s.frames[1].Payload
		step("delta ahead of all", delta, false, false, false)
		step("key", key, true, true, false)
		step("delta", delta, false, true, false)
		step("empty", nil, false, false, true)
		step("delta after a fault", delta, false, false, false)
		step("key after a fault", key, false, true, false)
		step("delta again", delta, false, true, false)
	}
}

// TestMuxerNewParameters has an encoder begin anew with another size.
func TestMuxerNewParameters(t *testing.T) {
	a, b := demux(t, "everyframe.mp4", 1), demux(t, "mediarecorder-avc1.mp4", 1)
	a.annexB(t)
	b.annexB(t)
	m, err := NewMuxer(&a.config)
	if err != nil {
		t.Fatal(err)
	}
	widths := []uint16{160, 0, 640, 0, 160}
	for i, f := range []Frame{a.frames[0], a.frames[1], b.frames[0], b.frames[1], a.frames[0]} {
		f.Time = time.Duration(i) * time.Second
		init, chunk, err := m.Mux(&f)
		if err != nil || chunk == nil {
			t.Fatalf("frame %d: chunk %v, %v", i, chunk, err)
		}
		var width uint16
		if init != nil {
			width = init.Info.Width
		}
		if width != widths[i] {
			t.Errorf("frame %d: init segment of width %d, want %d", i, width, widths[i])
		}
	}
	// Parameters that change between key frames mean nothing to a decoder before the next.
	sets := b.frames[0].Payload[:bytes.Index(b.frames[0].Payload[8:], []byte{0, 0, 1, 0x65})+8]
	if _, chunk, err := m.Mux(&Frame{Payload: append(bytes.Clone(sets), a.frames[1].Payload...)}); chunk != nil || err != nil {
		t.Errorf("new parameters ahead of a delta frame: chunk %v, %v, want neither", chunk, err)
	}
}

func TestMuxerRefuses(t *testing.T) {
	asc := []byte{0x11, 0x90}
	for _, tt := range []struct {
		name   string
		config TrackConfig
		err    error
	}{
		{"track 0", TrackConfig{Codec: "vp09"}, ErrMalformed},
		{"codec", TrackConfig{Track: 1, Codec: "vp8"}, ErrUnsupported},
		{"no codec", TrackConfig{Track: 1}, ErrUnsupported},
		{"rate", TrackConfig{Track: 1, Codec: "vp09", FrameRate: -1}, ErrMalformed},
		{"AAC without configuration", TrackConfig{Track: 1, Codec: "mp4a.40.2"}, ErrMalformed},
		{"AAC of no rate", TrackConfig{Track: 1, Codec: "mp4a.40.2", Config: []byte{0x16, 0x90}}, ErrMalformed},
		{"long AAC", TrackConfig{Track: 1, Codec: "mp4a.40.2", Config: append(asc, make([]byte, 70)...)}, ErrMalformed},
		{"short avcC", TrackConfig{Track: 1, Codec: "avc1", Config: []byte{1, 66, 0, 30, 255}}, ErrMalformed},
		{"avcC that ends early", TrackConfig{Track: 1, Codec: "avc1", Config: []byte{1, 66, 0, 30, 255, 0xe1, 0, 9}}, ErrMalformed},
		{"hvcC that ends early", TrackConfig{Track: 1, Codec: "hvc1", Config: append([]byte{1}, bytes.Repeat([]byte{9}, 30)...)}, ErrMalformed},
		{"Opus in 5.1", TrackConfig{Track: 1, Codec: "opus", Channels: 6}, ErrMalformed},
		{"OpusHead", TrackConfig{Track: 1, Codec: "opus", Config: []byte("OpusHead")}, ErrMalformed},
	} {
		if _, err := NewMuxer(&tt.config); !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
		}
	}
	m, err := NewMuxer(&TrackConfig{Track: 1, Codec: "mp4a", Config: asc})
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]Frame{
		"negative time": {Time: -1, Payload: []byte{1}},
		"offset":        {Offset: time.Minute, Payload: []byte{1}},
		"ADTS":          {Payload: []byte{0xff, 0xf1, 0x50, 0x80}},
		"too large":     {Payload: make([]byte, MaxFrame+1)},
	} {
		if _, chunk, err := m.Mux(&f); err == nil || chunk != nil {
			t.Errorf("%s: chunk %v, %v, want an error", name, chunk, err)
		}
	}
}

// TestMuxerOpusHead has channels in an order of their own.
func TestMuxerOpusHead(t *testing.T) {
	head := append([]byte("OpusHead"), 1, 6, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 1, 4, 2, 0, 4, 1, 2, 3, 5)
	segs := mux(t, &TrackConfig{Track: 2, Codec: "opus", Config: head}, []Frame{{Payload: []byte{0xfc, 1, 2}}})
	if info := segs[0].Info; info.Channels != 6 || info.Codec != "opus" || info.SampleRate != 48000 {
		t.Errorf("track = %+v, want 6 channels of opus", *info)
	}
	if segs[1].Duration != 20*time.Millisecond {
		t.Errorf("packet lasts %v, want 20 ms", segs[1].Duration)
	}
}

func TestOpusDuration(t *testing.T) {
	for _, tt := range []struct {
		packet []byte
		want   time.Duration
	}{
		{[]byte{0}, 10 * time.Millisecond},
		{[]byte{3 << 3}, 60 * time.Millisecond},
		{[]byte{13<<3 | 1}, 40 * time.Millisecond},
		{[]byte{16 << 3}, 2500 * time.Microsecond},
		{[]byte{31<<3 | 2}, 40 * time.Millisecond},
		{[]byte{31<<3 | 3, 6}, 120 * time.Millisecond},
		{[]byte{31<<3 | 3, 7}, 0},
		{[]byte{31<<3 | 3, 0}, 0},
		{[]byte{31<<3 | 3}, 0},
	} {
		if got, err := opusDuration(tt.packet); got != tt.want || (err == nil) != (tt.want > 0) {
			t.Errorf("opusDuration(%x) = %v, %v, want %v", tt.packet, got, err, tt.want)
		}
	}
}

// TestMuxerAllocations has a frame cost its segment and its payload, and no more.
func TestMuxerAllocations(t *testing.T) {
	for _, tt := range muxed {
		s := demux(t, tt.name, tt.track)
		if tt.annexB {
			s.annexB(t)
		}
		m, err := NewMuxer(&s.config)
		if err != nil {
			t.Fatal(err)
		}
		f := s.frames[0]
		if _, _, err := m.Mux(&f); err != nil {
			t.Fatal(err)
		}
		f = s.frames[1]
		got := testing.AllocsPerRun(100, func() {
			f.Time += time.Millisecond
			if _, chunk, err := m.Mux(&f); err != nil || chunk == nil {
				t.Fatal(chunk, err)
			}
		})
		if got > 2 {
			t.Errorf("%s, track %d: %v allocations for a frame, want 2", tt.name, tt.track, got)
		}
	}
}
