package dash

import "github.com/livews/websocketlivestream/livews"

// vp9Frames is VP9, of which sync samples are key frames.
type vp9Frames struct {
	frame   []byte
	known   bool
	config  vp9Config
	renewed bool
}

// vp9Config is what a key frame says of the stream.
type vp9Config struct {
	profile, depth              byte
	subsampling                 byte // as vpcC has it
	fullRange                   byte
	primaries, transfer, matrix byte
	width, height               uint16
}

func (v *vp9Frames) scan(f *Frame) (scanned, error) {
	in := bitReader{b: f.Payload}
	config, key, err := parseVP9(&in)
	if err != nil {
		return scanned{}, err
	}
	if key && (!v.known || config != v.config) {
		v.known, v.renewed, v.config = true, true, config
	}
	v.frame = f.Payload
	return scanned{size: len(f.Payload), sync: key, renewed: v.renewed}, nil
}

func (v *vp9Frames) appendSample(dst []byte) []byte {
	dst = append(dst, v.frame...)
	v.frame = nil
	return dst
}

// entry makes a vpcC (VP codec ISO media file format binding).
func (v *vp9Frames) entry() sampleEntry {
	v.renewed = false
	c := &v.config
	level := vpLevel(&livews.Track{Width: c.width, Height: c.height})
	return sampleEntry{
		kind: livews.KindVideo, typ: cc("vp09"), config: cc("vpcC"),
		body: []byte{
			1, 0, 0, 0,
			c.profile, level, c.depth<<4 | c.subsampling<<1 | c.fullRange, c.primaries, c.transfer, c.matrix,
			0, 0,
		},
		width: c.width, height: c.height,
	}
}

// parseVP9 reads the uncompressed header of a frame, which is also that of the first in a
// superframe (VP9 bitstream specification, 6.2).
func parseVP9(in *bitReader) (c vp9Config, key bool, err error) {
	const marker, syncCode = 2, 0x498342
	if in.bits(2) != marker {
		return c, false, malformed("no VP9 frame")
	}
	low, high := in.bits(1), in.bits(1)
	c.profile = byte(high<<1 | low)
	if c.profile == 3 {
		in.skip(1)
	}
	if in.flag() { // show_existing_frame
		return c, false, nil
	}
	key = !in.flag() // frame_type
	in.skip(2)       // show_frame, error_resilient_mode
	if in.short {
		return c, false, malformed("VP9 frame of %d bytes", len(in.b))
	}
	if !key {
		return c, false, nil
	}
	if in.bits(24) != syncCode {
		return c, false, malformed("VP9 key frame without its sync code")
	}
	c.readColour(in)
	// A size of 65536 is one more than a sample entry can say.
	width, height := in.bits(16)+1, in.bits(16)+1
	if in.short || width > 0xffff || height > 0xffff {
		return c, false, malformed("VP9 key frame of %d bytes", len(in.b))
	}
	c.width, c.height = uint16(width), uint16(height)
	return c, true, nil
}

// vp9Colours are the colour primaries, transfer characteristics and matrix coefficients
// (ISO/IEC 23091-2) of a color_space (7.2.2).
var vp9Colours = [8][3]byte{
	{2, 2, 2}, {5, 6, 5}, {1, 1, 1}, {6, 6, 6}, {7, 7, 7}, {9, 14, 9}, {2, 2, 2}, {1, 13, 0},
}

// readColour reads color_config.
func (c *vp9Config) readColour(in *bitReader) {
	const rgb = 7
	c.depth = 8
	if c.profile >= 2 {
		c.depth = 10 + 2*byte(in.bits(1))
	}
	space := in.bits(3)
	colours := vp9Colours[space]
	c.primaries, c.transfer, c.matrix = colours[0], colours[1], colours[2]
	various := c.profile&1 == 1
	if space == rgb {
		c.fullRange, c.subsampling = 1, 3
		if various {
			in.skip(1)
		}
		return
	}
	c.fullRange = byte(in.bits(1))
	c.subsampling = 1
	if various {
		// 4:4:4, 4:4:0, 4:2:2, and 4:2:0, which is not for these profiles.
		x, y := in.bits(1), in.bits(1)
		c.subsampling = [...]byte{3, 4, 2, 1}[2*x+y]
		in.skip(1)
	}
}
