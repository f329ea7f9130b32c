package dash

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"

	"github.com/abema/go-mp4"

	"github.com/livews/websocketlivestream/livews"
)

// The sizes of the fields in front of the boxes in a sample entry
// (ISO/IEC 14496-12, 12.1.3 and 12.2.3).
const (
	visualEntry = 78
	audioEntry  = 28
)

// parseSampleEntry fills t's codec string and what belongs to it from the
// sample entry e.
func (t *Track) parseSampleEntry(e box) error {
	switch e.typ {
	case cc("encv"), cc("enca"):
		return unsupported("encrypted media (sample entry %v)", e.typ)
	}
	kind, ok := entryKinds[e.typ]
	if !ok {
		return unsupported("sample entry %v in a track of %s: codec not known", e.typ, t.Info.Kind)
	}
	if kind.kind != t.Info.Kind {
		return malformed("sample entry %v in a track of %s", e.typ, t.Info.Kind)
	}
	children, err := t.parseEntryFields(e)
	if err != nil {
		return err
	}
	if btrt, ok, _ := child(e.typ, children, boxBtrt); ok && len(btrt.body) >= 12 {
		t.Info.Bitrate = bitrate(btrt.body[4:])
	}
	config := box{typ: kind.config}
	if kind.config != 0 {
		if config, err = mustChild(e.typ, children, kind.config); err != nil {
			return err
		}
	}
	if err := kind.parse(&t.Info, e.typ, config); err != nil {
		return fmt.Errorf("%v: %w", e.typ, err)
	}
	return nil
}

var boxBtrt = cc("btrt")

// bitrate returns the average of a maximum and an average bit rate, or the
// maximum where the average is not known.
func bitrate(b []byte) uint32 {
	if average := binary.BigEndian.Uint32(b[4:]); average != 0 {
		return average
	}
	return binary.BigEndian.Uint32(b)
}

// parseEntryFields reads the fields of the sample entry e and returns the boxes
// behind them.
func (t *Track) parseEntryFields(e box) ([]byte, error) {
	n := entryFieldsSize(t.Info.Kind, e.body)
	if len(e.body) < n {
		return nil, malformed("%v: %d bytes", e.typ, len(e.raw))
	}
	if t.Info.Kind == livews.KindVideo {
		t.Info.Width = binary.BigEndian.Uint16(e.body[24:])
		t.Info.Height = binary.BigEndian.Uint16(e.body[26:])
	} else {
		t.Info.Channels = binary.BigEndian.Uint16(e.body[16:])
		t.Info.SampleRate = binary.BigEndian.Uint32(e.body[24:]) >> 16
	}
	return e.body[n:], nil
}

// entryFieldsSize returns the size of the fields at the start of a sample
// entry's body. QuickTime's sound descriptions of versions 1 and 2 have more.
func entryFieldsSize(kind string, body []byte) int {
	if kind == livews.KindVideo {
		return visualEntry
	}
	if len(body) < audioEntry {
		return audioEntry
	}
	switch binary.BigEndian.Uint16(body[8:]) {
	case 1:
		return audioEntry + 16
	case 2:
		return audioEntry + 36
	default:
		return audioEntry
	}
}

// entryKind says how a sample entry is read.
type entryKind struct {
	kind   string
	config fourCC // the decoder configuration in it, 0 for none
	parse  func(info *livews.Track, entry fourCC, config box) error
}

