package wire

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
)

// BrowserSubprotocol is the name of the protocol by which browsers publish.
const BrowserSubprotocol = "livews.publish.1"

const (
	// MaxBrowserMessage bounds the messages of a browser that publishes: a frame of 8 MiB
	// with its header.
	MaxBrowserMessage = 8<<20 + 16
	// textTimeout bounds the writing of a text message to a publisher.
	textTimeout = 5 * time.Second
)

// The close codes of PROTOCOL.md for publishers.
const (
	CodeEnd         = int(websocket.StatusNormalClosure)
	CodeShutdown    = codeShutdown
	CodeLost        = codeLost
	CodeViolation   = codeViolation
	CodeTaken       = 4303
	CodeTakenOver   = 4304
	CodeUnsupported = 4305
	CodeDead        = codeDead
)

// Uplink is the connection of a publisher that has dialled in, at the server. As a
// [livews.Source] it gives what a publisher of [Subprotocol] sends; for others there is
// ReadMessage.
//
// A publisher from which no whole message and no ping comes for the silence is closed
// with 4400, however many bytes come.
type Uplink struct {
	stream  Stream
	silence time.Duration

	mu    sync.Mutex
	watch *time.Timer
	code  int // that the connection was closed with
}

// AcceptUplink upgrades the connection of r to [Subprotocol] or [BrowserSubprotocol],
// whichever the client offers. On an error it has answered. Close must be called.
func AcceptUplink(w http.ResponseWriter, r *http.Request, silence time.Duration) (*Uplink, error) {
	if !offers(r, Subprotocol) && !offers(r, BrowserSubprotocol) {
		fail(w, http.StatusBadRequest, "publish with sub-protocol "+Subprotocol+" or "+BrowserSubprotocol, "")
		return nil, fmt.Errorf("no sub-protocol of a publisher in %.80q", r.Header.Get("Sec-Websocket-Protocol"))
	}
	u := &Uplink{silence: silence}
	hw := &keepWriter{ResponseWriter: w}
	ws, err := websocket.Accept(hw, r, &websocket.AcceptOptions{
		Subprotocols:       []string{BrowserSubprotocol, Subprotocol},
		InsecureSkipVerify: true, // the origin was checked before; see OriginAllowed
		OnPingReceived: func(context.Context, []byte) bool {
			u.heard()
			return true
		},
	})
	if err != nil {
		return nil, err
	}
	u.stream = Stream{link: &link{ws: ws, conn: hw.conn}, gaps: make(map[uint16]*livews.Gap)}
	ws.SetReadLimit(livews.MaxMessage)
	if u.FromBrowser() {
		ws.SetReadLimit(MaxBrowserMessage)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.watch = time.AfterFunc(silence, func() { u.CloseWith(CodeDead, "nothing came for "+silence.String()) })
	return u, nil
}

// keepWriter keeps the connection that is hijacked.
type keepWriter struct {
	http.ResponseWriter
	conn net.Conn
}

func (w *keepWriter) Hijack() (c net.Conn, rw *bufio.ReadWriter, err error) {
	c, rw, err = http.NewResponseController(w.ResponseWriter).Hijack()
	w.conn = c
	return c, rw, err
}

// FromBrowser reports whether the publisher speaks [BrowserSubprotocol].
func (u *Uplink) FromBrowser() bool { return u.stream.ws.Subprotocol() == BrowserSubprotocol }

// ReadThrough has each message read through what wrap returns for it, whose errors, other
// than io.EOF, end the reading. It is called before that begins.
func (u *Uplink) ReadThrough(wrap func(message io.Reader) io.Reader) { u.stream.through = wrap }

// heard begins the silence anew.
func (u *Uplink) heard() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.watch != nil && u.code == 0 {
		u.watch.Reset(u.silence)
	}
}

// ReadMessage returns the next message, which is good until the next call, and whether it
// is text. The end of ctx calls closing, which is to end the connection.
func (u *Uplink) ReadMessage(ctx context.Context, closing func()) (text bool, msg []byte, err error) {
	defer context.AfterFunc(ctx, closing)()
	// The library would cut the connection off at the end of ctx, without a close frame.
	typ, msg, err := u.stream.read(context.WithoutCancel(ctx))
	if err != nil {
		return false, nil, u.stream.readError(err)
	}
	u.heard()
	return typ == websocket.MessageText, msg, nil
}

// ReadSegment returns the next segment of a publisher of [Subprotocol], as
// [Stream.ReadSegment] does. The end of ctx calls closing, which is to end the connection.
func (u *Uplink) ReadSegment(ctx context.Context, closing func()) (*livews.Segment, error) {
	for {
		text, msg, err := u.ReadMessage(ctx, closing)
		switch {
		case err != nil:
			return nil, err
		case text:
			if err := u.stream.control(msg); err != nil {
				return nil, err
			}
		case isSegment(msg):
			return u.stream.segment(msg)
		}
	}
}

// Ended reports whether the publisher has said that its stream ends.
func (u *Uplink) Ended() bool { return u.stream.ended }

// WriteText sends a text message. It takes 5 s at most; any error ends the connection.
func (u *Uplink) WriteText(ctx context.Context, text []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), textTimeout)
	defer cancel()
	return u.stream.ws.Write(ctx, websocket.MessageText, text)
}

// Have tells a publisher of [Subprotocol] what of its stream is here already.
func (u *Uplink) Have(ctx context.Context, newest map[uint16]livews.Position) error {
	return u.WriteText(ctx, (&control{Type: typeHave, After: formatAfter(newest)}).text())
}

// CloseWith ends the connection with a close code and a reason, of which 120 bytes are
// sent, and waits a second at most for the publisher to say the same. Only the first call
// counts, but each returns when the connection is closed. It may be called while another
// goroutine reads, whose call then fails.
func (u *Uplink) CloseWith(code int, reason string) {
	u.mu.Lock()
	if u.code == 0 {
		u.code = code
		if u.watch != nil {
			u.watch.Stop()
		}
	}
	u.mu.Unlock()
	_ = u.stream.CloseWith(code, reason) // it is closed in any case
}

// Code returns the code with which the connection was closed from here, or 0.
func (u *Uplink) Code() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.code
}
