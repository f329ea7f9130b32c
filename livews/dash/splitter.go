package dash

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// MaxChunk is the size of the largest chunk, so that a message can carry
	// it.
	MaxChunk = livews.MaxMessage - livews.HeaderSize
	// maxMoof is the size of the largest moof that is read: MaxSamples with
	// all their fields take 1 MiB.
	maxMoof = 4 << 20
	// maxFront is how many bytes of prft and emsg may stand in front of a
	// moof. What is more is passed over.
	maxFront = 64 << 10
	// maxStray is how many moofs in a row may belong to no track of the moov
	// before that is an error.
	maxStray = 64
	// maxHeld chunks of maxHeldBytes may come before the first one of video,
	// until when the init segments are held back for its frame rate.
	maxHeld      = 16
	maxHeldBytes = 1 << 20
)

// SplitterOptions are the options of [NewSplitter]. The zero value is good.
type SplitterOptions struct {
	// MaxChunk is the size in bytes of the largest moof with its media data,
	// at most the constant MaxChunk, which is also the default.
	MaxChunk int
	// Logger gets a warning for each track that is left out; nil discards.
	Logger *slog.Logger
}

// Stats counts what a [Splitter] has read.
type Stats struct {
	// Bytes is how many bytes of the stream have been used or passed over.
	Bytes int64
	// Inits and Chunks count the segments that were given.
	Inits, Chunks int64
	// Unknown counts track fragments whose track is not in the moov, and
	// Ignored those whose track is neither video nor audio.
	Unknown, Ignored int64
}

// A Splitter is a livews.Source which makes segments of fragmented MP4
// (ISO/IEC 14496-12, 8.8). For what it does with them see the package's
// description; in particular:
//
//   - The init segments of all tracks of a moov come together. They tell the
//     frame rate, which encoders do not write into the moov: so they are held
//     back until the first moof of video has been read (its media need not have
//     come), or 16 chunks of audio, or the end. A moov that says the same of a
//     track as the one before gives no new init segment; creation times and bit
//     rates do not count.
//   - A chunk comes as soon as its last byte has been read. Its prft and emsg
//     stay in front of it (in front of one chunk, where a moof is split: that
//     of the track which the prft names); styp, sidx, mfra and whatever else
//     is between the chunks is passed over. Media data may lie in several
//     mdats behind their moof and come out in one.
//   - A moof of video with sync samples behind others is split before each
//     such group of pictures; the parts of all tracks then come in the order
//     of their decode times.
//   - Decode times that came in 32 bits are unwrapped. A track fragment
//     without one continues where the track's last ended, and at 0 behind a
//     moov. The first chunk behind a further moov has FlagDiscontinuity if it
//     does not start where the track ended, give or take 0.1 s. [Timeline] does
//     the rest.
//   - Track fragments of a track that the moov does not have, or whose kind is
//     neither video nor audio, are left out and counted.
//
// Of a segment, Position is not set, and WallClock only where there is a prft.
// A Splitter is used by one goroutine at a time.
type Splitter struct {
	in       reader
	log      *slog.Logger
	maxChunk int
	stats    Stats
	err      error

	begun  bool  // the first box has been seen
	origin int64 // offset of the last ftyp: the start of the file
	ftyp   []byte
	queue  []*livews.Segment // to be given, from head on, unless held
	head   int
	held   bool              // the queue waits for the first moof of video
	weight int               // bytes of the queue, while held
	tracks []*splitTrack     // of the last moov
	others []uint32          // ids of its tracks of other kinds
	known  map[uint32]uint16 // numbers of all track_IDs so far
	stray  int               // moofs of no known track in a row

	front []byte // the prft and emsg boxes before the next moof
	prft  producerTime
	fragment
	pieces []piece
	next   int    // the first of pieces that is still to be made
	unit   []byte // the moof and media data that pieces are made of
	rest   int64  // how much of the stream pieces stand for
}

// splitTrack is what is kept of a track between its chunks.
type splitTrack struct {
	*Track
	sameness []byte // of the init segment that was given last
	end      uint64 // where the last chunk ended
	last     uint64 // the same, but not set back by a moov
	seen     bool   // its first moof has been looked at for the frame rate
	fresh    bool   // no chunk yet since a moov that was not the track's first
}

