package ingress

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/livews/websocketlivestream/livews/dash"
)

const (
	// maxKeptInit bounds the init segment that is kept of an object, and maxKeptStyp the
	// brands that are looked at.
	maxKeptInit = dash.MaxInit + 64<<10
	maxKeptStyp = 256
)

// boxWatch is a Reader of an object that notes on the way what stands in its boxes at the
// top level (ISO/IEC 14496-12, 4.2): the init segment, and whether the representation ends.
type boxWatch struct {
	in        io.Reader
	interrupt func(error)
	paid      *meter // behind in
	number    uint64 // of the object (see numberOf)
	came      time.Time
	count     atomic.Int64 // bytes

	head  []byte // of the box that begins
	typ   string
	rest  uint64 // of the box
	kept  []byte // ftyp and moov, or a styp, as far as they have come
	moov  []byte // the last whole init segment
	ended bool   // mfra, or the brand lmsg (ISO/IEC 23009-1, 7.3.1)
}

// Read reads from the object.
func (w *boxWatch) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
	w.count.Add(int64(n))
	w.look(p[:n])
	return n, err
}

// init returns the last init segment that was whole, or nil. It is not changed any more.
func (w *boxWatch) init() []byte { return w.moov }

func (w *boxWatch) look(b []byte) {
	for len(b) > 0 {
		if w.rest == 0 {
			b = w.takeHead(b)
			continue
		}
		n := min(uint64(len(b)), w.rest)
		w.keep(b[:n])
		b = b[n:]
		if w.rest -= n; w.rest == 0 {
			w.endBox()
		}
	}
}

// takeHead takes bytes of a box's header and returns the rest.
func (w *boxWatch) takeHead(b []byte) []byte {
	size := 8
	if len(w.head) >= 8 && binary.BigEndian.Uint32(w.head) == 1 {
		size = 16
	}
	n := min(len(b), size-len(w.head))
	w.head = append(w.head, b[:n]...)
	if len(w.head) == size && (size == 16 || binary.BigEndian.Uint32(w.head) != 1) {
		w.beginBox()
	}
	return b[n:]
}

func (w *boxWatch) beginBox() {
	size := uint64(binary.BigEndian.Uint32(w.head))
	switch size {
	case 0: // to the end
		size = 1 << 63
	case 1:
		size = binary.BigEndian.Uint64(w.head[8:])
	}
	w.typ = string(w.head[4:8])
	// Who parses the boxes refuses a size that is too small.
	w.rest = max(size, uint64(len(w.head))) - uint64(len(w.head))
	if w.typ != "moov" {
		w.kept = nil
	}
	w.keep(w.head)
	w.head = w.head[:0]
	w.ended = w.ended || w.typ == "mfra"
	if w.rest == 0 {
		w.endBox()
	}
}

// keep keeps what is of interest.
func (w *boxWatch) keep(b []byte) {
	room := 0
	switch w.typ {
	case "ftyp", "moov":
		room = maxKeptInit - len(w.kept)
	case "styp":
		room = maxKeptStyp - len(w.kept)
	}
	w.kept = append(w.kept, b[:min(len(b), max(room, 0))]...)
}

func (w *boxWatch) endBox() {
	switch w.typ {
	case "moov":
		w.moov = slices.Clone(w.kept)
	case "styp":
		w.ended = w.ended || hasBrand(w.kept, "lmsg")
	}
}

// hasBrand reports whether a styp names the brand (ISO/IEC 14496-12, 8.16.2).
func hasBrand(styp []byte, brand string) bool {
	for i := 8; i+4 <= len(styp); i += 4 {
		if bytes.Equal(styp[i:i+4], []byte(brand)) && i != 12 { // the minor version
			return true
		}
	}
	return false
}
