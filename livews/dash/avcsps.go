package dash

import "math"

// maxFrameRate bounds a frame rate that is believed.
const maxFrameRate = 1000

// avcParameters is what is of use in a sequence parameter set of H.264.
type avcParameters struct {
	profile, constraints, level    byte
	chroma, lumaDepth, chromaDepth byte
	width, height                  uint16
	frameRate                      float64 // zero where it does not say
}

// parseAVCParameters reads a sequence parameter set (ISO/IEC 14496-10, 7.3.2.1.1).
func parseAVCParameters(unit []byte) (avcParameters, error) {
	in := bitReader{b: rawPayload(unit)}
	in.skip(8) // the NAL unit's header
	p := avcParameters{
		profile: byte(in.bits(8)), constraints: byte(in.bits(8)), level: byte(in.bits(8)),
		chroma: 1, lumaDepth: 8, chromaDepth: 8,
	}
	in.ue() // seq_parameter_set_id
	if hasChromaFormat(p.profile) {
		p.readChroma(&in)
	}
	in.ue() // log2_max_frame_num_minus4
	skipOrderCount(&in)
	in.ue() // max_num_ref_frames
	in.skip(1)
	fits := p.readSize(&in)
	if in.short || !fits || p.chroma > 3 || p.lumaDepth > 14 || p.chromaDepth > 14 {
		return p, malformed("sequence parameter set %.16x of %d bytes", unit, len(unit))
	}
	p.frameRate = avcFrameRate(&in)
	return p, nil
}

// hasChromaFormat reports whether the profile is one of those whose sequence parameter
// sets tell the chroma format.
func hasChromaFormat(profile byte) bool {
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		return true
	}
	return false
}

func (p *avcParameters) readChroma(in *bitReader) {
	format := in.ue()
	p.chroma = byte(min(format, 4))
	if format == 3 {
		in.skip(1) // separate_colour_plane_flag
	}
	p.lumaDepth = byte(8 + min(in.ue(), 7))
	p.chromaDepth = byte(8 + min(in.ue(), 7))
	in.skip(1) // qpprime_y_zero_transform_bypass_flag
	if !in.flag() {
		return
	}
	lists := 8
	if format == 3 {
		lists = 12
	}
	for i := range lists {
		if !in.flag() {
			continue
		}
		size := 16
		if i >= 6 {
			size = 64
		}
		skipScalingList(in, size)
	}
}

// skipScalingList passes over a scaling list (7.3.2.1.1.1).
func skipScalingList(in *bitReader, size int) {
	last, next := int32(8), int32(8)
	for range size {
		if next != 0 {
			next = (last + in.se()%256 + 512) % 256
		}
		if next != 0 {
			last = next
		}
	}
}

// skipOrderCount passes over what is said of the picture order count.
func skipOrderCount(in *bitReader) {
	switch in.ue() {
	case 0:
		in.ue()
	case 1:
		in.skip(1)
		in.ue()
		in.ue()
		const most = 255
		n := in.ue()
		if n > most {
			in.short = true
			return
		}
		for range n {
			in.ue()
		}
	}
}

// readSize reads the picture's size, and reports whether it can be.
func (p *avcParameters) readSize(in *bitReader) bool {
	const most = math.MaxUint16 / 16
	wide, high := in.ue(), in.ue()
	if wide >= most || high >= most {
		return false
	}
	width, height := int64(16*(wide+1)), int64(16*(high+1))
	unitX, unitY := int64(1), int64(1)
	if p.chroma == 1 || p.chroma == 2 {
		unitX = 2
	}
	if p.chroma == 1 {
		unitY = 2
	}
	if !in.flag() { // frame_mbs_only_flag
		height *= 2
		unitY *= 2
		in.skip(1)
	}
	in.skip(1) // direct_8x8_inference_flag
	if in.flag() {
		left, right, top, bottom := in.ue(), in.ue(), in.ue(), in.ue()
		width -= unitX * (int64(left) + int64(right))
		height -= unitY * (int64(top) + int64(bottom))
	}
	p.width, p.height = uint16(max(width, 0)), uint16(max(height, 0))
	return width > 0 && height > 0 && height <= math.MaxUint16
}

// avcFrameRate reads the timing information (E.1.1), if there is some.
func avcFrameRate(in *bitReader) float64 {
	if !in.flag() { // vui_parameters_present_flag
		return 0
	}
	const extendedSAR = 255
	if in.flag() && in.bits(8) == extendedSAR {
		in.skip(32)
	}
	if in.flag() { // overscan_info_present_flag
		in.skip(1)
	}
	if in.flag() { // video_signal_type_present_flag
		in.skip(4)
		if in.flag() {
			in.skip(24)
		}
	}
	if in.flag() { // chroma_loc_info_present_flag
		in.ue()
		in.ue()
	}
	if !in.flag() { // timing_info_present_flag
		return 0
	}
	units, scale := in.bits(32), in.bits(32)
	// Two ticks are a frame.
	rate := float64(scale) / (2 * float64(units))
	if in.short || !plausibleRate(rate) {
		return 0
	}
	return math.Round(1000*rate) / 1000
}

// plausibleRate reports whether anybody has such a frame rate.
func plausibleRate(rate float64) bool { return rate > 0.01 && rate <= maxFrameRate }
