package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// maxBatch and maxBatchBytes bound what is taken from the log for one write.
	// What is taken can no longer be skipped, so a slow viewer wants it small.
	maxBatch      = 16
	maxBatchBytes = 64 << 10
	// lagQuiet is how long a viewer has to keep up before a further skip counts
	// as a new episode that is worth a line in the log.
	lagQuiet = 30 * time.Second
)

// session is one subscriber's connection.
type session struct {
	peer
	streams  *livews.Streams
	name     string
	via      []string
	enc      Encoder
	plain    bool
	bundles  bool          // what lies ready goes out as bundles
	lag      time.Duration // asked for; zero: the default
	changed  chan struct{} // holds a token after a select
	warned   time.Time
	delivery *delivery     // nil where the viewer is served by its own goroutine only
	quit     func()        // of the stream; nil for a standby
	starts   chan struct{} // closed when a standby is started; nil for others

	mu      sync.Mutex
	started bool                    // starts is closed
	latency time.Duration           // the budget; zero: none
	opts    livews.SubscribeOptions // of what is not yet subscribed
	sub     *livews.Subscription    // nil for a standby
}

// enter joins the stream, or for a standby makes sure that it may be there.
func (s *session) enter(ctx context.Context) error {
	if s.starts != nil {
		return s.checkStandby(ctx)
	}
	return s.join(ctx)
}

// exit leaves the stream if it was joined, and is.
func (s *session) exit() {
	if s.quit != nil {
		s.quit()
		s.quit = nil
	}
}

// join subscribes to the stream.
func (s *session) join(ctx context.Context) error {
	s.mu.Lock()
	req := &livews.Request{Name: s.name, After: s.opts.After, From: s.opts.From, Via: s.via}
	s.mu.Unlock()
	relay, quit, err := s.streams.JoinAs(ctx, req)
	if err != nil {
		return err
	}
	s.quit = quit
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sub = relay.Subscribe(&s.opts)
	return nil
}

// run serves until the stream, the subscriber or ctx ends, and says why.
func (s *session) run(ctx context.Context) {
	defer s.exit()
	s.do(func() { s.receive(s.control) })
	err := s.prepare(ctx)
	if err == nil {
		err = s.send(ctx)
	}
	var sent *sendError
	if cause := context.Cause(ctx); cause != nil && !errors.As(err, &sent) {
		err = cause
	}
	s.leave(err)
	s.exit() // closing may take a while
	s.end(err)
}

// prepare does what comes before the media.
func (s *session) prepare(ctx context.Context) error {
	if len(s.via) > 0 {
		told, err := s.tellPath(ctx, unknownPath)
		switch {
		case err == nil:
			s.do(func() { s.leaveIf(s.followPath(ctx, told)) })
		case !errors.Is(err, livews.ErrNotFound): // else it has ended, and is to be sent to its end
			return err
		}
	}
	if s.starts != nil {
		return s.standBy(ctx)
	}
	return nil
}

// framesOf has room for the frames of one write. A viewer has it only for as long as
// that takes, and none on its stack, which is to stay small.
var framesOf = sync.Pool{New: func() any { return new([2 * restBatch][]byte) }}

// send writes what is due to the viewer until an error comes.
func (s *session) send(ctx context.Context) error {
	for {
		s.mu.Lock()
		budget := newBudget(s.latency)
		s.mu.Unlock()
		send := s.delivery.run
		if budget != nil || s.conn.raw == nil {
			send = func(ctx context.Context) error { return s.sendAlone(ctx, budget) }
		}
		if err := send(ctx); !errors.Is(err, errChanged) {
			return err
		}
	}
}

// sendAlone is send without the pump.
func (s *session) sendAlone(ctx context.Context, budget *budget) error {
	segments := budget.batch()
	for {
		n, err := s.sub.ReadSegments(ctx, segments, maxBatchBytes)
		if err != nil {
			return err
		}
		all := n < len(segments) && wireSize(segments[:n]) < maxBatchBytes
		last := caughtUp(segments[:n], all)
		budget.took(last)
		if err := s.write(segments[:n], last); err != nil {
			return err
		}
		clear(segments[:n])
		if err := budget.wait(ctx, s.changed); err != nil {
			return err
		}
		select {
		case <-s.changed:
			return errChanged
		default:
		}
	}
}

// write writes the segments to the viewer at once. last says that nothing more lies ready.
func (s *session) write(segments []*livews.Segment, last bool) error {
	frames := framesOf.Get().(*[2 * restBatch][]byte)
	bufs, encErr := s.frames(frames[:0], segments, last)
	var err error
	if len(bufs) > 0 {
		err = s.conn.WriteAll(bufs)
	}
	clear(frames[:min(len(bufs), len(frames))])
	framesOf.Put(frames)
	if err != nil {
		return &sendError{err}
	}
	return encErr
}

// frames appends what goes out for the segments to bufs; what comes before an error is good.
// last says that nothing more lies ready.
func (s *session) frames(bufs net.Buffers, segments []*livews.Segment, last bool) (net.Buffers, error) {
	if s.bundles {
		return s.encodeBundle(bufs, segments, last)
	}
	return s.encode(bufs, segments)
}

// encode appends the frames of the segments to bufs; those before an error are good.
func (s *session) encode(bufs net.Buffers, segments []*livews.Segment) (net.Buffers, error) {
	var err error
	for _, seg := range segments {
		s.noteGap(seg)
		if bufs, err = s.enc.Encode(bufs, seg); err != nil {
			break
		}
	}
	return bufs, err
}

// noteGap logs the first skip of an episode.
func (s *session) noteGap(seg *livews.Segment) {
	if seg.Gap == nil || seg.Gap.Reason != livews.GapSlow {
		return
	}
	now := time.Now()
	if now.Sub(s.warned) > lagQuiet {
		s.log().Warn("slow viewer skips", "track", seg.Track, "group", seg.Position.Group,
			"skipped", s.sub.Stats().Gaps)
	}
	s.warned = now
}

// control does what the subscriber says. An error is a violation of the protocol.
func (s *session) control(c *control) error {
	switch c.Type {
	case typeSelect:
		return s.choose(c)
	case typeStart:
		return s.start(c)
	}
	return nil
}

// choose does what a select says.
func (s *session) choose(c *control) error {
	if len(c.Tracks) > maxListed {
		return fmt.Errorf("select names more than %d tracks", maxListed)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.Latency != nil {
		latency, err := parseLatency(*c.Latency)
		if err != nil {
			return fmt.Errorf("select: %w", err)
		}
		s.latency = latency
		s.opts.MaxLag = lagWith(latency, s.lag)
	}
	if s.sub == nil {
		s.opts.Tracks = c.Tracks
		return nil
	}
	s.sub.SetMaxLag(s.opts.MaxLag)
	if c.At == atGroup {
		s.sub.Switch(c.Tracks)
	} else {
		s.sub.Select(c.Tracks)
	}
	select {
	case s.changed <- struct{}{}: // a rest ends
	default:
	}
	return nil
}

// end tells the subscriber of the end.
func (s *session) end(cause error) {
	var received *receiveError
	if !errors.Is(cause, io.EOF) || errors.As(cause, &received) {
		s.close(cause)
		return
	}
	s.log().Debug("stream ends")
	if !s.plain {
		_ = s.conn.writeText((&control{Type: typeEnd}).text()) // a connection that failed takes no close frame either
	}
	s.conn.writeClose(websocket.StatusNormalClosure, "end of stream")
}
