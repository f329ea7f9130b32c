package dash

import (
	"fmt"

	"github.com/livews/websocketlivestream/livews"
)

// The types of NAL units (ISO/IEC 14496-10, table 7-1).
const (
	avcSlice     = 1
	avcIDR       = 5
	avcSPS       = 7
	avcPPS       = 8
	avcDelimiter = 9
	avcEndSeq    = 10
	avcEndStream = 11
	avcFiller    = 12
	avcSPSExt    = 13
	avcSubsetSPS = 15
)

// avcFrames is H.264, of which sync samples are IDR pictures.
type avcFrames struct {
	nalUnits
	sets    parameterSets
	sps     avcParameters
	renewed bool
}

// newAVC takes an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1), or nothing.
func newAVC(record []byte) (*avcFrames, error) {
	a := new(avcFrames)
	if len(record) == 0 {
		return a, nil
	}
	in := fields{b: record}
	head := in.take(6)
	if head == nil || head[0] != 1 {
		return nil, malformed("avcC of %d bytes", len(record))
	}
	a.lengthSize = int(head[4]&3) + 1
	var found parameterSets
	for range head[5] & 0x1f {
		if err := found.add(setSPS, in.takeSet()); err != nil {
			return nil, err
		}
	}
	if count := in.take(1); count != nil {
		for range count[0] {
			if err := found.add(setPPS, in.takeSet()); err != nil {
				return nil, err
			}
		}
	}
	if in.short {
		return nil, malformed("avcC of %d bytes", len(record))
	}
	return a, a.update(&found)
}

func (a *avcFrames) scan(f *Frame) (scanned, error) {
	if err := a.split(f.Payload); err != nil {
		return scanned{}, err
	}
	var (
		found        parameterSets
		sync, slices bool
		err          error
	)
	for _, unit := range a.all {
		switch typ := unit[0] & 0x1f; typ {
		case avcSPS:
			err = found.add(setSPS, unit)
		case avcPPS:
			err = found.add(setPPS, unit)
		case avcDelimiter, avcEndSeq, avcEndStream, avcFiller, avcSPSExt, avcSubsetSPS:
		default:
			sync = sync || typ == avcIDR
			slices = slices || typ >= avcSlice && typ <= avcIDR
			a.keep(unit)
		}
		if err != nil {
			return scanned{}, err
		}
	}
	if err := a.update(&found); err != nil {
		return scanned{}, err
	}
	if sync && (len(a.sets[setSPS]) == 0 || len(a.sets[setPPS]) == 0) {
		return scanned{}, malformed("H.264 key frame without parameter sets in front of it")
	}
	s := scanned{sync: sync, renewed: a.renewed}
	if slices {
		s.size = a.size()
	}
	return s, nil
}

// update puts the parameter sets of a frame in force.
func (a *avcFrames) update(found *parameterSets) error {
	if len(found[setSPS]) > 0 {
		if _, err := parseAVCParameters(found[setSPS][0]); err != nil {
			return fmt.Errorf("H.264: %w", err)
		}
	}
	changed, err := a.sets.update(found)
	if changed && len(a.sets[setSPS]) > 0 {
		a.sps, err = parseAVCParameters(a.sets[setSPS][0])
	}
	a.renewed = a.renewed || changed
	return err
}

func (a *avcFrames) entry() sampleEntry {
	a.renewed = false
	sps, pps := a.sets[setSPS], a.sets[setPPS]
	body := append(make([]byte, 0, 256), 1, a.sps.profile, a.sps.constraints, a.sps.level, 0xfc|3, 0xe0|byte(len(sps)))
	body = appendSets(body, sps)
	body = append(body, byte(len(pps)))
	body = appendSets(body, pps)
	switch a.sps.profile {
	case 100, 110, 122, 144:
		body = append(body, 0xfc|a.sps.chroma, 0xf8|(a.sps.lumaDepth-8), 0xf8|(a.sps.chromaDepth-8), 0)
	}
	return sampleEntry{
		kind: livews.KindVideo, typ: cc("avc1"), config: cc("avcC"), body: body,
		width: a.sps.width, height: a.sps.height, frameRate: a.sps.frameRate,
	}
}