// piece is a chunk that is still to be made: some samples of a track fragment.
type piece struct {
	track      *splitTrack
	traf       *traf
	first, end int
	time       uint64
	flags      livews.Flags
	whole      bool // the unit is the chunk as it stands
	front      bool // the boxes in front of the unit belong to this one
}

// NewSplitter returns a Splitter of what r gives, from an ftyp or moov on. opts
// may be nil.
func NewSplitter(r io.Reader, opts *SplitterOptions) *Splitter {
	if opts == nil {
		opts = &SplitterOptions{}
	}
	s := &Splitter{
		in:       reader{src: r},
		log:      opts.Logger,
		maxChunk: MaxChunk,
		known:    make(map[uint32]uint16),
	}
	if opts.MaxChunk > 0 {
		s.maxChunk = min(opts.MaxChunk, MaxChunk)
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Stats returns what has been counted so far.
func (s *Splitter) Stats() Stats {
	st := s.stats
	st.Bytes = s.in.offset
	return st
}

// ReadSegment returns the next segment. It blocks in the reader's Read, which
// ctx does not interrupt: a reader that may hang must be closed by its owner.
// After ctx's error it can be called again. It returns io.EOF when the stream
// ends between two boxes, an error that wraps io.ErrUnexpectedEOF when it ends
// elsewhere, errors that wrap [ErrMalformed] or [ErrUnsupported], and those of
// the reader, which it wraps.
func (s *Splitter) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for {
		if seg := s.dequeue(); seg != nil {
			return seg, nil
		}
		if s.err != nil {
			return nil, s.err
		}
		seg, err := s.advance(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			s.held, s.err = false, err
		case seg != nil:
			s.enqueue(seg)
		}
	}
}

// advance makes the next chunk that is planned, or else reads a box, which may
// lead to one.
func (s *Splitter) advance(ctx context.Context) (*livews.Segment, error) {
	if s.next < len(s.pieces) {
		return s.nextPiece()
	}
	return nil, s.step(ctx)
}

// enqueue puts seg behind those that wait. A hold ends when there are too many.
func (s *Splitter) enqueue(seg *livews.Segment) {
	s.queue = append(s.queue, seg)
	s.weight += len(seg.Payload)
	if len(s.queue) > MaxTracks+maxHeld || s.weight > maxHeldBytes {
		s.held = false
	}
}

// dequeue returns what is to be given next, or nil if that is not known yet.
func (s *Splitter) dequeue() *livews.Segment {
	if s.held || s.head == len(s.queue) {
		return nil
	}
	seg := s.queue[s.head]
	s.queue[s.head] = nil
	if s.head++; s.head == len(s.queue) {
		s.queue, s.head, s.weight = s.queue[:0], 0, 0
	}
	if seg.Type == livews.TypeInit {
		s.stats.Inits++
	} else {
		s.stats.Chunks++
	}
	return seg
}

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
			return box{}, malformed("size 0 (to the end of the stream)")
		}
		return box{}, malformed("%d bytes, at most %d", h.size, bound)
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
		n.last, n.fresh = old.last, true
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

// noteFrameRates fills the frame rates of the init segments that wait from the
// moof. It reports whether all are known, as far as moofs tell them.
func (s *Splitter) noteFrameRates() bool {
	for i := range s.trafs {
		t := &s.trafs[i]
		track := s.track(t.id)
		if track == nil || track.seen {
			continue
		}
		track.seen = true
		if rate := frameRate(track.Track, uint64(t.end-t.first), sumDuration(s.samples[t.first:t.end])); rate != 0 {
			track.Info.FrameRate = rate
		}
	}
	return !slices.ContainsFunc(s.tracks, func(t *splitTrack) bool {
		return t.Info.Kind == livews.KindVideo && t.Info.FrameRate == 0 && !t.seen
	})
}

// frameRate returns the mean rate of n frames that last duration units,
// rounded to a thousandth, or 0 where it cannot be told.
func frameRate(t *Track, n, duration uint64) float64 {
	if t.Info.Kind != livews.KindVideo || n == 0 || duration == 0 {
		return 0
	}
	return math.Round(1000*float64(n)*float64(t.Info.Timescale)/float64(duration)) / 1000
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
