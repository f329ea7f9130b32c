package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// DrainTime is how long those who are connected have to move elsewhere on a SIGTERM.
	DrainTime = 5 * time.Second
	// closeTime is how long connections may take to end, and shutdownTime requests.
	closeTime    = 2 * time.Second
	shutdownTime = 2 * time.Second
)

// listen listens on addr.
func listen(addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen on %s: the port is taken by another program", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return ln, nil
}

// Live is a handler with connections that live on when a request has been answered.
type Live interface {
	Drain(ctx context.Context) error
	Close(ctx context.Context) error
}

// Serve serves h, with live in it, until ctx ends. On a SIGTERM those who are connected to live
// have DrainTime to move elsewhere. Then Serve closes the connections, waits a while for their
// ends, and cuts off who is left.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, live Live) error {
	ctx, end := drained(ctx, live)
	defer end()
	server := &http.Server{
		Handler:           h,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		ctx := context.WithoutCancel(ctx)
		closeLive(ctx, live)
		ctx, cancel := context.WithTimeout(ctx, shutdownTime)
		defer cancel()
		return server.Shutdown(ctx)
	})
	return group.Wait()
}

// closeLive closes the connections of live. Those who take too long are cut off by the first
// call, and have ended when the second has returned.
func closeLive(ctx context.Context, live Live) {
	for range 2 {
		limited, cancel := context.WithTimeout(ctx, closeTime)
		err := live.Close(limited)
		cancel()
		if err == nil {
			return
		}
	}
}

// drained returns a context that ends when ctx has, and live has been drained after it.
func drained(ctx context.Context, live Live) (context.Context, context.CancelFunc) {
	after, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		defer end()
		if context.Cause(ctx) != errTerminated {
			return
		}
		limited, cancel := context.WithTimeout(after, DrainTime)
		defer cancel()
		_ = live.Drain(limited) // who has not left by then is closed
	})
	return after, func() {
		stop()
		end()
	}
}
