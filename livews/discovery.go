package livews

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

const (
	// maxKnown bounds the streams that are known of.
	maxKnown = 4096

	// Discover is called again after discoverFirst, doubling to discoverMost, and from the
	// beginning once it has lived for discoverMost.
	discoverFirst = 200 * time.Millisecond
	discoverMost  = 10 * time.Second
)

// known is what Discover has told. Streams.mu guards it.
type known struct {
	cancel   context.CancelFunc // of Discover; nil before it is called
	told     chan struct{}      // closed when it has told for the first time
	isTold   bool
	complete bool
	streams  []StreamInfo // by name, as this node has them
}

// find returns what is known of the stream of this name, or nil.
func (k *known) find(name string) *StreamInfo {
	i, ok := slices.BinarySearchFunc(k.streams, name, func(info StreamInfo, name string) int { return strings.Compare(info.Name, name) })
	if !ok {
		return nil
	}
	return &k.streams[i]
}

// lacks reports whether there is certainly no stream of this name.
func (k *known) lacks(name string) bool { return k.complete && k.find(name) == nil }

func (k *known) stop() {
	if k.cancel != nil {
		k.cancel()
	}
}

// discoverLocked begins to discover, once.
func (s *Streams) discoverLocked(ctx context.Context) {
	if s.Discover == nil || s.known.cancel != nil {
		return
	}
	// It outlives who comes first; Close waits for it.
	ctx, s.known.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.known.told = make(chan struct{})
	id := s.id
	s.running.Go(func() { s.discover(ctx, id) })
}

// discover calls Discover until ctx ends.
func (s *Streams) discover(ctx context.Context, id string) {
	wait := discoverFirst
	for {
		began := time.Now()
		err := s.discoverOnce(ctx, id)
		if ctx.Err() != nil {
			return
		}
		s.logger().Warn("directory of the upstream lost", "err", err)
		if time.Since(began) >= discoverMost {
			wait = discoverFirst
		}
		select {
		case <-time.After(time.Duration((0.5 + 0.5*rand.Float64()) * float64(wait))):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, discoverMost)
	}
}

// discoverOnce calls Discover. What it has told remains when it returns, but there may
// be more; what it tells later does not count.
func (s *Streams) discoverOnce(ctx context.Context, id string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		cancel()
		s.knowLocked(s.known.streams, false)
	}()
	return s.Discover(ctx, id, func(d *Directory) {
		streams, all := sift(d.Streams, id)
		s.mu.Lock()
		defer s.mu.Unlock()
		if ctx.Err() != nil {
			return
		}
		if !s.known.isTold {
			s.known.isTold = true
			close(s.known.told)
		}
		s.knowLocked(streams, d.Complete && all)
	})
}

// knowLocked puts what Discover has told in the place of what it had told before.
func (s *Streams) knowLocked(streams []StreamInfo, complete bool) {
	if complete == s.known.complete && slices.EqualFunc(streams, s.known.streams, sameStream) {
		return
	}
	s.known.streams, s.known.complete = streams, complete
	for _, info := range streams {
		s.misses.remove(info.Name)
	}
	s.changedLocked()
}

// sift makes of the streams that upstreams have those that this node, with the id, can
// open, by name. It reports whether there was room for all.
func sift(told []StreamInfo, id string) (streams []StreamInfo, all bool) {
	all = true
	for _, info := range told {
		path := way(id, info.Path)
		if CheckName(info.Name) != nil || path == nil && len(info.Path) > 0 {
			continue
		}
		if len(streams) == maxKnown {
			all = false
			break
		}
		streams = append(streams, StreamInfo{
			Name: info.Name, State: StateIdle, Tracks: siftTracks(info.Tracks), Epoch: info.Epoch,
			Hops: hops(path), Path: path,
		})
	}
	slices.SortStableFunc(streams, byName)
	return slices.CompactFunc(streams, func(a, b StreamInfo) bool { return a.Name == b.Name }), all
}

// siftTracks returns what there is of tracks, within bounds.
func siftTracks(tracks []*Track) []*Track {
	tracks = slices.Clone(tracks[:min(len(tracks), maxTracks)])
	return slices.DeleteFunc(tracks, func(t *Track) bool { return t == nil })
}

func byName(a, b StreamInfo) int { return strings.Compare(a.Name, b.Name) }

// sameStream reports whether a and b are the same to a directory.
func sameStream(a, b StreamInfo) bool {
	return a.Name == b.Name && a.State == b.State && a.Epoch == b.Epoch &&
		slices.Equal(a.Path, b.Path) && sameTracks(a.Tracks, b.Tracks)
}

func sameTracks(a, b []*Track) bool {
	return slices.EqualFunc(a, b, func(a, b *Track) bool { return *a == *b })
}
