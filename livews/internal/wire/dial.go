package wire

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
)

// dialTimeout bounds a connection's set-up, the handshake included.
const dialTimeout = 5 * time.Second

// Dialer opens connections to upstream servers. Its methods may be called by any
// number of goroutines at the same time.
type Dialer struct {
	client *http.Client
	header http.Header
}

// NewDialer returns a Dialer. Both arguments may be nil.
func NewDialer(tlsConfig *tls.Config, header http.Header) *Dialer {
	d := &net.Dialer{Timeout: dialTimeout}
	return newDialer(tlsConfig, header, d.DialContext)
}

// newDialer returns a Dialer that makes its connections by dial.
func newDialer(tlsConfig *tls.Config, header http.Header, dial func(ctx context.Context, network, addr string) (net.Conn, error)) *Dialer {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     tlsConfig,
		TLSHandshakeTimeout: dialTimeout,
		IdleConnTimeout:     deadAfter,
		MaxIdleConnsPerHost: 2,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return clientConn{c}, nil
		},
	}
	return &Dialer{client: &http.Client{Transport: transport}, header: header}
}

// CloseIdle closes the connections that no stream uses.
func (d *Dialer) CloseIdle() { d.client.CloseIdleConnections() }

// clientConn gives up a server from which nothing comes, not even the ping that
// a quiet server sends.
type clientConn struct{ net.Conn }

func (c clientConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(deadAfter)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// CheckURL reports whether base can be the base URL of an upstream server.
func CheckURL(base string) error {
	u, err := url.Parse(base)
	if err != nil {
		return fmt.Errorf("upstream %q: %w", base, err)
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return fmt.Errorf("upstream %q: want a URL as in ws://HOST:PORT", base)
	}
	if u.Host == "" {
		return fmt.Errorf("upstream %q: no host", base)
	}
	return nil
}

// DialOptions say what a subscriber wants of an upstream server.
type DialOptions struct {
	// After has the last position that the subscriber has, by track.
	After map[uint16]livews.Position
	// From is where tracks without such a position begin: with the first group at or
	// after it that the server has. Zero, or where it has none, means the live edge.
	From livews.Position
	// MaxLag is how far behind the subscriber may be before it is moved on. Zero
	// means the server's default. More than an hour is an hour.
	MaxLag time.Duration
	// Via has the ids of the nodes through which the request goes, the subscriber's
	// own last. With it the server tells the path of the stream.
	Via []string
	// Standby holds the media back until [Stream.Start]. Such a subscriber is no
	// reason for the server to open the stream.
	Standby bool
	// OnPath is called with the ids of the nodes by which the stream comes, the server
	// first and the ingress last, and whenever that changes; nil: there is no way
	// at the moment. It is called from within ReadSegment. May be nil.
	OnPath func(path []string)
	// OnGoaway is called when the server is going to end, with the time after which the
	// subscriber should look for another. From within ReadSegment; may be nil.
	OnGoaway func(delay time.Duration)
}

// Dial opens the stream of this name at the server with the base URL. It takes 5 s
// at most. The error wraps [livews.ErrNotFound] where the server knows no such
// stream, [livews.ErrLoop] where it comes from the subscriber, else
// [livews.ErrUnavailable], also where ctx has ended. opts may be nil.
func (d *Dialer) Dial(ctx context.Context, base, name string, opts *DialOptions) (*Stream, error) {
	if opts == nil {
		opts = new(DialOptions)
	}
	l, err := d.connect(ctx, base, "/live/"+name, opts.query())
	if err != nil {
		return nil, err
	}
	l.ws.SetReadLimit(livews.MaxMessage)
	return &Stream{
		link: l, onPath: opts.OnPath, onGoaway: opts.OnGoaway,
		gaps: make(map[uint16]*livews.Gap),
	}, nil
}

// link is a connection to an upstream server.
type link struct {
	ws   *websocket.Conn
	conn net.Conn      // under ws
	rtt  time.Duration // of the handshake
}

// connect opens a connection to the path below base.
func (d *Dialer) connect(ctx context.Context, base, path string, query url.Values) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	u := strings.TrimSuffix(base, "/") + path
	l := new(link)
	var asked time.Time
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(info httptrace.GotConnInfo) { l.conn, asked = info.Conn, time.Now() },
		GotFirstResponseByte: func() { l.rtt = time.Since(asked) },
	})
	full := u
	if len(query) > 0 {
		full += "?" + query.Encode()
	}
	ws, resp, err := websocket.Dial(ctx, full, &websocket.DialOptions{
		HTTPClient:   d.client,
		HTTPHeader:   d.header,
		Subprotocols: []string{Subprotocol},
	})
	if err != nil {
		return nil, dialError(u, resp, err)
	}
	if ws.Subprotocol() != Subprotocol {
		_ = ws.CloseNow() // a close handshake may take longer than Dial
		return nil, fmt.Errorf("%w: %s: server does not speak %s", livews.ErrUnavailable, u, Subprotocol)
	}
	l.ws = ws
	return l, nil
}

// dialError names what has become of a dial. The cause is there as text only: that
// a connection was cut in the handshake, or that somebody gave up waiting, must not
// be taken for the end of a stream or of the caller's context.
func dialError(u string, resp *http.Response, err error) error {
	if resp == nil {
		return fmt.Errorf("%w: %s: %s", livews.ErrUnavailable, u, err.Error())
	}
	var f failure
	if resp.Body != nil {
		_ = json.NewDecoder(resp.Body).Decode(&f) // a proxy may have said something else
	}
	switch resp.StatusCode {
	case http.StatusNotFound:
		return fmt.Errorf("%w: %s", livews.ErrNotFound, u)
	case http.StatusLoopDetected:
		return fmt.Errorf("%w: %s: %.200s", livews.ErrLoop, u, f.Error)
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusMethodNotAllowed:
		return fmt.Errorf("%w: %s: %w: status %d %.200s", livews.ErrUnavailable, u, errRefused, resp.StatusCode, f.Error)
	}
	return fmt.Errorf("%w: %s: status %d %.200s", livews.ErrUnavailable, u, resp.StatusCode, f.Error)
}
