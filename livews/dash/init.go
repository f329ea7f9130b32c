package dash

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/livews/websocketlivestream/livews"
)

// MaxInit is the size of the largest moov that is read.
const MaxInit = 4 << 20

// Init is what an init segment says: ftyp and moov (ISO/IEC 23000-19, 7.3.1).
type Init struct {
	// Tracks are the video and audio tracks in the order of the moov. Tracks
	// of other kinds (text, time codes, hints) are not among them.
	Tracks []*Track

	ftyp, mvhd []byte
	timescale  uint32   // of mvhd
	others     []uint32 // ids of tracks of other kinds
}

// Track is one track of an [Init].
type Track struct {
	// Info describes the track. Its Number is the track_ID where that fits
	// and is free, else a number that no other track has.
	Info livews.Track
	// ID is the track_ID, by which chunks name their track.
	ID uint32
	// Defaults are those of the track's trex.
	Defaults Defaults

	trak, trex []byte
	edit       edit // what was in the trak's edit list, once that is taken out
	// sameness is the trak without what does not matter to a decoder.
	sameness []byte
}

// Track returns the track with that track_ID, or nil.
func (in *Init) Track(id uint32) *Track {
	for _, t := range in.Tracks {
		if t.ID == id {
			return t
		}
	}
	return nil
}

// ParseInit parses an init segment of any number of tracks. What follows the
// moov in b is not looked at. Nothing of the result shares memory with b. The
// error wraps [ErrMalformed], or [ErrUnsupported] if livews cannot carry what
// the tracks hold.
func ParseInit(b []byte) (*Init, error) {
	var ftyp []byte
	for len(b) > 0 {
		c, rest, err := nextBox(fileLevel, b)
		if err != nil {
			return nil, fmt.Errorf("init segment: %w", err)
		}
		switch c.typ {
		case boxFtyp:
			ftyp = c.raw
		case boxMoov:
			in, err := parseMoov(ftyp, c)
			if err != nil {
				return nil, err
			}
			return in, in.number(map[uint32]uint16{})
		case boxMoof, boxMdat:
			return nil, malformed("init segment: %v before moov", c.typ)
		}
		b = rest
	}
	return nil, malformed("init segment: no moov")
}

// SameInit reports whether two init segments say the same to a decoder: creation times and
// bit rates do not count. Those that cannot be parsed are never the same.
func SameInit(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, err := ParseInit(a)
	if err != nil {
		return false
	}
	y, err := ParseInit(b)
	return err == nil && slices.EqualFunc(x.Tracks, y.Tracks, func(t, u *Track) bool {
		return bytes.Equal(t.sameness, u.sameness) && bytes.Equal(t.trex, u.trex)
	})
}

// parseMoov parses a moov and copies what it keeps of it and of the ftyp in
// front, which may be nil.
func parseMoov(ftyp []byte, moov box) (*Init, error) {
	if len(moov.raw) > MaxInit {
		return nil, tooLarge("moov: %d bytes, at most %d", len(moov.raw), MaxInit)
	}
	in := &Init{ftyp: normalFtyp(ftyp)}
	mvex, ok, err := child(boxMoov, moov.body, boxMvex)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errProgressive("moov has no mvex")
	}
	if err := in.parseMvhd(moov); err != nil {
		return nil, err
	}
	for body := moov.body; len(body) > 0; {
		var c box
		if c, body, err = nextBox(boxMoov, body); err != nil {
			return nil, err
		}
		if c.typ != boxTrak {
			continue
		}
		if err := in.parseTrak(c, mvex); err != nil {
			return nil, err
		}
	}
	if len(in.Tracks) == 0 {
		return nil, unsupported("no video or audio track among %d", len(in.others))
	}
	return in, nil
}

func errProgressive(why string) error {
	return unsupported("progressive MP4, not fragmented (%s): "+
		"write it with ffmpeg -movflags +cmaf+frag_keyframe+empty_moov+default_base_moof", why)
}

func (in *Init) parseMvhd(moov box) error {
	c, err := mustChild(boxMoov, moov.body, boxMvhd)
	if err != nil {
		return err
	}
	in.mvhd = bytes.Clone(c.raw)
	in.timescale, err = zeroTimes(in.mvhd, 0)
	return err
}

