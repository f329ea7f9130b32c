package relay

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/backoff"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

// PushOptions are the options of [Push]. The zero value is good.
type PushOptions struct {
	// Window is the media time that is kept for when the connection is lost: what of it
	// the server does not have is sent then. Zero means 15 s.
	Window time.Duration
	// MaxLag is by how much the line may be too slow before all up to the newest group
	// is skipped. Zero means 3 s.
	MaxLag time.Duration
	// TLS is for wss URLs; nil means the defaults.
	TLS *tls.Config
	// Header is sent with each request, for example with an Authorization.
	Header http.Header
	// Logger gets a line when the connection is made or lost; nil discards.
	Logger *slog.Logger
}

// Push publishes src at another server, for sources behind a firewall that no server can
// dial: url is where that takes streams in, as in "ws://example.com/publish/cam1" (see
// ingress.Handler). The segments get there as they are, with their positions.
//
// It blocks until src has ended cleanly and the server has been told, and returns nil
// then; or until src fails, ctx ends, or the server refuses: the name is taken, the client may
// not publish, the protocol is broken. Those are its errors. A connection that cannot be
// made or is lost is made again, after 0.2 s, doubling to 10 s, each times a random 0.5 to
// 1; the stream goes on there behind what the server has. That gets a gap where the line
// was too slow or away for too long.
//
// src is read all the while, whatever the line does; Push does not close it. opts may be
// nil.
func Push(ctx context.Context, url string, src livews.Source, opts *PushOptions) error {
	var o PushOptions
	if opts != nil {
		o = *opts
	}
	if err := wire.CheckURL(url); err != nil {
		return fmt.Errorf("push: %w", err)
	}
	p := &pusher{
		url: url, session: rand.Text(), maxLag: o.MaxLag, log: o.Logger,
		dialer: wire.NewDialer(o.TLS, o.Header),
		window: livews.NewRelay(&livews.RelayOptions{Window: o.Window}),
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	defer p.dialer.CloseIdle()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.fill(ctx, src) })
	group.Go(func() error { return p.run(ctx) })
	return group.Wait()
}

// pusher is a Push that is going on.
type pusher struct {
	url, session string
	maxLag       time.Duration
	log          *slog.Logger
	dialer       *wire.Dialer
	window       *livews.Relay
}

// fill reads src into the window. Its clean end is that of the window.
func (p *pusher) fill(ctx context.Context, src livews.Source) error {
	if err := livews.Copy(ctx, p.window, src); err != nil {
		return fmt.Errorf("push: %w", err)
	}
	return p.window.Close()
}

// run connects again and again.
func (p *pusher) run(ctx context.Context) error {
	// Nothing is said to a server before there is something to say: a name is not taken
	// for a camera that does not work.
	if _, err := p.window.Subscribe(nil).ReadSegment(ctx); err == io.EOF {
		return nil
	} else if err != nil {
		return err
	}
	var wait backoff.Backoff
	for {
		begun := time.Now()
		err := p.connect(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case wire.Refused(err), errors.Is(err, livews.ErrMessage):
			return fmt.Errorf("push to %s: %w", p.url, err)
		}
		p.log.Warn("push is interrupted", "remote", p.url, "err", err)
		wait.Lived(time.Since(begun))
		if err := wait.Wait(ctx); err != nil {
			return err
		}
	}
}

// connect pushes by one connection. It returns nil when all has been said.
func (p *pusher) connect(ctx context.Context) error {
	conn, newest, err := p.dialer.DialPush(ctx, p.url, p.session)
	if err != nil {
		return err
	}
	p.log.Info("push has begun", "remote", p.url)
	sub := p.window.Subscribe(&livews.SubscribeOptions{After: p.after(newest), MaxLag: p.maxLag})
	group, within := errgroup.WithContext(ctx)
	group.Go(func() error { return conn.Wait(within) })
	group.Go(func() error { return conn.Ping(within) })
	group.Go(func() error {
		if err := livews.Copy(within, conn, sub); err != nil {
			return err
		}
		if err := conn.End(within); err != nil {
			return err
		}
		return errPushed
	})
	err = group.Wait()
	_ = conn.Close() // of no use any more
	if errors.Is(err, errPushed) {
		return nil
	}
	return err
}

// errPushed says that all has been pushed.
var errPushed = errors.New("pushed")

// after returns those of the server's positions that mean something here: of another epoch
// it has what another publisher gave.
func (p *pusher) after(newest map[uint16]livews.Position) map[uint16]livews.Position {
	epoch := p.window.Stats().Epoch
	after := make(map[uint16]livews.Position)
	for track, position := range newest {
		if position.Epoch == epoch {
			after[track] = position
		}
	}
	return after
}
