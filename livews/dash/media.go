package dash

import (
	"bytes"
	"encoding/binary"

	"github.com/livews/websocketlivestream/livews"
)

// The handler types (ISO/IEC 14496-12, 8.4.3) of the tracks that livews
// carries.
var (
	handlerVideo = cc("vide")
	handlerAudio = cc("soun")
)

// parseMedia fills t from the mdia of trak, which it normalises: durations and
// creation times become zero. It reports false for a track that is neither
// video nor audio.
func (t *Track) parseMedia(trak box) (bool, error) {
	mdia, err := mustChild(boxTrak, trak.body, boxMdia)
	if err != nil {
		return false, err
	}
	hdlr, err := mustChild(boxMdia, mdia.body, boxHdlr)
	if err != nil {
		return false, err
	}
	_, _, body, err := fullBox(hdlr, 8)
	if err != nil {
		return false, err
	}
	switch fourCC(binary.BigEndian.Uint32(body[4:])) {
	case handlerVideo:
		t.Info.Kind = livews.KindVideo
	case handlerAudio:
		t.Info.Kind = livews.KindAudio
	default:
		return false, nil
	}
	if err := t.parseMdhd(mdia); err != nil {
		return false, err
	}
	return true, t.parseTables(mdia)
}

// parseMdhd reads timescale and language (ISO/IEC 14496-12, 8.4.2).
func (t *Track) parseMdhd(mdia box) error {
	mdhd, err := mustChild(boxMdia, mdia.body, boxMdhd)
	if err != nil {
		return err
	}
	if t.Info.Timescale, err = zeroTimes(mdhd.raw, 0); err != nil {
		return err
	}
	if t.Info.Timescale == 0 {
		return malformed("mdhd: timescale 0")
	}
	after := 4 + 16
	if mdhd.body[0] == 1 {
		after = 4 + 28
	}
	if len(mdhd.body) < after+2 {
		return malformed("mdhd: %d bytes", len(mdhd.raw))
	}
	t.Info.Language = language(binary.BigEndian.Uint16(mdhd.body[after:]))
	return nil
}

// language unpacks an ISO 639-2/T code of three 5-bit letters. It is empty for
// "und" and for what is no code, as in QuickTime's own numbers.
func language(packed uint16) string {
	var code [3]byte
	for i := range code {
		letter := byte(packed>>(10-5*i)) & 0x1f
		if letter < 1 || letter > 26 {
			return ""
		}
		code[i] = 0x60 + letter
	}
	if s := string(code[:]); s != "und" {
		return s
	}
	return ""
}

// parseTables reads the sample table (ISO/IEC 14496-12, 8.5): the sample entry
// and that there are no samples.
func (t *Track) parseTables(mdia box) error {
	minf, err := mustChild(boxMdia, mdia.body, boxMinf)
	if err != nil {
		return err
	}
	stbl, err := mustChild(boxMinf, minf.body, boxStbl)
	if err != nil {
		return err
	}
	if err := checkNoSamples(stbl); err != nil {
		return err
	}
	stsd, err := mustChild(boxStbl, stbl.body, boxStsd)
	if err != nil {
		return err
	}
	_, _, body, err := fullBox(stsd, 4)
	if err != nil {
		return err
	}
	e, _, err := nextBox(boxStsd, body[4:])
	if err != nil {
		return err
	}
	if err := t.parseSampleEntry(e); err != nil {
		return err
	}
	t.noteSameness(e)
	return nil
}

// checkNoSamples refuses a moov with samples of its own: the stream would
// begin with media that no chunk carries.
func checkNoSamples(stbl box) error {
	for _, typ := range [...]fourCC{boxStsz, boxStz2} {
		c, ok, err := child(boxStbl, stbl.body, typ)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		_, _, body, err := fullBox(c, 8)
		if err != nil {
			return err
		}
		if n := binary.BigEndian.Uint32(body[4:]); n > 0 {
			return errProgressive("moov has samples of its own")
		}
	}
	return nil
}

// noteSameness keeps the trak without its bit rates, which some muxers measure
// anew for every file of the same encoder.
func (t *Track) noteSameness(e box) {
	regions := volatile(e)
	saved := make([][]byte, len(regions))
	for i, r := range regions {
		saved[i] = bytes.Clone(r)
		clear(r)
	}
	t.sameness = bytes.Clone(t.trak)
	for i, r := range regions {
		copy(r, saved[i])
	}
}
