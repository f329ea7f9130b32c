package livews

import "encoding/binary"

// maxFrameHeader is the longest header of an unmasked WebSocket frame.
const maxFrameHeader = 10

// The opcodes of the data frames (RFC 6455, section 5.2) for
// [AppendFrameHeader].
const (
	OpText   = 1
	OpBinary = 2
)

// AppendFrameHeader appends the header of a final, unmasked WebSocket frame
// whose payload has size bytes (RFC 6455, section 5.2), as a server sends it.
func AppendFrameHeader(b []byte, opcode byte, size int) []byte {
	const final = 0x80
	b = append(b, final|opcode)
	switch {
	case size < 126:
		return append(b, byte(size))
	case size < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(size))
	default:
		return binary.BigEndian.AppendUint64(append(b, 127), uint64(size))
	}
}
