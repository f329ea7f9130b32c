package dash

import (
	"fmt"

	"github.com/livews/websocketlivestream/livews"
)

var boxEsds = cc("esds")

// The tags of descriptors and the object types (ISO/IEC 14496-1, 7.2.2.1 and
// 7.2.6.6).
const (
	tagES              = 3
	tagDecoderConfig   = 4
	tagDecoderSpecific = 5

	objectAAC = 0x40
)

// esds is what is of use in an esds (ISO/IEC 14496-14, 6.7.2).
type esds struct {
	object   byte
	bitrates []byte // maximum and average, in the box's own memory
	config   []byte // decoder specific information, may be nil
}

// parseEsds walks the descriptors of an esds by hand, because the places of the
// bit rates are wanted too.
func parseEsds(b box) (esds, error) {
	var e esds
	_, _, body, err := fullBox(b, 0)
	if err != nil {
		return e, err
	}
	es, _ := descriptor(body, tagES)
	in := fields{b: es}
	in.take(2)
	if flags := in.take(1); flags != nil {
		in.skipOptional(flags[0])
	}
	config, _ := descriptor(in.b, tagDecoderConfig)
	if len(config) < 13 {
		return e, malformed("esds: no decoder configuration in %d bytes", len(b.raw))
	}
	e.object = config[0]
	e.bitrates = config[5:13]
	e.config, _ = descriptor(config[13:], tagDecoderSpecific)
	return e, nil
}

// skipOptional passes over what the flags of an ES_Descriptor promise: another
// stream's id, a URL, a clock's id.
func (f *fields) skipOptional(flags byte) {
	if flags&0x80 != 0 {
		f.take(2)
	}
	if flags&0x40 != 0 {
		if n := f.take(1); n != nil {
			f.take(int(n[0]))
		}
	}
	if flags&0x20 != 0 {
		f.take(2)
	}
}

// descriptor returns the body of the descriptor at the start of b and what
// follows it, or nil if it has another tag or is not whole. Its size comes in
// up to four bytes of 7 bits (ISO/IEC 14496-1, 8.3.3).
func descriptor(b []byte, tag byte) (body, rest []byte) {
	if len(b) == 0 || b[0] != tag {
		return nil, nil
	}
	b = b[1:]
	size := 0
	for i := 0; ; i++ {
		if i == 4 || i == len(b) {
			return nil, nil
		}
		size = size<<7 | int(b[i]&0x7f)
		if b[i]&0x80 == 0 {
			b = b[i+1:]
			break
		}
	}
	if size > len(b) {
		return nil, nil
	}
	return b[:size], b[size:]
}

// parseMP4A makes "mp4a.40.A" with the audio object type for AAC, and
// "mp4a.OO" with the object type for others (RFC 6381, section 3.3).
func parseMP4A(info *livews.Track, entry fourCC, config box) error {
	e, err := parseEsds(config)
	if err != nil {
		return err
	}
	if info.Bitrate == 0 {
		info.Bitrate = bitrate(e.bitrates)
	}
	if e.object != objectAAC {
		info.Codec = fmt.Sprintf("%v.%02X", entry, e.object)
		return nil
	}
	asc, err := parseAudioConfig(e.config)
	if err != nil {
		return err
	}
	info.Codec = fmt.Sprintf("%v.40.%d", entry, asc.object)
	if asc.rate != 0 {
		info.SampleRate = asc.rate
	}
	if asc.channels != 0 {
		info.Channels = asc.channels
	}
	return nil
}

// audioConfig is the start of an AudioSpecificConfig.
type audioConfig struct {
	object   uint32
	rate     uint32
	channels uint16
}

// aacRates are the rates of the sampling frequency indexes (ISO/IEC 14496-3,
// 1.6.3.4).
var aacRates = [...]uint32{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}

// The audio object types that announce spectral band replication, and with it
// a second, higher rate.
const (
	objectSBR = 5
	objectPS  = 29
)

// parseAudioConfig parses the start of an AudioSpecificConfig (ISO/IEC 14496-3,
// 1.6.2.1).
func parseAudioConfig(b []byte) (audioConfig, error) {
	in := bitReader{b: b}
	c := audioConfig{object: in.audioObject(), rate: in.audioRate()}
	// 7 is 7.1; higher values are for other layouts, 0 for one described
	// elsewhere.
	if n := in.bits(4); n == 7 {
		c.channels = 8
	} else if n < 7 {
		c.channels = uint16(n)
	}
	if c.object == objectSBR || c.object == objectPS {
		c.rate = in.audioRate()
	}
	if in.short || c.object == 0 {
		return c, malformed("esds: audio configuration %x", b[:min(len(b), 16)])
	}
	return c, nil
}

func (r *bitReader) audioObject() uint32 {
	const escape = 31
	if v := r.bits(5); v != escape {
		return v
	}
	return 32 + r.bits(6)
}

func (r *bitReader) audioRate() uint32 {
	const escape = 15
	i := r.bits(4)
	switch {
	case i == escape:
		return r.bits(24)
	case int(i) < len(aacRates):
		return aacRates[i]
	default:
		return 0
	}
}

// volatile returns the parts of the sample entry e which may differ though
// nothing has changed for a decoder: btrt and the bit rates of an esds. They
// share memory with e.
func volatile(e box) [][]byte {
	kind, ok := entryKinds[e.typ]
	if !ok {
		return nil
	}
	n := entryFieldsSize(kind.kind, e.body)
	if len(e.body) < n {
		return nil
	}
	var regions [][]byte
	for children := e.body[n:]; len(children) > 0; {
		c, rest, err := nextBox(e.typ, children)
		if err != nil {
			break
		}
		switch c.typ {
		case boxBtrt:
			regions = append(regions, c.body)
		case boxEsds:
			if es, err := parseEsds(c); err == nil {
				regions = append(regions, es.bitrates)
			}
		}
		children = rest
	}
	return regions
}
