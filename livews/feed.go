package livews

import (
	"context"
	"sync"
)

// feed is the turn of one source at a stream, from the call of Open or Publish to the
// end of the source. A stream can have several, one after the other.
type feed struct {
	cancel context.CancelFunc // of the source's context

	// Guarded by Streams.mu.
	waits bool   // a publisher that has not given its first segment: it only keeps the name
	epoch uint32 // of a publisher's first segment

	mu   sync.Mutex
	over error // why it may not write any more
}

// newFeedLocked returns a feed with the context for its source. The caller answers with
// endFeed.
func (s *Streams) newFeedLocked(ctx context.Context) (context.Context, *feed) {
	f := new(feed)
	ctx, f.cancel = context.WithCancel(ctx)
	if s.feeds == nil {
		s.feeds = make(map[*feed]struct{})
	}
	s.feeds[f] = struct{}{}
	s.running.Add(1)
	return ctx, f
}

func (s *Streams) endFeed(f *feed) {
	s.mu.Lock()
	delete(s.feeds, f)
	s.mu.Unlock()
	f.cancel()
	s.running.Done()
}

// stop cancels the source. When it returns, nothing more is written. The first reason
// counts.
func (f *feed) stop(reason error) {
	f.mu.Lock()
	if f.over == nil {
		f.over = reason
	}
	f.mu.Unlock()
	f.cancel()
}

// why returns the reason why f was stopped, else err.
func (f *feed) why(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over != nil {
		return f.over
	}
	return err
}

// write writes seg unless f was stopped.
func (f *feed) write(ctx context.Context, relay *Relay, seg *Segment) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over != nil {
		return f.over
	}
	return relay.WriteSegment(ctx, seg)
}

// sink returns where the source of f writes to.
func (s *Streams) sink(st *stream, f *feed) Sink {
	return SinkFunc(func(ctx context.Context, seg *Segment) error {
		if err := f.write(ctx, st.relay, seg); err != nil {
			return err
		}
		if seg.Type == TypeInit {
			s.noteInit(st)
		}
		return nil
	})
}

// noteInit looks at what an init segment has changed in the tracks and the epoch.
func (s *Streams) noteInit(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := st.relay.Stats() // as of now: another publisher may have taken over
	if !s.hasLocked(st) || stats.Epoch == st.epoch && sameTracks(stats.Tracks, st.tracks) {
		return
	}
	st.epoch, st.tracks = stats.Epoch, stats.Tracks
	s.changedLocked()
}
