// Command load is a crowd of viewers for any edge or relay, cheap enough not to be what
// limits: it reads and counts messages, and opens no payload. It checks on the way that
// every viewer gets each chunk once and is told of each that is missing.
//
//	go run ./examples/load -n 500 ws://127.0.0.1:8020/live/cam1
//	go run ./examples/load -serve 127.0.0.1:8020
//	go run ./examples/load -n 500 -slow 0.2 -pid 4711 ws://127.0.0.1:8020/live/cam1
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/livews/websocketlivestream/examples/internal/node"
)

type options struct {
	n        int
	ramp     time.Duration
	duration time.Duration
	slow     float64
	slowRate int
	plain    bool
	pid      int
	json     bool
	serve    string
	bits     int
	rate     int
	bare     bool
	url      *url.URL
}

func main() {
	var o options
	flag.IntVar(&o.n, "n", 100, "`number` of viewers")
	flag.DurationVar(&o.ramp, "ramp", 2*time.Second, "`time` within which they join")
	flag.DurationVar(&o.duration, "duration", 10*time.Second, "`time` to watch after that; 0: until an interrupt")
	flag.Float64Var(&o.slow, "slow", 0, "`share` of the viewers that read too slowly, 0 to 1")
	flag.IntVar(&o.slowRate, "slow-rate", 0, "`bytes` that a slow viewer reads in a second; 0: none at all")
	flag.BoolVar(&o.plain, "plain", false, "ask for plain fragmented MP4, of which only messages and bytes can be counted")
	flag.IntVar(&o.pid, "pid", 0, "`process` of the server on this machine, to count its CPU time and memory (Linux)")
	flag.BoolVar(&o.json, "json", false, "print the report as JSON, and no progress")
	flag.StringVar(&o.serve, "serve", "", "serve a synthetic stream at this `address` instead, for another load")
	flag.IntVar(&o.bits, "bits", 1_000_000, "with -serve, `bits` in a second of the stream")
	flag.IntVar(&o.rate, "rate", 30, "with -serve, `chunks` in a second of it")
	flag.BoolVar(&o.bare, "bare", false, "with -serve, write each chunk to each viewer and do nothing else, to compare with")
	flag.Usage = usage
	flag.Parse()
	node.Main(func(ctx context.Context) error {
		if o.serve != "" {
			return o.checkStream(func() error { return o.listen(ctx, os.Stdout) })
		}
		if err := o.check(flag.Args()); err != nil {
			return err
		}
		return o.run(ctx, os.Stdout)
	})
}

func usage() {
	fmt.Fprintln(flag.CommandLine.Output(), "usage: load [flags] ws://HOST:PORT/live/STREAM")
	flag.PrintDefaults()
}

// checkStream calls serve if the stream can be.
func (o *options) checkStream(serve func() error) error {
	if o.rate < 1 || o.rate > 1000 || o.bits/8/o.rate < 128 || o.bits > 1_000_000_000 {
		return fmt.Errorf("load: %d chunks and %d bits in a second: want 1 to 1000 chunks of 128 bytes at least, and 1 Gbit at most", o.rate, o.bits)
	}
	return serve()
}

func (o *options) check(args []string) error {
	if len(args) != 1 {
		return errors.New("load: want the URL of one stream, as in ws://127.0.0.1:8020/live/cam1")
	}
	u, err := url.Parse(args[0])
	switch {
	case err != nil:
		return fmt.Errorf("load: %w", err)
	case u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "":
		return fmt.Errorf("load: %q: want a URL as in ws://127.0.0.1:8020/live/cam1", args[0])
	case o.n < 1:
		return fmt.Errorf("load: -n is %d, want at least 1", o.n)
	case o.slow < 0 || o.slow > 1:
		return fmt.Errorf("load: -slow is %g, want 0 to 1", o.slow)
	}
	o.url = u
	return nil
}

// run lets the viewers come, watches them, and prints what there is to say.
func (o *options) run(ctx context.Context, out io.Writer) error {
	c := newCrowd(o)
	meter, err := newMeter(o.pid)
	if err != nil {
		return err
	}
	c.join(ctx)
	o.watch(ctx, c, out)
	r := c.report(meter)
	c.leave()
	if r.Joined == 0 {
		return fmt.Errorf("load: no viewer could join: %s", r.Refusal)
	}
	if o.json {
		return json.NewEncoder(out).Encode(r)
	}
	_, err = fmt.Fprint(out, r)
	return err
}

// watch prints a line a second until the time is over, which begins when all viewers have
// joined, or were refused.
func (o *options) watch(ctx context.Context, c *crowd, out io.Writer) {
	arrived, over := c.all, (<-chan time.Time)(nil)
	if o.duration == 0 {
		arrived = nil
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if line := c.second(); !o.json {
				fmt.Fprintln(out, line)
			}
		case <-arrived:
			arrived, over = nil, time.After(o.duration)
		case <-over:
			return
		case <-ctx.Done():
			return
		}
	}
}
