package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The opcodes of RFC 6455, section 5.2.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// maxSmall bounds text and control frames, which are read whole.
const maxSmall = 64 << 10

// frameHeader is the beginning of a frame.
type frameHeader struct {
	op     byte
	length uint64
}

// readFrameHeader reads the beginning of a server's frame, which is whole and not masked.
func readFrameHeader(r *bufio.Reader) (frameHeader, error) {
	var b [8]byte
	if _, err := io.ReadFull(r, b[:2]); err != nil {
		return frameHeader{}, err
	}
	h := frameHeader{op: b[0] & 15, length: uint64(b[1] & 127)}
	if b[0]&0x80 == 0 || b[1]&0x80 != 0 {
		return h, errors.New("a frame in pieces, or masked: not this server")
	}
	var err error
	switch h.length {
	case 126:
		_, err = io.ReadFull(r, b[:2])
		h.length = uint64(binary.BigEndian.Uint16(b[:2]))
	case 127:
		_, err = io.ReadFull(r, b[:8])
		h.length = binary.BigEndian.Uint64(b[:8])
	}
	return h, err
}

// readSmall reads the payload of a text or control frame.
func readSmall(r *bufio.Reader, h frameHeader) ([]byte, error) {
	if h.length > maxSmall {
		return nil, fmt.Errorf("a frame of kind %d with %d bytes", h.op, h.length)
	}
	p := make([]byte, h.length)
	_, err := io.ReadFull(r, p)
	return p, err
}

// discard passes over n bytes.
func discard(r *bufio.Reader, n uint64) error {
	const most = 1 << 30
	for n > 0 {
		d, err := r.Discard(int(min(n, most)))
		if err != nil {
			return err
		}
		n -= uint64(d)
	}
	return nil
}

// pong is the masked answer to a ping with the payload p of at most 125 bytes; the
// mask is zero, as nobody has to be protected from what it hides.
func pong(p []byte) []byte {
	p = p[:min(len(p), 125)]
	frame := []byte{0x80 | opPong, 0x80 | byte(len(p)), 0, 0, 0, 0}
	return append(frame, p...)
}
