package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

// defaultMaxLag is how far behind a relay may be: it has more than one viewer to lose
// something for.
const defaultMaxLag = 10 * time.Second

// Order says which of several servers is better.
type Order int

const (
	// Preferred goes by the order of the URLs.
	Preferred Order = iota
	// Nearest goes by the number of servers up to the ingress, then the round-trip
	// time, then the number of viewers, as far as the servers tell.
	Nearest
)

// UpstreamOptions say where an [Upstream] gets its streams.
type UpstreamOptions struct {
	// URLs are the servers' base URLs, as in "ws://camera:8010" or
	// "wss://example.com/video", in order of preference. Each stream is taken from
	// the best one that has it, with the next best standing by. At least one is
	// needed.
	URLs []string
	// Order says which is the best. Zero means Preferred.
	Order Order
	// MaxLag is how far behind the source of a stream may be, on a slow line, before it
	// is moved on to the newest group; at most an hour. Zero means 10 s.
	MaxLag time.Duration
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
	parents *parents
	order   Order
	maxLag  time.Duration
	log     *slog.Logger

	// What goes over the network.
	idle  func()
	dial  func(ctx context.Context, base, name string, opts *wire.DialOptions) (conn, error)
	watch func(ctx context.Context, base string, update func(*wire.Node)) error
}

// NewUpstream returns an Upstream. It connects to nothing yet; an error is about
// the options.
func NewUpstream(opts *UpstreamOptions) (*Upstream, error) {
	if err := opts.check(); err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	dialer := wire.NewDialer(opts.TLS, opts.Header)
	u := &Upstream{
		parents: newParents(opts.URLs), order: opts.Order, maxLag: opts.MaxLag, log: opts.Logger,
		idle: dialer.CloseIdle, watch: dialer.Watch,
		dial: func(ctx context.Context, base, name string, opts *wire.DialOptions) (conn, error) {
			c, err := dialer.Dial(ctx, base, name, opts)
			if err != nil {
				return nil, err
			}
			return c, nil
		},
	}
	if u.maxLag == 0 {
		u.maxLag = defaultMaxLag
	}
	if u.log == nil {
		u.log = slog.New(slog.DiscardHandler)
	}
	return u, nil
}

func (o *UpstreamOptions) check() error {
	switch {
	case o == nil || len(o.URLs) == 0:
		return errors.New("no upstream URL")
	case o.Order != Preferred && o.Order != Nearest:
		return fmt.Errorf("order %d", o.Order)
	case o.MaxLag < 0:
		return fmt.Errorf("greatest lag %v", o.MaxLag)
	}
	for _, u := range o.URLs {
		if err := wire.CheckURL(u); err != nil {
			return err
		}
	}
	return nil
}

// Open connects to the best server that has the stream and returns a Source that
// follows it until its end, whatever becomes of the connections; it is an
// [io.Closer], and ends with ctx, too. Open takes at most 5 s for each server. The
// error wraps [livews.ErrNotFound] if no server has the stream, [livews.ErrLoop] if
// it would come in a circle, and [livews.ErrUnavailable] if one that may have it did
// not answer. It fits [livews.Streams].Open.
func (u *Upstream) Open(ctx context.Context, req *livews.Request) (livews.Source, error) {
	if err := livews.CheckName(req.Name); err != nil {
		return nil, err
	}
	f := newFollower(ctx, u, req)
	select {
	case <-f.opened:
		return f, nil
	case <-f.ended:
		_ = f.Close() // always nil
		if f.end == io.EOF {
			return nil, fmt.Errorf("%w: %q has ended", livews.ErrNotFound, req.Name)
		}
		return nil, f.end
	}
}

// CloseIdle closes the connections that no stream uses.
func (u *Upstream) CloseIdle() { u.idle() }
