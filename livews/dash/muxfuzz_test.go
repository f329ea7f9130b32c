package dash

import (
	"bytes"
	"testing"

	"github.com/livews/websocketlivestream/livews"
)

// fuzzCodecs are those that FuzzMuxer chooses from.
var fuzzCodecs = [...]string{"avc1", "hvc1", "vp09", "av01", "opus", "mp4a"}

// FuzzMuxer gives a Muxer two frames of anything. What comes out has to be sound, and no
// more than went in.
func FuzzMuxer(f *testing.F) {
	for _, tt := range muxed {
		s := demux(f, tt.name, tt.track)
		if tt.annexB {
			s.annexB(f)
		}
		for i, codec := range fuzzCodecs {
			if codec[:2] == s.info.Codec[:2] {
				cut := s.frames[0].Payload
				f.Add(byte(i), s.config.Config, cut[:min(len(cut), 300)], s.frames[1].Payload)
			}
		}
	}
	f.Fuzz(func(t *testing.T, codec byte, config, first, second []byte) {
		c := &TrackConfig{Track: 1, Codec: fuzzCodecs[int(codec)%len(fuzzCodecs)], Config: config}
		m, err := NewMuxer(c)
		if err != nil {
			if !isExpected(err) {
				t.Errorf("NewMuxer = %v, want an error of this package", err)
			}
			return
		}
		var segs []*livews.Segment
		for _, payload := range [][]byte{first, second, first} {
			init, chunk, err := m.Mux(&Frame{Time: 1, Payload: payload})
			if err != nil && !isExpected(err) {
				t.Errorf("Mux = %v, want an error of this package", err)
			}
			if init != nil {
				segs = append(segs, init)
			}
			if chunk != nil {
				if limit := 5*len(payload) + sampleHead; len(chunk.Payload) > limit {
					t.Errorf("a chunk of %d bytes of a frame of %d", len(chunk.Payload), len(payload))
				}
				segs = append(segs, chunk)
			}
			if init == nil && chunk != nil && len(inits(segs)) == 0 {
				t.Error("a chunk without an init segment")
			}
		}
		checkSegments(t, segs)
	})
}

func BenchmarkMuxer(b *testing.B) {
	frame := append([]byte{0, 0, 0, 1, 0x41}, bytes.Repeat([]byte{0xa5}, 8<<10)...)
	for _, tt := range []struct {
		name string
		at   int // in muxed
		more []byte
	}{
		{"H.264 of 8 KiB", 1, frame},
		{"VP9", 13, nil},
		{"Opus", 12, nil},
	} {
		b.Run(tt.name, func(b *testing.B) {
			s := demux(b, muxed[tt.at].name, muxed[tt.at].track)
			if muxed[tt.at].annexB {
				s.annexB(b)
			}
			m, err := NewMuxer(&s.config)
			if err != nil {
				b.Fatal(err)
			}
			if _, _, err := m.Mux(&s.frames[0]); err != nil {
				b.Fatal(err)
			}
			f := s.frames[1]
			if tt.more != nil {
				f.Payload = tt.more
			}
			b.SetBytes(int64(len(f.Payload)))
			b.ReportAllocs()
			for b.Loop() {
				if _, chunk, err := m.Mux(&f); err != nil || chunk == nil {
					b.Fatal(chunk, err)
				}
			}
		})
	}
}
