package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/livews/websocketlivestream/examples/internal/node"
	"github.com/livews/websocketlivestream/livews"
)

// Config arranges which server runs where. One file serves every device: each runs
// its own node of it, or one runs all.
type Config struct {
	Nodes []NodeConfig `json:"nodes"`
}

// NodeConfig is one server.
type NodeConfig struct {
	// Name names the node in upstreams and for -node; Role is ingress, relay or
	// edge.
	Name string `json:"name"`
	Role string `json:"role"`
	// Listen is the address to listen on. Host is the name or address by which
	// the other nodes reach this one; without it that is Listen's.
	Listen string `json:"listen"`
	Host   string `json:"host,omitempty"`
	// Upstreams are names of nodes, or URLs, in order of preference. Nearest takes
	// each stream from the nearest of them instead.
	Upstreams []string `json:"upstreams,omitempty"`
	Nearest   bool     `json:"nearest,omitempty"`
	// Streams are what an ingress's streams are made of, by name: the source, or an
	// object with the source and what is wanted of it.
	Streams map[string]node.Stream `json:"streams,omitempty"`
	// Pages makes an ingress its own edge.
	Pages bool `json:"pages,omitempty"`
	// Publish lets everybody who reaches an ingress publish streams there.
	Publish bool `json:"publish,omitempty"`
}

// defaultConfig is the prototype's picture: two cameras, two chains of two relays,
// one edge.
func defaultConfig() *Config {
	return &Config{Nodes: []NodeConfig{
		{Name: "ingress1", Role: node.Ingress, Listen: "127.0.0.1:8001", Streams: map[string]node.Stream{"cam1": {Source: "clip:1"}}},
		{Name: "ingress2", Role: node.Ingress, Listen: "127.0.0.1:8002", Streams: map[string]node.Stream{"cam2": {Source: "clip:2"}}},
		{Name: "relay1a", Role: node.Relay, Listen: "127.0.0.1:8011", Upstreams: []string{"ingress1"}},
		{Name: "relay1b", Role: node.Relay, Listen: "127.0.0.1:8012", Upstreams: []string{"relay1a"}},
		{Name: "relay2a", Role: node.Relay, Listen: "127.0.0.1:8013", Upstreams: []string{"ingress2"}},
		{Name: "relay2b", Role: node.Relay, Listen: "127.0.0.1:8014", Upstreams: []string{"relay2a"}},
		{Name: "edge", Role: node.Edge, Listen: "127.0.0.1:8020", Upstreams: []string{"relay1b", "relay2b"}},
	}}
}

