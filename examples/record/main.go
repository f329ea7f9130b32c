// Command record writes a stream to a file that plays:
//
//	go run ./examples/record -o cam1.mp4 ws://127.0.0.1:8020/live/cam1
//
// It ends with the stream or on an interrupt. Where the stream changes in a way that
// one file cannot hold, the next file begins: cam1.2.mp4.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/livews/websocketlivestream/examples/internal/node"
	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/relay"
)

func main() {
	out := flag.String("o", "stream.mp4", "`file` to write")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: record [-o FILE] ws://HOST:PORT/live/STREAM")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	node.Main(func(ctx context.Context) error { return run(ctx, flag.Arg(0), *out) })
}

func run(ctx context.Context, url, out string) error {
	base, name, ok := strings.Cut(url, "/live/")
	if !ok {
		return fmt.Errorf("record: %s: want a stream's address, as in ws://HOST:PORT/live/STREAM", url)
	}
	up, err := relay.NewUpstream(&relay.UpstreamOptions{URLs: []string{base}, Logger: node.Logger()})
	if err != nil {
		return err
	}
	src, err := up.Open(ctx, &livews.Request{Name: name})
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	defer src.(io.Closer).Close()

	rec := &recorder{path: out}
	fmt.Printf("record: %s to %s\n", url, out)
	err = livews.Copy(ctx, rec, src)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, rec.Close())
}
