package dash

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

const (
	// MaxTracks is how many tracks a moov, and track fragments a moof, may
	// have.
	MaxTracks = 32
	// MaxSamples is how many samples a moof may have: 18 minutes of video at
	// 60 frames per second.
	MaxSamples = 1 << 16
	// maxTime bounds decode times, in units, so that sums do not overflow.
	maxTime = 1 << 62
)

// The flags of tfhd, trun and samples (ISO/IEC 14496-12, 8.8.7, 8.8.8 and
// 8.8.3.1).
const (
	tfhdBaseDataOffset    = 0x000001
	tfhdDescription       = 0x000002
	tfhdDuration          = 0x000008
	tfhdSize              = 0x000010
	tfhdFlags             = 0x000020
	tfhdDefaultBaseIsMoof = 0x020000

	trunDataOffset  = 0x000001
	trunFirstFlags  = 0x000004
	trunDuration    = 0x000100
	trunSize        = 0x000200
	trunFlags       = 0x000400
	trunComposition = 0x000800
	trunPerSample   = trunDuration | trunSize | trunFlags | trunComposition

	sampleIsNonSync = 0x00010000
)

// Defaults are the values of samples that do not have their own
// (trex, ISO/IEC 14496-12, 8.8.3).
type Defaults struct {
	Duration uint32 // in units of the track's timescale
	Size     uint32 // in bytes
	Flags    uint32 // sample flags, ISO/IEC 14496-12, 8.8.3.1
}

// sample is one sample of a track fragment, with every default filled in.
type sample struct {
	duration, size, flags uint32
	composition           int64 // offset to the decode time
}

func (s sample) sync() bool { return s.flags&sampleIsNonSync == 0 }

// run is one trun: samples whose bytes lie side by side.
type run struct {
	offset     int64 // of the bytes, from the start of the moof
	size       int64
	first, end int // its samples in fragment.samples
}

// traf is one track fragment.
type traf struct {
	id          uint32
	lo, hi      int    // its body within the moof
	description uint32 // sample description index, 0 where it has none
	// time is the decode time, if hasTime; time32 says that it came in 32
	// bits and may have wrapped.
	time            uint64
	hasTime, time32 bool
	// plain says that the boxes have the form of CMAF: data offsets from
	// the moof in every trun and a 64-bit decode time.
	plain      bool
	runs       [2]int // from and to in fragment.runs
	first, end int    // its samples in fragment.samples
}

// fragment is a parsed moof (ISO/IEC 14496-12, 8.8.4). It holds no bytes of
// the moof, and its memory is used again by the next parse.
type fragment struct {
	sequence uint32
	trafs    []traf
	runs     []run
	samples  []sample
	// dataEnd is where the bytes of the last sample end, from the start of
	// the moof; dataSize is the sum of all samples' sizes.
	dataEnd, dataSize int64
}

// parse reads a moof. origin is the moof's offset in its file, on which
// base-data-offset counts; defaults gives those of a track, or zeros for one
// that is not known.
func (f *fragment) parse(moof box, origin int64, defaults func(id uint32) Defaults) error {
	*f = fragment{trafs: f.trafs[:0], runs: f.runs[:0], samples: f.samples[:0]}
	head := len(moof.raw) - len(moof.body)
	// The default base of the first traf, and then where the data of the one
	// before ended (8.8.7.1).
	var base int64
	for body := moof.body; len(body) > 0; {
		b, rest, err := nextBox(moof.typ, body)
		if err != nil {
			return err
		}
		switch b.typ {
		case boxMfhd:
			_, _, fields, err := fullBox(b, 4)
			if err != nil {
				return err
			}
			f.sequence = binary.BigEndian.Uint32(fields)
		case boxTraf:
			if len(f.trafs) == MaxTracks {
				return malformed("moof: more than %d track fragments", MaxTracks)
			}
			end := head + len(moof.body) - len(rest)
			t := traf{lo: end - len(b.body), hi: end}
			if base, err = f.parseTraf(&t, b, base, origin, defaults); err != nil {
				return err
			}
			f.trafs = append(f.trafs, t)
		}
		body = rest
	}
	// Every sample has bytes of its own, in the trun or in the mdat: so the
	// memory for samples is in proportion to the input.
	if int64(len(f.samples)) > f.dataSize+int64(len(moof.raw)) {
		return malformed("moof: %d samples in %d bytes", len(f.samples), f.dataSize)
	}
	return nil
}

// parseTraf fills t from the traf b and returns where its data end, from the
// start of the moof.
func (f *fragment) parseTraf(t *traf, b box, base, origin int64, defaults func(uint32) Defaults) (int64, error) {
	t.runs = [2]int{len(f.runs), len(f.runs)}
	t.first, t.end = len(f.samples), len(f.samples)
	tfhd, err := mustChild(boxTraf, b.body, boxTfhd)
	if err != nil {
		return 0, err
	}
	def, base, err := t.parseTfhd(tfhd, base, origin, defaults)
	if err != nil {
		return 0, err
	}
	end := base
	for body := b.body; len(body) > 0; {
		var c box
		if c, body, err = nextBox(b.typ, body); err != nil {
			return 0, err
		}
		switch c.typ {
		case boxTfdt:
			err = t.parseTfdt(c)
		case boxTrun:
			end, err = f.parseTrun(t, c, base, end, def)
		}
		if err != nil {
			return 0, fmt.Errorf("track %d: %w", t.id, err)
		}
	}
	t.plain = t.plain && t.hasTime && !t.time32
	return end, nil
}