var entryKinds = map[fourCC]entryKind{
	cc("avc1"): {livews.KindVideo, cc("avcC"), parseAVC},
	cc("avc3"): {livews.KindVideo, cc("avcC"), parseAVC},
	cc("hvc1"): {livews.KindVideo, cc("hvcC"), parseHEVC},
	cc("hev1"): {livews.KindVideo, cc("hvcC"), parseHEVC},
	cc("av01"): {livews.KindVideo, cc("av1C"), parseAV1},
	cc("vp08"): {livews.KindVideo, cc("vpcC"), parseVP},
	cc("vp09"): {livews.KindVideo, cc("vpcC"), parseVP},
	cc("mp4a"): {livews.KindAudio, boxEsds, parseMP4A},
	cc(".mp3"): {livews.KindAudio, 0, parseMP3},
	cc("Opus"): {livews.KindAudio, cc("dOps"), parseOpus},
	cc("fLaC"): {livews.KindAudio, cc("dfLa"), parseFLAC},
	cc("ac-3"): {livews.KindAudio, cc("dac3"), parseAC3},
	cc("ec-3"): {livews.KindAudio, cc("dec3"), parseEC3},
}

// unmarshal reads the body of b into dst. go-mp4 sees no more than that body,
// so nothing that it believes can cost more than the body's size.
func unmarshal(b box, dst mp4.IBox) error {
	if _, err := mp4.Unmarshal(bytes.NewReader(b.body), uint64(len(b.body)), dst, mp4.Context{}); err != nil {
		return malformed("%v of %d bytes: %v", b.typ, len(b.raw), err)
	}
	return nil
}

// parseAVC makes "avc1.PPCCLL": profile, constraints and level in hexadecimal
// (ISO/IEC 14496-15, annex E.2).
func parseAVC(info *livews.Track, entry fourCC, config box) error {
	if len(config.body) < 7 {
		return malformed("avcC: %d bytes", len(config.raw))
	}
	info.Codec = fmt.Sprintf("%v.%02X%02X%02X", entry, config.body[1], config.body[2], config.body[3])
	return nil
}

// parseHEVC makes "hvc1.P.C.TL.B": profile space and profile, compatibility
// flags in reverse order, tier and level, constraint bytes without the zeros at
// the end (ISO/IEC 14496-15, annex E.3).
func parseHEVC(info *livews.Track, entry fourCC, config box) error {
	if len(config.body) < 23 {
		return malformed("hvcC: %d bytes", len(config.raw))
	}
	b := config.body
	space := [...]string{"", "A", "B", "C"}[b[1]>>6]
	tier := "L"
	if b[1]&0x20 != 0 {
		tier = "H"
	}
	compatibility := bits.Reverse32(binary.BigEndian.Uint32(b[2:]))
	var s strings.Builder
	fmt.Fprintf(&s, "%v.%s%d.%X.%s%d", entry, space, b[1]&0x1f, compatibility, tier, b[12])
	for _, c := range bytes.TrimRight(b[6:12], "\x00") {
		fmt.Fprintf(&s, ".%X", c)
	}
	info.Codec = s.String()
	return nil
}

// parseAV1 makes "av01.P.LLT.DD", and adds the optional fields where picture
// format is not 4:2:0 (AV1 codec ISO media file format binding, section 5).
// The colour fields are not in av1C and have their defaults then.
func parseAV1(info *livews.Track, entry fourCC, config box) error {
	var c mp4.Av1C
	if err := unmarshal(config, &c); err != nil {
		return err
	}
	tier := [...]string{"M", "H"}[c.SeqTier0]
	depth := 8
	if c.HighBitdepth == 1 {
		depth = 10
		if c.SeqProfile == 2 && c.TwelveBit == 1 {
			depth = 12
		}
	}
	info.Codec = fmt.Sprintf("%v.%d.%02d%s.%02d", entry, c.SeqProfile, c.SeqLevelIdx0, tier, depth)
	if c.Monochrome == 1 || c.ChromaSubsamplingX == 0 || c.ChromaSubsamplingY == 0 {
		position := c.ChromaSamplePosition
		if c.ChromaSubsamplingX == 0 || c.ChromaSubsamplingY == 0 {
			position = 0
		}
		info.Codec += fmt.Sprintf(".%d.%d%d%d.01.01.01.0", c.Monochrome, c.ChromaSubsamplingX, c.ChromaSubsamplingY, position)
	}
	return nil
}

