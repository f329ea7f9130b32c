package dash

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// edit is what the edit list of a track says about its beginning (ISO/IEC 14496-12,
// 8.6.6), in units of the track's timescale.
type edit struct {
	delay uint64 // an empty edit in front
	skip  uint64 // the media time at which presentation begins
}

// parseEdit returns the first edit of the track and the empty ones before it; where there
// is no edit list the edit is zero. movie is the movie's timescale.
func (t *Track) parseEdit(movie uint32) (edit, error) {
	var e edit
	entries, version, err := t.edits()
	for err == nil && len(entries) > 0 {
		var d, at uint64
		if version == 1 {
			d, at, entries = binary.BigEndian.Uint64(entries), binary.BigEndian.Uint64(entries[8:]), entries[20:]
		} else {
			d, at = uint64(binary.BigEndian.Uint32(entries)), uint64(int64(int32(binary.BigEndian.Uint32(entries[4:]))))
			entries = entries[12:]
		}
		if at != math.MaxUint64 { // which is -1
			e.skip = at
			break
		}
		d, ok := rescale(d, max(movie, 1), t.Info.Timescale)
		if e.delay += d; !ok || e.delay > maxTime {
			return edit{}, malformed("elst: duration too long")
		}
	}
	if err == nil && e.skip > maxTime {
		err = malformed("elst: media time %d", int64(e.skip))
	}
	return e, err
}

// edits returns the entries of the track's edit list, whole ones, and its version.
func (t *Track) edits() (entries []byte, version byte, err error) {
	trak, _, err := nextBox(boxMoov, t.trak)
	if err != nil {
		return nil, 0, err
	}
	edts, ok, err := child(boxTrak, trak.body, boxEdts)
	if err != nil || !ok {
		return nil, 0, err
	}
	elst, ok, err := child(boxEdts, edts.body, boxElst)
	if err != nil || !ok {
		return nil, 0, err
	}
	version, _, body, err := fullBox(elst, 4)
	if err != nil {
		return nil, 0, err
	}
	size := 12
	if version == 1 {
		size = 20
	}
	entries = body[4:]
	return entries[:len(entries)/size*size], version, nil
}

// dropEdits takes the edit list out of the track.
func (t *Track) dropEdits() error {
	trak, _, err := nextBox(boxMoov, t.trak)
	if err != nil {
		return err
	}
	kept := openBox(nil, boxTrak)
	for body := trak.body; len(body) > 0; {
		c, rest, err := nextBox(boxTrak, body)
		if err != nil {
			return err
		}
		if c.typ != boxEdts {
			kept = append(kept, c.raw...)
		}
		body = rest
	}
	closeBox(kept, 0)
	t.trak = kept
	return nil
}

// applyEdits takes the edit lists out of the tracks, to be applied to their chunks.
func (in *Init) applyEdits() error {
	for _, t := range in.Tracks {
		e, err := t.parseEdit(in.timescale)
		if err == nil {
			err = t.dropEdits()
		}
		if err != nil {
			return fmt.Errorf("track %d: %w", t.ID, err)
		}
		t.edit = e
	}
	return nil
}

// present returns where the sample that decodes at time comes in the presentation.
func (t *splitTrack) present(time uint64, offset time.Duration) (uint64, error) {
	shift := units(offset, t.Info.Timescale)
	if shift > maxTime || shift < -maxTime {
		return 0, malformed("offset %v at timescale %d", offset, t.Info.Timescale)
	}
	at := int64(time) + int64(t.edit.delay) - int64(t.edit.skip) + shift
	if at < 0 {
		return 0, malformed("decode time %d lies before the beginning", at)
	}
	return uint64(at), nil
}

// trim returns the first of the samples of t that is presented, and its decode time. Of
// pictures all are kept: others may depend on them.
func (s *Splitter) trim(t *traf, track *splitTrack, time uint64) (int, uint64) {
	first := t.first
	if track.Info.Kind != livews.KindAudio {
		return first, time
	}
	for first < t.end && time+uint64(s.samples[first].duration) <= track.edit.skip {
		time += uint64(s.samples[first].duration)
		first++
	}
	return first, time
}
