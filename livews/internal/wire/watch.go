package wire

import (
	"context"
	"errors"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// Node is what a server says of itself and of the streams that it has.
type Node struct {
	// ID is the server's.
	ID string
	// Viewers counts those who are connected to it.
	Viewers int
	// RTT is how long the handshake took.
	RTT time.Duration
	livews.Directory
}

// Watch connects to the server with the base URL and calls update with what it says of
// itself: at first when all is known, then whenever something has changed. It blocks until the
// connection or ctx ends. Version is not set.
func (d *Dialer) Watch(ctx context.Context, base string, update func(*Node)) error {
	return errors.New("not yet")
}
