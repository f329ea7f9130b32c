package wire

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// dialTimeout bounds a connection's set-up, the handshake included.
	dialTimeout = 5 * time.Second
	// maxList bounds the JSON list of an upstream's streams.
	maxList = 4 << 20
)

// Dialer opens connections to upstream servers. Its methods may be called by any
// number of goroutines at the same time.
type Dialer struct {
	client *http.Client
	header http.Header
}

// NewDialer returns a Dialer. Both arguments may be nil.
func NewDialer(tlsConfig *tls.Config, header http.Header) *Dialer {
	d := &net.Dialer{Timeout: dialTimeout}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     tlsConfig,
		TLSHandshakeTimeout: dialTimeout,
		IdleConnTimeout:     deadAfter,
		MaxIdleConnsPerHost: 2,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := d.DialContext(ctx, network, addr)
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
	// after it that the server has. Zero means the live edge.
	From livews.Position
	// MaxLag is how far behind the subscriber may be before it is moved on. Zero
	// means the server's default.
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
// [livews.ErrUnavailable]. opts may be nil.
func (d *Dialer) Dial(ctx context.Context, base, name string, opts *DialOptions) (*Stream, error) {
	if opts == nil {
		opts = new(DialOptions)
	}
	after := opts.After
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	u := strings.TrimSuffix(base, "/") + "/live/" + name
	if len(after) > 0 {
		u += "?" + url.Values{"after": {formatAfter(after)}}.Encode()
	}
	ws, resp, err := websocket.Dial(ctx, u, &websocket.DialOptions{
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
	ws.SetReadLimit(livews.MaxMessage)
	return &Stream{ws: ws, gaps: make(map[uint16]*livews.Gap)}, nil
}

func dialError(u string, resp *http.Response, err error) error {
	if resp == nil {
		return fmt.Errorf("%w: %s: %w", livews.ErrUnavailable, u, err)
	}
	var f failure
	if resp.Body != nil {
		_ = json.NewDecoder(resp.Body).Decode(&f) // a proxy may have said something else
	}
	if resp.StatusCode == http.StatusNotFound {
		return fmt.Errorf("%w: %s", livews.ErrNotFound, u)
	}
	return fmt.Errorf("%w: %s: status %d %.200s", livews.ErrUnavailable, u, resp.StatusCode, f.Error)
}

// List returns the streams of the server with the base URL.
func (d *Dialer) List(ctx context.Context, base string) ([]livews.StreamInfo, error) {
	u, err := url.Parse(strings.TrimSuffix(base, "/") + "/streams")
	if err != nil {
		return nil, err
	}
	u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	if d.header != nil {
		req.Header = d.header.Clone()
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("list %s: status %d", u, resp.StatusCode)
	}
	var list streamList
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxList)).Decode(&list); err != nil {
		return nil, fmt.Errorf("list %s: %w", u, err)
	}
	return list.Streams, nil
}

// Stream is a connection to an upstream server: a [livews.Source] of one stream.
type Stream struct {
	ws      *websocket.Conn
	gaps    map[uint16]*livews.Gap // told, and not yet attached
	ended   bool
	scratch []byte
}

// ReadSegment returns the next segment, with the gap that was told before it, and
// passes over messages of types that it does not know.
// [io.EOF] says that the stream has ended for good; any other end of the
// connection is another error. Any error ends the connection, ctx's as well.
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
	if gap := c.gap(); gap != nil && len(s.gaps) < maxListed {
		s.gaps[c.Track] = gap
	}
	if c.Type == typeEnd {
		s.ended = true
	}
	return nil
}

func (s *Stream) readError(err error) error {
	if s.ended && websocket.CloseStatus(err) == websocket.StatusNormalClosure {
		return io.EOF
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("read segment: %w", io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("read segment: %w", err)
}

// Close ends the connection without waiting for the server.
func (s *Stream) Close() error { return s.ws.CloseNow() }

// Start ends the standby: the media begins, after the positions and otherwise at from,
// as with [DialOptions]. It may be called while ReadSegment blocks, once.
func (s *Stream) Start(ctx context.Context, after map[uint16]livews.Position, from livews.Position) error {
	return errors.New("not yet")
}

// Node is what a server says of itself and of the streams that it has.
type Node struct {
	// ID is the server's.
	ID string
	// Viewers counts those who are connected to it.
	Viewers int
	// RTT is how long the handshake took.
	RTT time.Duration
	livews.Directory
}

// Watch connects to the server with the base URL and calls update with what it says of
// itself: at first when all is known, then whenever something has changed. It blocks until the
// connection or ctx ends. Version is not set.
func (d *Dialer) Watch(ctx context.Context, base string, update func(*Node)) error {
	return errors.New("not yet")
}
