package ingress

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// firstPiece is where the first piece begins: what decodes before it is presented has its
// place before that.
const firstPiece = time.Second

// errPaused says that a piece has been read as far as it goes so far.
var errPaused = errors.New("paused")

// pieces lays self-initialising files one behind the other.
type pieces struct {
	at    time.Duration // where the next one begins to be presented
	inits map[uint16]*livews.Segment
}

// piece is the Source of one of them, which may grow.
type piece struct {
	all      *pieces
	name     string
	at       time.Duration // where it begins to be presented
	in       pieceReader
	splitter *dash.Splitter
	failed   bool              // the rest of it cannot be read
	inits    []*livews.Segment // until its first chunk
	queue    []*livews.Segment
	kinds    map[uint16]string
	begins   map[uint16]time.Duration
	ends     map[uint16]time.Duration
}

// open returns the piece in file, of which f tells.
func (p *pieces) open(file *os.File, f *shelved, log *slog.Logger) *piece {
	now := &piece{
		all: p, name: f.name, at: max(p.at, firstPiece),
		kinds: make(map[uint16]string), begins: make(map[uint16]time.Duration), ends: make(map[uint16]time.Duration),
	}
	now.in.extend(file, f)
	now.splitter = dash.NewSplitter(&now.in, &dash.SplitterOptions{Edits: true, Offset: now.at, Logger: log})
	return now
}

// ReadSegment returns the next segment. Init segments that say what those of the piece
// before said are left out. The error is errPaused at the end of what there is, and io.EOF
// at that of a piece to which nothing is added.
func (p *piece) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	p.in.pause = cancel
	for len(p.queue) == 0 {
		seg, err := p.splitter.ReadSegment(inner)
		switch {
		case err != nil && ctx.Err() == nil && inner.Err() != nil:
			p.in.close()
			return nil, errPaused
		case err != nil:
			return nil, err
		}
		p.take(seg)
	}
	seg := p.queue[0]
	p.queue = p.queue[1:]
	return seg, nil
}

// take queues a segment.
func (p *piece) take(seg *livews.Segment) {
	if seg.Type == livews.TypeInit {
		p.inits = append(p.inits, seg)
		p.kinds[seg.Track] = seg.Info.Kind
		return
	}
	if p.inits != nil {
		p.queue, p.inits = p.all.renew(p.inits), nil
	}
	if _, ok := p.begins[seg.Track]; !ok {
		p.begins[seg.Track] = seg.DecodeTime
	}
	p.ends[seg.Track] = seg.DecodeTime + seg.Duration
	p.queue = append(p.queue, seg)
}

// isPaused reports whether there is nothing to be read.
func (p *piece) isPaused() bool { return p.failed || p.in.file == nil && !p.in.ended }

// renew returns the init segments that have to be given for a piece which has these. Where
// one is new, all are given, as of a source that starts again.
func (p *pieces) renew(inits []*livews.Segment) []*livews.Segment {
	first := p.inits == nil
	if !first && p.knows(inits) {
		return nil
	}
	p.inits = make(map[uint16]*livews.Segment, len(inits))
	var given []*livews.Segment
	for _, seg := range inits {
		p.inits[seg.Track] = seg
		flags := seg.Flags
		if !first {
			flags |= livews.FlagDiscontinuity
		}
		given = append(given, &livews.Segment{Type: seg.Type, Flags: flags, Track: seg.Track, Info: seg.Info, Payload: seg.Payload})
	}
	return given
}

func (p *pieces) knows(inits []*livews.Segment) bool {
	for _, seg := range inits {
		old := p.inits[seg.Track]
		if old == nil || !dash.SameInit(old.Payload, seg.Payload) {
			return false
		}
	}
	return len(inits) == len(p.inits)
}

// close ends the piece: the next one begins where its pictures end, or its sound where there
// are none.
func (p *piece) close() {
	p.in.close()
	var video, audio time.Duration
	for track, begin := range p.begins {
		length := p.ends[track] - begin
		if p.kinds[track] == livews.KindVideo {
			video = max(video, length)
		} else {
			audio = max(audio, length)
		}
	}
	if video == 0 {
		video = audio
	}
	if video > 0 {
		p.all.at = p.at + video
	}
}
