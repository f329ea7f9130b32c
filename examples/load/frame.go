package main

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/livews/websocketlivestream/livews"
)

// The opcodes of RFC 6455, section 5.2.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// maxSmall bounds text and control frames, which are looked at whole.
const maxSmall = 64 << 10

// frameHeader is the beginning of a frame.
type frameHeader struct {
	op     byte
	size   int // of the header itself
	length uint64
}

// parseFrameHeader reads the beginning of a server's frame, which is whole and not masked.
// Its size is 0 where b has not all of it.
func parseFrameHeader(b []byte) (frameHeader, error) {
	if len(b) < 2 {
		return frameHeader{}, nil
	}
	h := frameHeader{op: b[0] & 15, size: 2, length: uint64(b[1] & 127)}
	if b[0]&0x80 == 0 || b[1]&0x80 != 0 {
		return h, errors.New("a frame in pieces, or masked: not this server")
	}
	switch {
	case h.length == 126 && len(b) >= 4:
		h.size, h.length = 4, uint64(binary.BigEndian.Uint16(b[2:]))
	case h.length == 127 && len(b) >= 10:
		h.size, h.length = 10, binary.BigEndian.Uint64(b[2:])
	case h.length > 125:
		return frameHeader{}, nil
	}
	return h, nil
}

// scanner finds the frames in what comes, in pieces of any size, and passes over payloads.
type scanner struct {
	// binary gets the length of a message and its first livews.HeaderSize bytes, or all
	// where it is shorter; small gets a text or control frame.
	binary func(length uint64, head []byte) error
	small  func(op byte, payload []byte) error

	skip uint64 // to come of a payload
	part []byte // the beginning of a frame
}

// feed takes what comes next, which it does not keep.
func (s *scanner) feed(b []byte) error {
	if len(s.part) > 0 {
		s.part = append(s.part, b...)
		b = s.part
	}
	for {
		n := min(s.skip, uint64(len(b)))
		s.skip -= n
		b = b[n:]
		if len(b) == 0 {
			break
		}
		size, err := s.frame(b)
		if err != nil {
			return err
		}
		if size == 0 {
			break
		}
		s.skip = size
	}
	s.part = append(s.part[:0], b...)
	return nil
}

// frame does what the frame at the front of b says and returns its size, or 0 where more
// of it is needed.
func (s *scanner) frame(b []byte) (uint64, error) {
	h, err := parseFrameHeader(b)
	if err != nil || h.size == 0 {
		return 0, err
	}
	payload := b[h.size:]
	if h.op == opBinary {
		head := min(h.length, livews.HeaderSize)
		if uint64(len(payload)) < head {
			return 0, nil
		}
		return uint64(h.size) + h.length, s.binary(h.length, payload[:head])
	}
	switch {
	case h.length > maxSmall:
		return 0, fmt.Errorf("a frame of kind %d with %d bytes", h.op, h.length)
	case uint64(len(payload)) < h.length:
		return 0, nil
	}
	return uint64(h.size) + h.length, s.small(h.op, payload[:h.length])
}

// pong is the masked answer to a ping with the payload p of at most 125 bytes; the
// mask is zero, as nobody has to be protected from what it hides.
func pong(p []byte) []byte {
	p = p[:min(len(p), 125)]
	frame := []byte{0x80 | opPong, 0x80 | byte(len(p)), 0, 0, 0, 0}
	return append(frame, p...)
}
