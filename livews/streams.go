package livews

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	defaultLinger     = 5 * time.Second
	defaultMaxStreams = 1024
)

var (
	// ErrNotFound says that there is no stream of the name asked for.
	ErrNotFound = errors.New("livews: stream not found")
	// ErrUnavailable says that it is not known whether there is such a stream,
	// because whoever would know does not answer, or that there is no room for
	// one more: try again later.
	ErrUnavailable = errors.New("livews: stream unavailable")
	// ErrExists says that a stream of that name is there already, from a publisher
	// that has precedence.
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
	// [ErrNotFound], [ErrUnavailable], or [ErrLoop] where there is no other way
	// than through the nodes of req.Via. ctx lives until the stream is closed,
	// so Open has to bound its own waiting. If the Source is an [io.Closer] it is
	// closed in the end. At most 64 calls are under way at the same time, and a name
	// that was not found is not asked for again within a second. With a nil Open
	// there are only published streams.
	Open func(ctx context.Context, req *Request) (Source, error)
	// Discover tells which streams Open knows of: it calls set with all of them at
	// first and whenever they change, until ctx ends. Those that come by way of the
	// node with the id, which is this one's, are to be left out. It runs from the
	// first use of the Streams until Close; if it returns before, it is called
	// again after a while. Of a directory only the names, tracks, epochs and paths
	// are used, of 4096 streams at most, each path beginning with the next upstream.
	// set does not keep the directory, and may be called by any goroutine. Where the
	// directory is complete, Open is not called for other names. Discover may be nil.
	Discover func(ctx context.Context, id string, set func(*Directory)) error
	// ID names this node among all those of a tree: 1 to 64 letters, digits, '-', '_'
	// or '.'; with another nothing can be published or joined. Empty means one at
	// random.
	ID string
	// Linger is how long an opened stream stays after the last one has left it, and
	// a published one after its publisher has vanished. Zero means 5 s.
	Linger time.Duration
	// MaxStreams bounds the streams that are open at the same time, those being
	// opened included; a further one gets [ErrUnavailable]. Zero means 1024.
	MaxStreams int
	// Relay has the bounds of each stream's window; nil means the defaults.
	Relay *RelayOptions
	// Logger gets a line when a stream begins and when it ends; nil discards.
	Logger *slog.Logger

	mu      sync.Mutex
	id      string // empty before the first use
	streams map[string]*stream
	feeds   map[*feed]struct{} // all that have a source, or wait for one
	opening int                // of them
	misses  misses             // names that Open has not found
	known   known              // what Discover has told
	closed  bool

	version uint64     // of the directory
	dir     *Directory // of that version; nil until somebody wants it
	changed bell       // rung with each version

	running sync.WaitGroup // feeds and discovery
}

// NodeID returns the ID of this node: where the field ID is empty, the one that was
// chosen at random. It does not count as a use.
func (s *Streams) NodeID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nodeIDLocked()
}

func (s *Streams) nodeIDLocked() string {
	if s.id == "" {
		s.id = cmp.Or(s.ID, randomID())
	}
	return s.id
}

// useLocked comes first in all that uses s.
func (s *Streams) useLocked(ctx context.Context) error {
	if s.closed {
		return ErrClosed
	}
	if id := s.nodeIDLocked(); !validID(id) {
		return fmt.Errorf("livews: invalid node ID %.80q", id)
	}
	s.discoverLocked(ctx)
	return nil
}

// addLocked puts a new stream into the set.
func (s *Streams) addLocked(name string) (*stream, error) {
	if len(s.streams) >= cmp.Or(s.MaxStreams, defaultMaxStreams) {
		return nil, fmt.Errorf("%w: %d streams are open", ErrUnavailable, len(s.streams))
	}
	if s.streams == nil {
		s.streams = make(map[string]*stream)
	}
	st := &stream{name: name, relay: NewRelay(s.Relay), opened: make(chan struct{})}
	s.streams[name] = st
	return st, nil
}

// hasLocked reports whether st is still there: after its end the name may be another's.
func (s *Streams) hasLocked(st *stream) bool { return s.streams[st.name] == st }

// removeLocked takes st, which is there, out of the set and ends it with err, nil
// being a clean end.
func (s *Streams) removeLocked(st *stream, err error) {
	delete(s.streams, st.name)
	st.stay()
	if st.isOpen() {
		s.logger().Info("stream ends", "stream", st.name, "err", err)
		s.changedLocked()
	}
	st.settle(err)
	st.moved.ring()
	_ = st.relay.CloseWithError(err)
}

// changedLocked makes a new version of the directory.
func (s *Streams) changedLocked() {
	s.version++
	s.dir = nil
	s.changed.ring()
}

// Close ends all streams, for their subscribers with [ErrClosed], and waits until
// nothing runs any more. It always returns nil.
func (s *Streams) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, st := range s.streams {
		s.removeLocked(st, ErrClosed)
	}
	for f := range s.feeds {
		f.stop(ErrClosed)
	}
	s.known.stop()
	s.changed.ring()
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
