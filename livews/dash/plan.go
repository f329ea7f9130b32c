package dash

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/livews/websocketlivestream/livews"
)

// peekMedia sets s.unit to the moof with header h and the boxes behind it, up
// to an mdat with which the media data of all samples are there, and checks
// that they are. It reports whether that is one mdat which is written with its
// size.
func (s *Splitter) peekMedia(ctx context.Context, h header) (plain bool, err error) {
	end, data := h.size, int64(0)
	plain, s.rest = true, 0
	for boxes := 0; data == 0 || end < s.dataEnd; boxes++ {
		next, err := s.peekHeader(ctx, int(end))
		if err != nil {
			return false, err
		}
		switch next.typ {
		case boxMdat:
			if data == 0 {
				data = end + int64(next.head)
			}
		case boxMoof, boxMoov, boxFtyp, boxStyp, boxSidx, boxPrft, boxMfra:
			return false, malformed("%d bytes of media data are missing, %v follows", s.dataEnd-end, next.typ)
		}
		if next.size == toEnd {
			plain = false
			next.size = max(int64(next.head), s.dataEnd-end)
			s.rest = toEnd
		}
		if next.size > int64(s.maxChunk)-end {
			return false, tooLarge("%d bytes with its %v, at most %d: make shorter fragments (ffmpeg: -frag_duration)",
				end+next.size, next.typ, s.maxChunk)
		}
		end += next.size
		plain = plain && boxes == 0
	}
	if s.unit, err = s.in.peek(ctx, int(end)); err != nil {
		return false, err
	}
	if s.rest != toEnd {
		s.rest = end
	}
	return plain, s.checkData(data, end)
}

// plan makes the list of the chunks that s.unit becomes. plain says that the
// media data have the form of CMAF.
func (s *Splitter) plan(plain bool) error {
	s.countOthers()
	s.stray = 0
	plain = plain && len(s.trafs) == 1
	for i := range s.trafs {
		t := &s.trafs[i]
		track := s.track(t.id)
		if track == nil || t.end == t.first {
			continue
		}
		if err := s.planTraf(t, track, plain && t.plain); err != nil {
			return fmt.Errorf("track %d: %w", t.id, err)
		}
	}
	if len(s.pieces) > len(s.trafs) {
		slices.SortStableFunc(s.pieces, func(a, b piece) int {
			x, _ := duration(a.time, a.track.Info.Timescale)
			y, _ := duration(b.time, b.track.Info.Timescale)
			return cmp.Compare(x, y)
		})
	}
	owner := slices.IndexFunc(s.pieces, func(p piece) bool { return p.track.ID == s.prft.track })
	s.pieces[max(owner, 0)].front = true
	return nil
}

// planTraf adds the chunks of a track fragment, and moves the track's time on.
func (s *Splitter) planTraf(t *traf, track *splitTrack, plain bool) error {
	decode := track.start(t)
	end := decode + sumDuration(s.samples[t.first:t.end])
	if _, ok := duration(end, track.Info.Timescale); !ok || end > maxTime {
		return malformed("decode time %d at timescale %d", decode, track.Info.Timescale)
	}
	begin, decode := s.trim(t, track, decode)
	time, err := track.present(decode, s.offset)
	if err != nil {
		return err
	}
	plain = plain && begin == t.first && time == decode
	var flags livews.Flags
	if track.fresh && !track.near(decode) {
		flags = livews.FlagDiscontinuity
	}
	track.fresh = false
	track.end, track.last = end, end
	for first := begin; first < t.end; {
		next := t.end
		if track.Info.Kind == livews.KindVideo {
			next = s.nextGroup(first, t.end)
		}
		p := piece{track: track, traf: t, first: first, end: next, time: time, flags: flags}
		p.whole = plain && next-first == t.end-t.first
		if track.Info.Kind == livews.KindAudio || s.samples[first].sync() {
			p.flags |= livews.FlagSync
		}
		s.pieces = append(s.pieces, p)
		time += sumDuration(s.samples[first:next])
		first, flags = next, 0
	}
	return nil
}

// nextGroup returns the first sync sample behind first that follows one which
// is not, or end. Where every sample is a sync sample there is nothing to gain
// from single ones.
func (f *fragment) nextGroup(first, end int) int {
	for i := first + 1; i < end; i++ {
		if f.samples[i].sync() && !f.samples[i-1].sync() {
			return i
		}
	}
	return end
}

// start returns the decode time of the track fragment t.
func (track *splitTrack) start(t *traf) uint64 {
	switch {
	case !t.hasTime:
		return track.end
	case t.time32:
		return unwrap(t.time, track.last)
	default:
		return t.time
	}
}

// near reports whether time is within 0.1 s of where the track ended.
func (track *splitTrack) near(time uint64) bool {
	return max(time, track.last)-min(time, track.last) <= uint64(track.Info.Timescale)/10
}

// unwrap returns the time nearest to near whose low 32 bits are those of time.
func unwrap(time, near uint64) uint64 {
	const period = 1 << 32
	t := near&^(period-1) | time
	switch {
	case t > near+period/2 && t >= period:
		return t - period
	case t+period/2 < near:
		return t + period
	}
	return t
}

// nextPiece makes the chunk that was planned first.
func (s *Splitter) nextPiece() (*livews.Segment, error) {
	p := s.pieces[s.next]
	payload, err := s.payload(p)
	if err != nil {
		s.err = fmt.Errorf("moof at offset %d: track %d: %w", s.in.offset, p.track.ID, err)
		return nil, s.err
	}
	timescale := p.track.Info.Timescale
	start, _ := duration(p.time, timescale)
	end, _ := duration(p.time+sumDuration(s.samples[p.first:p.end]), timescale)
	seg := &livews.Segment{
		Type:       livews.TypeChunk,
		Flags:      p.flags,
		Track:      p.track.Info.Number,
		DecodeTime: start,
		Duration:   end - start,
		Payload:    payload,
	}
	if p.front && p.track.ID == s.prft.track {
		seg.WallClock = s.prft.time
	}
	if s.next++; s.next == len(s.pieces) {
		s.finishUnit()
	}
	return seg, nil
}

// payload returns the bytes of a chunk.
func (s *Splitter) payload(p piece) ([]byte, error) {
	var front []byte
	if p.front {
		front = s.front
	}
	if p.whole {
		return checkSize(slices.Concat(front, s.unit))
	}
	b := make([]byte, 0, len(front)+s.chunkBound(p.traf, p.first, p.end))
	b, err := s.appendChunk(append(b, front...), s.unit, p.traf, p.first, p.end, p.time)
	if err != nil {
		return nil, err
	}
	return checkSize(b)
}

func checkSize(chunk []byte) ([]byte, error) {
	if len(chunk) > MaxChunk {
		return nil, malformed("a chunk of %d bytes, at most %d", len(chunk), MaxChunk)
	}
	return chunk, nil
}

// finishUnit consumes what the chunks have been made of.
func (s *Splitter) finishUnit() {
	s.in.skip(s.rest)
	s.unit, s.rest = nil, 0
	s.pieces, s.next = s.pieces[:0], 0
	s.clearFront()
}
