// Package node runs one server of the tree: an ingress, a relay or an edge. The
// programs ingress, relay, edge and cdn are their flags and a call of it.
package node

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/edge"
	"github.com/livews/websocketlivestream/livews/relay"
)

// The roles of a Node.
const (
	Ingress = "ingress"
	Relay   = "relay"
	Edge    = "edge"
)

// Node says what to run.
type Node struct {
	// Name stands in front of what is printed; Role is one of the roles.
	Name, Role string
	// Listen is the address to listen on, as in "127.0.0.1:8010".
	Listen string
	// Upstreams are the base URLs of a relay's or edge's upstream servers.
	Upstreams []string
	// Streams are the sources of an ingress's streams, by name.
	Streams map[string]string
	// Pages makes an ingress its own edge.
	Pages bool
	// Stdout gets the addresses to open, Logger the rest.
	Stdout io.Writer
	Logger *slog.Logger
}

// Run serves until ctx ends, a source fails, or, in an ingress, all sources have
// ended. It returns nil when ctx has ended.
func (n *Node) Run(ctx context.Context) error {
	if err := n.run(ctx); err != nil {
		return fmt.Errorf("%s: %w", n.Name, err)
	}
	return nil
}

func (n *Node) run(ctx context.Context) error {
	if n.Role == Ingress {
		return n.runIngress(ctx)
	}
	up, err := relay.NewUpstream(&relay.UpstreamOptions{URLs: n.Upstreams, Logger: n.Logger})
	if err != nil {
		return err
	}
	streams := &livews.Streams{Open: up.Open, Discover: up.List, Logger: n.Logger}
	defer streams.Close()
	return n.serve(ctx, streams)
}

// serve listens and serves streams until ctx ends.
func (n *Node) serve(ctx context.Context, streams *livews.Streams) error {
	ln, err := listen(n.Listen)
	if err != nil {
		return err
	}
	n.announce(ln.Addr())
	return Serve(ctx, ln, n.handler(streams))
}

func (n *Node) handler(streams *livews.Streams) http.Handler {
	if n.Role == Edge || n.Pages {
		return &edge.Handler{Streams: streams, Logger: n.Logger}
	}
	return &relay.Handler{Streams: streams, Logger: n.Logger}
}
