package dash

import (
	"encoding/binary"

	"github.com/livews/websocketlivestream/livews"
)

// The flags of samples (ISO/IEC 14496-12, 8.8.3.1) besides sampleIsNonSync: a sync
// sample depends on no other one, the others do.
const (
	sampleIsSync  = 0x02000000
	sampleDepends = 0x01000000
)

// sampleHead is the size of the boxes around the sample of a chunk that has one.
const sampleHead = 8 + 16 + 8 + 28 + 20 + 24 + 8

// appendSampleHead appends the moof of a chunk whose one sample is s.
func appendSampleHead(dst []byte, sequence, track uint32, time uint64, s sample) []byte {
	samples := [1]sample{s}
	moof := len(dst)
	dst = openBox(dst, boxMoof)
	mfhd := len(dst)
	dst = openFullBox(dst, boxMfhd, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, sequence)
	closeBox(dst, mfhd)
	start := len(dst)
	dst = openBox(dst, boxTraf)
	form := newForm(samples[:])
	dst = form.appendTfhd(dst, &traf{id: track}, samples[:])
	dst = appendTfdt(dst, time)
	dst, offset, _ := form.appendTrun(dst, samples[:]) // composition offsets were checked
	closeBox(dst, start)
	closeBox(dst, moof)
	binary.BigEndian.PutUint32(dst[offset:], uint32(len(dst)-moof+smallHeader))
	return dst
}

// sampleEntry describes the samples of a track.
type sampleEntry struct {
	kind   string // livews.KindVideo or livews.KindAudio
	typ    fourCC // of the entry
	config fourCC // of the box with the decoder configuration
	body   []byte // of that box

	width, height uint16
	frameRate     float64 // zero where it is not known

	channels uint16
	rate     uint32

	bitrate uint32 // zero where it is not known
}

// The boxes that only a new init segment needs.
var (
	boxDinf = cc("dinf")
	boxDref = cc("dref")
	boxURL  = cc("url ")
	boxSmhd = cc("smhd")
	boxStco = cc("stco")
	boxStsc = cc("stsc")
	boxStts = cc("stts")
	boxVmhd = cc("vmhd")
)

// undetermined is the language "und" (ISO/IEC 14496-12, 8.4.2).
const undetermined = 0x55c4

// initSegment returns an init segment with one track: all durations are zero, and there
// is no mehd, as in [Init.Segment].
func initSegment(id, timescale uint32, e *sampleEntry) []byte {
	dst := append([]byte(nil), normalFtyp(nil)...)
	moov := len(dst)
	dst = openBox(dst, boxMoov)
	dst = appendMvhd(dst, id+1)
	dst = appendTrak(dst, id, timescale, e)
	mvex := len(dst)
	dst = openBox(dst, boxMvex)
	dst = appendFull(dst, boxTrex, 0, id, 1, 0, 0, 0)
	closeBox(dst, mvex)
	closeBox(dst, moov)
	return dst
}

// appendFull appends a full box of version 0 whose fields all have 32 bits.
func appendFull(dst []byte, typ fourCC, flags uint32, values ...uint32) []byte {
	start := len(dst)
	dst = openFullBox(dst, typ, 0, flags)
	for _, v := range values {
		dst = binary.BigEndian.AppendUint32(dst, v)
	}
	closeBox(dst, start)
	return dst
}

// unity is the matrix that changes nothing (ISO/IEC 14496-12, 8.2.2).
var unity = [9]uint32{0: 0x00010000, 4: 0x00010000, 8: 0x40000000}

func appendMvhd(dst []byte, next uint32) []byte {
	values := []uint32{0, 0, 1000, 0, 0x00010000, 0x01000000, 0, 0} // times, timescale, duration, rate, volume
	values = append(values, unity[:]...)
	values = append(values, 0, 0, 0, 0, 0, 0, next)
	return appendFull(dst, boxMvhd, 0, values...)
}

// appendTkhd appends the track header (8.3.2): enabled, in the movie.
func appendTkhd(dst []byte, id uint32, e *sampleEntry) []byte {
	volume := uint32(0)
	if e.kind == livews.KindAudio {
		volume = 0x01000000
	}
	values := []uint32{0, 0, id, 0, 0, 0, 0, 0, volume}
	values = append(values, unity[:]...)
	values = append(values, uint32(e.width)<<16, uint32(e.height)<<16)
	return appendFull(dst, boxTkhd, 3, values...)
}

