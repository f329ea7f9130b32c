package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/livews/websocketlivestream/examples/internal/node"
)

// TestDefaultConfig holds what -print-config prints to what -config takes.
func TestDefaultConfig(t *testing.T) {
	text, err := json.Marshal(defaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	c, err := parseConfig(text)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c, defaultConfig()) {
		t.Errorf("read back as %+v", c)
	}
}

func TestParseConfigRefuses(t *testing.T) {
	for _, tt := range []struct{ config, want string }{
		{``, "EOF"},
		{`{`, "unexpected EOF"},
		{"{\n\n x}", "line 3"},
		{`{"nodes":[]}`, `no "nodes"`},
		{`{"node":[]}`, `unknown field "node"`},
		{`{"nodes":[{"name":"a","rôle":"edge"}]}`, `unknown field "rôle"`},
		{`{"nodes":[{"role":"edge"}]}`, `node 1 has no "name"`},
		{`{"nodes":[{"name":"a","role":"origin","listen":":1"}]}`, `node "a": "role" is "origin"`},
		{`{"nodes":[{"name":"a","role":"edge","listen":"8020","upstreams":["ws://x"]}]}`, `node "a": "listen"`},
		{`{"nodes":[{"name":"a","role":"edge","listen":":1"}]}`, `needs "upstreams"`},
		{`{"nodes":[{"name":"a","role":"edge","listen":":1","upstreams":["b"]}]}`, `there is no node "b"`},
		{`{"nodes":[{"name":"a","role":"relay","listen":":1","upstreams":["ws://x"],"streams":{"s":"clip"}}]}`, `"streams", "pages" and "publish"`},
		{`{"nodes":[{"name":"a","role":"ingress","listen":":1"}]}`, `needs "streams", or "publish"`},
		{`{"nodes":[{"name":"a","role":"edge","listen":":1","upstreams":["ws://x"],"publish":true}]}`, `are for an ingress`},
		{`{"nodes":[{"name":"a","role":"ingress","listen":":1","streams":{"a//b":"clip"}}]}`, "stream name"},
		{`{"nodes":[{"name":"a","role":"ingress","listen":":1","streams":{"s":"clip"},"upstreams":["ws://x"]}]}`, `no "upstreams"`},
		{`{"nodes":[{"name":"a","role":"ingress","listen":":1","streams":{"s":"clip"}},{"name":"a","role":"ingress","listen":":2","streams":{"s":"clip"}}]}`, `two nodes`},
		{`{"nodes":[{"name":"a","role":"ingress","listen":":1","streams":{"s":"clip"}}]} {}`, "follows"},
		{`{"nodes":[{"name":"a","role":"ingress","listen":":1","streams":{"s":{"source":"clip","colour":"red"}}}]}`, `unknown field "colour"`},
		{`{"nodes":[{"name":"a","role":"ingress","listen":":1","streams":{"s":{"source":"test","size":"big"}}}]}`, `stream "s": size: "big"`},
		{`{"nodes":[{"name":"a","role":"ingress","listen":":1","streams":{"s":{"fps":30}}}]}`, `stream "s": no "source"`},
	} {
		if c, err := parseConfig([]byte(tt.config)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, %v; want an error with %q", tt.config, c, err, tt.want)
		}
	}
}

func TestReadConfigNamesFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tree.json")
	if err := os.WriteFile(path, []byte(`{"nodes":7}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, path + ".none"} {
		if _, err := readConfig(p); err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("readConfig(%s) = %v, want an error that names the file", p, err)
		}
	}
}

func TestUpstreamURL(t *testing.T) {
	c := &Config{Nodes: []NodeConfig{
		{Name: "loop", Listen: "127.0.0.1:8001"},
		{Name: "any", Listen: ":8002"},
		{Name: "zero", Listen: "0.0.0.0:8003"},
		{Name: "known", Listen: ":8004", Host: "camera.local"},
		{Name: "six", Listen: "[::1]:8005"},
	}}
	for up, want := range map[string]string{
		"loop": "ws://127.0.0.1:8001", "any": "ws://127.0.0.1:8002", "zero": "ws://127.0.0.1:8003",
		"known": "ws://camera.local:8004", "six": "ws://[::1]:8005", "wss://example.com/tv": "wss://example.com/tv",
	} {
		if got, err := c.upstreamURL(up); err != nil || got != want {
			t.Errorf("upstreamURL(%q) = %q, %v, want %q", up, got, err, want)
		}
	}
}

func TestMakeLocal(t *testing.T) {
	c := &Config{Nodes: []NodeConfig{
		{Name: "a", Listen: "192.0.2.1:8001", Host: "camera.local"},
		{Name: "b", Listen: ":8002", Upstreams: []string{"a", "ws://camera.local:8001", "wss://example.com/tv"}},
	}}
	if err := c.makeLocal(); err != nil {
		t.Fatal(err)
	}
	want := []NodeConfig{
		{Name: "a", Listen: "127.0.0.1:8001"},
		{Name: "b", Listen: "127.0.0.1:8002", Upstreams: []string{"a", "ws://127.0.0.1:8001", "wss://127.0.0.1/tv"}},
	}
	if !reflect.DeepEqual(c.Nodes, want) {
		t.Errorf("nodes are %+v, want %+v", c.Nodes, want)
	}
}

func TestSetSource(t *testing.T) {
	c := defaultConfig()
	if err := c.setSource(node.Stream{Source: "test"}); err != nil {
		t.Fatal(err)
	}
	if got := c.Nodes[0].Streams["cam1"].Source; got != "test" || c.Nodes[1].Streams["cam2"].Source != "clip:2" {
		t.Errorf("sources are %v and %v", c.Nodes[0].Streams, c.Nodes[1].Streams)
	}
	if err := c.setSource(node.Stream{Size: "x720"}); err == nil {
		t.Error("a size without a source is taken")
	}
	if err := (&Config{Nodes: c.Nodes[2:]}).setSource(node.Stream{Source: "test"}); err == nil {
		t.Error("a config without an ingress takes a source")
	}
}
