package ingress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// maxAssemblyTracks bounds the tracks of an assembly.
	maxAssemblyTracks = 32
	// maxAssemblyBytes bounds what waits in an assembly: in all tracks, and to be read.
	maxAssemblyBytes = 32 << 20
	// assemblyPatience is how long the first chunk waits for the init segments of
	// further representations.
	assemblyPatience = time.Second
)

// assembly is a Source of what comes in objects (files, requests) of several
// representations: init segments, and media segments with their chunks. Any number of
// objects can be written at the same time, each as fast as it comes: a chunk goes on when
// it is whole. The segments are as those of a [dash.Splitter], on the clock that CMAF has
// for all representations, with track numbers that are theirs alone.
//
// The first segments are the init segments of all representations: of as many as expect
// has said, or of those that have come a second after the first chunk. What comes later
// gets its init segment in front of its first chunk. The chunks come in the order of their
// decode times, as far as waiting for each other does not take longer than is usual: see
// release.
//
// ReadSegment is for one goroutine at a time.
type assembly struct {
	log     *slog.Logger
	account *account // of what is held; nil where it is nobody's

	mu       sync.Mutex
	reps     []*representation
	tracks   []*assemblyTrack // by their numbers
	refused  bool             // a representation, as its init segment was not right
	adopts   bool             // the only representation takes media whatever its name is
	expected int              // representations, by an MPD; 0 where it is not known
	hints    map[string]hint  // by key
	open     bool             // the first init segments have gone out
	firstAt  time.Time        // when the first chunk came
	beganAt  time.Time        // when the newest object with an init segment did
	newAt    time.Time        // when something came last that had not come before
	queue    []*livews.Segment
	bytes    int // of queue, and of all that tracks hold: chunks, and the init segments that they need
	err      error

	ready chan struct{} // has a token when there may be something to read
	space chan struct{} // closed and made anew when bytes shrinks
	inits chan struct{} // closed and made anew when an init segment has come
}

// hint is what an MPD tells of a representation that its init segment may not.
type hint struct {
	bitrate  uint32
	language string
}

// newAssembly returns an assembly. log is not nil.
func newAssembly(log *slog.Logger) *assembly {
	return &assembly{
		log: log, ready: make(chan struct{}, 1),
		space: make(chan struct{}), inits: make(chan struct{}),
	}
}

// expect notes what representations an MPD names, by their keys (see objectKeys).
func (a *assembly) expect(hints map[string]hint) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.expected, a.hints = len(hints), hints
	a.wake()
}

// isEmpty reports whether no representation has come.
func (a *assembly) isEmpty() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.tracks) == 0
}

// hasMedia reports whether a chunk has come.
func (a *assembly) hasMedia() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.firstAt.IsZero()
}

// hasBegunAfter reports whether an object with an init segment has come since at.
func (a *assembly) hasBegunAfter(at time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.beganAt.After(at)
}

// idle returns for how long nothing new has come.
func (a *assembly) idle() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Since(a.newAt)
}

// allEnded reports whether the last objects of all representations have said that they end.
func (a *assembly) allEnded() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.reps) > 0 && !slices.ContainsFunc(a.reps, func(r *representation) bool { return !r.ended && !r.retired })
}

// end ends the source with err, nil being a clean end, after what has come so far. What is
// still being written then fails with errEnded. The first end counts.
func (a *assembly) end(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return
	}
	a.flush()
	a.err = errCleanEnd
	if err != nil {
		a.err = err
	}
	a.wake()
	a.shrunk(0)
}

var (
	// errCleanEnd is the err of an assembly that has ended without one.
	errCleanEnd = errors.New("the end")
	// errEnded says that an object came too late.
	errEnded = errors.New("the stream has ended")
)

