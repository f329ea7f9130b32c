package livews

import (
	"context"
	"fmt"
	"io"
)

// Publish copies src to the stream of this name until src ends, an error comes, or
// ctx ends. It blocks all that time, returns nil at a clean end, and does not close
// src. The stream is there from the beginning, before src has given anything, unless
// there is one of that name.
//
// At a clean end of src the stream ends for its subscribers at once. After any other end
// it stays for Linger without a publisher, then ends with the error; only one whose
// src has given nothing ends at once.
//
// A publisher's epoch is that of its first segment, which must be an init segment. Of
// two publishers of a name the one with the higher epoch has the stream: it takes it over
// at its first segment, with the subscribers, who get its init segments. The other's
// Publish returns an error that wraps [ErrExists] and names both epochs. A stream that
// was opened counts as if published with its newest epoch. One that lingers is taken
// up by a publisher with its epoch, too: what it has of that already is dropped.
//
// The error also wraps [ErrName] or [ErrUnavailable], is [ErrClosed] after Close, or
// is that of src.
func (s *Streams) Publish(ctx context.Context, name string, src Source) error {
	if err := CheckName(name); err != nil {
		return err
	}
	ctx, f, err := s.offer(ctx, name)
	if err != nil {
		return err
	}
	defer s.endFeed(f)
	first, err := readInit(ctx, src)
	var st *stream
	if err == nil {
		st, err = s.claim(name, f, first.Position.Epoch)
	}
	if err != nil {
		return s.withdraw(name, f, err)
	}
	sink := s.sink(st, f)
	if err = sink.WriteSegment(ctx, first); err == nil {
		err = Copy(ctx, sink, src)
	}
	err = f.why(err)
	s.endTurn(st, f, err)
	return err
}

// offer keeps the name for f, where nobody has it, until f has given its first segment.
func (s *Streams) offer(ctx context.Context, name string) (context.Context, *feed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.useLocked(ctx); err != nil {
		return nil, nil, err
	}
	if s.streams[name] != nil {
		ctx, f := s.newFeedLocked(ctx)
		f.waits = true
		return ctx, f, nil
	}
	st, err := s.addLocked(name)
	if err != nil {
		return nil, nil, err
	}
	ctx, f := s.newFeedLocked(ctx)
	f.waits = true
	s.giveLocked(st, f)
	return ctx, f, nil
}

// readInit returns the first segment of src.
func readInit(ctx context.Context, src Source) (*Segment, error) {
	seg, err := src.ReadSegment(ctx)
	if err == nil && seg.Type != TypeInit {
		return nil, fmt.Errorf("livews: track %d begins with chunk %v, not with an init segment", seg.Track, seg.Position)
	}
	return seg, err
}

// claim gives f, whose source begins with epoch, the stream of this name, if it has
// precedence.
func (s *Streams) claim(name string, f *feed, epoch uint32) (*stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	f.waits, f.epoch = false, epoch
	st := s.streams[name]
	if st == nil { // whoever had it has ended meanwhile
		st, err := s.addLocked(name)
		if err != nil {
			return nil, err
		}
		s.giveLocked(st, f)
		return st, nil
	}
	has, old := st.epoch, st.feed
	writing := old != nil && old != f && !old.waits
	if writing {
		has = max(has, old.epoch)
	}
	if epoch < has || writing && epoch == has {
		return nil, fmt.Errorf("%w: %q has epoch %d, which epoch %d does not take over", ErrExists, name, has, epoch)
	}
	if writing {
		old.stop(fmt.Errorf("%w: %q was taken over by epoch %d from epoch %d", ErrExists, name, epoch, has))
		s.logger().Info("stream was taken over", "stream", name, "epoch", epoch)
	}
	s.giveLocked(st, f)
	return st, nil
}

// giveLocked makes f the publisher of st.
func (s *Streams) giveLocked(st *stream, f *feed) {
	st.stay()
	st.feed, st.published = f, true
	s.moveLocked(st, []string{s.id})
	s.openedLocked(st)
}

// withdraw ends the turn of f, which got no stream. If it has kept the name, and nobody
// else has claimed that, subscribers wait for nothing.
func (s *Streams) withdraw(name string, f *feed, err error) error {
	err = f.why(err)
	if err == io.EOF {
		err = nil
	}
	s.mu.Lock()
	st := s.streams[name]
	s.mu.Unlock()
	if st != nil {
		s.endTurn(st, f, err)
	}
	return err
}

// HasSource reports whether the stream of this name has a source now: a publisher, or
// what Open gave or is about to give. One that lingers has none.
func (s *Streams) HasSource(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[name]
	return st != nil && st.feed != nil
}
