// Package node runs servers of the tree: ingresses, relays and edges. The programs
// ingress, relay, edge and cdn are their flags and a call of [Run].
package node

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"

	"golang.org/x/sync/errgroup"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/edge"
	"github.com/livews/websocketlivestream/livews/ingress"
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
	// Upstreams are the base URLs of a relay's or edge's upstream servers. Nearest
	// takes each stream from the nearest of them, not from the first.
	Upstreams []string
	Nearest   bool
	// Streams are what an ingress's streams are made of, by name.
	Streams map[string]Stream
	// Pages makes an ingress its own edge.
	Pages bool
	// Publish lets everybody who reaches an ingress publish streams there, at
	// /publish/NAME. It does not end with its sources then.
	Publish bool
	// Origins are the hosts whose pages may have an edge's streams, besides its own.
	Origins []string
	// Stdout gets the addresses to open, Logger the rest.
	Stdout io.Writer
	Logger *slog.Logger
}

// Run runs the nodes in one process until ctx ends or one of them fails; an ingress
// ends when all its sources have. Nothing runs before every address is taken and every
// source is known, so that what is wrong there is all that is said.
func Run(ctx context.Context, nodes ...*Node) error {
	var servers []*server
	defer func() {
		for _, s := range servers {
			s.close()
		}
	}()
	for _, n := range nodes {
		s, err := n.open()
		if err != nil {
			return fmt.Errorf("%s: %w", n.Name, err)
		}
		servers = append(servers, s)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range servers {
		s.announce()
		group.Go(func() error {
			if err := s.run(ctx); err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// server is a Node whose address is taken.
type server struct {
	*Node
	ln      net.Listener
	streams *livews.Streams
	sources map[string]livews.Source // of an ingress
	// publisher takes in what others publish; nil where they may not.
	publisher *ingress.Handler
}

func (n *Node) open() (*server, error) {
	s := &server{Node: n, streams: &livews.Streams{Logger: n.Logger}}
	if err := s.open(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *server) open() (err error) {
	if s.ln, err = listen(s.Listen); err != nil {
		return err
	}
	if s.Role == Ingress {
		if s.Publish {
			s.publisher = &ingress.Handler{Streams: s.streams, Logger: s.Logger}
		}
		s.sources, err = openSources(s.Streams, s.Logger)
		return err
	}
	opts := &relay.UpstreamOptions{URLs: s.Upstreams, Logger: s.Logger}
	if s.Nearest {
		opts.Order = relay.Nearest
	}
	up, err := relay.NewUpstream(opts)
	if err != nil {
		return err
	}
	s.streams.Open, s.streams.Discover = up.Open, up.Discover
	return nil
}

func (s *server) close() {
	if s.ln != nil {
		_ = s.ln.Close() // it has served, or never will
	}
	closeSources(s.sources)
	if s.publisher != nil {
		_ = s.publisher.Close() // always nil
	}
	_ = s.streams.Close() // always nil
}

func (s *server) run(ctx context.Context) error {
	h := s.handler()
	if s.Role != Ingress {
		return Serve(ctx, s.ln, h, h)
	}
	// When the sources have ended so does the server, and the other way round.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group errgroup.Group
	group.Go(func() error {
		defer cancel()
		return Serve(ctx, s.ln, h, stays{h}) // its streams end with it
	})
	group.Go(func() error {
		if s.publisher == nil {
			defer cancel()
		}
		return s.publish(ctx)
	})
	return group.Wait()
}

// handler is what relays and edges have in common.
type handler interface {
	http.Handler
	Live
}

// stays is a Live whose streams are nowhere else: nobody is to move.
type stays struct{ Live }

func (stays) Drain(context.Context) error { return nil }

func (s *server) handler() handler {
	if s.Role == Edge || s.Pages {
		h := &edge.Handler{Streams: s.streams, Origins: s.Origins, Logger: s.Logger}
		if s.publisher != nil { // a nil pointer would be no nil Handler
			h.Publisher = s.publisher
		}
		return h
	}
	h := &relay.Handler{Streams: s.streams, Logger: s.Logger}
	if s.publisher == nil {
		return h
	}
	return withPublisher(h, s.publisher)
}

// mounted is a handler with another one beside it.
type mounted struct {
	handler
	mux *http.ServeMux
}

// withPublisher returns h with p at /publish/.
func withPublisher(h handler, p http.Handler) handler {
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.Handle("/publish/", http.StripPrefix("/publish", p))
	return mounted{h, mux}
}

func (m mounted) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }
