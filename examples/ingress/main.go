// Command ingress publishes one stream and serves it to relays and edges:
//
//	go run ./examples/ingress -listen :8010 -stream cam1 -source webcam
package main

import (
	"context"
	"flag"
	"os"

	"github.com/livews/websocketlivestream/examples/internal/node"
)

func main() {
	n := &node.Node{Name: "ingress", Role: node.Ingress, Stdout: os.Stdout, Logger: node.Logger()}
	var (
		name   string
		stream node.Stream
	)
	flag.StringVar(&n.Listen, "listen", "127.0.0.1:8010", "`address` to listen on")
	flag.StringVar(&name, "stream", "cam1", "`name` of the stream")
	stream.Flags("clip", "`source`: clip, clip:2, test, webcam, webcam:DEVICE, webcam:list, screen, mic, "+
		"listen:rtmp://:1935/live/KEY, a file, a URL that ffmpeg opens, or - for fragmented MP4 on stdin")
	flag.BoolVar(&n.Pages, "edge", false, "serve browsers too: be one's own edge")
	flag.BoolVar(&n.Publish, "publish", false, "let everybody who reaches the address publish at /publish/NAME, over HTTP or WebSocket; "+
		"there is no other stream then, unless -source names one")
	node.Parse()
	if !n.Publish || isSet("source") {
		n.Streams = map[string]node.Stream{name: stream}
	}
	node.Main(func(ctx context.Context) error {
		if stream.Source == node.ListDevices {
			return node.PrintDevices(ctx, os.Stdout)
		}
		return node.Run(ctx, n)
	})
}

// isSet reports whether the flag was given.
func isSet(name string) bool {
	found := false
	flag.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}
