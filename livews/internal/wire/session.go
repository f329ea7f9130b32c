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
	streams *livews.Streams
	name    string
	via     []string
	enc     Encoder
	plain   bool
	rest    *rest // nil without a latency budget
	warned  time.Time
	leave   func()         // of the stream; nil for a standby
	starts  chan struct{}  // closed when a standby is started; nil for others
	tasks   sync.WaitGroup // besides the sending

	mu      sync.Mutex
	started bool                    // starts is closed
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
	if s.leave != nil {
		s.leave()
		s.leave = nil
	}
}

// join subscribes to the stream.
func (s *session) join(ctx context.Context) error {
	s.mu.Lock()
	req := &livews.Request{Name: s.name, After: s.opts.After, From: s.opts.From, Via: s.via}
	s.mu.Unlock()
	relay, leave, err := s.streams.JoinAs(ctx, req)
	if err != nil {
		return err
	}
	s.leave = leave
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sub = relay.Subscribe(&s.opts)
	return nil
}

// run serves until the stream, the subscriber or ctx ends, and closes the connection.
func (s *session) run(ctx context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(ctx, s.conn.hurry)()
	s.tasks.Go(func() {
		// The library drops the connection when a read's context ends; the
		// close frame has to go out first.
		cancel(s.receive(context.WithoutCancel(ctx), s.control))
	})
	err := s.serve(ctx, cancel)
	var sent *sendError
	if cause := context.Cause(ctx); cause != nil && !errors.As(err, &sent) {
		err = cause
	}
	cancel(err)
	s.exit() // closing may take a while
	s.end(err)
}

func (s *session) serve(ctx context.Context, cancel context.CancelCauseFunc) error {
	if len(s.via) > 0 {
		told, err := s.tellPath(ctx, unknownPath)
		switch {
		case err == nil:
			s.tasks.Go(func() { cancelIf(cancel, s.followPath(ctx, told)) })
		case !errors.Is(err, livews.ErrNotFound): // else it has ended, and is to be sent to its end
			return err
		}
	}
	if s.starts != nil {
		if err := s.standBy(ctx); err != nil {
			return err
		}
	}
	return s.send(ctx)
}

func cancelIf(cancel context.CancelCauseFunc, err error) {
	if err != nil {
		cancel(err)
	}
}

// send writes what is due to the viewer until an error comes.
func (s *session) send(ctx context.Context) error {
	segments := s.rest.batch()
	frames := make([][]byte, 2*len(segments))
	for {
		n, err := s.sub.ReadSegments(ctx, segments, maxBatchBytes)
		if err != nil {
			return err
		}
		bufs := net.Buffers(frames[:0])
		var encErr error
		bytes := 0
		for _, seg := range segments[:n] {
			s.noteGap(seg)
			bytes += livews.HeaderSize + len(seg.Payload)
			if bufs, encErr = s.enc.Encode(bufs, seg); encErr != nil {
				break
			}
		}
		s.rest.took(segments[:n], n < len(segments) && bytes < maxBatchBytes)
		used := min(len(bufs), len(frames))
		if len(bufs) > 0 {
			if err := s.conn.WriteAll(bufs); err != nil {
				return &sendError{err}
			}
		}
		if encErr != nil {
			return encErr
		}
		clear(segments[:n])
		clear(frames[:used])
		if err := s.rest.wait(ctx); err != nil {
			return err
		}
	}
}

// noteGap logs the first skip of an episode.
func (s *session) noteGap(seg *livews.Segment) {
	if seg.Gap == nil || seg.Gap.Reason != livews.GapSlow {
		return
	}
	now := time.Now()
	if now.Sub(s.warned) > lagQuiet {
		s.log.Warn("slow viewer skips", "track", seg.Track, "group", seg.Position.Group,
			"skipped", s.sub.Stats().Gaps)
	}
	s.warned = now
}

// control does what the subscriber says. An error is a violation of the protocol.
func (s *session) control(c *control) error {
	switch c.Type {
	case typeSelect:
		return s.selectTracks(c.Tracks)
	case typeStart:
		return s.start(c)
	}
	return nil
}

func (s *session) selectTracks(tracks []uint16) error {
	if len(tracks) > maxListed {
		return fmt.Errorf("select names more than %d tracks", maxListed)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sub != nil {
		s.sub.Select(tracks)
	} else {
		s.opts.Tracks = tracks
	}
	return nil
}

// end tells the subscriber of a clean end, and closes the connection.
func (s *session) end(cause error) {
	var received *receiveError
	if !errors.Is(cause, io.EOF) || errors.As(cause, &received) {
		s.close(cause)
		return
	}
	s.log.Debug("stream ends")
	if !s.plain {
		if err := s.conn.writeText((&control{Type: typeEnd}).text()); err != nil {
			_ = s.ws.CloseNow()
			return
		}
	}
	_ = s.ws.Close(websocket.StatusNormalClosure, "end of stream")
}
