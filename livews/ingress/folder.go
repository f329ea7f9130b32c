package ingress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

const (
	defaultSettle = 200 * time.Millisecond
	defaultPoll   = 100 * time.Millisecond
	watchedPoll   = time.Second
)

// FolderOptions are the options of [NewFolder]; nil means the defaults.
type FolderOptions struct {
	// Old plays the files that are in the folder at the start, too, one after the other
	// without regard to real time. By default only init segments are read of them.
	Old bool
	// Settle is how long a file must have stayed as it is before it is taken, besides
	// having all of its last box: so much later than its end is it given. A file that ends
	// with an mfra (ISO/IEC 14496-12, 8.8.9), or that another one of its series has
	// followed, is taken at once. Zero means 0.2 s.
	Settle time.Duration
	// Poll is how often the folder is listed, and no more than what takes a 20th of the
	// time. Zero means 1 s where the system tells of changes, as it does for local files,
	// and 0.1 s where it does not. A network file system may say that it would, and never
	// do it: there Poll is the delay.
	Poll time.Duration
	// PollOnly does not ask the system to tell of changes.
	PollOnly bool
	// Logger gets a line for each file that is left out, and why; nil discards.
	Logger *slog.Logger
}

func (o *FolderOptions) orDefault() FolderOptions {
	var d FolderOptions
	if o != nil {
		d = *o
	}
	d.Settle = cmp.Or(d.Settle, defaultSettle)
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return d
}

// Folder is a Source of the fragmented MP4 files that appear in a folder, in their natural
// order (part2 before part10), with positions and on one continuous timeline. What they
// are is seen by their content:
//
//   - Files that begin with a moov and go on with media are pieces of one stream, as
//     MP4Box -dash or ffmpeg -f segment write them, each on a timeline of its own. They
//     are put one behind the other by the length of their pictures; their edit lists are
//     applied, so that sound and picture stay in step for ever.
//   - Init and media segments, as ffmpeg -f dash writes them, belong together by their
//     names: init-stream0.m4s and chunk-stream0-00001.m4s. Each such representation gives
//     tracks of its own; all are tracks of the one stream.
//
// A file is taken when it is whole: see [FolderOptions].Settle. If it goes on after that,
// what is new of it is given in the same way, so that a writer may rest between fragments. One
// that stays cut for 5 s, or 1 s if another one has followed it, gives what it has. What cannot
// be read is named in the log and left out, as are files of more than 4 GiB, and new ones in a
// folder that has 131,072. Names that begin with a dot or end in ~, .tmp, .temp or .part are
// not looked at, nor is what is no MP4 by its extension (mpd, m3u8, ...). A name that comes
// again with other content is a new file. A link to a file counts as one. A folder that
// vanishes may come back.
type Folder struct {
	files *shelf
	feed  *folderFeed
	src   livews.Source

	reading sync.Mutex // held by ReadSegment
	closing context.Context
	close   context.CancelFunc
}

// NewFolder returns a Folder of path. The error names path where that is no folder. opts may
// be nil.
func NewFolder(path string, opts *FolderOptions) (*Folder, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("folder %s: %w", path, errors.Unwrap(err))
	case !info.IsDir():
		return nil, fmt.Errorf("folder %s: is a file", path)
	}
	o := opts.orDefault()
	f := &Folder{files: newShelf(path, &o)}
	f.feed = newFolderFeed(f.files, o.Logger)
	f.src = Stamp(dash.Timeline(f.feed, &dash.TimelineOptions{Logger: o.Logger}), nil)
	f.closing, f.close = context.WithCancel(context.Background())
	return f, nil
}

// ReadSegment returns the next segment. It waits for files until ctx ends, whose error it
// returns then, and after Close [livews.ErrClosed].
func (f *Folder) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	f.reading.Lock()
	defer f.reading.Unlock()
	if f.closing.Err() != nil {
		return nil, livews.ErrClosed
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(f.closing, cancel)()
	seg, err := f.src.ReadSegment(inner)
	if err != nil && ctx.Err() == nil && f.closing.Err() != nil {
		return nil, livews.ErrClosed
	}
	return seg, err
}

// Close ends a ReadSegment that waits and lets go of the folder. It always returns nil.
func (f *Folder) Close() error {
	f.close()
	f.reading.Lock()
	defer f.reading.Unlock()
	f.feed.close()
	f.files.close()
	return nil
}
