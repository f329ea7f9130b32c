package dash

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrMalformed is wrapped by every error about bytes that break the rules of
// fragmented MP4 or exceed a bound of this package.
var ErrMalformed = errors.New("dash: malformed fragmented MP4")

// ErrUnsupported is wrapped by every error about input that may well be right,
// but that livews cannot carry: another format, a file that is not fragmented,
// encrypted media, a codec that is not known.
var ErrUnsupported = errors.New("dash: unsupported input")

// ErrTooLarge is wrapped by those of these errors that are about a box, or a moof with its
// media data, that is larger than a bound. It wraps [ErrMalformed].
var ErrTooLarge = fmt.Errorf("%w: too large", ErrMalformed)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

func tooLarge(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrTooLarge}, args...)...)
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnsupported}, args...)...)
}

// fourCC is the type of a box, and any other four-character code.
type fourCC uint32

// cc returns the code for four characters.
func cc(s string) fourCC {
	return fourCC(s[0])<<24 | fourCC(s[1])<<16 | fourCC(s[2])<<8 | fourCC(s[3])
}

var (
	boxEdts = cc("edts")
	boxElst = cc("elst")
	boxEmsg = cc("emsg")
	boxFree = cc("free")
	boxFtyp = cc("ftyp")
	boxHdlr = cc("hdlr")
	boxMdat = cc("mdat")
	boxMdhd = cc("mdhd")
	boxMdia = cc("mdia")
	boxMfhd = cc("mfhd")
	boxMfra = cc("mfra")
	boxMinf = cc("minf")
	boxMoof = cc("moof")
	boxMoov = cc("moov")
	boxMvex = cc("mvex")
	boxMvhd = cc("mvhd")
	boxPrft = cc("prft")
	boxSaio = cc("saio")
	boxSaiz = cc("saiz")
	boxSenc = cc("senc")
	boxSidx = cc("sidx")
	boxSkip = cc("skip")
	boxStbl = cc("stbl")
	boxStsd = cc("stsd")
	boxStsz = cc("stsz")
	boxStyp = cc("styp")
	boxStz2 = cc("stz2")
	boxTfdt = cc("tfdt")
	boxTfhd = cc("tfhd")
	boxTkhd = cc("tkhd")
	boxTraf = cc("traf")
	boxTrak = cc("trak")
	boxTrex = cc("trex")
	boxTrun = cc("trun")
	boxUUID = cc("uuid")
	boxWide = cc("wide")
)

// String returns the four characters, quoted where they are not printable.
func (c fourCC) String() string {
	s := string(binary.BigEndian.AppendUint32(nil, uint32(c)))
	if !c.printable() {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// printable reports whether c can be the type of a box: no type in use has
// other characters than printable ASCII and the copyright sign.
func (c fourCC) printable() bool {
	for shift := 0; shift < 32; shift += 8 {
		if b := byte(c >> shift); (b < 0x20 || b > 0x7e) && b != 0xa9 {
			return false
		}
	}
	return true
}

const (
	// smallHeader and largeHeader are the sizes of a box header with a
	// 32-bit and with a 64-bit size (ISO/IEC 14496-12, 4.2).
	smallHeader = 8
	largeHeader = 16
	// toEnd is the size of a box that lasts to the end of its container.
	toEnd = math.MaxInt64
)

// header is the header of a box (ISO/IEC 14496-12, 4.2).
type header struct {
	typ fourCC
	// size is that of the whole box, or toEnd.
	size int64
	// head is the size of the header itself.
	head int
}

// headerSize returns how many bytes the box header at the start of b has,
// where b has at least smallHeader bytes.
func headerSize(b []byte) int {
	if binary.BigEndian.Uint32(b) == 1 {
		return largeHeader
	}
	return smallHeader
}

// parseHeader parses the box header at the start of b, where b has at least
// headerSize(b) bytes.
func parseHeader(b []byte) (header, error) {
	h := header{
		typ:  fourCC(binary.BigEndian.Uint32(b[4:])),
		size: int64(binary.BigEndian.Uint32(b)),
		head: headerSize(b),
	}
	switch {
	case h.size == 0:
		h.size = toEnd
		return h, nil
	case h.head == largeHeader:
		size := binary.BigEndian.Uint64(b[8:])
		if size >= toEnd {
			return h, malformed("%v: size %d", h.typ, size)
		}
		h.size = int64(size)
	}
	if h.size < int64(h.head) {
		return h, malformed("%v: size %d is less than its header's %d", h.typ, h.size, h.head)
	}
	return h, nil
}

// box is a whole box in memory.
type box struct {
	typ fourCC
	// raw is all of it, and body what follows the header. Both share memory
	// with what was parsed.
	raw, body []byte
}

// fileLevel is the parent of the boxes of the top level. Only there a box may
// have size 0.
var fileLevel = cc("file")

// nextBox returns the box at the start of b, which lies in a box of type
// parent, and what follows it.
func nextBox(parent fourCC, b []byte) (box, []byte, error) {
	if len(b) < smallHeader || len(b) < headerSize(b) {
		return box{}, nil, malformed("%v: %d bytes at its end hold no box", parent, len(b))
	}
	h, err := parseHeader(b)
	if err != nil {
		return box{}, nil, fmt.Errorf("in %v: %w", parent, err)
	}
	if h.size == toEnd && parent == fileLevel {
		h.size = int64(len(b))
	}
	if h.size == toEnd {
		return box{}, nil, malformed("%v in %v: size 0", h.typ, parent)
	}
	if h.size > int64(len(b)) {
		return box{}, nil, malformed("%v: size %d, but %v has %d bytes left", h.typ, h.size, parent, len(b))
	}
	return box{typ: h.typ, raw: b[:h.size], body: b[h.head:h.size]}, b[h.size:], nil
}

// child returns the first box of type typ in the body of one of type parent,
// and whether there is one.
func child(parent fourCC, body []byte, typ fourCC) (box, bool, error) {
	for len(body) > 0 {
		b, rest, err := nextBox(parent, body)
		if err != nil {
			return box{}, false, err
		}
		if b.typ == typ {
			return b, true, nil
		}
		body = rest
	}
	return box{}, false, nil
}

// mustChild is child where a missing box is an error.
func mustChild(parent fourCC, body []byte, typ fourCC) (box, error) {
	b, ok, err := child(parent, body, typ)
	if err == nil && !ok {
		err = malformed("%v: no %v", parent, typ)
	}
	return b, err
}

// fullBox splits the body of a full box (ISO/IEC 14496-12, 4.2) into version,
// flags and the fields, of which there must be at least size bytes.
func fullBox(b box, size int) (version byte, flags uint32, fields []byte, err error) {
	if len(b.body) < 4+size {
		return 0, 0, nil, malformed("%v: %d bytes, want %d", b.typ, len(b.body), 4+size)
	}
	word := binary.BigEndian.Uint32(b.body)
	return byte(word >> 24), word & 0xffffff, b.body[4:], nil
}

// openBox appends the header of a box whose size closeBox fills in.
func openBox(dst []byte, typ fourCC) []byte {
	return binary.BigEndian.AppendUint32(append(dst, 0, 0, 0, 0), uint32(typ))
}

// openFullBox is openBox with version and flags.
func openFullBox(dst []byte, typ fourCC, version byte, flags uint32) []byte {
	return binary.BigEndian.AppendUint32(openBox(dst, typ), uint32(version)<<24|flags)
}

// closeBox writes the size of the box which begins at start and ends with b.
func closeBox(b []byte, start int) {
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
}
