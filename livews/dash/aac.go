package dash

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// maxAudioConfig bounds an AudioSpecificConfig, so that the sizes of all descriptors
// around it have one byte.
const maxAudioConfig = 64

// aacFrames is AAC: every frame is a sync sample.
type aacFrames struct {
	config   []byte // AudioSpecificConfig
	channels uint16
	rate     uint32
	lasts    time.Duration // of a frame
	frame    []byte
	renewed  bool
}

// newAAC takes an AudioSpecificConfig, and returns the sample rate, too.
func newAAC(config []byte) (*aacFrames, uint32, error) {
	c, err := parseAudioConfig(config)
	if err != nil {
		return nil, 0, err
	}
	const least, most = 4000, 192000
	if c.rate < least || c.rate > most || len(config) > maxAudioConfig {
		return nil, 0, malformed("audio configuration %.16x: %d Hz", config, c.rate)
	}
	samples := uint64(1024)
	if shortFrames(config) {
		samples = 960
	}
	if c.object == objectSBR || c.object == objectPS {
		samples *= 2
	}
	a := &aacFrames{config: bytes.Clone(config), channels: c.channels, rate: c.rate, renewed: true}
	a.lasts, _ = duration(samples, c.rate)
	return a, c.rate, nil
}

// shortFrames reports whether frames have 960 samples and not 1024 (ISO/IEC 14496-3,
// 4.4.1).
func shortFrames(config []byte) bool {
	in := bitReader{b: config}
	object := in.audioObject()
	in.audioRate()
	in.skip(4)
	if object == objectSBR || object == objectPS {
		in.audioRate()
		in.audioObject()
	}
	return in.flag()
}

func (a *aacFrames) scan(f *Frame) (scanned, error) {
	if len(f.Payload) > 2 && f.Payload[0] == 0xff && f.Payload[1]&0xf6 == 0xf0 {
		return scanned{}, unsupported("AAC with ADTS headers: take them off, and make an AudioSpecificConfig of one")
	}
	a.frame = f.Payload
	return scanned{size: len(f.Payload), sync: true, renewed: a.renewed, duration: a.lasts}, nil
}

func (a *aacFrames) appendSample(dst []byte) []byte {
	dst = append(dst, a.frame...)
	a.frame = nil
	return dst
}

// entry makes an esds (ISO/IEC 14496-14, 6.7.2).
func (a *aacFrames) entry() sampleEntry {
	a.renewed = false
	const (
		tagSyncLayer = 6
		audioStream  = 5<<2 | 1
	)
	n := byte(len(a.config))
	body := []byte{0, 0, 0, 0, tagES, 3 + 2 + 13 + 2 + n + 3, 0, 0, 0}
	body = append(body, tagDecoderConfig, 13+2+n, objectAAC, audioStream, 0, 0, 0)
	body = binary.BigEndian.AppendUint64(body, 0) // bit rates, which btrt has
	body = append(body, tagDecoderSpecific, n)
	body = append(body, a.config...)
	body = append(body, tagSyncLayer, 1, 2)
	return sampleEntry{
		kind: livews.KindAudio, typ: cc("mp4a"), config: boxEsds, body: body,
		channels: a.channels, rate: a.rate,
	}
}
