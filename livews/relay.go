package livews

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

const (
	defaultWindow   = 15 * time.Second
	defaultMaxBytes = 64 << 20
	// maxTracks bounds the tracks of one stream.
	maxTracks = 64
)

// ErrClosed is what writing to a [Relay] or joining [Streams] gives after their
// Close.
var ErrClosed = errors.New("livews: closed")

// RelayOptions are the bounds of a [Relay]'s window.
type RelayOptions struct {
	// Window is the media time that is kept for those who resume, lag or
	// rewind. It is kept in whole groups, so that up to a group more is there.
	// Zero means 15 s.
	Window time.Duration
	// MaxBytes bounds the window's memory, whatever its duration: of the chunks, and
	// of the init segments that they need or that are in force. Zero means 64 MiB.
	MaxBytes int64
}

// A Relay takes the segments of one stream and hands them to any number of
// subscribers. It is one bounded log, and a subscriber is a place in it: joining,
// lagging, skipping and resuming all just set that place. Its memory is the
// window, whatever the number of subscribers; a subscriber that does not read
// costs nothing, and the writer never waits for anybody.
//
// A Relay may be used by any number of goroutines at the same time.
type Relay struct {
	window   time.Duration
	maxBytes int64
	born     time.Time

	mu     sync.Mutex
	tracks []*trackLog
	order  uint64 // segments taken so far
	epoch  uint32 // of the newest init segment
	sent   int64  // bytes handed to subscribers
	err    error  // why the stream has ended; nil while it goes on
	idle   waitList
}

// NewRelay returns a Relay; opts may be nil.
func NewRelay(opts *RelayOptions) *Relay {
	var o RelayOptions
	if opts != nil {
		o = *opts
	}
	return &Relay{
		window:   cmp.Or(o.Window, defaultWindow),
		maxBytes: cmp.Or(o.MaxBytes, defaultMaxBytes),
		born:     time.Now(),
	}
}

// WriteSegment adds seg to the log and wakes the subscribers of its track. It
// never blocks.
//
// Chunks are taken once each and in order: one that is not newer than the
// newest of its track is dropped without an error, and one that does not follow
// it (by its [Position]) is dropped with all that come before the next group
// start, which then carries a [Gap]. An init segment that repeats the one in
// force is dropped.
//
// The epoch of the newest init segment is that of the stream. From then on whatever
// is of a lower one is dropped without an error, in all tracks, so that a source which
// comes back from the dead does not go on in a track that its successor lacks.
//
// The error wraps [ErrMessage] where no message can carry seg; it is [ErrClosed]
// after Close. A chunk before the init segment of its track and epoch is an error, and
// so is an init segment for which MaxBytes, or the 64 tracks of a stream, leave no room.
func (r *Relay) WriteSegment(_ context.Context, seg *Segment) error {
	if _, err := seg.Frame(); err != nil {
		return err
	}
	list, woken, err := r.add(seg, r.now())
	for _, c := range woken {
		c.sub.wake()
	}
	if list != nil {
		r.mu.Lock()
		list.reuse(woken)
		r.mu.Unlock()
	}
	return err
}

// now returns the time since r was made.
func (r *Relay) now() time.Duration { return time.Since(r.born) }

// add changes the log and returns those who wait for the change, with the list
// that they were taken from if it is to be used again.
func (r *Relay) add(seg *Segment, now time.Duration) (*waitList, []*cursor, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.err != nil:
		return nil, nil, ErrClosed
	case seg.Position.Epoch < r.epoch:
		return nil, nil, nil
	case seg.Type == TypeInit:
		woken, err := r.addInit(seg)
		return nil, woken, err
	}
	t := r.track(seg.Track)
	if t == nil || t.init.epoch() != seg.Position.Epoch {
		return nil, nil, fmt.Errorf("livews: chunk of track %d at %v before its init segment", seg.Track, seg.Position)
	}
	if !t.append(seg, r.order+1, now) {
		return nil, nil, nil
	}
	r.order++
	r.evict(t)
	return &t.waiting, t.waiting.takeAll(), nil
}

