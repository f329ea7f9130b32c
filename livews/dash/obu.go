package dash

const (
	// maxOBUs bounds the open bitstream units of a temporal unit.
	maxOBUs = 4096
	// maxLEB128 is the most bytes that a length has (AV1 specification, 4.10.5).
	maxLEB128 = 8
)

// The types of open bitstream units (AV1 specification, 6.2.2).
const (
	obuSequence  = 1
	obuDelimiter = 2
	obuFrameHead = 3
	obuFrame     = 6
	obuTileList  = 8
	obuPadding   = 15
)

// obu is an open bitstream unit.
type obu struct {
	typ     byte
	raw     []byte // all of it
	payload []byte // without header and size
}

// nextOBU returns the unit at the start of b and what follows it (AV1 specification, 5.3).
// One that does not tell its size lasts to the end.
func nextOBU(b []byte) (obu, []byte, error) {
	in := fields{b: b}
	head := in.take(1)
	if head == nil || head[0]&0x80 != 0 {
		return obu{}, nil, malformed("no open bitstream unit in %d bytes", len(b))
	}
	u := obu{typ: head[0] >> 3 & 15}
	if head[0]&4 != 0 {
		in.take(1) // obu_extension_header
	}
	size := uint64(len(in.b))
	if head[0]&2 != 0 {
		size = in.leb128()
	}
	if in.short || size > uint64(len(in.b)) {
		return obu{}, nil, malformed("open bitstream unit of %d bytes in %d", size, len(b))
	}
	u.payload = in.take(int(size))
	u.raw = b[:len(b)-len(in.b)]
	return u, in.b, nil
}

// leb128 reads a length (4.10.5).
func (f *fields) leb128() uint64 {
	var v uint64
	for i := range maxLEB128 {
		b := f.take(1)
		if b == nil {
			return 0
		}
		v |= uint64(b[0]&0x7f) << (7 * i)
		if b[0]&0x80 == 0 {
			return v
		}
	}
	f.short = true
	return 0
}
