package dash

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// brand is the brand whose features the chunks use: default-base-is-moof
// (iso5) and tfdt (iso6).
const brand = "iso6"

// maxFtyp is the size of the largest ftyp that is read.
const maxFtyp = 4 << 10

// normalFtyp returns a copy of an ftyp (ISO/IEC 14496-12, 4.3) with brand
// among its compatible brands, or a new one if ftyp is nil.
func normalFtyp(ftyp []byte) []byte {
	if len(ftyp) < 16 || headerSize(ftyp) != smallHeader {
		ftyp = append(openBox(nil, boxFtyp), brand+"\x00\x00\x00\x00"+brand+"mp41"...)
	} else {
		ftyp = bytes.Clone(ftyp)
	}
	for list := ftyp[smallHeader:]; len(list) >= 4; list = list[4:] {
		if string(list[:4]) == brand {
			closeBox(ftyp, 0)
			return ftyp
		}
	}
	ftyp = append(ftyp, brand...)
	closeBox(ftyp, 0)
	return ftyp
}

// Segment returns an init segment with the one track t of in: ftyp, and a moov
// of mvhd, mvex with the track's trex, and the trak. Durations and creation
// times are zero and there is no mehd, as befits a live stream
// (ISO/IEC 23000-19, 7.5.1): players take a duration for the end.
func (in *Init) Segment(t *Track) []byte {
	return in.append(nil, t)
}

// append appends an init segment with tracks.
func (in *Init) append(dst []byte, tracks ...*Track) []byte {
	dst = append(dst, in.ftyp...)
	moov := len(dst)
	dst = openBox(dst, boxMoov)
	dst = append(dst, in.mvhd...)
	for _, t := range tracks {
		dst = append(dst, t.trak...)
	}
	mvex := len(dst)
	dst = openBox(dst, boxMvex)
	for _, t := range tracks {
		dst = append(dst, t.trex...)
	}
	closeBox(dst, mvex)
	closeBox(dst, moov)
	return dst
}

// MergeInits returns one init segment with all tracks of inits in their order,
// for players and files that take all tracks together. The track_IDs must
// differ, as they do in what one [Splitter] gives. The ftyp and mvhd are the
// first's. Nothing of the result shares memory with inits. The errors are
// those of [ParseInit].
func MergeInits(inits ...[]byte) ([]byte, error) {
	if len(inits) == 0 {
		return nil, malformed("merge init segments: there are none")
	}
	var merged *Init
	for i, b := range inits {
		in, err := ParseInit(b)
		if err != nil {
			return nil, fmt.Errorf("merge init segments: number %d: %w", i+1, err)
		}
		if merged == nil {
			merged = in
			continue
		}
		if err := merged.add(in); err != nil {
			return nil, fmt.Errorf("merge init segments: number %d: %w", i+1, err)
		}
	}
	merged.setNextID()
	return merged.append(nil, merged.Tracks...), nil
}

// add adds the tracks of other to in.
func (in *Init) add(other *Init) error {
	if len(in.Tracks)+len(other.Tracks) > MaxTracks {
		return malformed("more than %d tracks", MaxTracks)
	}
	for _, t := range other.Tracks {
		if err := in.checkID(t.ID); err != nil {
			return err
		}
		if err := t.rescaleEdits(other.timescale, in.timescale); err != nil {
			return fmt.Errorf("track %d: %w", t.ID, err)
		}
		in.Tracks = append(in.Tracks, t)
	}
	return nil
}

// setNextID makes the next_track_ID of mvhd, its last field (ISO/IEC 14496-12,
// 8.2.2), larger than every track_ID in use. All ones is the value for "search
// for a free one".
func (in *Init) setNextID() {
	var highest uint32
	for _, t := range in.Tracks {
		highest = max(highest, t.ID)
	}
	next := in.mvhd[len(in.mvhd)-4:]
	if highest != 0xffffffff && binary.BigEndian.Uint32(next) <= highest {
		highest++
	}
	binary.BigEndian.PutUint32(next, max(highest, binary.BigEndian.Uint32(next)))
}

// rescaleEdits converts the segment durations of the track's edit list
// (ISO/IEC 14496-12, 8.6.6), which count in the movie's timescale.
func (t *Track) rescaleEdits(from, to uint32) error {
	if from == to || from == 0 {
		return nil
	}
	trak, _, err := nextBox(boxMoov, t.trak)
	if err != nil {
		return err
	}
	edts, ok, err := child(boxTrak, trak.body, boxEdts)
	if err != nil || !ok {
		return err
	}
	elst, ok, err := child(boxEdts, edts.body, boxElst)
	if err != nil || !ok {
		return err
	}
	version, _, body, err := fullBox(elst, 4)
	if err != nil {
		return err
	}
	size := 12
	if version == 1 {
		size = 20
	}
	for entry := body[4:]; len(entry) >= size; entry = entry[size:] {
		if version == 1 {
			d, ok := rescale(binary.BigEndian.Uint64(entry), from, to)
			if !ok {
				return malformed("elst: duration too long")
			}
			binary.BigEndian.PutUint64(entry, d)
			continue
		}
		d, ok := rescale(uint64(binary.BigEndian.Uint32(entry)), from, to)
		if !ok || d > 0xffffffff {
			return malformed("elst: duration too long")
		}
		binary.BigEndian.PutUint32(entry, uint32(d))
	}
	return nil
}
