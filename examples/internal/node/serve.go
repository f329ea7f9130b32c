package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// DrainTime is how long those who are connected have to move elsewhere on a SIGTERM.
	DrainTime = 5 * time.Second
	// shutdownTime is how long requests and connections may take to end.
	shutdownTime = 3 * time.Second
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

// Serve serves h until ctx ends. On a SIGTERM it calls drain, if there is one, which has
// DrainTime to let those who are connected move elsewhere. Then the requests' contexts end,
// which closes the WebSocket connections, and Serve waits a while for all of them.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, drain func(context.Context) error) error {
	ctx, end := drained(ctx, drain)
	defer end()
	var served sync.WaitGroup
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			served.Add(1)
			defer served.Done()
			h.ServeHTTP(w, r)
		}),
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
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			return err
		}
		wait(ctx, &served) // Shutdown does not know of upgraded connections
		return nil
	})
	return group.Wait()
}

// drained returns a context that ends when ctx has, and drain after it.
func drained(ctx context.Context, drain func(context.Context) error) (context.Context, context.CancelFunc) {
	after, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		defer end()
		if drain == nil || context.Cause(ctx) != errTerminated {
			return
		}
		limited, cancel := context.WithTimeout(after, DrainTime)
		defer cancel()
		_ = drain(limited) // who has not left by then is cut off
	})
	return after, func() {
		stop()
		end()
	}
}

// wait waits for served until ctx ends; who has not answered a close frame by then
// is cut off by the program's end.
func wait(ctx context.Context, served *sync.WaitGroup) {
	done := make(chan struct{})
	go func() {
		served.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}
