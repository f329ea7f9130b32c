package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/backoff"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

// goneAfter is how long the upstream may say that it has no such stream, which it
// had, before the stream counts as lost.
const goneAfter = 5 * time.Second

// follower is the Source of one stream of an Upstream. It connects again for as
// long as it is read, resumes after what it has given, and gives nothing twice.
type follower struct {
	up   *Upstream
	name string

	conn    *wire.Stream // nil between connections
	since   time.Time    // of the connection
	backoff backoff.Backoff
	last    map[uint16]livews.Position
	gone    time.Time // when the upstream first said that it has no such stream
	end     error     // final: what every later read gives
}

func newFollower(up *Upstream, name string, conn *wire.Stream) *follower {
	return &follower{up: up, name: name, conn: conn, since: time.Now(), last: make(map[uint16]livews.Position)}
}

// ReadSegment returns the next segment. It blocks while there is no connection.
// Its errors are ctx's, or final: [io.EOF] at the stream's clean end, and
// [livews.ErrNotFound] when no upstream has had it for 5 s.
func (f *follower) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	if f.end != nil {
		return nil, f.end
	}
	for {
		if f.conn == nil {
			if err := f.connect(ctx); err != nil {
				return nil, err
			}
		}
		seg, err := f.conn.ReadSegment(ctx)
		if err == nil {
			if f.isNew(seg) {
				return seg, nil
			}
			continue
		}
		f.disconnect()
		if err == io.EOF {
			f.end = err
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		f.up.log.Warn("upstream lost", "stream", f.name, "err", err)
	}
}

// isNew reports whether seg has not been given before, and notes it.
func (f *follower) isNew(seg *livews.Segment) bool {
	if seg.Type == livews.TypeInit {
		return true
	}
	if !seg.Position.After(f.last[seg.Track]) {
		return false
	}
	f.last[seg.Track] = seg.Position
	return true
}

// connect dials until there is a connection.
func (f *follower) connect(ctx context.Context) error {
	for {
		if err := f.backoff.Wait(ctx); err != nil {
			return err
		}
		conn, err := f.up.dial(ctx, f.name, f.last)
		if err == nil {
			f.conn, f.since, f.gone = conn, time.Now(), time.Time{}
			return nil
		}
		if err := f.noteFailure(err); err != nil {
			return err
		}
	}
}

// noteFailure returns an error if the stream is to be given up.
func (f *follower) noteFailure(err error) error {
	if !errors.Is(err, livews.ErrNotFound) {
		f.gone = time.Time{}
		return nil
	}
	now := time.Now()
	if f.gone.IsZero() {
		f.gone = now
	}
	if now.Sub(f.gone) >= goneAfter {
		f.end = fmt.Errorf("follow: %w", err)
	}
	return f.end
}

func (f *follower) disconnect() {
	f.backoff.Lived(time.Since(f.since))
	_ = f.conn.Close() // it is broken already
	f.conn = nil
}

// Close ends the connection.
func (f *follower) Close() error {
	if f.conn == nil {
		return nil
	}
	f.disconnect()
	return nil
}
