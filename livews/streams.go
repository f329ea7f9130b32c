package livews

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	defaultLinger     = 5 * time.Second
	defaultMaxStreams = 1024
	// maxOpening bounds the streams that are being opened at the same time: a flood
	// of names becomes no flood of connections.
	maxOpening = 64
)

var (
	// ErrNotFound says that there is no stream of the name asked for.
	ErrNotFound = errors.New("livews: stream not found")
	// ErrUnavailable says that it is not known whether there is such a stream,
	// because whoever would know does not answer, or that there is no room for
	// one more: try again later.
	ErrUnavailable = errors.New("livews: stream unavailable")
	// ErrExists says that a stream of that name is there already.
	ErrExists = errors.New("livews: stream exists")
)

// Streams is a set of named streams, each with its [Relay]: those that are
// published here, and those that are opened when somebody asks for them and
// closed when nobody has for a while. The zero Streams is ready for use.
//
// Its fields are set before its first use. Its methods may be called by any
// number of goroutines at the same time.
type Streams struct {
	// Open opens a stream that is not published here. It is called once however
	// many ask at the same time. Its error reaches all of them; it should wrap
	// [ErrNotFound] or [ErrUnavailable]. ctx lives until the stream is closed,
	// so Open has to bound its own waiting. If the Source is an [io.Closer] it is
	// closed in the end. At most 64 calls are under way at the same time, and a name
	// that was not found is not asked for again within a second. With a nil Open
	// there are only published streams.
	Open func(ctx context.Context, req *Request) (Source, error)
	// Discover tells which streams Open knows of: it calls set with all of them at
	// first and whenever they change, until ctx ends. Those that come by way of the
	// node with the id, which is this one's, are to be left out. It is called once, at
	// the first use of the Streams. Where it says that its list is complete, Open
	// is not called for other names. It may be nil.
	Discover func(ctx context.Context, id string, set func(*Directory)) error
	// ID names this node among all those of a tree: 1 to 64 letters, digits, '-', '_'
	// or '.'. Empty means one at random.
	ID string
	// Linger is how long an opened stream stays after the last one has left it.
	// Zero means 5 s.
	Linger time.Duration
	// MaxStreams bounds the streams that are open at the same time, those being
	// opened included; a further one gets [ErrUnavailable]. Zero means 1024.
	MaxStreams int
	// Relay has the bounds of each stream's window; nil means the defaults.
	Relay *RelayOptions
	// Logger gets a line when a stream begins and when it ends; nil discards.
	Logger *slog.Logger

	mu      sync.Mutex
	streams map[string]*stream
	opening int    // of them
	misses  misses // names that Open has not found
	closed  bool
	running sync.WaitGroup
}

// stream is one entry of Streams.
type stream struct {
	name      string
	relay     *Relay
	published bool
	cancel    context.CancelFunc
	opened    chan struct{} // closed when err is known
	err       error         // why it could not be opened

	// Guarded by Streams.mu.
	viewers int
	visits  int         // all that ever came
	linger  *time.Timer // to expire; nil while there are viewers
}

// Publish copies src to a new stream of this name until src ends, an error
// comes, or ctx ends, and then ends the stream for its subscribers: cleanly if
// src ended cleanly. It blocks all that time, and returns nil at a clean end. It
// does not close src. The error is [ErrExists] where the name is taken, and wraps
// [ErrName] where it cannot be one.
func (s *Streams) Publish(ctx context.Context, name string, src Source) error {
	if err := CheckName(name); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	st := &stream{name: name, published: true, relay: NewRelay(s.Relay), cancel: cancel, opened: make(chan struct{})}
	close(st.opened)
	if err := s.add(st); err != nil {
		return err
	}
	defer s.running.Done()
	return s.run(ctx, st, src)
}

// add puts st in the set. The caller answers with running.Done.
func (s *Streams) add(st *stream) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addLocked(st)
}

func (s *Streams) addLocked(st *stream) error {
	switch {
	case s.closed:
		return ErrClosed
	case s.streams[st.name] != nil:
		return fmt.Errorf("%w: %q", ErrExists, st.name)
	case len(s.streams) >= cmp.Or(s.MaxStreams, defaultMaxStreams):
		return fmt.Errorf("%w: %d streams are open", ErrUnavailable, len(s.streams))
	}
	if s.streams == nil {
		s.streams = make(map[string]*stream)
	}
	s.streams[st.name] = st
	s.running.Add(1)
	return nil
}

