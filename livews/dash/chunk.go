package dash

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"
)

// Chunk is what the boxes of a CMAF chunk say (ISO/IEC 23000-19, 7.3.2.3).
type Chunk struct {
	// Track is the chunk's track in the Init that it was parsed with.
	Track *Track
	// Sync says that the first sample is a sync sample.
	Sync bool
	// DecodeTime is that of the first sample, and Duration the sum of the
	// samples' durations, in units of the track's timescale.
	DecodeTime, Duration uint64
	// Samples and Bytes are the number of samples and the sum of their sizes.
	Samples int
	Bytes   int64
	// WallClock is the time in the chunk's prft, or zero.
	WallClock time.Time
}

// ParseChunk parses a chunk of one of init's tracks: boxes like prft and emsg,
// then one moof with one traf which has a tfdt, then media data with the bytes
// of all its samples. Nothing of the result shares memory with b. The error
// wraps [ErrMalformed].
func ParseChunk(init *Init, b []byte) (Chunk, error) {
	var c Chunk
	prft, moof, data, err := chunkBoxes(b)
	if err != nil {
		return c, fmt.Errorf("chunk: %w", err)
	}
	var f fragment
	err = f.parse(moof, 0, func(id uint32) Defaults {
		if t := init.Track(id); t != nil {
			return t.Defaults
		}
		return Defaults{}
	})
	if err == nil {
		err = f.checkChunk(int64(len(moof.raw)), data)
	}
	if err != nil {
		return c, fmt.Errorf("chunk: %w", err)
	}
	t := &f.trafs[0]
	if c.Track = init.Track(t.id); c.Track == nil {
		return c, malformed("chunk: track %d is not in the init segment", t.id)
	}
	if prft.track == t.id {
		c.WallClock = prft.time
	}
	c.Sync = f.samples[0].sync()
	c.DecodeTime = t.time
	c.Duration = sumDuration(f.samples)
	c.Samples = len(f.samples)
	c.Bytes = f.dataSize
	return c, nil
}

// checkChunk checks that f is the moof of a chunk whose size is moof and with
// which data bytes of boxes follow.
func (f *fragment) checkChunk(moof, data int64) error {
	if len(f.trafs) != 1 {
		return malformed("moof: %d track fragments, want 1", len(f.trafs))
	}
	if !f.trafs[0].hasTime {
		return malformed("moof: no tfdt")
	}
	if len(f.samples) == 0 {
		return malformed("moof: no samples")
	}
	return f.checkData(moof, moof+data)
}

// chunkBoxes finds the prft, if there is one, and the moof of a chunk, and how
// many bytes follow the moof.
func chunkBoxes(b []byte) (prft producerTime, moof box, data int64, err error) {
	for len(b) > 0 {
		var c box
		if c, b, err = nextBox(fileLevel, b); err != nil {
			return prft, moof, 0, err
		}
		switch {
		case c.typ == boxPrft && moof.raw == nil:
			if prft, err = parsePrft(c); err != nil {
				return prft, moof, 0, err
			}
		case c.typ == boxMoof && moof.raw != nil:
			return prft, moof, 0, malformed("more than one moof")
		case c.typ == boxMoof:
			moof, data = c, int64(len(b))
		}
	}
	if moof.raw == nil {
		return prft, moof, 0, malformed("no moof")
	}
	return prft, moof, data, nil
}

// ShiftChunk returns a copy of chunk, as a [Splitter] makes them, in which all
// times have been moved by delta, in units of its track's timescale: the
// decode time (tfdt), the media time of a prft, and the presentation time of
// an emsg of version 1 (ISO/IEC 23009-1, 5.10.3.3). These last two stay at 0
// where they would become negative; there the decode time is an error, as is a
// chunk without a 64-bit one. Errors wrap [ErrMalformed].
func ShiftChunk(chunk []byte, delta int64, timescale uint32) ([]byte, error) {
	shifted, _, err := shiftChunk(chunk, delta, timescale)
	return shifted, err
}

// shiftChunk is ShiftChunk, and returns the new decode time too.
func shiftChunk(chunk []byte, delta int64, timescale uint32) (shifted []byte, start uint64, err error) {
	if timescale == 0 || delta > maxTime || delta < -maxTime {
		return nil, 0, malformed("shift chunk: by %d at timescale %d", delta, timescale)
	}
	shifted = bytes.Clone(chunk)
	moofs := 0
	for b := shifted; len(b) > 0; {
		var c box
		if c, b, err = nextBox(fileLevel, b); err != nil {
			return nil, 0, fmt.Errorf("shift chunk: %w", err)
		}
		switch c.typ {
		case boxPrft:
			err = shiftPrft(c, delta)
		case boxEmsg:
			err = shiftEmsg(c, delta, timescale)
		case boxMoof:
			moofs++
			start, err = shiftMoof(c, delta)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("shift chunk: %w", err)
		}
	}
	if moofs != 1 {
		return nil, 0, malformed("shift chunk: %d moofs, want 1", moofs)
	}
	return shifted, start, nil
}

func shiftMoof(moof box, delta int64) (uint64, error) {
	traf, err := mustChild(boxMoof, moof.body, boxTraf)
	if err != nil {
		return 0, err
	}
	tfdt, err := mustChild(boxTraf, traf.body, boxTfdt)
	if err != nil {
		return 0, err
	}
	version, _, body, err := fullBox(tfdt, 8)
	if err != nil {
		return 0, err
	}
	t := binary.BigEndian.Uint64(body)
	if version != 1 || t > maxTime || int64(t)+delta < 0 {
		return 0, malformed("tfdt: version %d, time %d moved by %d", version, t, delta)
	}
	t = uint64(int64(t) + delta)
	binary.BigEndian.PutUint64(body, t)
	return t, nil
}

// shiftPrft moves the media time, which wraps if it has 32 bits.
func shiftPrft(b box, delta int64) error {
	version, _, body, err := fullBox(b, 16)
	if err != nil {
		return err
	}
	at := body[12:]
	if version == 0 {
		binary.BigEndian.PutUint32(at, binary.BigEndian.Uint32(at)+uint32(delta))
		return nil
	}
	if len(at) < 8 {
		return malformed("prft: %d bytes", len(b.raw))
	}
	shift64(at, delta)
	return nil
}

// shiftEmsg moves the presentation time. In version 0 it is relative.
func shiftEmsg(b box, delta int64, timescale uint32) error {
	version, _, body, err := fullBox(b, 12)
	if err != nil || version != 1 {
		return err
	}
	own := binary.BigEndian.Uint32(body)
	size, ok := rescale(uint64(max(delta, -delta)), timescale, own)
	if !ok || size > maxTime {
		return malformed("emsg: shift by %d at timescale %d", delta, timescale)
	}
	if delta < 0 {
		shift64(body[4:], -int64(size))
	} else {
		shift64(body[4:], int64(size))
	}
	return nil
}

// shift64 adds delta to the 64-bit time at the start of b, and stops at 0.
func shift64(b []byte, delta int64) {
	t := binary.BigEndian.Uint64(b)
	if delta < 0 && t < uint64(-delta) {
		t = 0
	} else {
		t += uint64(delta)
	}
	binary.BigEndian.PutUint64(b, t)
}
