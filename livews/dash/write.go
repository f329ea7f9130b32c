package dash

import (
	"encoding/binary"
	"math"
)

// appendChunk appends the samples from first to end of t, a traf of f, as a
// CMAF chunk: a moof with one traf and one trun, and an mdat. unit is the moof
// that f was parsed from and the media data behind it; time is the decode time
// of the first of the samples.
func (f *fragment) appendChunk(dst, unit []byte, t *traf, first, end int, time uint64) ([]byte, error) {
	moof := len(dst)
	dst = openBox(dst, boxMoof)
	mfhd := len(dst)
	dst = openFullBox(dst, boxMfhd, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, f.sequence)
	closeBox(dst, mfhd)

	start := len(dst)
	dst = openBox(dst, boxTraf)
	samples := f.samples[first:end]
	form := newForm(samples)
	dst = form.appendTfhd(dst, t, samples)
	dst = appendTfdt(dst, time)
	if first == t.first && end == t.end {
		dst = appendOtherBoxes(dst, unit[t.lo:t.hi])
	}
	dst, offset, err := form.appendTrun(dst, samples)
	if err != nil {
		return nil, err
	}
	closeBox(dst, start)
	closeBox(dst, moof)
	binary.BigEndian.PutUint32(dst[offset:], uint32(len(dst)-moof+smallHeader))

	mdat := len(dst)
	dst = openBox(dst, boxMdat)
	dst = f.appendData(dst, unit, t, first, end)
	closeBox(dst, mdat)
	return dst, nil
}

// chunkBound returns a size that no chunk of appendChunk with these samples
// exceeds.
func (f *fragment) chunkBound(t *traf, first, end int) int {
	const boxes = 8 + 16 + 8 + 32 + 20 + 24 + 8
	size := boxes + 16*(end-first)
	if first == t.first && end == t.end {
		size += t.hi - t.lo
	}
	for _, s := range f.samples[first:end] {
		size += int(s.size)
	}
	return size
}

// appendData appends the data of the samples from first to end. A run without
// data may have any offset.
func (f *fragment) appendData(dst, unit []byte, t *traf, first, end int) []byte {
	for _, r := range f.runs[t.runs[0]:t.runs[1]] {
		lo := r.offset
		for i := r.first; i < r.end && i < end; i++ {
			hi := lo + int64(f.samples[i].size)
			if i >= first && hi > lo {
				dst = append(dst, unit[lo:hi]...)
			}
			lo = hi
		}
	}
	return dst
}

func appendTfdt(dst []byte, time uint64) []byte {
	start := len(dst)
	dst = openFullBox(dst, boxTfdt, 1, 0)
	dst = binary.BigEndian.AppendUint64(dst, time)
	closeBox(dst, start)
	return dst
}

// appendOtherBoxes appends the boxes of a traf's body that are neither written
// anew nor tell places in the file that are no longer right.
func appendOtherBoxes(dst, body []byte) []byte {
	for len(body) > 0 {
		b, rest, err := nextBox(boxTraf, body)
		if err != nil {
			return dst
		}
		switch b.typ {
		case boxTfhd, boxTfdt, boxTrun, boxSaio, boxSaiz, boxSenc:
		default:
			dst = append(dst, b.raw...)
		}
		body = rest
	}
	return dst
}

// form says which fields of samples are the same for all, and so stand in the
// tfhd, and which stand in the trun.
type form struct {
	perSample  uint32 // the trun flags of fields that differ
	firstFlags bool   // the first sample's flags differ, the others' do not
	negative   bool   // there is a negative composition offset
}

func newForm(samples []sample) form {
	var f form
	last := samples[len(samples)-1]
	for i, s := range samples {
		if s.duration != last.duration {
			f.perSample |= trunDuration
		}
		if s.size != last.size {
			f.perSample |= trunSize
		}
		if s.flags != last.flags {
			f.firstFlags = i == 0
			if i > 0 {
				f.perSample |= trunFlags
			}
		}
		if s.composition != 0 {
			f.perSample |= trunComposition
		}
		f.negative = f.negative || s.composition < 0
	}
	if f.perSample&trunFlags != 0 {
		f.firstFlags = false
	}
	return f
}

// appendTfhd appends a tfhd with what all samples share as defaults.
func (f form) appendTfhd(dst []byte, t *traf, samples []sample) []byte {
	start := len(dst)
	last := samples[len(samples)-1]
	dst = openFullBox(dst, boxTfhd, 0, 0)
	flags := uint32(tfhdDefaultBaseIsMoof)
	dst = binary.BigEndian.AppendUint32(dst, t.id)
	for _, d := range [...]struct {
		flag  uint32
		have  bool
		value uint32
	}{
		{tfhdDescription, t.description != 0, t.description},
		{tfhdDuration, f.perSample&trunDuration == 0, last.duration},
		{tfhdSize, f.perSample&trunSize == 0, last.size},
		{tfhdFlags, f.perSample&trunFlags == 0, last.flags},
	} {
		if d.have {
			flags |= d.flag
			dst = binary.BigEndian.AppendUint32(dst, d.value)
		}
	}
	binary.BigEndian.PutUint32(dst[start+smallHeader:], flags)
	closeBox(dst, start)
	return dst
}

// appendTrun appends a trun and returns where in dst its data offset is to be
// written.
func (f form) appendTrun(dst []byte, samples []sample) ([]byte, int, error) {
	start := len(dst)
	flags := f.perSample | trunDataOffset
	if f.firstFlags {
		flags |= trunFirstFlags
	}
	var version byte
	if f.negative {
		version = 1
	}
	dst = openFullBox(dst, boxTrun, version, flags)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(samples)))
	offset := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	if f.firstFlags {
		dst = binary.BigEndian.AppendUint32(dst, samples[0].flags)
	}
	for _, s := range samples {
		if f.negative && s.composition > math.MaxInt32 {
			return nil, 0, malformed("trun: composition offset %d beside negative ones", s.composition)
		}
		dst = s.append(dst, f.perSample)
	}
	closeBox(dst, start)
	return dst, offset, nil
}

// append appends the fields of s that flags name.
func (s sample) append(dst []byte, flags uint32) []byte {
	if flags&trunDuration != 0 {
		dst = binary.BigEndian.AppendUint32(dst, s.duration)
	}
	if flags&trunSize != 0 {
		dst = binary.BigEndian.AppendUint32(dst, s.size)
	}
	if flags&trunFlags != 0 {
		dst = binary.BigEndian.AppendUint32(dst, s.flags)
	}
	if flags&trunComposition != 0 {
		dst = binary.BigEndian.AppendUint32(dst, uint32(s.composition))
	}
	return dst
}
