package wire

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
)

// errRefused says that a server will not have a publisher, however often it asks.
var errRefused = errors.New("refused")

// Refused reports whether err of a [Push] says that the server will not have it: there is
// no use in trying again.
func Refused(err error) bool {
	return errors.Is(err, errRefused) || websocket.CloseStatus(err)/100 == codeViolation/100
}

// Push is the connection of a publisher to a server, by [Subprotocol].
type Push struct {
	*link
	ended atomic.Bool // the server has been told
}

// DialPush connects to the publishing address of a server, and returns what that has of
// the stream already. It takes 10 s at most. session tells the server that a publisher which
// comes back is the same. The error wraps [livews.ErrUnavailable], or is one of the close
// code with which the server refuses.
func (d *Dialer) DialPush(ctx context.Context, address, session string) (*Push, map[uint16]livews.Position, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, nil, err
	}
	query := u.Query()
	query.Set("session", session)
	u.RawQuery = ""
	l, err := d.connect(ctx, u.String(), "", query)
	if err != nil {
		return nil, nil, err
	}
	l.ws.SetReadLimit(maxControl)
	p := &Push{link: l}
	newest, err := p.have(ctx)
	if err != nil {
		_ = p.Close() // broken
		return nil, nil, err
	}
	return p, newest, nil
}

// have waits for what the server has.
func (p *Push) have(ctx context.Context) (map[uint16]livews.Position, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	for {
		_, text, err := p.ws.Read(ctx)
		if err != nil {
			return nil, p.readError(err)
		}
		c, err := parseControl(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", livews.ErrMessage, err)
		}
		if c.Type == typeHave {
			return parseAfter(c.After)
		}
	}
}

// readError is err without what must not be taken for the end of a source or a context.
func (p *Push) readError(err error) error {
	if websocket.CloseStatus(err) >= 0 {
		return fmt.Errorf("push: %w", err)
	}
	return fmt.Errorf("%w: push: %s", livews.ErrUnavailable, err.Error())
}

// WriteSegment sends seg, behind the notice of a hole in front of it. It blocks until the
// line has taken it, for 10 s at most. Any error ends the connection.
func (p *Push) WriteSegment(ctx context.Context, seg *livews.Segment) error {
	msg, err := seg.Message()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stallAfter)
	defer cancel()
	if seg.Gap != nil {
		if err := p.ws.Write(ctx, websocket.MessageText, gapText(seg.Track, seg.Gap)); err != nil {
			return p.readError(err)
		}
	}
	if err := p.ws.Write(ctx, websocket.MessageBinary, msg); err != nil {
		return p.readError(err)
	}
	return nil
}

// Wait blocks until the connection ends and says why, or ctx ends. After End it returns nil.
// It has to be called while segments are written: it also keeps the connection alive.
func (p *Push) Wait(ctx context.Context) error {
	for {
		_, _, err := p.ws.Read(ctx)
		switch {
		case err == nil: // nothing that is known yet
		case p.ended.Load():
			return nil
		default:
			return p.readError(err)
		}
	}
}

// Ping tells the server every 5 s that the publisher is alive, until ctx or the connection
// ends.
func (p *Push) Ping(ctx context.Context) error {
	ticker := time.NewTicker(pingAfter)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := p.ping(ctx); err != nil {
			return err
		}
	}
}

func (p *Push) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, deadAfter)
	defer cancel()
	if err := p.ws.Ping(ctx); err != nil {
		return p.readError(err)
	}
	return nil
}

// End says that the stream has ended, and closes the connection. Wait must be under way.
func (p *Push) End(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stallAfter)
	defer cancel()
	p.ended.Store(true)
	if err := p.ws.Write(ctx, websocket.MessageText, (&control{Type: typeEnd}).text()); err != nil {
		return p.readError(err)
	}
	giveUp := time.AfterFunc(closeTimeout, p.drop)
	defer giveUp.Stop()
	_ = p.ws.Close(websocket.StatusNormalClosure, "") // all has been said
	return nil
}

// Close ends the connection without waiting for the server.
func (p *Push) Close() error { return p.ws.CloseNow() }
