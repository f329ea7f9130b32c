package wire

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// The opcodes of RFC 6455, section 5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

const (
	// maxHeader is the longest header of a client's frame: two bytes, eight of length, and
	// the mask.
	maxHeader = 2 + 8 + 4
	// maxControlPayload bounds control frames (section 5.5).
	maxControlPayload = 125
)

// frame is a frame of a client, unmasked.
type frame struct {
	op      byte
	fin     bool
	payload []byte
}

// isControl reports whether f may stand between the frames of a message.
func (f *frame) isControl() bool { return f.op >= opClose }

// parseFrame reads the frame at the front of b, unmasks it in place, and returns its size
// in b: 0 when there is not all of it. One that is no control frame may have room bytes.
// What cannot be is an error as soon as the bytes are there that say so.
func parseFrame(b []byte, room int) (f frame, size int, err error) {
	if len(b) < 2 {
		return frame{}, 0, nil
	}
	f.fin, f.op = b[0]&0x80 != 0, b[0]&0x0f
	if err := checkFirst(f, b[0], b[1]); err != nil {
		return frame{}, 0, err
	}
	length, at := uint64(b[1]&0x7f), 2
	if n := extended(length); n > 0 {
		if len(b) < at+n {
			return frame{}, 0, nil
		}
		length = bigEndian(b[at : at+n])
		at += n
	}
	if !f.isControl() && length > uint64(room) { //nolint:gosec // room is never negative
		return frame{}, 0, errTooBig
	}
	size = at + 4 + int(length)
	if len(b) < size {
		return frame{}, 0, nil
	}
	f.payload = b[at+4 : size]
	for i, mask := 0, b[at:at+4]; i < len(f.payload); i++ {
		f.payload[i] ^= mask[i%4]
	}
	return f, size, nil
}

// checkFirst reports what is wrong with the first two bytes of f.
func checkFirst(f frame, first, second byte) error {
	switch {
	case first&0x70 != 0:
		return fmt.Errorf("%w: reserved bits", errFrame)
	case f.op > opPong || f.op > opBinary && f.op < opClose:
		return fmt.Errorf("%w: opcode %d", errFrame, f.op)
	case second&0x80 == 0:
		return fmt.Errorf("%w: frame without mask", errFrame)
	case f.isControl() && second&0x7f > maxControlPayload:
		return fmt.Errorf("%w: long control frame", errFrame)
	case f.isControl() && !f.fin:
		return fmt.Errorf("%w: control frame in parts", errFrame)
	}
	return nil
}

// extended returns how many bytes of length follow the seven bits.
func extended(length uint64) int {
	switch length {
	case 126:
		return 2
	case 127:
		return 8
	}
	return 0
}

func bigEndian(b []byte) uint64 {
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// closeError returns what a close frame says (section 7.1.5), or what is wrong with it.
func closeError(payload []byte) error {
	switch len(payload) {
	case 0:
		return &receiveError{websocket.CloseError{Code: websocket.StatusNoStatusRcvd}}
	case 1:
		return fmt.Errorf("%w: close frame of one byte", errFrame)
	}
	code, reason := websocket.StatusCode(binary.BigEndian.Uint16(payload)), payload[2:]
	switch {
	case !validCode(code):
		return fmt.Errorf("%w: close code %d", errFrame, code)
	case !utf8.Valid(reason):
		return errText
	}
	return &receiveError{websocket.CloseError{Code: code, Reason: string(reason)}}
}

// validCode reports whether a close frame may have the code (section 7.4 and the registry
// of IANA).
func validCode(code websocket.StatusCode) bool {
	switch code {
	case 1004, websocket.StatusNoStatusRcvd, websocket.StatusAbnormalClosure:
		return false
	}
	return code >= websocket.StatusNormalClosure && code <= websocket.StatusBadGateway || code >= 3000 && code <= 4999
}
