package wire

import (
	"bufio"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/coder/websocket"
)

// accept upgrades the connection of r. On an error it has answered. The WebSocket library
// does the handshake, and nothing after that: what it would keep for each connection, and
// the stack that its reading takes, are more than all the rest of a viewer.
func accept(w http.ResponseWriter, r *http.Request, protocols ...string) (*serverConn, error) {
	hw := &hijackWriter{ResponseWriter: w}
	ws, err := websocket.Accept(hw, r, &websocket.AcceptOptions{
		Subprotocols: protocols,
		// The origin was checked before; see OriginAllowed.
		InsecureSkipVerify: true,
	})
	if err != nil {
		return nil, err
	}
	// It has a finalizer, and what it has refers back to it: if it were just forgotten, it
	// would stay, and net/http's buffers with it.
	_ = ws.CloseNow() // of a noConn
	return hw.conn, nil
}

// hijackWriter keeps the connection, and hands the WebSocket library one in its place.
type hijackWriter struct {
	http.ResponseWriter
	conn *serverConn
}

func (w *hijackWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered())
	w.conn = newServerConn(c, append([]byte(nil), early...))
	return noConn{}, rw, nil
}

// noConn is the connection of a websocket.Conn that is only there to be closed.
type noConn struct{ net.Conn }

func (noConn) Close() error { return nil }

// IsUpgrade reports whether r asks for a WebSocket.
func IsUpgrade(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// offers reports whether the client of r offers the sub-protocol.
func offers(r *http.Request, protocol string) bool {
	for _, line := range r.Header.Values("Sec-Websocket-Protocol") {
		for offer := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(offer), protocol) {
				return true
			}
		}
	}
	return false
}

// OriginAllowed reports whether a page from the request's Origin may open a
// connection: one of this host, also as a reverse proxy names it (a page cannot
// set that header), or of a host that fits one of the patterns, as path.Match
// has them. Programs send no Origin and may.
func OriginAllowed(r *http.Request, patterns []string) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	if strings.EqualFold(u.Host, r.Host) || strings.EqualFold(u.Host, r.Header.Get("X-Forwarded-Host")) {
		return true
	}
	for _, p := range patterns {
		if ok, err := path.Match(strings.ToLower(p), strings.ToLower(u.Host)); ok && err == nil {
			return true
		}
	}
	return false
}

// AllowOrigin lets the page that asked read the answer (Fetch Standard, CORS).
func AllowOrigin(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Add("Vary", "Origin")
	}
}
