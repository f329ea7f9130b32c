package dash

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func mustInit(t testing.TB, tracks ...testTrack) *Init {
	t.Helper()
	in, err := ParseInit(buildInit(tracks...))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestParseChunk(t *testing.T) {
	in := mustInit(t, video1, audio2)
	got, err := ParseChunk(in, slices.Concat(mk("styp"), prft(1, ntp2026), plainChunk(1, 1<<40, 5, 6, 7)))
	if err != nil {
		t.Fatal(err)
	}
	want := Chunk{
		Track: in.Tracks[0], Sync: true, DecodeTime: 1 << 40, Duration: 120, Samples: 3, Bytes: 18,
		WallClock: time.Unix(1767225600, 5e8),
	}
	if got != want {
		t.Errorf("ParseChunk = %+v, want %+v", got, want)
	}
}

func TestParseChunkErrors(t *testing.T) {
	in := mustInit(t, video1)
	traf := mk("traf", tfhd(baseIsMoof, 1, 0), tfdt64(0))
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"nothing", nil, "no moof"},
		{"no moof", mk("mdat", zeros(5)), "no moof"},
		{"two moofs", append(plainChunk(1, 0, 5), plainChunk(1, 40, 5)...), "more than one moof"},
		{"no traf", moofOf(), "0 track fragments"},
		{"two trafs", moofOf(traf, traf), "2 track fragments"},
		{"no samples", moofOf(traf), "no samples"},
		{"no decode time", noTime(1, 5), "no tfdt"},
		{"no mdat", plainMoof(1, 0, 5), "samples at"},
		{"cut", plainChunk(1, 0, 5)[:100], "bytes left"},
		{"another track", plainChunk(2, 0, 5), "track 2 is not in the init segment"},
		{"short prft", append(mk("prft", zeros(9)), plainChunk(1, 0, 5)...), "prft: 9 bytes"},
	}
	for _, tt := range tests {
		if _, err := ParseChunk(in, tt.in); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: ParseChunk = %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestShiftChunk(t *testing.T) {
	// emsg of version 1: timescale, presentation time, and what follows.
	emsg := func(time uint64) []byte {
		return full("emsg", 1, 0, u32(90000), u64(time), zeros(8), str("id\x00\x00"))
	}
	prftAt := func(version byte, time []byte) []byte {
		return full("prft", version, 0, u32(1), u64(ntp2026), time)
	}
	chunk := func(at uint64) []byte { return plainChunk(1, at, 5, 6) }
	tests := []struct {
		name     string
		in       []byte
		delta    int64
		want     []byte
		decision string
	}{
		{"forward", chunk(1000), 500, chunk(1500), ""},
		{"back", chunk(1000), -1000, chunk(0), ""},
		{"not at all", chunk(1000), 0, chunk(1000), ""},
		{"before 0", chunk(1000), -1001, nil, "moved by -1001"},
		{"far", chunk(1 << 61), 1 << 61, chunk(1 << 62), ""},
		{"too far", chunk(1000), 1<<62 + 1, nil, "shift chunk: by"},
		{"prft of 64 bits", append(prftAt(1, u64(1000)), chunk(1000)...), 500, append(prftAt(1, u64(1500)), chunk(1500)...), ""},
		{"prft of 32 bits", append(prftAt(0, u32(0xffffffff)), chunk(1000)...), 2, append(prftAt(0, u32(1)), chunk(1002)...), ""},
		{"prft before 0", append(prftAt(1, u64(3)), chunk(1000)...), -500, append(prftAt(1, u64(0)), chunk(500)...), ""},
		{"short prft", append(prftAt(1, u32(3)), chunk(1000)...), 1, nil, "prft: 28 bytes"},
		{"emsg", append(emsg(90000), chunk(1000)...), 500, append(emsg(135000), chunk(1500)...), ""},
		{"emsg back", append(emsg(90000), chunk(1000)...), -500, append(emsg(45000), chunk(500)...), ""},
		{"emsg relative to its chunk", append(full("emsg", 0, 0, zeros(20)), chunk(1000)...), 500, append(full("emsg", 0, 0, zeros(20)), chunk(1500)...), ""},
		{"no moof", mk("mdat"), 5, nil, "0 moofs"},
		{"two moofs", append(chunk(0), chunk(40)...), 5, nil, "2 moofs"},
		{"no tfdt", noTime(1, 5), 5, nil, "no tfdt"},
		{"32-bit tfdt", mk("moof", mk("traf", full("tfdt", 0, 0, u64(0)))), 5, nil, "version 0"},
		{"garbage", []byte("garbage"), 5, nil, "hold no box"},
	}
	for _, tt := range tests {
		before := bytes.Clone(tt.in)
		got, err := ShiftChunk(tt.in, tt.delta, 1000)
		if !bytes.Equal(tt.in, before) {
			t.Errorf("%s: ShiftChunk changes its input", tt.name)
		}
		if tt.decision != "" {
			if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), tt.decision) {
				t.Errorf("%s: ShiftChunk = %v, want %q", tt.name, err, tt.decision)
			}
			continue
		}
		if err != nil || !bytes.Equal(got, tt.want) {
			t.Errorf("%s: ShiftChunk = %x, %v; want %x", tt.name, got, err, tt.want)
		}
	}
	if _, err := ShiftChunk(chunk(0), 1, 0); !errors.Is(err, ErrMalformed) {
		t.Errorf("ShiftChunk at timescale 0 = %v, want ErrMalformed", err)
	}
}

