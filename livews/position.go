package livews

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Position is the place of a chunk in its track. It is given once, by the
// ingress, and never changes on the way to a viewer: resuming, the removal of
// duplicates and the safety of loops all rest on it.
//
// Epoch rises whenever an ingress starts again. Group counts the groups of one
// epoch from 0; the groups of all tracks of a stream share their numbers.
// Chunk counts the chunks of one group from 0.
//
// The zero Position lies before every chunk of a published stream, because an
// ingress never uses epoch 0.
type Position struct {
	Epoch uint32
	Group uint32
	Chunk uint32
}

// Compare returns -1 if p lies before q, +1 if it lies after q, and 0 if they
// are the same. Positions of different tracks do not compare.
func (p Position) Compare(q Position) int {
	return cmp.Or(
		cmp.Compare(p.Epoch, q.Epoch),
		cmp.Compare(p.Group, q.Group),
		cmp.Compare(p.Chunk, q.Chunk),
	)
}

// After reports whether p lies strictly after q.
func (p Position) After(q Position) bool { return p.Compare(q) > 0 }

// IsZero reports whether p is the zero Position.
func (p Position) IsZero() bool { return p == Position{} }

// String returns the form used in URLs, JSON and logs: "EPOCH.GROUP.CHUNK" in
// decimal.
func (p Position) String() string {
	b, _ := p.AppendText(nil)
	return string(b)
}

// AppendText appends the form of [Position.String] to b.
func (p Position) AppendText(b []byte) ([]byte, error) {
	b = strconv.AppendUint(b, uint64(p.Epoch), 10)
	b = append(b, '.')
	b = strconv.AppendUint(b, uint64(p.Group), 10)
	b = append(b, '.')
	return strconv.AppendUint(b, uint64(p.Chunk), 10), nil
}

// MarshalText returns the form of [Position.String].
func (p Position) MarshalText() ([]byte, error) { return p.AppendText(nil) }

// UnmarshalText parses the form of [Position.String].
func (p *Position) UnmarshalText(text []byte) error {
	q, err := ParsePosition(string(text))
	if err != nil {
		return err
	}
	*p = q
	return nil
}

// ParsePosition parses the form of [Position.String].
func ParsePosition(s string) (Position, error) {
	parts := strings.SplitN(s, ".", 4)
	if len(parts) != 3 {
		return Position{}, fmt.Errorf("position %.40q: want EPOCH.GROUP.CHUNK", s)
	}
	var n [3]uint32
	for i, part := range parts {
		v, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			return Position{}, fmt.Errorf("position %.40q: want EPOCH.GROUP.CHUNK", s)
		}
		n[i] = uint32(v)
	}
	return Position{Epoch: n[0], Group: n[1], Chunk: n[2]}, nil
}
