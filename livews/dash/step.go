package dash

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/livews/websocketlivestream/livews"
)

// step reads one box of the top level, or finds that it is not all there yet.
// After an error of ctx the same step can be made again.
func (s *Splitter) step(ctx context.Context) error {
	h, err := s.peekHeader(ctx, 0)
	if err != nil {
		return err
	}
	s.begun = true
	if err := s.take(ctx, h); err != nil {
		return fmt.Errorf("%v at offset %d: %w", h.typ, s.in.offset, cut(err))
	}
	return nil
}

// cut makes an end within a box an unexpected one.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// peekHeader returns the header of the box that begins skip bytes ahead. The
// error is io.EOF only if the stream ends right there.
func (s *Splitter) peekHeader(ctx context.Context, skip int) (header, error) {
	b, err := s.in.peek(ctx, skip+smallHeader)
	if err == nil {
		if skip == 0 && !s.begun && !isFirstBox(b) {
			return header{}, unsupported("not fragmented MP4: found %s", sniff(s.in.buffered()))
		}
		b, err = s.in.peek(ctx, skip+headerSize(b[skip:]))
	}
	if err != nil {
		if err == io.EOF && skip == 0 {
			return header{}, err
		}
		return header{}, fmt.Errorf("box header at offset %d: %w", s.in.offset+int64(skip), cut(err))
	}
	h, err := parseHeader(b[skip:])
	if err == nil && !h.typ.printable() {
		err = malformed("type %v", h.typ)
	}
	if err != nil {
		return header{}, fmt.Errorf("box at offset %d: %w", s.in.offset+int64(skip), err)
	}
	return h, nil
}

// take uses the box with header h, or passes over it.
func (s *Splitter) take(ctx context.Context, h header) error {
	switch h.typ {
	case boxFtyp:
		return s.takeFtyp(ctx, h)
	case boxMoov:
		return s.takeMoov(ctx, h)
	case boxMoof:
		return s.takeMoof(ctx, h)
	case boxPrft, boxEmsg:
		if h.size <= int64(maxFront-len(s.front)) {
			return s.takeFront(ctx, h)
		}
	case boxMdat:
		if s.tracks == nil {
			return errProgressive("mdat before moov")
		}
	}
	s.in.skip(h.size)
	return nil
}

// peekBox returns the whole box with header h.
func (s *Splitter) peekBox(ctx context.Context, h header, bound int) (box, error) {
	if h.size > int64(bound) {
		if h.size == toEnd {
			return box{}, malformed("size 0, to the end of the stream")
		}
		return box{}, tooLarge("%d bytes, at most %d", h.size, bound)
	}
	b, err := s.in.peek(ctx, int(h.size))
	if err != nil {
		return box{}, err
	}
	return box{typ: h.typ, raw: b, body: b[h.head:]}, nil
}

func (s *Splitter) takeFtyp(ctx context.Context, h header) error {
	b, err := s.peekBox(ctx, h, maxFtyp)
	if err != nil {
		return err
	}
	s.origin = s.in.offset
	s.ftyp = bytes.Clone(b.raw)
	s.in.skip(h.size)
	return nil
}

func (s *Splitter) takeFront(ctx context.Context, h header) error {
	b, err := s.peekBox(ctx, h, maxFront)
	if err != nil {
		return err
	}
	if h.typ == boxPrft {
		if s.prft, err = parsePrft(b); err != nil {
			return err
		}
	}
	s.front = append(s.front, b.raw...)
	s.in.skip(h.size)
	return nil
}

func (s *Splitter) takeMoov(ctx context.Context, h header) error {
	b, err := s.peekBox(ctx, h, MaxInit)
	if err != nil {
		return err
	}
	init, err := parseMoov(s.ftyp, b)
	if err != nil {
		return err
	}
	if err := init.number(s.known); err != nil {
		return err
	}
	if s.edits {
		if err := init.applyEdits(); err != nil {
			return err
		}
	}
	tracks := make([]*splitTrack, len(init.Tracks))
	for i, t := range init.Tracks {
		tracks[i] = s.newTrack(init, t)
	}
	for _, id := range init.others {
		s.log.Warn("track is neither video nor audio and is left out", "track", id)
	}
	s.tracks, s.others, s.stray = tracks, init.others, 0
	s.in.skip(h.size)
	return nil
}

// newTrack returns the state of a track of a new moov, and holds its init
// segment back until the first moof if it is a new one.
func (s *Splitter) newTrack(init *Init, t *Track) *splitTrack {
	t.Info.FrameRate = frameRate(t, 1, uint64(t.Defaults.Duration))
	n := &splitTrack{Track: t}
	n.sameness = slices.Concat(init.ftyp, init.mvhd, t.sameness, t.trex)
	if old := s.track(t.ID); old != nil {
		n.fresh = true
		n.last, _ = rescale(old.last, old.Info.Timescale, t.Info.Timescale)
		if bytes.Equal(old.sameness, n.sameness) {
			t.Info = old.Info
			return n
		}
	}
	s.held = true
	s.enqueue(&livews.Segment{
		Type:    livews.TypeInit,
		Track:   t.Info.Number,
		Info:    &t.Info,
		Payload: init.Segment(t),
	})
	return n
}

func (s *Splitter) track(id uint32) *splitTrack {
	for _, t := range s.tracks {
		if t.ID == id {
			return t
		}
	}
	return nil
}

// takeMoof reads a moof and its media data and plans the chunks to be made of
// them. The bytes are consumed when the last of these has been made.
func (s *Splitter) takeMoof(ctx context.Context, h header) error {
	if s.tracks == nil {
		return malformed("moof before moov: the stream does not begin with its init segment")
	}
	b, err := s.peekBox(ctx, h, min(maxMoof, s.maxChunk))
	if err != nil {
		return err
	}
	if err := s.parse(b, s.in.offset-s.origin, s.defaults); err != nil {
		return err
	}
	if s.held && s.noteFrameRates() {
		s.held = false
		return nil
	}
	if !s.wanted() {
		return s.passOver(h)
	}
	plain, err := s.peekMedia(ctx, h)
	if err != nil {
		return err
	}
	return s.plan(plain)
}

func (s *Splitter) defaults(id uint32) Defaults {
	if t := s.track(id); t != nil {
		return t.Defaults
	}
	return Defaults{}
}

// wanted reports whether the moof has samples of a known track.
func (s *Splitter) wanted() bool {
	for i := range s.trafs {
		if t := &s.trafs[i]; t.end > t.first && s.track(t.id) != nil {
			return true
		}
	}
	return false
}

// passOver leaves out a moof. Its mdat is passed over like any that comes
// without a moof.
func (s *Splitter) passOver(h header) error {
	unknown := s.countOthers()
	s.stray++
	if !unknown {
		s.stray = 0
	}
	if s.stray > maxStray {
		return malformed("%d in a row whose track is not in the moov, the last has track %d", s.stray, s.trafs[0].id)
	}
	s.clearFront()
	s.in.skip(h.size)
	return nil
}

// countOthers counts the track fragments that are left out, and reports whether
// some belong to a track that is not in the moov.
func (s *Splitter) countOthers() (unknown bool) {
	for i := range s.trafs {
		id := s.trafs[i].id
		switch {
		case s.track(id) != nil:
		case slices.Contains(s.others, id):
			s.stats.Ignored++
		default:
			if s.stats.Unknown == 0 {
				s.log.Warn("moof of a track that is not in the moov is left out", "track", id)
			}
			s.stats.Unknown++
			unknown = true
		}
	}
	return unknown
}

func (s *Splitter) clearFront() {
	s.front, s.prft = s.front[:0], producerTime{}
}