func TestDuration(t *testing.T) {
	tests := []struct {
		n         uint64
		timescale uint32
		want      time.Duration
		ok        bool
	}{
		{0, 1, 0, true},
		{1, 3, 333333333, true},
		{2, 3, 666666666, true},
		{90000 * 86400 * 365, 90000, 365 * 24 * time.Hour, true},
		{17e9 * 48000 / 10, 48000, 17e8 * time.Second, true},
		{math.MaxInt64, 1e9, math.MaxInt64, true},
		{math.MaxInt64 + 1, 1e9, 0, false},
		{math.MaxUint64, 1, 0, false},
		{math.MaxUint64, math.MaxUint32, 4294967297 * time.Second, true},
	}
	for _, tt := range tests {
		got, ok := duration(tt.n, tt.timescale)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("duration(%d, %d) = %d, %v; want %d, %v", tt.n, tt.timescale, got, ok, tt.want, tt.ok)
		}
	}
}

func TestUnits(t *testing.T) {
	tests := []struct {
		d         time.Duration
		timescale uint32
		want      int64
	}{
		{0, 90000, 0},
		{time.Second, 90000, 90000},
		{-time.Second, 90000, -90000},
		{333333333, 3, 1},
		{-333333333, 3, -1},
		{math.MaxInt64, 1000, 9223372036855},
		{math.MinInt64, 1000, -9223372036855},
		{math.MaxInt64, math.MaxUint32, math.MaxInt64},
	}
	for _, tt := range tests {
		if got := units(tt.d, tt.timescale); got != tt.want {
			t.Errorf("units(%d, %d) = %d, want %d", tt.d, tt.timescale, got, tt.want)
		}
	}
	// What is rounded down to a nanosecond comes back.
	for _, timescale := range []uint32{1, 3, 1000, 12800, 44100, 90000, 10000000} {
		for n := uint64(0); n < 1000; n++ {
			d, _ := duration(n, timescale)
			if got := units(d, timescale); got != int64(n) {
				t.Fatalf("units(duration(%d), %d) = %d", n, timescale, got)
			}
		}
	}
}

func TestUnwrap(t *testing.T) {
	const p = 1 << 32
	tests := []struct{ time, near, want uint64 }{
		{0, 0, 0},
		{5, p - 5, p + 5},
		{p - 5, p + 5, p - 5},
		{p - 5, 5, p - 5},
		{5, 3*p + 7, 3*p + 5},
		{0, 1000000, 0},
	}
	for _, tt := range tests {
		if got := unwrap(tt.time, tt.near); got != tt.want {
			t.Errorf("unwrap(%#x, %#x) = %#x, want %#x", tt.time, tt.near, got, tt.want)
		}
	}
}