// parseTfhd fills t from the tfhd b (ISO/IEC 14496-12, 8.8.7) and returns the
// track's defaults and the base of its data offsets.
func (t *traf) parseTfhd(b box, base, origin int64, defaults func(uint32) Defaults) (Defaults, int64, error) {
	_, flags, body, err := fullBox(b, 4)
	if err != nil {
		return Defaults{}, 0, err
	}
	in := fields{b: body}
	t.id = in.u32()
	def := defaults(t.id)
	if flags&tfhdDefaultBaseIsMoof != 0 {
		base = 0
	}
	t.plain = flags&tfhdDefaultBaseIsMoof != 0
	if flags&tfhdBaseDataOffset != 0 {
		offset := in.u64()
		if offset > maxTime {
			return def, 0, malformed("tfhd: track %d: base data offset %d", t.id, offset)
		}
		base = int64(offset) - origin
		t.plain = false
	}
	for _, f := range [...]struct {
		flag uint32
		dst  *uint32
	}{
		{tfhdDescription, &t.description},
		{tfhdDuration, &def.Duration},
		{tfhdSize, &def.Size},
		{tfhdFlags, &def.Flags},
	} {
		if flags&f.flag != 0 {
			*f.dst = in.u32()
		}
	}
	if in.short {
		return def, 0, malformed("tfhd: %d bytes do not hold what flags %#x promise", len(b.body), flags)
	}
	return def, base, nil
}

// parseTfdt fills t from the tfdt b (ISO/IEC 14496-12, 8.8.12).
func (t *traf) parseTfdt(b box) error {
	version, _, body, err := fullBox(b, 4)
	if err != nil {
		return err
	}
	in := fields{b: body}
	if t.time32 = version == 0; t.time32 {
		t.time = uint64(in.u32())
	} else {
		t.time = in.u64()
	}
	if in.short || t.time > maxTime {
		return malformed("tfdt: decode time %d in %d bytes", t.time, len(b.body))
	}
	t.hasTime = true
	return nil
}

// parseTrun appends the run and the samples of the trun b (ISO/IEC 14496-12,
// 8.8.8). Its data lie at base and the offset that it has, or else at end,
// where those of the run before ended. It returns where its own end.
func (f *fragment) parseTrun(t *traf, b box, base, end int64, def Defaults) (int64, error) {
	version, flags, body, err := fullBox(b, 4)
	if err != nil {
		return 0, err
	}
	in := fields{b: body}
	count := in.u32()
	if flags&trunDataOffset != 0 {
		end = base + int64(int32(in.u32()))
	} else {
		t.plain = false
	}
	first := def.Flags
	if flags&trunFirstFlags != 0 {
		first = in.u32()
	}
	perSample := 4 * bits.OnesCount32(flags&trunPerSample)
	if in.short || uint64(count)*uint64(perSample) > uint64(len(in.b)) {
		return 0, malformed("trun: %d samples of %d bytes in a box of %d", count, perSample, len(b.raw))
	}
	if int(count) > MaxSamples-len(f.samples) {
		return 0, malformed("trun: %d samples, a moof has at most %d", count, MaxSamples)
	}
	f.samples = slices.Grow(f.samples, int(count))
	r := run{offset: end, first: len(f.samples), end: len(f.samples) + int(count)}
	for i := range int(count) {
		s := sample{duration: def.Duration, size: def.Size, flags: def.Flags}
		if i == 0 {
			s.flags = first
		}
		s.read(&in, flags, version)
		r.size += int64(s.size)
		f.samples = append(f.samples, s)
	}
	f.runs = append(f.runs, r)
	f.dataSize += r.size
	if r.size > 0 {
		f.dataEnd = max(f.dataEnd, r.offset+r.size)
	}
	t.runs[1], t.end = len(f.runs), len(f.samples)
	return r.offset + r.size, nil
}

// read reads the fields that flags promise for each sample.
func (s *sample) read(in *fields, flags uint32, version byte) {
	if flags&trunDuration != 0 {
		s.duration = in.u32()
	}
	if flags&trunSize != 0 {
		s.size = in.u32()
	}
	if flags&trunFlags != 0 {
		s.flags = in.u32()
	}
	if flags&trunComposition == 0 {
		return
	}
	if offset := in.u32(); version == 0 {
		s.composition = int64(offset)
	} else {
		s.composition = int64(int32(offset))
	}
}

// sumDuration returns the sum of the durations of samples.
func sumDuration(samples []sample) uint64 {
	var d uint64
	for _, s := range samples {
		d += uint64(s.duration)
	}
	return d
}

// checkData reports whether the data of every sample lie between lo and hi,
// from the start of the moof. No two samples may share bytes.
func (f *fragment) checkData(lo, hi int64) error {
	for _, r := range f.runs {
		if r.size > 0 && (r.offset < lo || r.offset+r.size > hi) {
			return malformed("trun: samples at %d to %d of their moof, the media data at %d to %d",
				r.offset, r.offset+r.size, lo, hi)
		}
	}
	if f.dataSize > hi-lo {
		return malformed("moof: samples of %d bytes in media data of %d", f.dataSize, hi-lo)
	}
	return nil
}
