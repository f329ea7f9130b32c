// Command edge serves the streams of one or several upstream servers to browsers:
//
//	go run ./examples/edge -listen :8020 -upstream ws://relay:8011
package main

import (
	"context"
	"flag"
	"os"

	"github.com/livews/websocketlivestream/examples/internal/node"
)

func main() {
	n := &node.Node{Name: "edge", Role: node.Edge, Stdout: os.Stdout, Logger: node.Logger()}
	var upstream, origins string
	flag.StringVar(&n.Listen, "listen", "127.0.0.1:8020", "`address` to listen on")
	flag.StringVar(&upstream, "upstream", "ws://127.0.0.1:8010", "`URLs` of the upstream servers, with commas between them, the preferred one first")
	flag.BoolVar(&n.Nearest, "nearest", false, "take each stream from the nearest upstream server, not from the first that has it")
	flag.StringVar(&origins, "origins", "", "`hosts` whose pages may have the player too, as in *.example.com, with commas between them; * allows all")
	node.Parse()
	n.Upstreams, n.Origins = node.List(upstream), node.List(origins)
	node.Main(func(ctx context.Context) error { return node.Run(ctx, n) })
}
