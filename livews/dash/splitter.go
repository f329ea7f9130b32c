package dash

import (
	"context"
	"io"
	"log/slog"
	"time"

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
	// Edits applies the tracks' edit lists (ISO/IEC 14496-12, 8.6.6), for files of which
	// each is a piece of a stream: decode times count from where the presentation
	// begins, sound that comes before is dropped, and init segments have no edit list.
	// What has been decoded before it is presented has its place before Offset.
	Edits bool
	// Offset is added to all decode times. None may become negative.
	Offset time.Duration
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
	edits    bool
	offset   time.Duration
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
		edits:    opts.Edits,
		offset:   opts.Offset,
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
// After ctx's error it can be called again, and goes on where it was; a Read that gives
// nothing and ends ctx pauses it. It returns io.EOF when the stream
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
