package dash

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/livews/websocketlivestream/livews"
)

// Renumber returns seg, as a [Splitter] gives it, as one of the track with this number:
// in the fields, and as the track_ID in a copy of its bytes (tkhd, trex; tfhd, prft). So
// tracks of several files become those of one stream. seg itself is returned where that is
// so already, and is not changed. The error wraps [ErrMalformed].
func Renumber(seg *livews.Segment, number uint16) (*livews.Segment, error) {
	payload := bytes.Clone(seg.Payload)
	if err := setTrackID(payload, uint32(number)); err != nil {
		return nil, fmt.Errorf("renumber: %w", err)
	}
	if seg.Track == number && bytes.Equal(payload, seg.Payload) {
		return seg, nil
	}
	moved := &livews.Segment{
		Type: seg.Type, Flags: seg.Flags, Track: number, Position: seg.Position,
		DecodeTime: seg.DecodeTime, Duration: seg.Duration, WallClock: seg.WallClock,
		Info: seg.Info, Payload: payload, Gap: seg.Gap,
	}
	if seg.Info != nil {
		info := *seg.Info
		info.Number = number
		moved.Info = &info
	}
	return moved, nil
}

// setTrackID writes id wherever the boxes of a single-track init segment or chunk have the
// track_ID.
func setTrackID(b []byte, id uint32) error {
	for len(b) > 0 {
		c, rest, err := nextBox(fileLevel, b)
		if err != nil {
			return err
		}
		b = rest
		switch c.typ {
		case boxMoov:
			err = setMoovID(c, id)
		case boxMoof:
			err = eachChild(c, boxTraf, func(traf box) error { return eachChild(traf, boxTfhd, putID(id)) })
		case boxPrft:
			err = putID(id)(c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func setMoovID(moov box, id uint32) error {
	err := eachChild(moov, boxTrak, func(trak box) error {
		return eachChild(trak, boxTkhd, func(tkhd box) error { return setTkhdID(tkhd, id) })
	})
	if err != nil {
		return err
	}
	return eachChild(moov, boxMvex, func(mvex box) error { return eachChild(mvex, boxTrex, putID(id)) })
}

// setTkhdID writes the track_ID of a tkhd (ISO/IEC 14496-12, 8.3.2), which stands behind
// two times.
func setTkhdID(tkhd box, id uint32) error {
	version, _, body, err := fullBox(tkhd, 20)
	if err != nil {
		return err
	}
	times := 8
	if version == 1 {
		times = 16
	}
	binary.BigEndian.PutUint32(body[times:], id)
	return nil
}

// putID returns a function that writes the track_ID of a box which begins with it: tfhd,
// trex and prft (8.8.7, 8.8.3 and 8.16.5).
func putID(id uint32) func(box) error {
	return func(c box) error {
		_, _, body, err := fullBox(c, 4)
		if err != nil {
			return err
		}
		binary.BigEndian.PutUint32(body, id)
		return nil
	}
}

// eachChild calls do for the children of parent that have the type.
func eachChild(parent box, typ fourCC, do func(box) error) error {
	for body := parent.body; len(body) > 0; {
		c, rest, err := nextBox(parent.typ, body)
		if err != nil {
			return err
		}
		if body = rest; c.typ != typ {
			continue
		}
		if err := do(c); err != nil {
			return err
		}
	}
	return nil
}
