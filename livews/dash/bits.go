package dash

// bitReader reads bits, and zeros behind the end.
type bitReader struct {
	b     []byte
	pos   int
	short bool
}

// bits returns the next n bits, of which there are 32 at the most.
func (r *bitReader) bits(n int) uint32 {
	if r.pos+n > 8*len(r.b) {
		r.pos, r.short = 8*len(r.b), true
		return 0
	}
	var v uint32
	for range n {
		v = v<<1 | uint32(r.b[r.pos/8]>>(7-r.pos%8))&1
		r.pos++
	}
	return v
}

func (r *bitReader) flag() bool { return r.bits(1) == 1 }

func (r *bitReader) skip(n int) {
	if n > 8*len(r.b)-r.pos {
		r.pos, r.short = 8*len(r.b), true
		return
	}
	r.pos += n
}

// ue returns an Exp-Golomb number (ISO/IEC 14496-10, 9.1), which is also AV1's uvlc.
func (r *bitReader) ue() uint32 {
	zeros := 0
	for !r.flag() {
		zeros++
		if r.short || zeros == 32 {
			r.short = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.bits(zeros)
}

// se returns a signed Exp-Golomb number (9.1.1).
func (r *bitReader) se() int32 {
	v := r.ue()
	if v&1 == 1 {
		return int32(v/2) + 1
	}
	return -int32(v / 2)
}