// parseVP makes "vp09.PP.LL.DD", and adds the optional fields where one of
// them is not the default (VP codec ISO media file format binding).
func parseVP(info *livews.Track, entry fourCC, config box) error {
	var c mp4.VpcC
	if err := unmarshal(config, &c); err != nil {
		return err
	}
	level := c.Level
	if level == 0 {
		level = vpLevel(info)
	}
	info.Codec = fmt.Sprintf("%v.%02d.%02d.%02d", entry, c.Profile, level, c.BitDepth)
	plain := c.ChromaSubsampling <= 1 && c.VideoFullRangeFlag == 0
	for _, v := range [...]uint8{c.ColourPrimaries, c.TransferCharacteristics, c.MatrixCoefficients} {
		// 1 is the default (BT.709), 2 is "not known".
		plain = plain && (v == 1 || v == 2)
	}
	if !plain {
		info.Codec += fmt.Sprintf(".%02d.%02d.%02d.%02d.%02d", c.ChromaSubsampling,
			c.ColourPrimaries, c.TransferCharacteristics, c.MatrixCoefficients, c.VideoFullRangeFlag)
	}
	return nil
}

// vpLevel returns the lowest level for a picture of the size in info, for
// muxers that write level 0: browsers refuse a string with it.
func vpLevel(info *livews.Track) uint8 {
	size := uint32(info.Width) * uint32(info.Height)
	for _, l := range [...]struct {
		size  uint32
		level uint8
	}{
		{36864, 10},
		{73728, 11},
		{122880, 20},
		{245760, 21},
		{552960, 30},
		{983040, 31},
		{2228224, 40},
		{8912896, 50},
	} {
		if size <= l.size {
			return l.level
		}
	}
	return 60
}

func parseOpus(info *livews.Track, _ fourCC, config box) error {
	var c mp4.DOps
	if err := unmarshal(config, &c); err != nil {
		return err
	}
	info.Codec = "opus"
	info.Channels = uint16(c.OutputChannelCount)
	// Opus is always decoded at 48 kHz (RFC 7845, section 5.1).
	info.SampleRate = 48000
	return nil
}

// parseFLAC reads STREAMINFO, which comes first among the metadata blocks.
func parseFLAC(info *livews.Track, _ fourCC, config box) error {
	// Version and flags, the block's header, and in STREAMINFO 10 bytes of
	// block and frame sizes in front of the sample rate.
	const rate = 4 + 4 + 10
	if len(config.body) < rate+4 {
		return malformed("dfLa: %d bytes", len(config.raw))
	}
	word := binary.BigEndian.Uint32(config.body[rate:])
	info.Codec = "flac"
	info.SampleRate = word >> 12
	info.Channels = uint16(word>>9&7) + 1
	return nil
}

func parseAC3(info *livews.Track, entry fourCC, config box) error {
	var c mp4.Dac3
	if err := unmarshal(config, &c); err != nil {
		return err
	}
	info.Codec = entry.String()
	info.Channels = ac3Channels(c.Acmod, c.LfeOn)
	return nil
}

// parseEC3 reads the first independent substream (ETSI TS 102 366, annex F.6).
func parseEC3(info *livews.Track, entry fourCC, config box) error {
	if len(config.body) < 5 {
		return malformed("dec3: %d bytes", len(config.raw))
	}
	last := config.body[3]
	info.Codec = entry.String()
	info.Channels = ac3Channels(last>>1&7, last&1)
	return nil
}

// ac3Channels counts the channels of an audio coding mode (ETSI TS 102 366,
// 4.4.2.3), with the low-frequency one if lfe is 1.
func ac3Channels(acmod, lfe byte) uint16 {
	return [...]uint16{2, 1, 2, 3, 3, 4, 4, 5}[acmod] + uint16(lfe)
}

func parseMP3(info *livews.Track, _ fourCC, _ box) error {
	info.Codec = "mp3"
	return nil
}
