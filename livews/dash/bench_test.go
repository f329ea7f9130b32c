package dash

import (
	"io"
	"slices"
	"testing"
)

// loop gives an init segment and then a chunk again and again.
type loop struct {
	init, chunk []byte
	at          int
}

func (l *loop) Read(b []byte) (int, error) {
	if len(l.init) > 0 {
		n := copy(b, l.init)
		l.init = l.init[n:]
		return n, nil
	}
	n := copy(b, l.chunk[l.at:])
	l.at = (l.at + n) % len(l.chunk)
	return n, nil
}

// benchChunks are chunks of the forms that a Splitter treats differently.
func benchChunks() map[string][]byte {
	sizes := slices.Repeat([]uint32{25 << 10}, 4)
	return map[string][]byte{
		"plain 100 KB": plainChunk(1, 0, sizes...),
		"plain 4 KB":   slices.Concat(prft(1, ntp2026), plainChunk(1, 0, 4<<10)),
		"two tracks, 100 KB": append(offsets(func(n uint32) []byte {
			return moofOf(
				mk("traf", tfhd(baseIsMoof, 1, flagsNonSync), tfdt64(0), full("trun", 0, 0x205, words(4, n+8, flagsSync), words(sizes...))),
				mk("traf", tfhd(baseIsMoof, 2, 0), tfdt64(0), full("trun", 0, 0x201, words(1, n+8+100<<10, 300))))
		}), mk("mdat", zeros(100<<10+300))...),
	}
}

func newLoop(chunk []byte) *Splitter {
	return NewSplitter(&loop{init: buildInit(video1, audio2), chunk: chunk}, nil)
}

// BenchmarkSplitter stands beside the least that it could do: read the bytes of a chunk into
// memory of their own.
func BenchmarkSplitter(b *testing.B) {
	b.Run("reference, 100 KB", func(b *testing.B) {
		chunk := benchChunks()["plain 100 KB"]
		l := &loop{chunk: chunk}
		b.SetBytes(int64(len(chunk)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := io.ReadFull(l, make([]byte, len(chunk))); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, chunk := range benchChunks() {
		b.Run(name, func(b *testing.B) {
			s := newLoop(chunk)
			b.SetBytes(int64(len(chunk)))
			b.ReportAllocs()
			for b.Loop() {
				for start := s.Stats().Bytes; s.Stats().Bytes < start+int64(len(chunk)); {
					if _, err := s.ReadSegment(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkParseChunk(b *testing.B) {
	in := mustInit(b, video1)
	chunk := plainChunk(1, 0, slices.Repeat([]uint32{1000}, 4)...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseChunk(in, chunk); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseInit(b *testing.B) {
	file := fixture(b, "live.mp4")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseInit(file); err != nil {
			b.Fatal(err)
		}
	}
}

// TestSplitterAllocations holds the budget: a chunk costs its Segment and its
// bytes, and one more allocation where the race detector is on.
func TestSplitterAllocations(t *testing.T) {
	const budget = 3
	for name, chunk := range benchChunks() {
		s := newLoop(chunk)
		read := func() {
			if _, err := s.ReadSegment(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for range 20 {
			read()
		}
		if got := testing.AllocsPerRun(100, read); got > budget {
			t.Errorf("%s: %v allocations per chunk, want at most %d", name, got, budget)
		}
	}
}
