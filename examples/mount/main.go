// Command mount puts an edge into a server that has routes of its own:
//
//	go run ./examples/mount -upstream ws://relay:8011
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"

	"github.com/livews/websocketlivestream/examples/internal/node"
	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/edge"
	"github.com/livews/websocketlivestream/livews/relay"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "`address` to listen on")
	upstream := flag.String("upstream", "ws://127.0.0.1:8010", "`URLs` of the upstream servers")
	node.Parse()
	node.Main(func(ctx context.Context) error { return run(ctx, *listen, node.List(*upstream)) })
}

func run(ctx context.Context, listen string, upstreams []string) error {
	up, err := relay.NewUpstream(&relay.UpstreamOptions{URLs: upstreams})
	if err != nil {
		return err
	}
	streams := &livews.Streams{Open: up.Open, Discover: up.Discover}
	defer streams.Close()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", hello)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	tv := &edge.Handler{Streams: streams, Title: "TV"}
	mux.Handle("/tv/", http.StripPrefix("/tv", tv))

	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	fmt.Printf("mount: open http://%s/ in a browser\n", ln.Addr())
	return node.Serve(ctx, ln, mux, tv)
}

// hello is the page that the server had before.
func hello(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">`+
		`<title>My server</title><h1>My server</h1><p>It shows <a href="tv/">live video</a> too.</p></html>`)
}
