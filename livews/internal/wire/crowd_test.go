package wire

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// crowdOrder is the environment variable by which a process of this test binary is told
// to be a crowd of viewers, so that what they cost is not counted with the server.
const crowdOrder = "LIVEWS_TEST_CROWD"

// crowd are viewers that read and count, and do nothing else.
type crowd struct {
	Addr    string
	Viewers int
	TLS     bool
	Target  string // of the upgrade request; empty: the bare connection
}

// runCrowd is the crowd's process. It answers each line that it reads with the number of
// bytes that have come to all so far.
func runCrowd(order string) int {
	var c crowd
	if err := json.Unmarshal([]byte(order), &c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var got atomic.Int64
	conns := make([]net.Conn, c.Viewers)
	var dials errgroup.Group
	dials.SetLimit(16)
	for i := range conns {
		dials.Go(func() (err error) {
			conns[i], err = c.dial()
			return err
		})
	}
	if err := dials.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for _, conn := range conns {
		go count(conn, &got)
	}
	if c.Target != "" {
		go c.pong(conns)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(got.Load())
	}
	return 0
}

func count(conn net.Conn, got *atomic.Int64) {
	buf := make([]byte, 32<<10)
	for {
		n, err := conn.Read(buf)
		got.Add(int64(n))
		if err != nil {
			return
		}
	}
}

// pong keeps the connections from being taken for dead.
func (c *crowd) pong(conns []net.Conn) {
	for {
		time.Sleep(7 * time.Second)
		for _, conn := range conns {
			_, _ = conn.Write([]byte{0x8a, 0x80, 0, 0, 0, 0})
		}
	}
}

func (c *crowd) dial() (net.Conn, error) {
	conn, err := net.Dial("tcp", c.Addr)
	if err != nil {
		return nil, err
	}
	if c.TLS {
		secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // of this test
		if err := secure.Handshake(); err != nil {
			return nil, err
		}
		conn = secure
	}
	if c.Target == "" {
		return conn, nil
	}
	return conn, upgrade(conn, c.Addr, c.Target)
}

// upgrade opens a stream without the cost of a WebSocket client. What comes with the
// answer is lost.
func upgrade(conn net.Conn, host, target string) error {
	req := "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: " + Subprotocol + "\r\n\r\n"
	if _, err := conn.Write([]byte(req)); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

// start starts the crowd in a process of its own until b ends. The returned function
// tells how many bytes have come.
func (c *crowd) start(b *testing.B) (received func() int64) {
	b.Helper()
	order, err := json.Marshal(c)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0]) //nolint:gosec // this binary
	cmd.Env = append(os.Environ(), crowdOrder+"="+string(order))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	lines := bufio.NewReader(out)
	return func() (n int64) {
		_, _ = io.WriteString(in, "\n")
		if _, err := fmt.Fscanln(lines, &n); err != nil {
			b.Fatalf("the crowd does not answer: %v", err)
		}
		return n
	}
}
