package ingress

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

var (
	errNoMP4   = errors.New("not fragmented MP4")
	errNoInits = errors.New("media whose init segment is not there")
)

// folderFeed is the Source of what is in the files of a folder, one after the other.
type folderFeed struct {
	files  *shelf
	log    *slog.Logger
	pieces pieces
	name   string            // of the file that is read
	piece  *piece            // of that; nil between files
	opened func(name string) // for tests
}

func newFolderFeed(files *shelf, log *slog.Logger) *folderFeed {
	return &folderFeed{files: files, log: log.With("folder", files.dir)}
}

// ReadSegment returns the next segment of the file that is read, or of the next ones.
func (f *folderFeed) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	for {
		if f.piece != nil {
			seg, err := f.piece.ReadSegment(ctx)
			if err == nil {
				return seg, nil
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			f.end(err)
		}
		next, err := f.files.next(ctx)
		if err != nil {
			return nil, err
		}
		f.begin(next)
	}
}

// begin opens a file.
func (f *folderFeed) begin(next *shelved) {
	if f.opened != nil {
		f.opened(next.name)
	}
	file, err := os.Open(f.files.path(next.name))
	switch {
	case err != nil:
		f.leaveOut(next.name, errors.Unwrap(err))
		return
	case next.kind == initialised:
		f.name, f.piece = next.name, f.pieces.open(file, &dash.SplitterOptions{Logger: f.log})
		return
	}
	_ = file.Close() // it was only read
	f.leaveOut(next.name, errNoMP4)
}

// end closes the file that is read. What is wrong with it comes after all that was good.
func (f *folderFeed) end(err error) {
	f.close()
	if err != io.EOF {
		f.leaveOut(f.name, err)
	}
}

func (f *folderFeed) leaveOut(name string, err error) {
	f.log.Warn("file is left out, or the rest of it", "file", name, "err", err)
}

func (f *folderFeed) close() {
	if f.piece != nil {
		f.piece.close()
		f.piece = nil
	}
}
