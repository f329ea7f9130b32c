// Command relay passes on the streams of one or several upstream servers, to other
// relays and to edges:
//
//	go run ./examples/relay -listen :8011 -upstream ws://camera:8010
package main

import (
	"context"
	"flag"
	"os"

	"github.com/livews/websocketlivestream/examples/internal/node"
)

func main() {
	n := &node.Node{Name: "relay", Role: node.Relay, Stdout: os.Stdout, Logger: node.Logger()}
	var upstream string
	flag.StringVar(&n.Listen, "listen", "127.0.0.1:8011", "`address` to listen on")
	flag.StringVar(&upstream, "upstream", "ws://127.0.0.1:8010", "`URLs` of the upstream servers, with commas between them, the preferred one first")
	flag.BoolVar(&n.Nearest, "nearest", false, "take each stream from the nearest upstream server, not from the first that has it")
	node.Parse()
	n.Upstreams = node.List(upstream)
	node.Main(func(ctx context.Context) error { return node.Run(ctx, n) })
}
