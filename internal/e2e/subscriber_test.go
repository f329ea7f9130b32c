package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
)

// messages returns what a WebSocket client gets in the given time: all binary
// messages in order, and the text messages.
func messages(t *testing.T, url string, lasting time.Duration, subprotocols ...string) (binary [][]byte, text []string) {
	t.Helper()
	return messagesUntil(t, url, lasting, func([]byte) bool { return false }, subprotocols...)
}

// messagesUntil is messages that ends with the binary message that is enough.
func messagesUntil(t *testing.T, url string, atMost time.Duration, enough func(msg []byte) bool, subprotocols ...string) (binary [][]byte, text []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), atMost)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: subprotocols})
	if err != nil {
		t.Errorf("dial %s: %v", url, err)
		return nil, nil
	}
	defer conn.CloseNow()
	conn.SetReadLimit(livews.MaxMessage)
	if want := append(subprotocols, "")[0]; conn.Subprotocol() != want {
		t.Errorf("%s chose sub-protocol %q, want %q", url, conn.Subprotocol(), want)
	}
	for {
		kind, msg, err := conn.Read(ctx)
		if err != nil && ctx.Err() != nil {
			return binary, text
		}
		if err != nil {
			t.Errorf("read %s: %v", url, err)
			return binary, text
		}
		if kind == websocket.MessageText {
			text = append(text, string(msg))
			continue
		}
		binary = append(binary, msg)
		if enough(msg) {
			return binary, text
		}
	}
}
