package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// AwaitDemand waits until no server has more than one connection for each child that watches
// a stream, and no child more than one server: promise P6 while there are viewers. Its error
// says what is too much after the bound.
func (w *World) AwaitDemand(ctx context.Context, bound time.Duration) error {
	return w.await(ctx, bound, func() []string {
		var bad []string
		for _, stream := range w.Topology.Streams() {
			bad = append(bad, w.excess(stream)...)
		}
		return bad
	})
}

// AwaitNone waits until every stream is closed wherever it is not published, and no ingress
// has anybody for it: promise P6 after the last viewer has left.
func (w *World) AwaitNone(ctx context.Context, bound time.Duration) error {
	return w.await(ctx, bound, func() []string {
		var bad []string
		for _, stream := range w.Topology.Streams() {
			for _, n := range w.Nodes {
				info, open := n.Info(stream)
				if info.Viewers > 0 || open && !slices.Contains(n.Streams, stream) {
					bad = append(bad, fmt.Sprintf("%s has %s open with %d viewers", n.Name, stream, info.Viewers))
				}
			}
		}
		return bad
	})
}

func (w *World) await(ctx context.Context, bound time.Duration, bad func() []string) error {
	begin := time.Now()
	for {
		lines := bad()
		if len(lines) == 0 {
			return nil
		}
		if time.Since(begin) > bound {
			return fmt.Errorf("P6: after %v: %s", bound, strings.Join(lines, "; "))
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

// excess compares the viewers that all servers count with those that there are, and the
// servers that take the stream from another.
func (w *World) excess(stream string) []string {
	children := make([]int, len(w.Nodes))
	for i := range w.Topology.Nodes {
		for _, parent := range w.Topology.Nodes[i].Parents {
			children[parent]++
		}
	}
	readers := 0
	served := w.Served()
	for i, v := range w.Viewers {
		if v.Stream == stream && served[i] {
			readers++
			children[w.seats[i].node]++
		}
	}
	var bad []string
	counted := 0
	for i, n := range w.Nodes {
		info, open := n.Info(stream)
		counted += info.Viewers
		if open && !slices.Contains(n.Streams, stream) {
			readers++
		}
		if info.Viewers > children[i] {
			bad = append(bad, fmt.Sprintf("%s has %d viewers of %s but %d children", n.Name, info.Viewers, stream, children[i]))
		}
	}
	if counted != readers {
		bad = append(bad, fmt.Sprintf("%s has %d readers, of whom the servers count %d", stream, readers, counted))
	}
	return bad
}