// run feeds st from src until one of them ends.
func (s *Streams) run(ctx context.Context, st *stream, src Source) error {
	s.logger().Info("stream begins", "stream", st.name)
	err := Copy(ctx, st.relay, src)
	s.remove(st)
	_ = st.relay.CloseWithError(err)
	s.logger().Info("stream ends", "stream", st.name, "err", err)
	return err
}

func (s *Streams) remove(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[st.name] == st {
		delete(s.streams, st.name)
	}
	if st.linger != nil {
		st.linger.Stop()
	}
}

// Join returns the relay of the stream of this name, which is opened if need be,
// and counts the caller among its viewers until leave is called. It blocks while
// the stream is being opened, until ctx ends. leave must be called exactly once;
// it never blocks.
//
// The error wraps [ErrName], [ErrNotFound] or [ErrUnavailable], is [ErrClosed]
// after Close, or what Open has returned.
func (s *Streams) Join(ctx context.Context, name string) (relay *Relay, leave func(), err error) {
	return s.JoinAs(ctx, &Request{Name: name})
}

// JoinAs is Join for a reader that resumes, or for another node: req says so. Its
// Routed is not used. The error wraps [ErrLoop] where the stream comes through a node
// of req.Via, or would have to.
func (s *Streams) JoinAs(ctx context.Context, req *Request) (relay *Relay, leave func(), err error) {
	if err := CheckName(req.Name); err != nil {
		return nil, nil, err
	}
	st, err := s.enter(ctx, req)
	if err != nil {
		return nil, nil, err
	}
	select {
	case <-st.opened:
		err = st.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		s.leave(st)
		return nil, nil, err
	}
	return st.relay, sync.OnceFunc(func() { s.leave(st) }), nil
}

// enter counts one viewer more on the stream of this name.
func (s *Streams) enter(ctx context.Context, req *Request) (*stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[req.Name]
	if st == nil {
		var err error
		if st, err = s.startLocked(ctx, req); err != nil {
			return nil, err
		}
	}
	st.viewers++
	st.visits++
	if st.linger != nil {
		st.linger.Stop()
		st.linger = nil
	}
	return st, nil
}

// startLocked begins to open the stream of this name.
func (s *Streams) startLocked(ctx context.Context, req *Request) (*stream, error) {
	name := req.Name
	if s.Open == nil || s.misses.has(name) {
		return nil, fmt.Errorf("%w: %q", ErrNotFound, name)
	}
	if s.opening >= maxOpening {
		return nil, fmt.Errorf("%w: %d streams are being opened", ErrUnavailable, s.opening)
	}
	st := &stream{name: name, relay: NewRelay(s.Relay), opened: make(chan struct{})}
	if err := s.addLocked(st); err != nil {
		return nil, err
	}
	s.opening++
	// The stream outlives who asks for it first; Close waits for it.
	ctx, st.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go s.openAndRun(ctx, st, req)
	return st, nil
}

func (s *Streams) openAndRun(ctx context.Context, st *stream, req *Request) {
	defer s.running.Done()
	defer st.cancel()
	src, err := s.Open(ctx, &Request{Name: st.name, After: req.After, Via: append(slices.Clone(req.Via), s.ID), Routed: func([]string) {}})
	s.noteOpened(st, err)
	if err != nil {
		return
	}
	_ = s.run(ctx, st, src) // logged there
	if c, ok := src.(io.Closer); ok {
		_ = c.Close() // the stream has its end already
	}
}

// noteOpened tells those who wait what has become of the opening of st.
func (s *Streams) noteOpened(st *stream, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opening--
	if err != nil && s.streams[st.name] == st {
		delete(s.streams, st.name)
	}
	if errors.Is(err, ErrNotFound) {
		if s.misses == nil {
			s.misses = make(misses)
		}
		s.misses.add(st.name)
	}
	st.err = err
	close(st.opened)
}

func (s *Streams) leave(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.viewers--
	if st.viewers > 0 || st.published || s.streams[st.name] != st {
		return
	}
	visits := st.visits
	st.linger = time.AfterFunc(cmp.Or(s.Linger, defaultLinger), func() { s.expire(st, visits) })
}

// expire closes st if nobody has come since it had these visits.
func (s *Streams) expire(st *stream, visits int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.visits != visits || s.streams[st.name] != st {
		return
	}
	delete(s.streams, st.name)
	st.cancel()
}

// Close ends all streams, for their subscribers with [ErrClosed], and waits until
// nothing runs any more. It always returns nil.
func (s *Streams) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, st := range s.streams {
		_ = st.relay.CloseWithError(ErrClosed)
		st.cancel()
	}
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

func (s *Streams) logger() *slog.Logger {
	if s.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Logger
}
