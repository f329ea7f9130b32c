package livews

import (
	"context"
	"slices"
	"time"
)

// listPatience is how long List waits for what Discover tells first.
const listPatience = time.Second

// Directory is what streams there are, as of one moment.
type Directory struct {
	// Version rises with each change.
	Version uint64
	// Complete says that there are no other streams. Where it is false, some may be
	// there that are not listed.
	Complete bool
	// Streams are sorted by name. They are shared and must not be changed. They have
	// no Newest, Viewers and BytesSent: these change with each chunk and viewer.
	Streams []StreamInfo
}

// Directory returns the streams that there are, by name, with their paths: those
// that are open, and those that Discover knows of. It blocks until there is a
// version other than seen, and returns at once for zero; its error is ctx's, or
// [ErrClosed]. A new version comes when a stream appears or goes, its path, epoch,
// tracks or state change, or Complete does. To ask is no demand: nothing is opened or
// kept open for it. The Directory is shared and must not be changed.
func (s *Streams) Directory(ctx context.Context, seen uint64) (*Directory, error) {
	for {
		d, changed, err := s.directory(ctx, seen)
		if d != nil || err != nil {
			return d, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// directory returns the directory if its version is not seen, else what tells of the
// next one.
func (s *Streams) directory(ctx context.Context, seen uint64) (*Directory, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.useLocked(ctx); err != nil {
		return nil, nil, err
	}
	if seen == s.version+1 { // there is no version 0
		return nil, s.changed.wait(), nil
	}
	if s.dir == nil {
		s.dir = &Directory{
			Version: s.version + 1, Complete: s.completeLocked(), Streams: s.listLocked((*stream).entry),
		}
	}
	return s.dir, nil, nil
}

// completeLocked reports whether there are no other streams than those that are open
// and known.
func (s *Streams) completeLocked() bool {
	if s.Discover == nil {
		return s.Open == nil
	}
	return s.known.complete
}

// listLocked returns the streams that are open, as describe has them, and those that are
// only known, by name.
func (s *Streams) listLocked(describe func(*stream) StreamInfo) []StreamInfo {
	list := make([]StreamInfo, 0, len(s.streams)+len(s.known.streams))
	for _, st := range s.streams {
		if st.isOpen() {
			list = append(list, describe(st))
		}
	}
	for _, info := range s.known.streams {
		if st := s.streams[info.Name]; st == nil || !st.isOpen() {
			list = append(list, info)
		}
	}
	slices.SortFunc(list, byName)
	return list
}

// List returns the streams that are open, and those that Discover knows of, by
// name. It blocks until Discover has told for the first time, but no longer than a
// second or until ctx ends. To ask is no demand.
func (s *Streams) List(ctx context.Context) []StreamInfo {
	s.awaitKnown(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listLocked((*stream).info)
}

// awaitKnown waits a while until Discover has told for the first time.
func (s *Streams) awaitKnown(ctx context.Context) {
	s.mu.Lock()
	err := s.useLocked(ctx)
	told := s.known.told
	s.mu.Unlock()
	if err != nil || told == nil {
		return
	}
	timer := time.NewTimer(listPatience)
	defer timer.Stop()
	select {
	case <-told:
	case <-timer.C:
	case <-ctx.Done():
	}
}
