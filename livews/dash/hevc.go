package dash

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/livews/websocketlivestream/livews"
)

// The types of NAL units (ISO/IEC 23008-2, table 7-1).
const (
	hevcFirstSync = 16 // the random access points
	hevcLastSync  = 21
	hevcLastSlice = 31
	hevcVPS       = 32
	hevcSPS       = 33
	hevcPPS       = 34
	hevcLastNoise = 38 // delimiters, ends and filler data are behind hevcPPS
)

// hevcFrames is H.265.
type hevcFrames struct {
	nalUnits
	sets    parameterSets
	sps     hevcParameters
	renewed bool
}

// newHEVC takes an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1), or nothing.
func newHEVC(record []byte) (*hevcFrames, error) {
	h := new(hevcFrames)
	if len(record) == 0 {
		return h, nil
	}
	in := fields{b: record}
	head := in.take(23)
	if head == nil || head[0] != 1 {
		return nil, malformed("hvcC of %d bytes", len(record))
	}
	h.lengthSize = int(head[21]&3) + 1
	var found parameterSets
	for range head[22] {
		array := in.take(3)
		if array == nil {
			break
		}
		for range binary.BigEndian.Uint16(array[1:]) {
			unit := in.takeSet()
			if in.short {
				break
			}
			kind := int(array[0]&0x3f) - hevcVPS
			if kind < 0 || kind >= setKinds {
				continue // messages, of which every decoder can do without
			}
			if err := found.add(kind, unit); err != nil {
				return nil, err
			}
		}
	}
	if in.short {
		return nil, malformed("hvcC of %d bytes", len(record))
	}
	return h, h.update(&found)
}

func (h *hevcFrames) scan(f *Frame) (scanned, error) {
	if err := h.split(f.Payload); err != nil {
		return scanned{}, err
	}
	var (
		found        parameterSets
		sync, slices bool
	)
	for _, unit := range h.all {
		switch typ := unit[0] >> 1 & 0x3f; {
		case len(unit) < 2:
			return scanned{}, malformed("NAL unit of one byte")
		case typ >= hevcVPS && typ <= hevcPPS:
			if err := found.add(int(typ)-hevcVPS, unit); err != nil {
				return scanned{}, err
			}
		case typ > hevcPPS && typ <= hevcLastNoise:
		default:
			sync = sync || typ >= hevcFirstSync && typ <= hevcLastSync
			slices = slices || typ <= hevcLastSlice
			h.keep(unit)
		}
	}
	if err := h.update(&found); err != nil {
		return scanned{}, err
	}
	if sync && (len(h.sets[setVPS]) == 0 || len(h.sets[setSPS]) == 0 || len(h.sets[setPPS]) == 0) {
		return scanned{}, malformed("H.265 key frame without parameter sets in front of it")
	}
	s := scanned{sync: sync, renewed: h.renewed}
	if slices {
		s.size = h.size()
	}
	return s, nil
}

// update puts the parameter sets of a frame in force.
func (h *hevcFrames) update(found *parameterSets) error {
	if len(found[setSPS]) > 0 {
		if _, err := parseHEVCParameters(found[setSPS][0]); err != nil {
			return fmt.Errorf("H.265: %w", err)
		}
	}
	changed, err := h.sets.update(found)
	if changed && len(h.sets[setSPS]) > 0 {
		h.sps, err = parseHEVCParameters(h.sets[setSPS][0])
	}
	h.renewed = h.renewed || changed
	return err
}

func (h *hevcFrames) entry() sampleEntry {
	h.renewed = false
	p := &h.sps
	body := append(make([]byte, 0, 512), 1)
	body = append(body, p.general[:]...)
	body = append(body, 0xf0, 0, 0xfc, 0xfc|p.chroma, 0xf8|(p.lumaDepth-8), 0xf8|(p.chromaDepth-8), 0, 0)
	body = append(body, p.layers<<3|p.nested<<2|3, setKinds)
	for kind, sets := range h.sets {
		const complete = 0x80 // there are no others in the samples
		body = append(body, complete|byte(hevcVPS+kind))
		body = binary.BigEndian.AppendUint16(body, uint16(len(sets)))
		body = appendSets(body, sets)
	}
	return sampleEntry{
		kind: livews.KindVideo, typ: cc("hvc1"), config: cc("hvcC"), body: body,
		width: p.width, height: p.height,
	}
}

// hevcParameters is what is of use in a sequence parameter set of H.265.
type hevcParameters struct {
	general                        [12]byte // profile, tier and level (7.3.3)
	layers, nested                 byte
	chroma, lumaDepth, chromaDepth byte
	width, height                  uint16
}

// parseHEVCParameters reads the start of a sequence parameter set (ISO/IEC 23008-2,
// 7.3.2.2.1).
func parseHEVCParameters(unit []byte) (hevcParameters, error) {
	raw := rawPayload(unit)
	in := bitReader{b: raw}
	in.skip(16 + 4) // the NAL unit's header, sps_video_parameter_set_id
	sub := int(in.bits(3))
	p := hevcParameters{layers: byte(sub + 1), nested: byte(in.bits(1))}
	const general = 3 // all before has whole bytes
	copy(p.general[:], raw[min(general, len(raw)):])
	in.skip(8 * len(p.general))
	skipSubLayers(&in, sub)
	in.ue() // sps_seq_parameter_set_id
	chroma := in.ue()
	if chroma == 3 {
		in.skip(1) // separate_colour_plane_flag
	}
	fits := p.readSize(&in, chroma)
	luma, other := in.ue(), in.ue()
	if in.short || !fits || chroma > 3 || luma > 8 || other > 8 || p.layers == 8 {
		return p, malformed("sequence parameter set %.16x of %d bytes", unit, len(unit))
	}
	p.chroma, p.lumaDepth, p.chromaDepth = byte(chroma), byte(8+luma), byte(8+other)
	return p, nil
}

// skipSubLayers passes over the profiles and levels of n sub-layers (7.3.3).
func skipSubLayers(in *bitReader, n int) {
	if n == 0 {
		return
	}
	size := 0
	for range n {
		if in.flag() {
			size += 88
		}
		if in.flag() {
			size += 8
		}
	}
	in.skip(2*(8-n) + size)
}

func (p *hevcParameters) readSize(in *bitReader, chroma uint32) bool {
	width, height := int64(in.ue()), int64(in.ue())
	if in.flag() { // conformance_window_flag
		unitX, unitY := int64(1), int64(1)
		if chroma == 1 || chroma == 2 {
			unitX = 2
		}
		if chroma == 1 {
			unitY = 2
		}
		left, right, top, bottom := in.ue(), in.ue(), in.ue(), in.ue()
		width -= unitX * (int64(left) + int64(right))
		height -= unitY * (int64(top) + int64(bottom))
	}
	if width <= 0 || height <= 0 || width > math.MaxUint16 || height > math.MaxUint16 {
		return false
	}
	p.width, p.height = uint16(width), uint16(height)
	return true
}
