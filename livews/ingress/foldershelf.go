package ingress

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// giveUp is how long a file may rest without being whole before it is taken as it is.
	giveUp = 5 * time.Second
	// breath is the shortest time between two looks at a folder: a file that grows is
	// told of with each write.
	breath = 20 * time.Millisecond
)

// shelf knows the files of a folder and which of them are to be read next.
type shelf struct {
	dir   string
	opts  *FolderOptions
	log   *slog.Logger
	known map[string]*shelved
	begun bool // it has been looked at
	gone  bool // the folder is not there

	watch *fsnotify.Watcher // nil where the system tells nothing
}

// shelved is one file of a folder. Its kind and whole are those of its size and time.
type shelved struct {
	name  string
	size  int64
	mod   time.Time
	since time.Time // when it changed last, as far as is known
	kind  fileKind
	whole bool
	taken bool
}

func newShelf(dir string, opts *FolderOptions) *shelf {
	s := &shelf{dir: dir, opts: opts, log: opts.Logger.With("folder", dir), known: make(map[string]*shelved)}
	s.follow()
	s.look(time.Now())
	return s
}

// follow lets the system tell of changes, if it can.
func (s *shelf) follow() {
	w, err := fsnotify.NewBufferedWatcher(64)
	if err == nil {
		if err = w.Add(s.dir); err != nil {
			_ = w.Close() // nothing was written
		}
	}
	if err != nil {
		s.log.Debug("folder is only polled", "err", err)
		return
	}
	s.watch = w
}

func (s *shelf) close() {
	if s.watch != nil {
		_ = s.watch.Close() // nothing was written
		s.watch = nil
	}
}

// path returns where a file is.
func (s *shelf) path(name string) string { return filepath.Join(s.dir, name) }

// next returns the file to be read next, and waits for one.
func (s *shelf) next(ctx context.Context) (*shelved, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		now := time.Now()
		s.look(now)
		f, wait := s.pick(now)
		if f != nil {
			f.taken = true
			return f, nil
		}
		if err := s.rest(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// look brings what is known of the folder up to date.
func (s *shelf) look(now time.Time) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		s.vanished(err)
		return
	}
	if s.gone {
		s.gone = false
		s.log.Info("folder is back")
		s.close()
		s.follow()
	}
	present := make(map[string]bool, len(entries))
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !isMediaName(entry.Name()) {
			continue
		}
		if info, err := entry.Info(); err == nil { // else it has just been deleted
			present[entry.Name()] = true
			s.note(info, now)
		}
	}
	for name := range s.known {
		if !present[name] {
			delete(s.known, name)
		}
	}
	s.begun = true
}

func (s *shelf) vanished(err error) {
	if s.gone {
		return
	}
	s.gone = true
	s.log.Warn("folder cannot be read", "err", err)
}

// note takes in how a file looks now.
func (s *shelf) note(info os.FileInfo, now time.Time) {
	f := s.known[info.Name()]
	switch {
	case f == nil:
		f = &shelved{name: info.Name(), since: info.ModTime()}
		if f.since.After(now) {
			f.since = now
		}
		s.known[f.name] = f
	case f.size == info.Size() && f.mod.Equal(info.ModTime()):
		return
	default:
		f.since, f.taken = now, false
	}
	f.size, f.mod = info.Size(), info.ModTime()
	f.kind, f.whole = s.survey(f)
	if !s.begun && !s.opts.Old && f.kind != initFile {
		f.taken = true
	}
}

func (s *shelf) survey(f *shelved) (fileKind, bool) {
	file, err := os.Open(s.path(f.name))
	if err != nil {
		return otherFile, false // it has been deleted, or it cannot be read, which is said when it is its turn
	}
	defer file.Close()
	kind, whole, err := survey(file, f.size)
	return kind, whole && err == nil
}

// pick returns the first file that is ready, or nil and how long that cannot change.
func (s *shelf) pick(now time.Time) (*shelved, time.Duration) {
	var waiting []*shelved
	newest := make(map[string]*shelved) // of each kind of name
	for _, f := range s.known {
		if f.taken {
			continue
		}
		waiting = append(waiting, f)
		kind, _ := splitName(f.name)
		if last := newest[kind]; last == nil || compareNatural(f.name, last.name) > 0 {
			newest[kind] = f
		}
	}
	slices.SortFunc(waiting, compareFiles)
	wait := s.opts.Poll
	blocked := make(map[string]bool)
	for _, f := range waiting {
		kind, _ := splitName(f.name)
		// An init segment that is not ready may be that of any media.
		if blocked[kind] || f.kind == mediaFile && waiting[0].kind == initFile {
			continue
		}
		left := f.left(now, s.opts.Settle, newest[kind] != f)
		if left <= 0 {
			return f, 0
		}
		wait = min(wait, left)
		blocked[kind] = true
	}
	return nil, max(wait, breath)
}

// left returns how long the file has to rest until it is taken.
func (f *shelved) left(now time.Time, settle time.Duration, followed bool) time.Duration {
	rested := now.Sub(f.since)
	switch {
	case f.whole && followed:
		return 0
	case f.whole:
		return settle - rested
	}
	return giveUp - rested
}

// compareFiles orders the files that wait: init segments first, then pieces by their
// names, then media segments by their numbers, so that those of all representations come
// side by side.
func compareFiles(a, b *shelved) int {
	if c := cmp.Compare(rank(a.kind), rank(b.kind)); c != 0 {
		return c
	}
	if a.kind == mediaFile {
		_, x := splitName(a.name)
		_, y := splitName(b.name)
		if c := compareNatural(x, y); c != 0 {
			return c
		}
	}
	return compareNatural(a.name, b.name)
}

func rank(kind fileKind) int {
	switch kind {
	case initFile:
		return 0
	case mediaFile:
		return 2
	}
	return 1
}

// rest waits until something has changed, or for so long.
func (s *shelf) rest(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	var events chan fsnotify.Event
	var failures chan error
	if s.watch != nil {
		events, failures = s.watch.Events, s.watch.Errors
	}
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-events:
	case <-failures: // events were lost: all of the folder is looked at anyway
	}
	return pause(ctx, breath)
}
