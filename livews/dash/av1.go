package dash

import (
	"bytes"
	"math"

	"github.com/livews/websocketlivestream/livews"
)

// av1Frames is AV1, of which sync samples are key frames with their sequence header (AV1 codec
// ISO media file format binding, section 2.4).
type av1Frames struct {
	kept     [][]byte
	sequence []byte // the sequence header in force, as a whole unit
	config   av1Config
	renewed  bool
}

// av1Config is what is of use in a sequence header.
type av1Config struct {
	profile, level, tier       byte
	high, twelve, mono         byte
	subsamplingX, subsamplingY byte
	position                   byte
	reduced                    bool
	width, height              uint16
	frameRate                  float64 // zero where it does not say
}

func (a *av1Frames) scan(f *Frame) (scanned, error) {
	clear(a.kept)
	a.kept = a.kept[:0]
	var (
		s               scanned
		sequence, begun bool
	)
	for n, rest := 0, f.Payload; len(rest) > 0; n++ {
		u, after, err := nextOBU(rest)
		if err == nil && n == maxOBUs {
			err = malformed("more than %d open bitstream units in a frame", maxOBUs)
		}
		if err != nil {
			return scanned{}, err
		}
		rest = after
		switch u.typ {
		case obuDelimiter, obuTileList, obuPadding:
			continue
		case obuSequence:
			sequence = true
			if err := a.update(u); err != nil {
				return scanned{}, err
			}
		case obuFrame, obuFrameHead:
			if !begun {
				s.sync = a.isKey(u)
			}
			begun = true
		}
		a.kept = append(a.kept, u.raw)
		s.size += len(u.raw)
	}
	if !begun {
		s.size = 0
	}
	s.sync = s.sync && sequence
	s.renewed = a.renewed
	return s, nil
}

// update puts a sequence header in force.
func (a *av1Frames) update(u obu) error {
	if bytes.Equal(u.raw, a.sequence) {
		return nil
	}
	if len(u.raw) > maxSet {
		return tooLarge("AV1 sequence header of %d bytes, at most %d", len(u.raw), maxSet)
	}
	config, err := parseAV1Sequence(u.payload)
	if err != nil {
		return err
	}
	a.sequence, a.config, a.renewed = bytes.Clone(u.raw), config, true
	return nil
}

// isKey reports whether the frame header of u begins a key frame that is shown (AV1
// specification, 5.9.2).
func (a *av1Frames) isKey(u obu) bool {
	in := bitReader{b: u.payload}
	if a.config.reduced {
		return true
	}
	const keyFrame = 0
	existing, typ, shown := in.flag(), in.bits(2), in.flag()
	return !existing && typ == keyFrame && shown && !in.short
}

func (a *av1Frames) appendSample(dst []byte) []byte {
	for _, raw := range a.kept {
		dst = append(dst, raw...)
	}
	clear(a.kept)
	return dst
}

// entry makes an av1C (AV1 codec ISO media file format binding, 2.3.3). A sequence header
// without its size would be none there.
func (a *av1Frames) entry() sampleEntry {
	a.renewed = false
	c := &a.config
	body := []byte{
		0x80 | 1, c.profile<<5 | c.level,
		c.tier<<7 | c.high<<6 | c.twelve<<5 | c.mono<<4 | c.subsamplingX<<3 | c.subsamplingY<<2 | c.position,
		0,
	}
	if len(a.sequence) > 0 && a.sequence[0]&2 != 0 {
		body = append(body, a.sequence...)
	}
	return sampleEntry{
		kind: livews.KindVideo, typ: cc("av01"), config: cc("av1C"), body: body,
		width: c.width, height: c.height, frameRate: c.frameRate,
	}
}