// readConfig reads and checks a config file.
func readConfig(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c, err := parseConfig(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// parseConfig parses and checks a config. Keys that it does not know are errors.
func parseConfig(text []byte) (*Config, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	c := new(Config)
	if err := d.Decode(c); err != nil {
		return nil, describeJSON(text, err)
	}
	if err := d.Decode(new(any)); err != io.EOF {
		return nil, errors.New("something follows the config's closing brace")
	}
	return c, c.check()
}

// describeJSON adds the line to a syntax error, and takes the package's name from
// the others.
func describeJSON(text []byte, err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("line %d: %w", 1+bytes.Count(text[:syntax.Offset], []byte("\n")), err)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

func (c *Config) check() error {
	if len(c.Nodes) == 0 {
		return errors.New(`no "nodes"`)
	}
	seen := make(map[string]bool)
	for i := range c.Nodes {
		n := &c.Nodes[i]
		if n.Name == "" {
			return fmt.Errorf(`node %d has no "name"`, i+1)
		}
		if seen[n.Name] {
			return fmt.Errorf("two nodes have the name %q", n.Name)
		}
		seen[n.Name] = true
		if err := c.checkNode(n); err != nil {
			return fmt.Errorf("node %q: %w", n.Name, err)
		}
	}
	return nil
}

func (c *Config) checkNode(n *NodeConfig) error {
	if _, _, err := net.SplitHostPort(n.Listen); err != nil {
		return fmt.Errorf(`"listen": %w`, err)
	}
	switch n.Role {
	case node.Ingress:
		return n.checkIngress()
	case node.Relay, node.Edge:
		return c.checkFollower(n)
	default:
		return fmt.Errorf(`"role" is %q, want ingress, relay or edge`, n.Role)
	}
}

func (n *NodeConfig) checkIngress() error {
	if len(n.Streams) == 0 && !n.Publish {
		return errors.New(`an ingress needs "streams", or "publish": true`)
	}
	if len(n.Upstreams) > 0 || n.Nearest {
		return errors.New(`an ingress has no "upstreams"`)
	}
	for name, s := range n.Streams {
		if err := livews.CheckName(name); err != nil {
			return err
		}
		if err := s.Check(); err != nil {
			return fmt.Errorf("stream %q: %w", name, err)
		}
	}
	return nil
}

func (c *Config) checkFollower(n *NodeConfig) error {
	if len(n.Upstreams) == 0 {
		return errors.New(`a relay or an edge needs "upstreams"`)
	}
	if len(n.Streams) > 0 || n.Pages || n.Publish {
		return errors.New(`"streams", "pages" and "publish" are for an ingress`)
	}
	for _, up := range n.Upstreams {
		if _, err := c.upstreamURL(up); err != nil {
			return err
		}
	}
	return nil
}

// node returns the node with this name.
func (c *Config) node(name string) (*NodeConfig, error) {
	i := slices.IndexFunc(c.Nodes, func(n NodeConfig) bool { return n.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("there is no node %q", name)
	}
	return &c.Nodes[i], nil
}

// upstreamURL returns the base URL of an upstream, which is a node's name or a URL.
func (c *Config) upstreamURL(up string) (string, error) {
	if strings.Contains(up, "://") {
		return up, nil
	}
	n, err := c.node(up)
	if err != nil {
		return "", fmt.Errorf("upstream: %w", err)
	}
	host, port, err := net.SplitHostPort(n.Listen)
	if err != nil {
		return "", fmt.Errorf("upstream %q: %w", up, err)
	}
	if n.Host != "" {
		host = n.Host
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "ws://" + net.JoinHostPort(host, port), nil
}

// makeLocal keeps the ports and puts every host on 127.0.0.1.
func (c *Config) makeLocal() error {
	for i := range c.Nodes {
		n := &c.Nodes[i]
		_, port, err := net.SplitHostPort(n.Listen)
		if err != nil {
			return fmt.Errorf("node %q: %w", n.Name, err)
		}
		n.Listen, n.Host = net.JoinHostPort("127.0.0.1", port), ""
		for j, up := range n.Upstreams {
			if n.Upstreams[j], err = localURL(up); err != nil {
				return fmt.Errorf("node %q: upstream: %w", n.Name, err)
			}
		}
	}
	return nil
}

// localURL is up with its host replaced, if it is a URL.
func localURL(up string) (string, error) {
	if !strings.Contains(up, "://") {
		return up, nil
	}
	u, err := url.Parse(up)
	if err != nil {
		return "", err
	}
	host := "127.0.0.1"
	if port := u.Port(); port != "" {
		host = net.JoinHostPort(host, port)
	}
	u.Host = host
	return u.String(), nil
}

// setSource makes the first ingress's first stream of s.
func (c *Config) setSource(s node.Stream) error {
	if s.Source == "" {
		return errors.New("what describes a source goes with -source")
	}
	for i := range c.Nodes {
		if n := &c.Nodes[i]; n.Role == node.Ingress && len(n.Streams) > 0 {
			names := make([]string, 0, len(n.Streams))
			for name := range n.Streams {
				names = append(names, name)
			}
			n.Streams[slices.Min(names)] = s
			return nil
		}
	}
	return errors.New("-source: the config has no ingress with a stream")
}
