package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// A chain is ingress, relay, relay, edge as separate processes.
type chain struct {
	ingress, edge string // addresses
	relayAddr     string // of the second relay
	relayUpstream string
	relay         *program // the second relay
}

// startChain starts a chain that carries the stream cam1 of the given source; args are for
// the ingress.
func startChain(t *testing.T, source string, args ...string) *chain {
	t.Helper()
	addr := [4]string{freeAddr(t), freeAddr(t), freeAddr(t), freeAddr(t)}
	c := &chain{ingress: addr[0], edge: addr[3], relayAddr: addr[2], relayUpstream: "ws://" + addr[1]}
	serve(t, example("ingress", append([]string{"-listen", addr[0], "-stream", "cam1", "-source", source}, args...)...), addr[0])
	serve(t, example("relay", "-listen", addr[1], "-upstream", "ws://"+addr[0]), addr[1])
	c.relay = c.startRelay(t)
	serve(t, example("edge", "-listen", addr[3], "-upstream", "ws://"+addr[2]), addr[3])
	return c
}

// startRelay starts the second relay, also a second time.
func (c *chain) startRelay(t *testing.T) *program {
	t.Helper()
	return serve(t, example("relay", "-listen", c.relayAddr, "-upstream", c.relayUpstream), c.relayAddr)
}

var loopbackAddr = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// startCDN starts the whole tree in one process, as cdn arranges it by itself
// but on free ports, and returns the edge's address.
func startCDN(t *testing.T, args ...string) (edge string) {
	t.Helper()
	config, err := example("cdn", "-print-config").Output()
	if err != nil {
		t.Fatalf("cdn -print-config: %v", err)
	}
	moved := make(map[string]string)
	config = loopbackAddr.ReplaceAllFunc(config, func(old []byte) []byte {
		if moved[string(old)] == "" {
			moved[string(old)] = freeAddr(t)
		}
		return []byte(moved[string(old)])
	})
	edge = moved["127.0.0.1:8020"]
	if edge == "" {
		t.Fatalf("cdn -print-config has no node at 127.0.0.1:8020:\n%s", config)
	}
	file := filepath.Join(t.TempDir(), "cdn.json")
	writeFile(t, file, string(config))
	addrs := make([]string, 0, len(moved))
	for _, addr := range moved {
		addrs = append(addrs, addr)
	}
	serve(t, example("cdn", append([]string{"-config", file}, args...)...), addrs...)
	return edge
}

// getJSON decodes what an HTTP server answers with 200.
func getJSON(t *testing.T, url string, v any) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %s", url, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
