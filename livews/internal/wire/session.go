package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
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

// session is one viewer's connection.
type session struct {
	ws     *websocket.Conn
	conn   *serverConn
	sub    *livews.Subscription
	enc    Encoder
	log    *slog.Logger
	warned time.Time
}

// run sends until the stream, the viewer or ctx ends, and closes the connection.
func (s *session) run(ctx context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	received := make(chan struct{})
	go func() {
		defer close(received)
		// The library drops the connection when a read's context ends; the
		// close frame has to go out first.
		cancel(s.receive(context.WithoutCancel(ctx)))
	}()
	err := s.send(ctx)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	s.close(err)
	<-received
}

// send writes what is due to the viewer until an error comes.
func (s *session) send(ctx context.Context) error {
	var (
		segments [maxBatch]*livews.Segment
		frames   [2 * maxBatch][]byte
	)
	for {
		n, err := s.sub.ReadSegments(ctx, segments[:], maxBatchBytes)
		if err != nil {
			return err
		}
		bufs := net.Buffers(frames[:0])
		var encErr error
		for _, seg := range segments[:n] {
			s.noteGap(seg)
			if bufs, encErr = s.enc.Encode(bufs, seg); encErr != nil {
				break
			}
		}
		if len(bufs) > 0 {
			if err := s.conn.WriteAll(bufs); err != nil {
				return &sendError{err}
			}
		}
		if encErr != nil {
			return encErr
		}
		clear(segments[:n])
		clear(frames[:])
	}
}

// sendError is a failed write: nothing more can be sent.
type sendError struct{ error }

func (e *sendError) Unwrap() error { return e.error }

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

// errViolation is what a viewer gets that does not keep to the protocol.
var errViolation = errors.New("protocol violation")

// receive reads what the viewer sends until the connection ends.
func (s *session) receive(ctx context.Context) error {
	for {
		typ, msg, err := s.ws.Read(ctx)
		if err != nil {
			return &receiveError{err}
		}
		if typ != websocket.MessageText {
			return fmt.Errorf("%w: binary message from a viewer", errViolation)
		}
		c, err := parseControl(msg)
		if err != nil {
			return fmt.Errorf("%w: %w", errViolation, err)
		}
		if c.Type == typeSelect && len(c.Tracks) <= maxListed {
			s.sub.Select(c.Tracks)
		}
	}
}

// receiveError is the end of what the viewer sends: it has closed, or is gone.
type receiveError struct{ error }

func (e *receiveError) Unwrap() error { return e.error }

// close ends the connection with the close code that fits the cause.
func (s *session) close(cause error) {
	s.log.Debug("viewer leaves", "err", cause)
	var (
		sent     *sendError
		received *receiveError
	)
	switch {
	case errors.Is(cause, io.EOF) && !errors.As(cause, &received):
		s.end()
	case errors.Is(cause, errViolation):
		_ = s.ws.Close(codeViolation, cut(cause.Error()))
	case errors.Is(cause, errDead):
		_ = s.ws.Close(codeDead, errDead.Error())
	case errors.As(cause, &sent) && errors.Is(cause, os.ErrDeadlineExceeded):
		s.closeStalled()
	case errors.As(cause, &sent), errors.As(cause, &received):
		_ = s.ws.CloseNow()
	case errors.Is(cause, livews.ErrClosed), errors.Is(cause, context.Canceled):
		_ = s.ws.Close(codeShutdown, "server shuts down")
	default:
		_ = s.ws.Close(codeLost, "stream lost")
	}
}

// end tells the viewer that the stream has ended.
func (s *session) end() {
	if _, ok := s.enc.(messages); ok {
		if err := s.conn.writeText((&control{Type: typeEnd}).text()); err != nil {
			_ = s.ws.CloseNow()
			return
		}
	}
	_ = s.ws.Close(websocket.StatusNormalClosure, "end of stream")
}

// closeStalled drops a viewer that takes no bytes, without a close frame: that would
// get no further than the full buffers, and a frame may have been cut in the middle.
func (s *session) closeStalled() {
	s.log.Warn("viewer takes no bytes")
	_ = s.ws.CloseNow()
}

// cut shortens a text to what a close frame holds.
func cut(text string) string {
	const most = 120
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}
