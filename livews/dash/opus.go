package dash

import (
	"encoding/binary"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// opusRate is the rate at which Opus is decoded (RFC 7845, section 5.1).
	opusRate = 48000
	// opusPreSkip is what libopus needs of its beginning, in samples.
	opusPreSkip = 312
	// maxOpusPacket is the longest time that a packet may hold (RFC 6716, section 3.2.5).
	maxOpusPacket = 120 * time.Millisecond
)

// opusFrames is Opus: every packet is a sync sample.
type opusFrames struct {
	config  []byte // of the dOps
	packet  []byte
	renewed bool
}

// newOpus takes an identification header (RFC 7845, section 5.1), or none.
func newOpus(head []byte, channels uint16) (*opusFrames, error) {
	if channels == 0 {
		channels = 2
	}
	o := &opusFrames{renewed: true}
	if len(head) == 0 {
		if channels > 2 {
			return nil, malformed("Opus of %d channels needs an identification header", channels)
		}
		o.config = append(o.config, 0, byte(channels))
		o.config = binary.BigEndian.AppendUint16(o.config, opusPreSkip)
		o.config = binary.BigEndian.AppendUint32(o.config, opusRate)
		o.config = append(o.config, 0, 0, 0)
		return o, nil
	}
	return o, o.readHead(head)
}

// readHead makes the dOps, which has other byte order and version (Encapsulation of Opus
// in ISO base media file format, 4.3.2).
func (o *opusFrames) readHead(head []byte) error {
	const fixed = 19
	if len(head) < fixed || string(head[:8]) != "OpusHead" || head[8]>>4 != 0 || head[9] == 0 {
		return malformed("Opus identification header of %d bytes", len(head))
	}
	channels, family := head[9], head[18]
	size := fixed
	if family != 0 {
		size += 2 + int(channels)
	}
	if len(head) < size || family == 0 && channels > 2 {
		return malformed("Opus identification header of %d bytes for %d channels", len(head), channels)
	}
	o.config = append(o.config, 0, channels)
	o.config = binary.BigEndian.AppendUint16(o.config, binary.LittleEndian.Uint16(head[10:]))
	o.config = binary.BigEndian.AppendUint32(o.config, binary.LittleEndian.Uint32(head[12:]))
	o.config = binary.BigEndian.AppendUint16(o.config, binary.LittleEndian.Uint16(head[16:]))
	o.config = append(o.config, head[18:size]...)
	return nil
}

func (o *opusFrames) scan(f *Frame) (scanned, error) {
	d, err := opusDuration(f.Payload)
	if err != nil {
		return scanned{}, err
	}
	o.packet = f.Payload
	return scanned{size: len(f.Payload), sync: true, renewed: o.renewed, duration: d}, nil
}

func (o *opusFrames) appendSample(dst []byte) []byte {
	dst = append(dst, o.packet...)
	o.packet = nil
	return dst
}

func (o *opusFrames) entry() sampleEntry {
	o.renewed = false
	return sampleEntry{
		kind: livews.KindAudio, typ: cc("Opus"), config: cc("dOps"), body: o.config,
		channels: uint16(o.config[1]), rate: opusRate,
	}
}

// opusDuration returns how long a packet lasts (RFC 6716, section 3.1).
func opusDuration(packet []byte) (time.Duration, error) {
	toc := packet[0]
	var frame time.Duration
	switch config := toc >> 3; {
	case config < 12:
		frame = [...]time.Duration{10, 20, 40, 60}[config&3] * time.Millisecond
	case config < 16:
		frame = [...]time.Duration{10, 20}[config&1] * time.Millisecond
	default:
		frame = 2500 * time.Microsecond << (config & 3)
	}
	frames := time.Duration(1)
	switch toc & 3 {
	case 1, 2:
		frames = 2
	case 3:
		if len(packet) < 2 {
			return 0, malformed("Opus packet of one byte")
		}
		frames = time.Duration(packet[1] & 0x3f)
	}
	if d := frames * frame; d > 0 && d <= maxOpusPacket {
		return d, nil
	}
	return 0, malformed("Opus packet of %v", frames*frame)
}