// zeroTimes sets the creation time, modification time and duration of an mvhd,
// mdhd or tkhd (ISO/IEC 14496-12, 8.2.2, 8.4.2 and 8.3.2) to 0 and returns the
// field between them, the timescale or track_ID. reserved is the size of what
// lies between that and the duration.
func zeroTimes(raw []byte, reserved int) (uint32, error) {
	b, _, err := nextBox(boxMoov, raw)
	if err != nil {
		return 0, err
	}
	version, _, body, err := fullBox(b, 0)
	if err != nil {
		return 0, err
	}
	width := 4
	if version == 1 {
		width = 8
	}
	in := fields{b: body}
	clear(in.take(2 * width))
	value := in.u32()
	in.take(reserved)
	clear(in.take(width))
	if in.short {
		return 0, malformed("%v: %d bytes", b.typ, len(b.raw))
	}
	return value, nil
}

// parseTrak adds the track of a trak (ISO/IEC 14496-12, 8.3.1).
func (in *Init) parseTrak(trak, mvex box) error {
	if len(in.Tracks)+len(in.others) == MaxTracks {
		return malformed("moov: more than %d tracks", MaxTracks)
	}
	t := &Track{trak: bytes.Clone(trak.raw)}
	copied, _, err := nextBox(boxMoov, t.trak)
	if err != nil {
		return err
	}
	tkhd, err := mustChild(boxTrak, copied.body, boxTkhd)
	if err != nil {
		return err
	}
	if t.ID, err = zeroTimes(tkhd.raw, 4); err != nil {
		return err
	}
	if err := in.checkID(t.ID); err != nil {
		return err
	}
	ok, err := t.parseMedia(copied)
	if err != nil {
		return fmt.Errorf("track %d: %w", t.ID, err)
	}
	if !ok {
		in.others = append(in.others, t.ID)
		return nil
	}
	if err := t.parseTrex(mvex); err != nil {
		return fmt.Errorf("track %d: %w", t.ID, err)
	}
	in.Tracks = append(in.Tracks, t)
	return nil
}

func (in *Init) checkID(id uint32) error {
	if id == 0 {
		return malformed("moov: track_ID 0")
	}
	if in.Track(id) != nil || slices.Contains(in.others, id) {
		return malformed("moov: two tracks with track_ID %d", id)
	}
	return nil
}

// parseTrex finds the track's trex (ISO/IEC 14496-12, 8.8.3), or makes one
// without defaults for muxers that leave it out.
func (t *Track) parseTrex(mvex box) error {
	for body := mvex.body; len(body) > 0; {
		c, rest, err := nextBox(boxMvex, body)
		if err != nil {
			return err
		}
		body = rest
		if c.typ != boxTrex {
			continue
		}
		_, _, b, err := fullBox(c, 20)
		if err != nil {
			return err
		}
		in := fields{b: b}
		if in.u32() != t.ID {
			continue
		}
		in.u32() // sample description index
		t.Defaults = Defaults{Duration: in.u32(), Size: in.u32(), Flags: in.u32()}
		t.trex = bytes.Clone(c.raw)
		return nil
	}
	t.trex = openFullBox(nil, boxTrex, 0, 0)
	for _, v := range [5]uint32{t.ID, 1} {
		t.trex = binary.BigEndian.AppendUint32(t.trex, v)
	}
	closeBox(t.trex, 0)
	return nil
}

// maxKnown bounds the track_IDs that one stream may use in its life.
const maxKnown = 1024

// number gives the tracks their numbers and notes them in known, which has
// those that were given before: the track_ID where it fits and is free, else
// the highest free number.
func (in *Init) number(known map[uint32]uint16) error {
	taken := make(map[uint16]bool, len(known)+len(in.Tracks))
	for _, n := range known {
		taken[n] = true
	}
	give := func(t *Track, n uint16) {
		t.Info.Number, known[t.ID], taken[n] = n, n, true
	}
	for _, t := range in.Tracks {
		if n, ok := known[t.ID]; ok {
			give(t, n)
		} else if n := uint16(t.ID); uint32(n) == t.ID && !taken[n] {
			give(t, n)
		}
	}
	free := uint16(0xffff)
	for _, t := range in.Tracks {
		if t.Info.Number != 0 {
			continue
		}
		for taken[free] {
			free--
		}
		give(t, free)
	}
	if len(known) > maxKnown {
		return malformed("moov: more than %d different track_IDs in one stream", maxKnown)
	}
	return nil
}
