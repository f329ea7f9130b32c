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
	conn    *serverConn
	cancel  context.CancelCauseFunc // of its context
	movable bool                    // is asked to go by a drain; guarded by its sessions' mu
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

func (p *peer) leaveIf(err error) {
	if err != nil {
		p.leave(err)
	}
}

// sendError is a failed write: nothing more can be sent.
type sendError struct{ error }

func (e *sendError) Unwrap() error { return e.error }

// receiveError is the end of what the peer sends: it has closed, or is gone.
type receiveError struct{ error }

func (e *receiveError) Unwrap() error { return e.error }

// errViolation is what a peer gets that does not keep to the protocol.
var errViolation = errors.New("protocol violation")

// receive does what the peer sends, and gives its text messages to control. When that ends
// it lets the session go by what was wrong, and reads on until the peer has answered the
// close frame. It waits with a shallow stack, which then has the least size.
func (p *peer) receive(control func(c *control) error) {
	in := &inbox{take: p.taker(control)}
	for !in.ended {
		n, err := p.conn.Read(in.space())
		p.hear(in, n, err)
	}
}

// hear does what was read to in, and then answers the last ping of that: many of them cost no
// more writes than reads.
func (p *peer) hear(in *inbox, n int, err error) {
	p.leaveIf(in.filled(n, err)) // which the first one does
	if err := p.conn.flush(); err != nil {
		p.leave(&sendError{err})
	}
}

// taker returns what is done with the control frames and messages of the peer.
func (p *peer) taker(control func(c *control) error) func(f frame) error {
	var messages rate
	return func(f frame) error {
		switch f.op {
		case opPing:
			p.conn.owe(f.payload)
		case opText:
			return message(f.payload, &messages, control)
		case opBinary:
			return fmt.Errorf("%w: binary message from downstream", errViolation)
		}
		return nil
	}
}

// message gives a text message to control.
func message(text []byte, messages *rate, control func(c *control) error) error {
	if !messages.allow(time.Now()) {
		return fmt.Errorf("%w: more than %d messages in a second", errViolation, maxRate)
	}
	c, err := parseControl(text)
	if err == nil {
		err = control(c)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errViolation, err)
	}
	return nil
}

// finish waits until all that the peer has to do is done, which a close frame that was
// sent bounds, and drops the connection.
func (p *peer) finish() {
	p.tasks.Wait()
	_ = p.conn.Close() // of no use any more
}

// close sends the close frame that fits the cause, where one can be sent.
func (p *peer) close(cause error) {
	p.log().Debug("peer leaves", "err", cause)
	var (
		sent     *sendError
		received *receiveError
	)
	switch {
	case errors.Is(cause, errFrame):
		p.conn.writeClose(websocket.StatusProtocolError, cut(cause.Error()))
	case errors.Is(cause, errText):
		p.conn.writeClose(websocket.StatusInvalidFramePayloadData, cause.Error())
	case errors.Is(cause, errTooBig):
		p.conn.writeClose(websocket.StatusMessageTooBig, cause.Error())
	case errors.Is(cause, errViolation):
		p.conn.writeClose(codeViolation, cut(cause.Error()))
	case errors.Is(cause, errDead):
		p.conn.writeClose(codeDead, errDead.Error())
	case errors.As(cause, &sent) && errors.Is(cause, os.ErrDeadlineExceeded):
		p.log().Warn("viewer takes no bytes")
		p.conn.writeClose(codeStalled, errStalled.Error())
	case errors.As(cause, &sent):
	case errors.As(cause, &received):
		p.answerClose(cause)
	case errors.Is(cause, livews.ErrClosed), errors.Is(cause, context.Canceled):
		p.conn.writeClose(codeShutdown, "server shuts down")
	case errors.Is(cause, livews.ErrNotFound):
		p.conn.writeClose(codeNotFound, "stream not found")
	case errors.Is(cause, livews.ErrLoop):
		p.conn.writeClose(codeLoop, "loop")
	default:
		p.conn.writeClose(codeLost, "stream lost")
	}
}

// answerClose answers the close frame of a peer, if it was one that came (RFC 6455,
// section 5.5.1).
func (p *peer) answerClose(cause error) {
	code := websocket.CloseStatus(cause)
	if code < 0 {
		return
	}
	if code/100 == codeViolation/100 {
		p.log().Warn("peer will not have the stream from here", "err", cause)
	}
	p.conn.writeClose(code, "")
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