func appendTrak(dst []byte, id, timescale uint32, e *sampleEntry) []byte {
	trak := len(dst)
	dst = openBox(dst, boxTrak)
	dst = appendTkhd(dst, id, e)
	mdia := len(dst)
	dst = openBox(dst, boxMdia)
	dst = appendFull(dst, boxMdhd, 0, 0, 0, timescale, 0, undetermined<<16)
	dst = appendHdlr(dst, e.kind)
	dst = appendMinf(dst, e)
	closeBox(dst, mdia)
	closeBox(dst, trak)
	return dst
}

func appendHdlr(dst []byte, kind string) []byte {
	handler, name := handlerVideo, "VideoHandler\x00"
	if kind == livews.KindAudio {
		handler, name = handlerAudio, "SoundHandler\x00"
	}
	start := len(dst)
	dst = openFullBox(dst, boxHdlr, 0, 0)
	for _, v := range [...]uint32{0, uint32(handler), 0, 0, 0} {
		dst = binary.BigEndian.AppendUint32(dst, v)
	}
	dst = append(dst, name...)
	closeBox(dst, start)
	return dst
}

func appendMinf(dst []byte, e *sampleEntry) []byte {
	minf := len(dst)
	dst = openBox(dst, boxMinf)
	if e.kind == livews.KindAudio {
		dst = appendFull(dst, boxSmhd, 0, 0)
	} else {
		dst = appendFull(dst, boxVmhd, 1, 0, 0)
	}
	dinf := len(dst)
	dst = openBox(dst, boxDinf)
	dref := len(dst)
	dst = openFullBox(dst, boxDref, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, 1)
	dst = appendFull(dst, boxURL, 1)
	closeBox(dst, dref)
	closeBox(dst, dinf)

	stbl := len(dst)
	dst = openBox(dst, boxStbl)
	stsd := len(dst)
	dst = openFullBox(dst, boxStsd, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, 1)
	dst = e.append(dst)
	closeBox(dst, stsd)
	for _, typ := range [...]fourCC{boxStts, boxStsc, boxStco} {
		dst = appendFull(dst, typ, 0, 0)
	}
	dst = appendFull(dst, boxStsz, 0, 0, 0)
	closeBox(dst, stbl)
	closeBox(dst, minf)
	return dst
}

// append appends the sample entry (8.5.2, 12.1.3 and 12.2.3).
func (e *sampleEntry) append(dst []byte) []byte {
	start := len(dst)
	dst = openBox(dst, e.typ)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 1) // reserved; the first data reference
	if e.kind == livews.KindVideo {
		dst = e.appendVisual(dst)
	} else {
		dst = e.appendAudio(dst)
	}
	config := len(dst)
	dst = append(openBox(dst, e.config), e.body...)
	closeBox(dst, config)
	if e.bitrate != 0 {
		btrt := len(dst)
		dst = openBox(dst, boxBtrt)
		for _, v := range [...]uint32{0, e.bitrate, e.bitrate} {
			dst = binary.BigEndian.AppendUint32(dst, v)
		}
		closeBox(dst, btrt)
	}
	closeBox(dst, start)
	return dst
}

func (e *sampleEntry) appendVisual(dst []byte) []byte {
	dst = append(dst, make([]byte, 16)...)
	dst = binary.BigEndian.AppendUint16(dst, e.width)
	dst = binary.BigEndian.AppendUint16(dst, e.height)
	dst = binary.BigEndian.AppendUint32(dst, 0x00480000) // 72 dpi, as always
	dst = binary.BigEndian.AppendUint32(dst, 0x00480000)
	dst = append(dst, 0, 0, 0, 0, 0, 1)     // one frame in a sample
	dst = append(dst, make([]byte, 32)...)  // no compressor's name
	return append(dst, 0, 0x18, 0xff, 0xff) // depth, no colour table
}

func (e *sampleEntry) appendAudio(dst []byte) []byte {
	dst = append(dst, make([]byte, 8)...)
	dst = binary.BigEndian.AppendUint16(dst, e.channels)
	dst = append(dst, 0, 16, 0, 0, 0, 0)
	rate := e.rate
	if rate > 0xffff { // the decoder configuration has it
		rate = 0
	}
	return binary.BigEndian.AppendUint32(dst, rate<<16)
}
