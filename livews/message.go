package livews

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
)

const (
	// HeaderSize is the size of the header in front of every message.
	HeaderSize = 32
	// MaxMessage is the largest message, header included, that any part of
	// livews makes or takes: 16 MiB, a second of video at 100 Mbit/s and more.
	MaxMessage = 16 << 20
	// maxInfo bounds the JSON description in an init message.
	maxInfo = 16 << 10
)

// ErrMessage is wrapped by every error about bytes that are no message of the
// protocol, and about segments that no message can carry.
var ErrMessage = errors.New("livews: malformed message")

// frame is a Segment as bytes: an RFC 6455 frame header, then the message.
type frame struct {
	bytes  []byte
	header int // length of the frame header
	err    error
}

// Message returns the segment as it stands on the wire: the 32-byte header and
// the payload, in an init message with the track's description between them
// (PROTOCOL.md). It is made once; all callers share it and none may change it.
// The error wraps [ErrMessage] and is the same at each call.
func (s *Segment) Message() ([]byte, error) {
	f := s.encode()
	if f.err != nil {
		return nil, f.err
	}
	return f.bytes[f.header:], nil
}

// Frame returns [Segment.Message] as one whole WebSocket frame as a server
// sends it: binary, final, not masked (RFC 6455, section 5.2). One Write of it
// sends the segment. It is made once and shared like the message, and shares
// the message's memory.
func (s *Segment) Frame() ([]byte, error) {
	f := s.encode()
	return f.bytes, f.err
}

func (s *Segment) encode() *frame {
	if f := s.frame.Load(); f != nil {
		return f
	}
	s.frame.CompareAndSwap(nil, s.newFrame())
	return s.frame.Load()
}

func (s *Segment) newFrame() *frame {
	var info []byte
	if s.Type == TypeInit {
		var err error
		if info, err = s.marshalInfo(); err != nil {
			return &frame{err: err}
		}
	}
	if err := s.validate(); err != nil {
		return &frame{err: err}
	}
	size := HeaderSize + len(info) + len(s.Payload)
	if size > MaxMessage {
		return &frame{err: fmt.Errorf("%w: track %d at %v: %d bytes, at most %d", ErrMessage, s.Track, s.Position, size, MaxMessage)}
	}
	b := AppendFrameHeader(make([]byte, 0, maxFrameHeader+size), OpBinary, size)
	header := len(b)
	b = s.appendHeader(b)
	b = append(b, info...)
	b = append(b, s.Payload...)
	return &frame{bytes: b, header: header}
}

func (s *Segment) validate() error {
	switch {
	case s.Type != TypeChunk && s.Type != TypeInit:
		return fmt.Errorf("%w: type %d", ErrMessage, s.Type)
	case s.Track == 0:
		return fmt.Errorf("%w: track 0", ErrMessage)
	case s.DecodeTime < 0:
		return fmt.Errorf("%w: track %d at %v: decode time %v", ErrMessage, s.Track, s.Position, s.DecodeTime)
	}
	return nil
}

func (s *Segment) appendHeader(b []byte) []byte {
	var wall int64
	if !s.WallClock.IsZero() {
		wall = s.WallClock.UnixMicro()
	}
	b = append(b, byte(s.Type), byte(s.Flags))
	b = binary.BigEndian.AppendUint16(b, s.Track)
	b = binary.BigEndian.AppendUint32(b, s.Position.Epoch)
	b = binary.BigEndian.AppendUint32(b, s.Position.Group)
	b = binary.BigEndian.AppendUint32(b, s.Position.Chunk)
	b = binary.BigEndian.AppendUint64(b, uint64(s.DecodeTime/time.Microsecond))
	return binary.BigEndian.AppendUint64(b, uint64(wall))
}

