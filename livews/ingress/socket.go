package ingress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

// maxSession bounds the name of a publisher's session.
const maxSession = 64

// errViolation is wrapped by errors about publishers that do not keep to their protocol.
var errViolation = errors.New("protocol violation")

func violation(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errViolation}, args...)...)
}

// serveSocket answers an upgrade request for a name, and publishes what comes until it or
// the publisher ends. What is wrong then is told by a close code, as browsers see no
// statuses.
func (h *Handler) serveSocket(w http.ResponseWriter, r *http.Request, name string) {
	u, err := wire.AcceptUplink(w, r, h.silence())
	if err != nil {
		h.logger().Warn("publisher is refused", "stream", name, "remote", r.RemoteAddr, "err", err)
		return
	}
	err = h.publishFrom(r, u, name)
	if err != nil {
		h.logger().Warn("publisher has ended", "stream", name, "remote", r.RemoteAddr, "err", err)
	}
	u.CloseWith(closeCode(err), reason(err))
}

// publishFrom publishes what comes by u.
func (h *Handler) publishFrom(r *http.Request, u *wire.Uplink, name string) error {
	t, err := h.claimSession(r, name)
	if err != nil {
		return err
	}
	defer t.end()
	u.ReadThrough((&meter{account: t.account}).next)
	if u.FromBrowser() {
		return t.publish(newBrowserSource(u, t))
	}
	var newest map[uint16]livews.Position
	if info, ok := h.Streams.Info(name); ok {
		newest = info.Newest
	}
	if err := u.Have(t.ctx, newest); err != nil {
		return err
	}
	return t.publish(newPushSource(u, newest))
}

// claimSession claims the name. A publisher whose connection broke, and who comes back
// before that was seen here, tells by its session that it is the same: it takes over from
// itself, when its former turn has ended.
func (h *Handler) claimSession(r *http.Request, name string) (*turn, error) {
	session := r.URL.Query().Get("session")
	if len(session) > maxSession {
		return nil, violation("session of %d bytes, at most %d", len(session), maxSession)
	}
	if err := livews.CheckName(name); err != nil {
		return nil, err
	}
	h.mu.Lock()
	old := h.turns[name]
	again := old != nil && session != "" && old.session == session
	t, err := h.claimLocked(r.Context(), name, again || h.takesOver(r))
	if err == nil {
		t.session = session
	}
	h.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if err := t.begin(); err != nil {
		t.end()
		return nil, err
	}
	return t, nil
}

// closeCode returns the close code that tells a publisher of an error (PROTOCOL.md).
func closeCode(err error) int {
	for _, c := range []struct {
		err  error
		code int
	}{
		{nil, wire.CodeEnd},
		{errTaken, wire.CodeTaken},
		{errTakenOver, wire.CodeTakenOver},
		{dash.ErrUnsupported, wire.CodeUnsupported},
		{dash.ErrMalformed, wire.CodeViolation},
		{livews.ErrMessage, wire.CodeViolation},
		{errViolation, wire.CodeViolation},
		{livews.ErrName, wire.CodeViolation},
		{errSilent, wire.CodeDead},
		{errMemory, wire.CodeLost},
		{livews.ErrExists, wire.CodeLost},
		{livews.ErrUnavailable, wire.CodeLost},
		{livews.ErrClosed, wire.CodeShutdown},
		{context.Canceled, wire.CodeShutdown},
	} {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return wire.CodeLost
}

// reason returns what a close frame says of an error.
func reason(err error) string {
	switch {
	case err == nil:
		return ""
	case closeCode(err) == wire.CodeShutdown:
		return "server shuts down"
	}
	return err.Error()
}

// closing returns what is done with the connection of a publisher when its turn ends,
// by the cause of ctx.
func closing(ctx context.Context, u *wire.Uplink) func() {
	return func() {
		err := context.Cause(ctx)
		u.CloseWith(closeCode(err), reason(err))
	}
}

// endOf returns the end of a source whose connection has ended with err: io.EOF if the
// publisher had said so, whatever became of the connection after that.
func endOf(ctx context.Context, u *wire.Uplink, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case u.Code() == wire.CodeDead:
		return errSilent
	case err == io.EOF, u.Ended():
		return io.EOF
	}
	return err
}

// errSilent says that nothing came for too long.
var errSilent = errors.New("nothing came for too long")
