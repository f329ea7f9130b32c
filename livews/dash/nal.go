package dash

import (
	"bytes"
	"encoding/binary"
)

const (
	// maxNALs bounds the NAL units of one frame.
	maxNALs = 4096
	// maxSet bounds a parameter set in bytes, and maxSets how many of a kind there are.
	maxSet  = 4 << 10
	maxSets = 16
)

// startCode begins a NAL unit in Annex B form (ISO/IEC 14496-10, B.1).
var startCode = []byte{0, 0, 1}

// nalUnits splits frames into NAL units, and makes samples of those that are to be kept.
type nalUnits struct {
	lengthSize int      // of the prefixes; 0 for Annex B form
	all        [][]byte // of the last frame, within its payload
	kept       [][]byte // those for the sample
}

// split finds the NAL units of a frame, which has at least one.
func (n *nalUnits) split(frame []byte) error {
	clear(n.all)
	n.all, n.kept = n.all[:0], n.kept[:0]
	if n.lengthSize == 0 {
		return n.splitAnnexB(frame)
	}
	return n.splitLengths(frame)
}

func (n *nalUnits) splitAnnexB(frame []byte) error {
	at := bytes.Index(frame, startCode)
	if at < 0 || len(bytes.Trim(frame[:at], "\x00")) > 0 {
		return malformed("frame does not begin with a start code of Annex B")
	}
	for rest := frame[at+len(startCode):]; ; {
		at := bytes.Index(rest, startCode)
		unit := rest
		if at >= 0 {
			unit = rest[:at]
		}
		if err := n.add(bytes.TrimRight(unit, "\x00")); err != nil {
			return err
		}
		if at < 0 {
			return nil
		}
		rest = rest[at+len(startCode):]
	}
}

func (n *nalUnits) splitLengths(frame []byte) error {
	for rest := frame; len(rest) > 0; {
		if len(rest) < n.lengthSize {
			return malformed("%d bytes behind the last NAL unit", len(rest))
		}
		size := bigEndian(rest[:n.lengthSize])
		rest = rest[n.lengthSize:]
		if size > uint64(len(rest)) {
			return malformed("NAL unit of %d bytes in %d", size, len(rest))
		}
		if err := n.add(rest[:size]); err != nil {
			return err
		}
		rest = rest[size:]
	}
	return nil
}

// bigEndian returns the number in a few bytes.
func bigEndian(b []byte) uint64 {
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// add takes a NAL unit; an empty one means nothing.
func (n *nalUnits) add(unit []byte) error {
	if len(unit) == 0 {
		return nil
	}
	if len(n.all) == maxNALs {
		return malformed("more than %d NAL units in a frame", maxNALs)
	}
	n.all = append(n.all, unit)
	return nil
}

func (n *nalUnits) keep(unit []byte) { n.kept = append(n.kept, unit) }

// size returns how long the sample is.
func (n *nalUnits) size() int {
	size := 0
	for _, unit := range n.kept {
		size += 4 + len(unit)
	}
	return size
}

// appendSample appends what is kept with lengths of 4 bytes (ISO/IEC 14496-15, 5.3.4.2).
func (n *nalUnits) appendSample(dst []byte) []byte {
	for _, unit := range n.kept {
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(unit)))
		dst = append(dst, unit...)
	}
	clear(n.kept)
	return dst
}

// The kinds of parameter sets, by which [parameterSets] are ordered.
const (
	setVPS = iota
	setSPS
	setPPS
	setKinds
)

// parameterSets are those that are in force, or those of one frame.
type parameterSets [setKinds][][]byte

// add takes a parameter set of a frame, within whose payload it lies.
func (p *parameterSets) add(kind int, unit []byte) error {
	if len(unit) > maxSet {
		return tooLarge("parameter set of %d bytes, at most %d", len(unit), maxSet)
	}
	if len(p[kind]) == maxSets {
		return malformed("more than %d parameter sets of a kind", maxSets)
	}
	p[kind] = append(p[kind], unit)
	return nil
}

// update puts those of a frame in force and reports whether that changes anything. An
// encoder that tells its sequence parameters tells all that belongs to them; other sets
// come in addition.
func (p *parameterSets) update(found *parameterSets) (changed bool, err error) {
	for kind, units := range found {
		if len(found[setSPS]) > 0 && len(units) > 0 {
			if !equalSets(p[kind], units) {
				p[kind], changed = cloneSets(units), true
			}
			continue
		}
		for _, unit := range units {
			if containsSet(p[kind], unit) {
				continue
			}
			if err := p.add(kind, bytes.Clone(unit)); err != nil {
				return changed, err
			}
			changed = true
		}
	}
	return changed, nil
}

func equalSets(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

func containsSet(sets [][]byte, unit []byte) bool {
	for _, s := range sets {
		if bytes.Equal(s, unit) {
			return true
		}
	}
	return false
}

func cloneSets(sets [][]byte) [][]byte {
	clone := make([][]byte, len(sets))
	for i, s := range sets {
		clone[i] = bytes.Clone(s)
	}
	return clone
}

// appendSets appends sets with lengths of 2 bytes, as decoder configurations have them.
func appendSets(dst []byte, sets [][]byte) []byte {
	for _, s := range sets {
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(s)))
		dst = append(dst, s...)
	}
	return dst
}

// takeSet reads such a one.
func (f *fields) takeSet() []byte {
	b := f.take(2)
	if b == nil {
		return nil
	}
	return f.take(int(binary.BigEndian.Uint16(b)))
}

// rawPayload returns a NAL unit without the bytes that keep start codes from appearing in
// it (ISO/IEC 14496-10, 7.3.1).
func rawPayload(unit []byte) []byte {
	raw := make([]byte, 0, len(unit))
	zeros := 0
	for _, c := range unit {
		if zeros >= 2 && c == 3 {
			zeros = 0
			continue
		}
		if c == 0 {
			zeros++
		} else {
			zeros = 0
		}
		raw = append(raw, c)
	}
	return raw
}