// parseAV1Sequence reads the payload of a sequence header (AV1 specification, 5.5).
func parseAV1Sequence(b []byte) (av1Config, error) {
	in := bitReader{b: b}
	c := av1Config{profile: byte(in.bits(3))}
	in.skip(1) // still_picture
	c.reduced = in.flag()
	if c.reduced {
		c.level = byte(in.bits(5))
	} else {
		c.readOperation(&in)
	}
	wide, high := int(in.bits(4))+1, int(in.bits(4))+1
	width, height := in.bits(wide)+1, in.bits(high)+1
	if !c.reduced && in.flag() { // frame_id_numbers_present_flag
		in.skip(7)
	}
	c.skipTools(&in)
	c.readColour(&in)
	if in.short || c.profile > 2 || width > math.MaxUint16 || height > math.MaxUint16 {
		return c, malformed("AV1 sequence header of %d bytes", len(b))
	}
	c.width, c.height = uint16(width), uint16(height)
	return c, nil
}

// readOperation reads from timing_info to the last of the operating points (5.5.1, 5.5.3
// and 5.5.4).
func (c *av1Config) readOperation(in *bitReader) {
	delay := 0
	if in.flag() { // timing_info_present_flag
		c.frameRate = av1FrameRate(in)
		if in.flag() { // decoder_model_info_present_flag
			delay = int(in.bits(5)) + 1
			in.skip(32 + 5 + 5)
		}
	}
	display := in.flag() // initial_display_delay_present_flag
	points := in.bits(5) + 1
	for i := range points {
		in.skip(12) // operating_point_idc
		level, tier := in.bits(5), uint32(0)
		if level > 7 {
			tier = in.bits(1)
		}
		if i == 0 {
			c.level, c.tier = byte(level), byte(tier)
		}
		if delay > 0 && in.flag() {
			in.skip(2*delay + 1)
		}
		if display && in.flag() {
			in.skip(4)
		}
	}
}

// av1FrameRate reads timing_info (5.5.3).
func av1FrameRate(in *bitReader) float64 {
	tick, scale := in.bits(32), in.bits(32)
	if !in.flag() { // equal_picture_interval
		return 0
	}
	rate := float64(scale) / float64(tick) / (float64(in.ue()) + 1)
	if in.short || !plausibleRate(rate) {
		return 0
	}
	return math.Round(1000*rate) / 1000
}

// skipTools passes over what is said of the coding tools.
func (c *av1Config) skipTools(in *bitReader) {
	in.skip(3)
	if !c.reduced {
		in.skip(4)
		order := in.flag() // enable_order_hint
		if order {
			in.skip(2)
		}
		screen := in.flag() // seq_choose_screen_content_tools
		if !screen {
			screen = in.flag() // seq_force_screen_content_tools
		}
		if screen && !in.flag() { // seq_choose_integer_mv
			in.skip(1)
		}
		if order {
			in.skip(3)
		}
	}
	in.skip(3)
}

// readColour reads color_config (5.5.2).
func (c *av1Config) readColour(in *bitReader) {
	c.high = byte(in.bits(1))
	if c.profile == 2 && c.high == 1 {
		c.twelve = byte(in.bits(1))
	}
	if c.profile != 1 {
		c.mono = byte(in.bits(1))
	}
	var rgb bool
	if in.flag() { // color_description_present_flag
		const bt709, srgb = 1, 13 // and the identity matrix, 0
		rgb = in.bits(24) == bt709<<16|srgb<<8
	}
	if c.mono == 1 {
		c.subsamplingX, c.subsamplingY = 1, 1
		in.skip(1) // color_range
		return
	}
	if rgb {
		return
	}
	in.skip(1) // color_range
	switch {
	case c.profile == 0:
		c.subsamplingX, c.subsamplingY = 1, 1
	case c.profile == 1:
	case c.twelve == 0:
		c.subsamplingX = 1
	default:
		c.subsamplingX = byte(in.bits(1))
		if c.subsamplingX == 1 {
			c.subsamplingY = byte(in.bits(1))
		}
	}
	if c.subsamplingX == 1 && c.subsamplingY == 1 {
		c.position = byte(in.bits(2))
	}
}
