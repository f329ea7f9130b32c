package node

import (
	"fmt"
	"maps"
	"net"
	"slices"

	"github.com/livews/websocketlivestream/livews/ingress"
)

// announce prints where to open what.
func (s *server) announce() {
	host := reachable(s.ln.Addr())
	if s.Role == Edge || s.Pages {
		fmt.Fprintf(s.Stdout, "%s: open http://%s/ in a browser\n", s.Name, host)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Streams)) {
		fmt.Fprintf(s.Stdout, "%s: stream %s (%s) at ws://%s/live/%s\n", s.Name, name, ingress.Redact(s.Streams[name].Source), host, name)
	}
	if s.publisher != nil {
		fmt.Fprintf(s.Stdout, "%s: publish at http://%s/publish/NAME; whoever reaches this address can\n", s.Name, host)
	}
	if s.Role != Edge {
		fmt.Fprintf(s.Stdout, "%s: upstream for other servers: ws://%s\n", s.Name, host)
	}
}

// reachable returns an address under which this machine reaches a listener.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("localhost:%d", tcp.Port)
	}
	return addr.String()
}
