package ingress

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

var (
	errTooLarge = errors.New("larger than 4 GiB")
	errNoMP4    = errors.New("not fragmented MP4")
	errPiece    = errors.New("brings its own init segment, among media segments that do not")
	errNotPiece = errors.New("has no media of its own, among files that do")
)

// folderFeed is the Source of what is in the files of a folder. The first file says what
// they are: pieces, which are read one after the other by whoever reads the feed, or init
// and media segments, which go to an assembly.
type folderFeed struct {
	files    *shelf
	log      *slog.Logger
	opened   func(name string) // for tests
	pieces   pieces
	piece    *piece   // that is read; nil before the first one, and when it has ended
	upcoming *shelved // waits for the end of piece
	segments *assembly
	stop     context.CancelFunc // of what writes to segments
	writing  sync.WaitGroup
}

func newFolderFeed(files *shelf, log *slog.Logger) *folderFeed {
	return &folderFeed{files: files, log: log.With("folder", files.dir)}
}

// ReadSegment returns the next segment.
func (f *folderFeed) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	for f.segments == nil {
		if f.piece == nil || f.piece.isPaused() {
			if err := f.begin(ctx); err != nil {
				return nil, err
			}
			continue
		}
		seg, err := f.piece.ReadSegment(ctx)
		switch {
		case err == nil:
			return seg, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != errPaused:
			f.end(err)
		}
	}
	return f.segments.ReadSegment(ctx)
}

// begin waits for the next file and opens it, if it is one, when the piece before it has
// come to its end.
func (f *folderFeed) begin(ctx context.Context) error {
	next := f.upcoming
	if f.upcoming = nil; next == nil {
		var err error
		if next, err = f.files.next(ctx); err != nil {
			return err
		}
	}
	switch {
	case next.kind == otherFile:
		f.leaveOut(next.name, f.whatElse(ctx, next))
	case next.kind == initialised:
		f.open(next)
	case f.piece != nil || f.pieces.inits != nil:
		f.leaveOut(next.name, errNotPiece)
	default:
		f.assemble(next)
	}
	return nil
}

// open opens a piece, or what has been added to the last one.
func (f *folderFeed) open(next *shelved) {
	file, err := f.openFile(next.name)
	if err != nil {
		f.leaveOut(next.name, err)
		return
	}
	switch last := f.piece; {
	case last == nil:
		f.piece = f.pieces.open(file, next, f.log)
	case last.name == next.name && last.in.goesOn(file, next):
		last.in.extend(file, next)
	default:
		_ = file.Close() // it was not read
		f.upcoming = next
		f.finish()
		return
	}
	if f.opened != nil {
		f.opened(next.name)
	}
}

// finish lets the piece come to its end.
func (f *folderFeed) finish() {
	f.piece.in.ended = true
	if f.piece.failed {
		f.piece.close()
		f.piece = nil
	}
}

func (f *folderFeed) openFile(name string) (*os.File, error) {
	file, err := os.Open(f.files.path(name))
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	return file, nil
}

// whatElse says what a file is that is no MP4, or too much of it.
func (f *folderFeed) whatElse(ctx context.Context, other *shelved) error {
	if other.size > maxFolderFile {
		return errTooLarge
	}
	file, err := f.openFile(other.name)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err = dash.NewSplitter(file, nil).ReadSegment(ctx); err == nil || err == io.EOF {
		err = errNoMP4
	}
	return err
}

// end ends the piece, which has come to its end or cannot be read on. What is wrong with it
// comes after all that was good.
func (f *folderFeed) end(err error) {
	if err != io.EOF {
		f.leaveOut(f.piece.name, err)
		if !f.piece.in.ended { // it may grow, and not be read again
			f.piece.failed = true
			f.piece.in.close()
			return
		}
	}
	f.piece.close()
	f.piece = nil
}

func (f *folderFeed) leaveOut(name string, err error) {
	f.log.Warn("file is left out, or the rest of it", "file", name, "err", err)
}

// assemble makes the feed one of init and media segments, of which first is the first.
func (f *folderFeed) assemble(first *shelved) {
	ctx, stop := context.WithCancel(context.Background())
	f.segments, f.stop = newAssembly(f.log), stop
	if hints := f.readManifest(); hints != nil {
		f.segments.expect(hints)
	}
	f.writing.Go(func() {
		for next, err := first, error(nil); err == nil; next, err = f.files.next(ctx) {
			f.write(ctx, next)
		}
	})
}

// readManifest returns what the folder's MPD tells of its representations, if it has one.
func (f *folderFeed) readManifest() map[string]hint {
	names, err := filepath.Glob(f.files.path("*.mpd"))
	if err != nil || len(names) != 1 {
		return nil
	}
	file, err := os.Open(names[0])
	if err != nil {
		return nil
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxManifest))
	if err != nil {
		return nil
	}
	m, err := parseManifest(text, "")
	if err != nil {
		f.leaveOut(filepath.Base(names[0]), err)
		return nil
	}
	return m.hints
}

// write gives a file to the assembly.
func (f *folderFeed) write(ctx context.Context, next *shelved) {
	switch next.kind {
	case initialised:
		f.leaveOut(next.name, errPiece)
		return
	case otherFile:
		f.leaveOut(next.name, f.whatElse(ctx, next))
		return
	}
	file, err := f.openFile(next.name)
	if err != nil {
		f.leaveOut(next.name, err)
		return
	}
	defer file.Close()
	if err := f.segments.write(ctx, &object{name: next.name, body: file}); err != nil && ctx.Err() == nil {
		f.leaveOut(next.name, err)
	}
}

func (f *folderFeed) close() {
	if f.piece != nil {
		f.piece.close()
		f.piece = nil
	}
	if f.stop != nil {
		f.stop()
		f.writing.Wait()
	}
}