// addInit puts an init segment in force. It concerns everyone: a subscriber of
// all tracks must learn of a new one.
func (r *Relay) addInit(seg *Segment) ([]*cursor, error) {
	t := r.track(seg.Track)
	if t != nil && t.repeats(seg) {
		return nil, nil
	}
	if err := r.checkRoom(seg); err != nil {
		return nil, err
	}
	if t == nil {
		t = &trackLog{number: seg.Track}
		r.tracks = append(r.tracks, t)
	}
	r.order++
	t.setInit(seg, r.order)
	r.epoch = seg.Position.Epoch
	r.shrink()
	return r.takeWaiting(), nil
}

// checkRoom checks that seg can be put in force: init segments are not evicted.
func (r *Relay) checkRoom(seg *Segment) error {
	bytes, known := cost(seg), false
	for _, t := range r.tracks {
		if t.number == seg.Track {
			known = true
			continue
		}
		bytes += cost(t.init.seg)
	}
	switch {
	case !known && len(r.tracks) == maxTracks:
		return errors.New("livews: too many tracks in one stream")
	case bytes > r.maxBytes:
		return fmt.Errorf("livews: init segments of %d bytes, the window has %d", bytes, r.maxBytes)
	}
	return nil
}

// takeWaiting empties all wait lists.
func (r *Relay) takeWaiting() []*cursor {
	all := append([]*cursor(nil), r.idle.takeAll()...)
	for _, t := range r.tracks {
		all = append(all, t.waiting.takeAll()...)
	}
	return all
}

// evict keeps the window within its bounds after a chunk was added to t.
func (r *Relay) evict(t *trackLog) {
	if t.expired(r.window) {
		for t.expired(r.window) {
			t.evict()
		}
		r.evictPast(t.oldest())
	}
	r.shrink()
}

// evictPast removes what came before order in the tracks to which nothing is added
// any more.
func (r *Relay) evictPast(order uint64) {
	for _, t := range r.tracks {
		for !r.current(t) && t.oldest() < order {
			t.evict()
		}
	}
}

// shrink keeps the window within its bytes.
func (r *Relay) shrink() {
	for r.bytes() > r.maxBytes {
		oldest := slices.MinFunc(r.tracks, func(a, b *trackLog) int { return cmp.Compare(a.oldest(), b.oldest()) })
		if oldest.chunks.n == 0 {
			return // the rest is init segments in force
		}
		oldest.evict()
	}
}

// bytes returns the size of the window.
func (r *Relay) bytes() int64 {
	var n int64
	for _, t := range r.tracks {
		n += t.bytes
	}
	return n
}

// current reports whether t belongs to the newest epoch: a source that starts
// again may have fewer tracks than before.
func (r *Relay) current(t *trackLog) bool { return t.init.epoch() == r.epoch }

func (r *Relay) track(number uint16) *trackLog {
	for _, t := range r.tracks {
		if t.number == number {
			return t
		}
	}
	return nil
}

// Close ends the stream cleanly: subscribers get what is still due to them, then
// [io.EOF]. It always returns nil.
func (r *Relay) Close() error { return r.CloseWithError(nil) }

// CloseWithError ends the stream: subscribers get what is still due to them,
// then err, or [io.EOF] if err is nil. The first close decides; it always returns
// nil.
func (r *Relay) CloseWithError(err error) error {
	if err == nil {
		err = io.EOF
	}
	r.mu.Lock()
	var woken []*cursor
	if r.err == nil {
		r.err = err
		woken = r.takeWaiting()
	}
	r.mu.Unlock()
	for _, c := range woken {
		c.sub.wake()
	}
	return nil
}

// RelayStats is the state of a [Relay] at one moment.
type RelayStats struct {
	// Tracks are the tracks of the newest epoch in the order of their appearance. The
	// descriptions are shared and must not be changed.
	Tracks []*Track
	// Newest has the position of the newest chunk of each track that has one.
	Newest map[uint16]Position
	// Epoch is that of the newest init segment: the stream's.
	Epoch uint32
	// Bytes is the size of the window; Sent counts the bytes handed to
	// subscribers since the beginning.
	Bytes, Sent int64
}

// Stats returns the relay's state.
func (r *Relay) Stats() RelayStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	stats := RelayStats{Newest: make(map[uint16]Position), Epoch: r.epoch, Bytes: r.bytes(), Sent: r.sent}
	for _, t := range r.tracks {
		if !r.current(t) {
			continue
		}
		stats.Tracks = append(stats.Tracks, t.init.seg.Info)
		if !t.newest.IsZero() {
			stats.Newest[t.number] = t.newest
		}
	}
	return stats
}
