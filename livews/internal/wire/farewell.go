package wire

import (
	"errors"
	"time"

	"github.com/coder/websocket"
)

const (
	// closeAfter is how long a peer may take to answer a close frame.
	closeAfter = 5 * time.Second
	// lastAfter is how long the kernel may take the last bytes for a peer that has taken
	// nothing for stallAfter: it has room for them at once, or will hardly have any.
	lastAfter = time.Second
	// noLowat lifts the bound of notsentLowat.
	noLowat = -1
)

// writeClose writes a close frame, the last that is written (RFC 6455, section 5.5.1), and
// gives the peer closeAfter to answer it. Code 1005 is for a frame without one.
func (c *serverConn) writeClose(code websocket.StatusCode, reason string) {
	frame := []byte{0x80 | opClose, 0}
	if code != websocket.StatusNoStatusRcvd {
		frame = append(append(frame, byte(code>>8), byte(code)), reason...)
	}
	frame[1] = byte(len(frame) - 2)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing.Load() {
		return
	}
	if err := c.write(frame); err != nil && !errors.Is(err, errStalled) {
		return // nobody will answer
	}
	c.closing.Store(true)
	_ = c.SetReadDeadline(time.Now().Add(closeAfter)) // fails where nothing is to be read
}

// finishFrame gives what is left of a write to the kernel of this side, for a peer that may
// yet go on reading: what follows, a close frame, gets to it only after a whole frame. It
// reports whether there was room. The memory for that is the kernel's, which bounds it and
// gives up the connection some time after it is closed.
func (c *serverConn) finishFrame(write func() (int64, error)) bool {
	if !c.plain || c.stalled {
		return false
	}
	c.stalled = true
	setLowat(c.Conn, noLowat)
	if c.SetWriteDeadline(time.Now().Add(lastAfter)) != nil {
		return false
	}
	_, err := write()
	return err == nil
}
