// Command cdn runs a whole tree of servers: by default two ingresses, two chains of
// two relays and an edge, in one process over real sockets:
//
//	go run ./examples/cdn
//
// A JSON file arranges other trees, and each device of one runs its own node:
//
//	go run ./examples/cdn -print-config > tree.json
//	go run ./examples/cdn -config tree.json -node relay1a
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/livews/websocketlivestream/examples/internal/node"
)

type options struct {
	config, node string
	stream       node.Stream
	local, print bool
}

func main() {
	var o options
	flag.StringVar(&o.config, "config", "", "JSON `file` that arranges the tree; see -print-config")
	flag.StringVar(&o.node, "node", "", "run only the node of this `name`")
	o.stream.Flags("", "`source` of the first ingress, in place of the config's")
	flag.BoolVar(&o.local, "local", false, "keep the ports and put every host on 127.0.0.1")
	flag.BoolVar(&o.print, "print-config", false, "print the config and exit")
	node.Parse()
	node.Main(o.run)
}

func (o *options) run(ctx context.Context) error {
	if o.stream.Source == node.ListDevices {
		return node.PrintDevices(ctx, os.Stdout)
	}
	c, err := o.load()
	if err != nil {
		return err
	}
	if o.print {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(c)
	}
	nodes, err := o.nodes(c)
	if err != nil {
		return err
	}
	return node.Run(ctx, nodes...)
}

// load returns the config as the flags change it.
func (o *options) load() (*Config, error) {
	c := defaultConfig()
	if o.config != "" {
		var err error
		if c, err = readConfig(o.config); err != nil {
			return nil, err
		}
	}
	if o.local {
		if err := c.makeLocal(); err != nil {
			return nil, err
		}
	}
	if o.stream != (node.Stream{}) {
		if err := c.setSource(o.stream); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// nodes returns what is to run.
func (o *options) nodes(c *Config) ([]*node.Node, error) {
	configs := c.Nodes
	if o.node != "" {
		n, err := c.node(o.node)
		if err != nil {
			return nil, fmt.Errorf("-node: %w", err)
		}
		configs = []NodeConfig{*n}
	}
	log := node.Logger()
	var nodes []*node.Node
	for _, nc := range configs {
		n, err := c.runnable(nc, log)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func (c *Config) runnable(nc NodeConfig, log *slog.Logger) (*node.Node, error) {
	n := &node.Node{
		Name: nc.Name, Role: nc.Role, Listen: nc.Listen, Streams: nc.Streams, Pages: nc.Pages, Publish: nc.Publish, Nearest: nc.Nearest,
		Stdout: os.Stdout, Logger: log.With("node", nc.Name),
	}
	for _, up := range nc.Upstreams {
		u, err := c.upstreamURL(up)
		if err != nil {
			return nil, err
		}
		n.Upstreams = append(n.Upstreams, u)
	}
	return n, nil
}
