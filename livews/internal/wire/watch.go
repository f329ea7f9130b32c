package wire

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/coder/websocket"

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
// itself: at first when all is known, then whenever something has changed. Each Node is
// the callee's to keep. Watch blocks until the connection or ctx ends, and returns an
// error always, that of [Dialer.Dial] where there was no connection. Streams and paths
// that cannot be are left out; a server that names more than 4096 streams is left.
// Version is not set.
func (d *Dialer) Watch(ctx context.Context, base string, update func(*Node)) error {
	l, err := d.connect(ctx, base, "/streams", nil)
	if err != nil {
		return err
	}
	defer l.ws.CloseNow()
	l.ws.SetReadLimit(maxNotice)
	w := watch{node: Node{RTT: l.rtt}, streams: make(map[string]livews.StreamInfo)}
	for {
		typ, text, err := l.ws.Read(ctx)
		if err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		if typ != websocket.MessageText {
			return fmt.Errorf("watch: %w: binary message", livews.ErrMessage)
		}
		n, err := parseNotice(text)
		if err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		if err := w.note(n); err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		if n.Type == typeSynced {
			update(w.current())
		}
	}
}

// watch is what a server has said so far.
type watch struct {
	node    Node
	streams map[string]livews.StreamInfo
}

// note takes in what n says. What it does not know it ignores.
func (w *watch) note(n *notice) error {
	switch n.Type {
	case typeNode:
		if !validID(n.ID) {
			return fmt.Errorf("%w: node id %.80q", livews.ErrMessage, n.ID)
		}
		w.node.ID, w.node.Viewers, w.node.Complete = n.ID, max(n.Viewers, 0), n.Complete
	case typeStream:
		return w.noteStream(n)
	case typeGone:
		delete(w.streams, n.Name)
	case typeSynced:
		if w.node.ID == "" {
			return fmt.Errorf("%w: no node before synced", livews.ErrMessage)
		}
	}
	return nil
}

func (w *watch) noteStream(n *notice) error {
	if n.Stream == nil {
		return nil
	}
	if !n.validStream() {
		delete(w.streams, n.Stream.Name) // what it was before is no longer so
		return nil
	}
	w.streams[n.Stream.Name] = steady(*n.Stream)
	if len(w.streams) > maxWatched {
		return fmt.Errorf("%w: more than %d streams", livews.ErrMessage, maxWatched)
	}
	return nil
}

// current returns a copy of what is known.
func (w *watch) current() *Node {
	node := w.node
	node.Streams = slices.SortedFunc(maps.Values(w.streams), func(a, b livews.StreamInfo) int {
		return cmp.Compare(a.Name, b.Name)
	})
	return &node
}
