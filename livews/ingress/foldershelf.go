package ingress

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// maxFolderFiles bounds the files of a folder that are known: as many pieces of 1.5 s as
// come in two days.
const maxFolderFiles = 1 << 17

// shelf knows the files of a folder and which of them are to be read next.
type shelf struct {
	dir    string
	opts   *FolderOptions
	log    *slog.Logger
	notice notice

	known   map[string]*shelved
	waiting map[string]*shelved // those that are still to be read
	begun   bool                // it has been listed
	gone    bool                // the folder is not there
	full    bool                // there are more files than can be known
	staleAt time.Time           // when the last list of names counts no more
	listAt  time.Time           // when all names are listed again
	statAt  time.Time           // when it is also asked of all files whether they have changed
}

// shelved is one file of a folder. Its contents are those of its size and time.
type shelved struct {
	name, series, number string // see splitName
	contents
	size  int64
	mod   time.Time
	since time.Time // when it changed last, as far as is known
}

func newShelf(dir string, opts *FolderOptions) *shelf {
	s := &shelf{
		dir: dir, opts: opts, log: opts.Logger.With("folder", dir),
		known: make(map[string]*shelved), waiting: make(map[string]*shelved),
	}
	s.follow()
	s.list(time.Now())
	return s
}

// follow lets the system tell of changes, if it can.
func (s *shelf) follow() {
	if s.opts.PollOnly {
		return
	}
	if err := s.notice.follow(s.dir); err != nil {
		s.log.Info("folder is only polled", "err", err)
	}
}

func (s *shelf) close() { s.notice.close() }

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
		if f == nil {
			if err := s.notice.wait(ctx, min(wait, max(s.listAt.Sub(now), breath))); err != nil {
				return nil, err
			}
			continue
		}
		// What is to come before it may have come with it, and not have been told of yet.
		if !now.Before(s.staleAt) {
			s.list(now)
			continue
		}
		if s.isUnchanged(f, now) {
			delete(s.waiting, f.name)
			return f, nil
		}
		if err := pause(ctx, breath); err != nil {
			return nil, err
		}
	}
}

// isUnchanged reports whether a file is still what it was when it was looked at.
func (s *shelf) isUnchanged(f *shelved, now time.Time) bool {
	size, mod := f.size, f.mod
	return s.check(f.name, now) == f && f.size == size && f.mod.Equal(mod)
}

// look brings what is known of the folder up to date: by what the system tells, and now and
// then by all of it.
func (s *shelf) look(now time.Time) {
	names, lost := s.notice.take()
	if lost || !now.Before(s.listAt) {
		s.list(now)
		return
	}
	for _, name := range names {
		s.check(name, now)
	}
}

// list lists the folder.
func (s *shelf) list(now time.Time) {
	s.listAt, s.staleAt = now.Add(s.poll()), now.Add(breath)
	entries, err := readNames(s.dir)
	if err != nil {
		s.vanished(err)
		return
	}
	if s.gone || s.notice.died() {
		s.gone, s.statAt = false, now
		s.log.Info("folder is there again")
		s.notice.close()
		s.follow()
	}
	all := !now.Before(s.statAt)
	present := make(map[string]bool, len(entries))
	for _, entry := range entries {
		name := entry.Name()
		present[name] = true
		if all || s.known[name] == nil || s.waiting[name] != nil {
			s.check(name, now)
		}
	}
	for name := range s.known {
		if !present[name] {
			s.forget(name)
		}
	}
	s.begun = true
	s.space(now, all)
}

// space lets a list of many files take little of the time. Files that have been taken
// change hardly ever, and where the system tells of it they need not be asked.
func (s *shelf) space(began time.Time, all bool) {
	cost := time.Since(began)
	s.staleAt = began.Add(max(breath, 4*cost))
	s.listAt = began.Add(max(s.poll(), 20*cost))
	if all {
		s.statAt = began.Add(max(s.poll(), 50*cost))
	}
}

// poll returns how long it is from one list to the next.
func (s *shelf) poll() time.Duration {
	switch {
	case s.opts.Poll > 0:
		return s.opts.Poll
	case s.notice.works():
		return watchedPoll
	}
	return defaultPoll
}

// readNames returns what is in a folder, in no order.
func readNames(dir string) ([]fs.DirEntry, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.ReadDir(-1)
}

func (s *shelf) vanished(err error) {
	if s.gone {
		return
	}
	s.gone = true
	s.log.Warn("folder cannot be read", "err", err)
}

// check takes in how a file looks now, and returns what is known of it: nil if it is none.
func (s *shelf) check(name string, now time.Time) *shelved {
	if !isMediaName(name) {
		return nil
	}
	info, err := os.Stat(s.path(name))
	if err != nil || !info.Mode().IsRegular() {
		s.forget(name)
		return nil
	}
	f := s.known[name]
	switch {
	case f == nil:
		if f = s.add(info, now); f == nil {
			return nil
		}
	case f.size == info.Size() && f.mod.Equal(info.ModTime()):
		return f
	default:
		f.since = now
	}
	refused := f.size > maxFolderFile && info.Size() > maxFolderFile
	f.size, f.mod = info.Size(), info.ModTime()
	s.survey(f)
	if !refused && (s.begun || s.opts.Old || f.kind == initFile) {
		s.waiting[name] = f
	}
	return f
}

func (s *shelf) forget(name string) {
	delete(s.known, name)
	delete(s.waiting, name)
}

// add makes a file known, if there is room.
func (s *shelf) add(info fs.FileInfo, now time.Time) *shelved {
	if len(s.known) >= maxFolderFiles {
		if !s.full {
			s.log.Warn("folder has too many files, new ones are left out until some are deleted", "err", maxFolderFiles)
		}
		s.full = true
		return nil
	}
	s.full = false
	f := &shelved{name: info.Name(), since: info.ModTime()}
	f.series, f.number = splitName(f.name)
	if f.since.After(now) {
		f.since = now
	}
	s.known[f.name] = f
	return f
}

// survey looks into a file.
func (s *shelf) survey(f *shelved) {
	if f.size > maxFolderFile {
		f.contents = contents{kind: otherFile, whole: true}
		return
	}
	c, err := surveyFile(s.path(f.name), f.size)
	if err != nil {
		c = contents{} // it has been deleted, or it cannot be read, which is said when it is its turn
	}
	f.contents = c
}
