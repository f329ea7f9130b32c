package livews

import (
	"sync/atomic"
	"time"
)

// Type says what a [Segment] is. Its values are those on the wire.
type Type uint8

// The types of a [Segment].
const (
	// TypeChunk is one CMAF chunk of one track: a moof and its mdat
	// (ISO/IEC 23000-19, 7.3.2.3), with its prft and emsg in front, if any.
	TypeChunk Type = 1
	// TypeInit is the init segment of one track: ftyp and moov
	// (ISO/IEC 23000-19, 7.3.1).
	TypeInit Type = 2
)

// Flags are facts about a chunk that nobody should have to open it for. Their
// values are those on the wire.
type Flags uint8

// The flags of a [Segment].
const (
	// FlagSync says that the chunk begins with a sync sample.
	FlagSync Flags = 1 << iota
	// FlagFirst says that the chunk is the first of its group.
	FlagFirst
	// FlagLast says that the chunk is the last of its group. It is set only
	// where the ingress knew in time.
	FlagLast
	// FlagDiscontinuity says that the chunk does not continue the one before
	// it: the source has started again or its clock has jumped.
	FlagDiscontinuity
	// FlagEnd says that no chunk follows in this track.
	FlagEnd
)

// Has reports whether all flags of g are set in f.
func (f Flags) Has(g Flags) bool { return f&g == g }

// A Segment is one init segment or one chunk of one track: the one unit that
// sources give, relays keep, and WebSocket messages carry.
//
// Whoever makes a Segment fills its fields and hands it to a Sink or returns
// it from a Source. From then on it is shared by any number of goroutines and
// neither it nor the bytes that it points to may be changed. A Segment must
// not be copied by value.
type Segment struct {
	Type  Type
	Flags Flags
	// Track is the number of the track, 1 or more.
	Track uint16
	// Position is the chunk's place in its track. In an init segment it is
	// the place from which on it is in force.
	Position Position
	// DecodeTime is the decode time of the first sample since the zero of
	// the track's timeline (tfdt, ISO/IEC 14496-12, 8.8.12), in microseconds
	// on the wire; finer parts are lost there.
	DecodeTime time.Duration
	// Duration is the media time that the chunk's samples cover. It is not
	// on the wire: zero means unknown, as in every chunk that came from
	// another server.
	Duration time.Duration
	// WallClock is the time at the ingress when the chunk was whole, or the
	// encoder's own stamp where it sends one (prft, ISO/IEC 14496-12,
	// 8.16.5). It is for measuring, never for decisions. On the wire it is
	// in microseconds; the zero Time means unknown.
	WallClock time.Time
	// Info describes the track. It is set in init segments and nil in chunks.
	Info *Track
	// Payload is the init segment or the chunk itself.
	Payload []byte
	// Gap is set where chunks of the track before this one are missing for
	// this reader. It is not part of the message: readers of one relay see
	// the same chunk with and without it.
	Gap *Gap

	frame atomic.Pointer[frame]
}

// withGap returns s with the notice g, sharing everything else.
func (s *Segment) withGap(g *Gap) *Segment {
	c := &Segment{
		Type: s.Type, Flags: s.Flags, Track: s.Track, Position: s.Position,
		DecodeTime: s.DecodeTime, Duration: s.Duration, WallClock: s.WallClock,
		Info: s.Info, Payload: s.Payload, Gap: g,
	}
	c.frame.Store(s.encode())
	return c
}
