package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

// UpstreamOptions say where an [Upstream] gets its streams.
type UpstreamOptions struct {
	// URLs are the servers' base URLs in order of preference, as in
	// "ws://camera:8010" or "wss://example.com/video". A stream is taken from
	// the first that has it. At least one is needed.
	URLs []string
	// TLS is for wss URLs; nil means the defaults.
	TLS *tls.Config
	// Header is sent with each request, for example with an Authorization.
	Header http.Header
	// Logger gets a line when an upstream is lost; nil discards.
	Logger *slog.Logger
}

// Upstream is one or several servers nearer the camera. Its methods may be called
// by any number of goroutines at the same time.
type Upstream struct {
	urls   []string
	dialer *wire.Dialer
	log    *slog.Logger
	list   lister
}

// NewUpstream returns an Upstream. It connects to nothing yet; an error is about
// the URLs.
func NewUpstream(opts *UpstreamOptions) (*Upstream, error) {
	if len(opts.URLs) == 0 {
		return nil, errors.New("relay: no upstream URL")
	}
	for _, u := range opts.URLs {
		if err := wire.CheckURL(u); err != nil {
			return nil, fmt.Errorf("relay: %w", err)
		}
	}
	log := opts.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	u := &Upstream{urls: slices.Clone(opts.URLs), dialer: wire.NewDialer(opts.TLS, opts.Header), log: log}
	u.list.fetch = u.fetchLists
	return u, nil
}

// Open connects to the first server that has the stream and returns a Source that
// follows it, whatever becomes of the connection; it is an [io.Closer]. Open takes
// at most 5 s for each server. The error wraps [livews.ErrNotFound] if no server
// has the stream, and [livews.ErrUnavailable] if none has it and one of them did
// not answer. It fits [livews.Streams].Open.
func (u *Upstream) Open(ctx context.Context, req *livews.Request) (livews.Source, error) {
	name := req.Name
	if err := livews.CheckName(name); err != nil {
		return nil, err
	}
	conn, err := u.dial(ctx, name, nil)
	if err != nil {
		return nil, err
	}
	return newFollower(u, name, conn), nil
}

// dial connects to the first server that has the stream.
func (u *Upstream) dial(ctx context.Context, name string, after map[uint16]livews.Position) (*wire.Stream, error) {
	var unavailable error
	for _, base := range u.urls {
		conn, err := u.dialer.Dial(ctx, base, name, &wire.DialOptions{After: after})
		if err == nil {
			return conn, nil
		}
		if !errors.Is(err, livews.ErrNotFound) {
			unavailable = err
		}
	}
	if unavailable != nil {
		return nil, unavailable
	}
	return nil, fmt.Errorf("%w: %q", livews.ErrNotFound, name)
}

// CloseIdle closes the connections that are kept for lists of streams.
func (u *Upstream) CloseIdle() { u.dialer.CloseIdle() }
