package node

import (
	"fmt"
	"maps"
	"net"
	"slices"
)

// announce prints where to open what.
func (n *Node) announce(addr net.Addr) {
	host := reachable(addr)
	if n.Role == Edge || n.Pages {
		fmt.Fprintf(n.Stdout, "%s: open http://%s/ in a browser\n", n.Name, host)
	}
	for _, name := range slices.Sorted(maps.Keys(n.Streams)) {
		fmt.Fprintf(n.Stdout, "%s: stream %s (%s) at ws://%s/live/%s\n", n.Name, name, n.Streams[name], host, name)
	}
	if n.Role != Edge {
		fmt.Fprintf(n.Stdout, "%s: upstream for other servers: ws://%s\n", n.Name, host)
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