// ReadSegment returns the next segment.
func (a *assembly) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	for {
		seg, wait, err := a.next(time.Now())
		if seg != nil || err != nil {
			return seg, err
		}
		if err := a.await(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// await blocks until there is something new, or the time is over: -1 is for ever.
func (a *assembly) await(ctx context.Context, wait time.Duration) error {
	var late <-chan time.Time
	if wait >= 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-a.ready:
	case <-late:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// next returns what is to be read, or how long to wait for something unless more comes.
func (a *assembly) next(now time.Time) (*livews.Segment, time.Duration, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	wait := time.Duration(-1)
	if len(a.queue) == 0 && a.err == nil {
		wait = a.release(now)
	}
	switch {
	case len(a.queue) > 0:
		seg := a.queue[0]
		a.queue[0] = nil
		a.queue = a.queue[1:]
		a.shrunk(len(seg.Payload))
		return seg, 0, nil
	case errors.Is(a.err, errCleanEnd):
		return nil, 0, io.EOF
	}
	return nil, wait, a.err
}

func (a *assembly) wake() {
	select {
	case a.ready <- struct{}{}:
	default:
	}
}

// shrunk notes that n bytes less are held.
func (a *assembly) shrunk(n int) {
	a.bytes -= n
	a.account.give(n)
	if a.err != nil || a.bytes <= maxAssemblyBytes {
		close(a.space)
		a.space = make(chan struct{})
	}
}

// put takes a segment of a representation. It blocks while too much waits to be read.
func (a *assembly) put(ctx context.Context, rep *representation, seg *livews.Segment) error {
	if err := a.waitForSpace(ctx); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return errEnded
	}
	t, err := a.track(rep, seg)
	if err != nil {
		return err
	}
	if seg, err = t.renumber(seg, a.hints[rep.key]); err != nil {
		return err
	}
	now := time.Now()
	if seg.Type == livews.TypeInit {
		spare := t.spare()
		if t.takeInit(seg) {
			a.newAt = now
		}
		a.account.keep(t.spare() - spare)
	} else if t.takeChunk(seg, now) {
		a.countInit(t)
		a.bytes += len(seg.Payload)
		a.account.keep(len(seg.Payload))
		a.newAt = now
		if a.firstAt.IsZero() {
			a.firstAt = now
		}
		a.retire(t, seg, now)
	}
	a.wake()
	return nil
}

// countInit counts the newest init segment of t, which is needed from now on, in a.bytes.
func (a *assembly) countInit(t *assemblyTrack) {
	a.bytes += t.spare()
	t.counted = true
}

// waitForSpace blocks while too much waits to be read. That never waits for what is
// written elsewhere: what is too much is released.
func (a *assembly) waitForSpace(ctx context.Context) error {
	for {
		a.mu.Lock()
		full, space := a.err == nil && a.bytes > maxAssemblyBytes, a.space
		a.mu.Unlock()
		if !full {
			return nil
		}
		select {
		case <-space:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// track returns the track of rep to which seg belongs, which is made with its first init
// segment.
func (a *assembly) track(rep *representation, seg *livews.Segment) (*assemblyTrack, error) {
	if t := rep.tracks[seg.Track]; t != nil {
		return t, nil
	}
	if len(a.tracks) == maxAssemblyTracks {
		return nil, fmt.Errorf("%w: more than %d tracks in one stream", errTooMany, maxAssemblyTracks)
	}
	if !slices.Contains(a.reps, rep) { // its first object was no init segment
		a.reps = append(a.reps, rep)
	}
	t := &assemblyTrack{number: a.freeNumber(seg.Track), rep: rep, log: a.log}
	rep.tracks[seg.Track], rep.retired = t, false
	at, _ := slices.BinarySearchFunc(a.tracks, t, func(x, y *assemblyTrack) int { return int(x.number) - int(y.number) })
	a.tracks = slices.Insert(a.tracks, at, t)
	return t, nil
}

// freeNumber returns the wanted number if no track has it, else the lowest that none has.
func (a *assembly) freeNumber(wanted uint16) uint16 {
	taken := func(n uint16) bool {
		return slices.ContainsFunc(a.tracks, func(t *assemblyTrack) bool { return t.number == n })
	}
	if !taken(wanted) {
		return wanted
	}
	n := uint16(1)
	for taken(n) {
		n++
	}
	return n
}
