package wire

import (
	"errors"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
)

// Action is what a subscriber does when a connection has failed or ended.
type Action int

const (
	// Retry connects here again, with backoff.
	Retry Action = iota
	// Move tries another server, then this one.
	Move
	// Stop does not try here again.
	Stop
)

// Advice says what to do about an error of [Dialer.Dial] or [Stream.ReadSegment] that
// is no clean end of the stream. It goes by the close code where the server has
// given one; a server that broke the protocol, or refused, is left for another.
func Advice(err error) Action {
	switch websocket.CloseStatus(err) / 100 {
	case codeLost / 100:
		return Move
	case codeViolation / 100:
		return Stop
	}
	for _, refusal := range []error{livews.ErrMessage, livews.ErrLoop, livews.ErrNotFound} {
		if errors.Is(err, refusal) {
			return Move
		}
	}
	return Retry
}
