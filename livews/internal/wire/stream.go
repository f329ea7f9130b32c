package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
)

// closeTimeout bounds a close handshake with an upstream server.
const closeTimeout = time.Second

// Stream is a connection to an upstream server: a [livews.Source] of one stream.
//
// ReadSegment is called by one goroutine at a time, the others by any.
type Stream struct {
	*link
	onPath   func(path []string)
	onGoaway func(delay time.Duration)

	through func(io.Reader) io.Reader // messages are read through it; may be nil

	gaps    map[uint16]*livews.Gap // told, and not yet attached
	ended   bool
	scratch []byte
}

// ReadSegment returns the next segment, with the gap that was told before it, and
// passes over messages of types that it does not know.
// [io.EOF] says that the stream has ended for good; any other end of the
// connection is another error, of which [Advice] says what to do; it wraps
// [livews.ErrNotFound] or [livews.ErrLoop] where a standby was started in vain, and
// [livews.ErrMessage] where the server broke the protocol. Any error ends the
// connection, ctx's as well.
func (s *Stream) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	seg, err := s.next(ctx)
	if err != nil {
		_ = s.Close() // at once: who sends nonsense may not answer a close frame either
		return nil, err
	}
	return seg, nil
}

func (s *Stream) next(ctx context.Context) (*livews.Segment, error) {
	for {
		typ, msg, err := s.read(ctx)
		if err != nil {
			return nil, s.readError(err)
		}
		if typ == websocket.MessageText {
			if err := s.control(msg); err != nil {
				return nil, err
			}
			continue
		}
		if isSegment(msg) {
			return s.segment(msg)
		}
	}
}

// isSegment reports whether msg is to be parsed: it has no type of a later version.
func isSegment(msg []byte) bool {
	if len(msg) == 0 {
		return true // no message at all, as ParseMessage will say
	}
	t := livews.Type(msg[0])
	return t == livews.TypeChunk || t == livews.TypeInit
}

// read returns the next message, which is good until the next call.
func (s *Stream) read(ctx context.Context) (websocket.MessageType, []byte, error) {
	const most = 1 << 20
	if cap(s.scratch) > most {
		s.scratch = nil
	}
	typ, r, err := s.ws.Reader(ctx)
	if err != nil {
		return 0, nil, err
	}
	if s.through != nil {
		r = s.through(r)
	}
	buf := s.scratch[:0]
	for {
		if len(buf) == cap(buf) {
			bigger := make([]byte, len(buf), max(32<<10, 2*cap(buf)))
			copy(bigger, buf)
			buf = bigger
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err != nil {
			s.scratch = buf
			return typ, buf, endOfMessage(r, err)
		}
	}
}

// endOfMessage returns nil if err is the end of a whole message. The library gives
// io.EOF for a connection that was cut inside one, too; but there a read of nothing
// goes well, as bytes are still to come.
func endOfMessage(r io.Reader, err error) error {
	if err != io.EOF {
		return err
	}
	if _, err := r.Read(nil); err != io.EOF {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// segment parses a message into memory of its own size.
func (s *Stream) segment(msg []byte) (*livews.Segment, error) {
	seg, err := livews.ParseMessage(msg)
	if err != nil {
		return nil, err
	}
	if gap := s.gaps[seg.Track]; gap != nil && seg.Type == livews.TypeChunk {
		delete(s.gaps, seg.Track)
		seg.Gap = gap
	}
	return seg, nil
}

func (s *Stream) control(text []byte) error {
	if len(text) > maxControl {
		return fmt.Errorf("%w: text message of %d bytes", livews.ErrMessage, len(text))
	}
	c, err := parseControl(text)
	if err != nil {
		return fmt.Errorf("%w: %w", livews.ErrMessage, err)
	}
	switch c.Type {
	case typeGap:
		return s.noteGap(c)
	case typeEnd:
		s.ended = true
	case typePath:
		if s.onPath != nil {
			s.onPath(c.path())
		}
	case typeGoaway:
		if s.onGoaway != nil {
			s.onGoaway(c.delay())
		}
	}
	return nil
}

// noteGap keeps the gap until its chunk comes.
func (s *Stream) noteGap(c *control) error {
	gap, err := c.gap()
	if err != nil {
		return fmt.Errorf("%w: %w", livews.ErrMessage, err)
	}
	if gap != nil && len(s.gaps) < maxListed {
		s.gaps[c.Track] = gap
	}
	return nil
}

func (s *Stream) readError(err error) error {
	if s.ended && websocket.CloseStatus(err) == websocket.StatusNormalClosure {
		return io.EOF
	}
	switch websocket.CloseStatus(err) {
	case codeNotFound:
		return fmt.Errorf("%w: %w", livews.ErrNotFound, err)
	case codeLoop:
		return fmt.Errorf("%w: %w", livews.ErrLoop, err)
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("read segment: %w", io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("read segment: %w", err)
}

// Start ends the standby: the media begins, after the positions and otherwise at from,
// as with [DialOptions]. It may be called while ReadSegment blocks, once. It takes 5 s
// at most; any error ends the connection.
func (s *Stream) Start(ctx context.Context, after map[uint16]livews.Position, from livews.Position) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := s.ws.Write(ctx, websocket.MessageText, startText(after, from)); err != nil {
		_ = s.Close() // broken already
		return fmt.Errorf("start: %w", err)
	}
	return nil
}

// CloseWith ends the connection with a close code and a reason of at most 120 bytes, and
// waits for the server to say the same, for a second at most. It may be called while
// ReadSegment blocks, which then fails.
func (s *Stream) CloseWith(code int, reason string) error {
	giveUp := time.AfterFunc(closeTimeout, s.drop)
	defer giveUp.Stop()
	return s.ws.Close(websocket.StatusCode(code), cut(reason))
}

// Close ends the connection without waiting for the server. It may be called while
// ReadSegment blocks, which then fails.
func (s *Stream) Close() error { return s.ws.CloseNow() }

// drop cuts the connection, below TLS, whose Close may wait.
func (l *link) drop() {
	c := l.conn
	if t, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = t.NetConn()
	}
	_ = c.Close() // whoever reads or writes sees it
}
