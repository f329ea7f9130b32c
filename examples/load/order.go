package main

import (
	"encoding/binary"

	"github.com/livews/websocketlivestream/livews"
)

// order checks that a viewer gets each chunk once, or is told that it does not.
type order struct {
	last map[uint16]livews.Position
	told map[uint16]bool // a gap was announced
}

// verdict says how a chunk follows the one before it.
type verdict int

const (
	follows verdict = iota
	duplicate
	hole
)

// chunk judges the chunk of a track at p.
func (o *order) chunk(track uint16, p livews.Position) verdict {
	last, seen := o.last[track]
	told := o.told[track]
	switch {
	case seen && !p.After(last):
		return duplicate
	case told:
		delete(o.told, track)
	}
	o.last[track] = p
	next := p.Epoch == last.Epoch && p.Group == last.Group && p.Chunk == last.Chunk+1
	mayBeNext := p.Chunk == 0 && (p.Epoch > last.Epoch || p.Group == last.Group+1)
	if !seen || told || next || mayBeNext {
		return follows
	}
	return hole
}

// message is what the header of a message says (PROTOCOL.md).
type message struct {
	kind      livews.Type
	track     uint16
	position  livews.Position
	wallClock int64 // in Unix microseconds
}

// parseHeader reads the header of a message, which is livews.HeaderSize bytes long.
func parseHeader(b []byte) message {
	return message{
		kind:  livews.Type(b[0]),
		track: binary.BigEndian.Uint16(b[2:]),
		position: livews.Position{
			Epoch: binary.BigEndian.Uint32(b[4:]),
			Group: binary.BigEndian.Uint32(b[8:]),
			Chunk: binary.BigEndian.Uint32(b[12:]),
		},
		wallClock: int64(binary.BigEndian.Uint64(b[24:])),
	}
}
