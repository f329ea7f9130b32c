package livews

import (
	"cmp"
	"context"
	"errors"
	"io"
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
	// MaxBytes bounds the window's memory, whatever its duration. Zero means
	// 64 MiB.
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

	mu     sync.Mutex
	tracks []*trackLog
	bytes  int64  // in the window
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
// The error wraps [ErrMessage] where no message can carry seg; it is [ErrClosed]
// after Close.
func (r *Relay) WriteSegment(_ context.Context, seg *Segment) error {
	if _, err := seg.Frame(); err != nil {
		return err
	}
	list, woken, err := r.add(seg)
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

// add changes the log and returns those who wait for the change, with the list
// that they were taken from if it is to be used again.
func (r *Relay) add(seg *Segment) (*waitList, []*cursor, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return nil, nil, ErrClosed
	}
	if seg.Type == TypeInit {
		woken, err := r.addInit(seg)
		return nil, woken, err
	}
	t := r.track(seg.Track)
	if t == nil {
		t = &trackLog{number: seg.Track} // not kept: append refuses
	}
	added, err := t.append(seg, r.order)
	if err != nil || !added {
		return nil, nil, err
	}
	r.order++
	r.bytes += t.chunks.at(t.chunks.end() - 1).cost
	r.evict(t)
	return &t.waiting, t.waiting.takeAll(), nil
}

// addInit puts an init segment in force. It concerns everyone: a subscriber of
// all tracks must learn of a new one.
func (r *Relay) addInit(seg *Segment) ([]*cursor, error) {
	t := r.track(seg.Track)
	if t == nil {
		if len(r.tracks) == maxTracks {
			return nil, errors.New("livews: too many tracks in one stream")
		}
		t = &trackLog{number: seg.Track}
		r.tracks = append(r.tracks, t)
	}
	if !t.setInit(seg, r.order) {
		return nil, nil
	}
	r.order++
	r.epoch = max(r.epoch, seg.Position.Epoch)
	return r.takeWaiting(), nil
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
	for t.expired(r.window) {
		r.bytes -= t.evict()
	}
	for r.bytes > r.maxBytes && r.bytes > 0 {
		r.bytes -= r.oldest().evict()
	}
}

// oldest returns the track with the chunk that came first of all in the log.
func (r *Relay) oldest() *trackLog {
	var oldest *trackLog
	for _, t := range r.tracks {
		if t.chunks.n == 0 {
			continue
		}
		if oldest == nil || t.chunks.at(t.chunks.first).order < oldest.chunks.at(oldest.chunks.first).order {
			oldest = t
		}
	}
	return oldest
}

// current reports whether t belongs to the newest epoch: a source that starts
// again may have fewer tracks than before.
func (r *Relay) current(t *trackLog) bool { return t.init.seg.Position.Epoch == r.epoch }

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
	// Bytes is the size of the window; Sent counts the bytes handed to
	// subscribers since the beginning.
	Bytes, Sent int64
}

// Stats returns the relay's state.
func (r *Relay) Stats() RelayStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	stats := RelayStats{Newest: make(map[uint16]Position), Bytes: r.bytes, Sent: r.sent}
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
