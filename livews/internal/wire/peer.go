package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
)

// peer is the connection of somebody downstream.
type peer struct {
	ws      *websocket.Conn
	conn    *serverConn
	cancel  context.CancelCauseFunc // of its context
	movable bool                    // is asked to go by a drain
	tasks   sync.WaitGroup          // besides the sending

	// For the log, which hardly anybody needs to be made for.
	logger       *slog.Logger
	path, remote string
}

func (s *Server) newPeer(r *http.Request) peer {
	return peer{logger: s.logger(), path: r.URL.Path, remote: r.RemoteAddr}
}

func (p *peer) log() *slog.Logger { return p.logger.With("stream", p.path, "remote", p.remote) }

// leave lets the peer go for the cause, unless it goes already.
func (p *peer) leave(cause error) {
	p.cancel(cause)
	p.conn.hurry()
}

// sendError is a failed write: nothing more can be sent.
type sendError struct{ error }

func (e *sendError) Unwrap() error { return e.error }

// receiveError is the end of what the peer sends: it has closed, or is gone.
type receiveError struct{ error }

func (e *receiveError) Unwrap() error { return e.error }

// errViolation is what a peer gets that does not keep to the protocol.
var errViolation = errors.New("protocol violation")

// receive calls control with the messages that the peer sends until the connection
// ends; ctx has nothing to do with that.
func (p *peer) receive(ctx context.Context, control func(c *control) error) error {
	// The library drops the connection when a read's context ends; the close frame
	// has to go out first.
	ctx = context.WithoutCancel(ctx)
	var messages rate
	for {
		typ, msg, err := p.ws.Read(ctx)
		if err != nil {
			return &receiveError{err}
		}
		if typ != websocket.MessageText {
			return fmt.Errorf("%w: binary message from downstream", errViolation)
		}
		if !messages.allow(time.Now()) {
			return fmt.Errorf("%w: more than %d messages in a second", errViolation, maxRate)
		}
		c, err := parseControl(msg)
		if err == nil {
			err = control(c)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errViolation, err)
		}
	}
}

// close ends the connection with the close code that fits the cause.
func (p *peer) close(cause error) {
	p.log().Debug("peer leaves", "err", cause)
	var (
		sent     *sendError
		received *receiveError
	)
	switch {
	case errors.Is(cause, errViolation):
		_ = p.ws.Close(codeViolation, cut(cause.Error()))
	case errors.Is(cause, errDead):
		_ = p.ws.Close(codeDead, errDead.Error())
	case errors.As(cause, &sent) && errors.Is(cause, os.ErrDeadlineExceeded):
		p.closeStalled()
	case errors.As(cause, &sent):
		_ = p.ws.CloseNow()
	case errors.As(cause, &received):
		if websocket.CloseStatus(cause)/100 == codeViolation/100 {
			p.log().Warn("peer will not have the stream from here", "err", cause)
		}
		_ = p.ws.CloseNow()
	case errors.Is(cause, livews.ErrClosed), errors.Is(cause, context.Canceled):
		_ = p.ws.Close(codeShutdown, "server shuts down")
	case errors.Is(cause, livews.ErrNotFound):
		_ = p.ws.Close(codeNotFound, "stream not found")
	case errors.Is(cause, livews.ErrLoop):
		_ = p.ws.Close(codeLoop, "loop")
	default:
		_ = p.ws.Close(codeLost, "stream lost")
	}
}

// closeStalled drops a peer that takes no bytes, without a close frame: that would
// get no further than the full buffers, and a frame may have been cut in the middle.
func (p *peer) closeStalled() {
	p.log().Warn("viewer takes no bytes")
	_ = p.ws.CloseNow()
}

// cut shortens a text to what a close frame holds.
func cut(text string) string {
	const most = 120
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}

// maxRate bounds the messages that a peer sends in a second.
const maxRate = 20

// rate counts messages by the second.
type rate struct {
	since time.Time
	n     int
}

// allow counts one more message and reports whether it may come now.
func (r *rate) allow(now time.Time) bool {
	if now.Sub(r.since) >= time.Second {
		r.since, r.n = now, 0
	}
	r.n++
	return r.n <= maxRate
}