// marshalInfo returns the length and the JSON that stand in front of an init
// segment.
func (s *Segment) marshalInfo() ([]byte, error) {
	if s.Info == nil {
		return nil, fmt.Errorf("%w: init segment of track %d has no description", ErrMessage, s.Track)
	}
	if s.Info.Number != s.Track {
		return nil, fmt.Errorf("%w: init segment of track %d describes track %d", ErrMessage, s.Track, s.Info.Number)
	}
	text, err := json.Marshal(s.Info)
	if err != nil {
		return nil, fmt.Errorf("%w: describe track %d: %w", ErrMessage, s.Track, err)
	}
	if len(text) > maxInfo {
		return nil, fmt.Errorf("%w: description of track %d has %d bytes, at most %d", ErrMessage, s.Track, len(text), maxInfo)
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(text)), uint32(len(text)))
	return append(b, text...), nil
}

// ParseMessage returns the segment that a message carries. The segment keeps a
// copy of msg and is passed on with exactly these bytes. The error wraps
// [ErrMessage]; flags and JSON fields that are not known are no error, and stay
// in the message.
func ParseMessage(msg []byte) (*Segment, error) {
	if err := checkSize(len(msg)); err != nil {
		return nil, err
	}
	b := AppendFrameHeader(make([]byte, 0, maxFrameHeader+len(msg)), OpBinary, len(msg))
	return parseFrame(append(b, msg...), len(b))
}

// parseFrame parses b[header:], which has a size that checkSize allows, and keeps
// b as the segment's frame.
func parseFrame(b []byte, header int) (*Segment, error) {
	msg := b[header:]
	s, err := parseHeader(msg)
	if err != nil {
		return nil, err
	}
	s.Payload = msg[HeaderSize:]
	if s.Type == TypeInit {
		if s.Info, s.Payload, err = parseInfo(s.Track, s.Payload); err != nil {
			return nil, err
		}
	}
	s.frame.Store(&frame{bytes: b, header: header})
	return s, nil
}

func checkSize(n int) error {
	if n < HeaderSize || n > MaxMessage {
		return fmt.Errorf("%w: %d bytes, want %d to %d", ErrMessage, n, HeaderSize, MaxMessage)
	}
	return nil
}

// parseHeader reads the first HeaderSize bytes of msg, which are there.
func parseHeader(msg []byte) (*Segment, error) {
	s := &Segment{
		Type:  Type(msg[0]),
		Flags: Flags(msg[1]),
		Track: binary.BigEndian.Uint16(msg[2:]),
		Position: Position{
			Epoch: binary.BigEndian.Uint32(msg[4:]),
			Group: binary.BigEndian.Uint32(msg[8:]),
			Chunk: binary.BigEndian.Uint32(msg[12:]),
		},
	}
	decode := binary.BigEndian.Uint64(msg[16:])
	if decode > math.MaxInt64/uint64(time.Microsecond) {
		return nil, fmt.Errorf("%w: decode time of %d us", ErrMessage, decode)
	}
	s.DecodeTime = time.Duration(decode) * time.Microsecond
	if wall := int64(binary.BigEndian.Uint64(msg[24:])); wall != 0 {
		s.WallClock = time.UnixMicro(wall)
	}
	return s, s.validate()
}

// parseInfo splits what follows the header of an init message into the
// description and the init segment.
func parseInfo(track uint16, b []byte) (*Track, []byte, error) {
	if len(b) < 4 {
		return nil, nil, fmt.Errorf("%w: init message without a description", ErrMessage)
	}
	n := binary.BigEndian.Uint32(b)
	if n > maxInfo || int(n) > len(b)-4 {
		return nil, nil, fmt.Errorf("%w: description of %d bytes in an init message", ErrMessage, n)
	}
	info := new(Track)
	if err := json.Unmarshal(b[4:4+n], info); err != nil {
		return nil, nil, fmt.Errorf("%w: description in an init message: %w", ErrMessage, err)
	}
	if info.Number != track {
		return nil, nil, fmt.Errorf("%w: init segment of track %d describes track %d", ErrMessage, track, info.Number)
	}
	if info.Timescale == 0 {
		return nil, nil, fmt.Errorf("%w: track %d has timescale 0", ErrMessage, track)
	}
	return info, b[4+n:], nil
}
