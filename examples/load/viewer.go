package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// patience is how long a server may take to accept a viewer.
	patience = 10 * time.Second
	// readBuffer is for viewers that cannot share theirs.
	readBuffer = 16 << 10
)

// viewer is one connection.
type viewer struct {
	crowd  *crowd
	conn   net.Conn
	early  []byte // what came with the handshake
	slow   bool
	asked  time.Time // for the stream
	joined time.Time
	order  order
	group  bool // has had a chunk
}

// watch joins and reads until the connection or ctx ends.
func (v *viewer) watch(ctx context.Context) error {
	if err := v.dial(ctx); err != nil {
		v.crowd.refused(err)
		return err
	}
	stop := context.AfterFunc(ctx, func() { v.conn.Close() })
	defer stop()
	defer v.conn.Close()
	v.joined = time.Now()
	v.crowd.joined.Add(1)
	v.crowd.live.Add(1)
	v.crowd.answered()
	defer v.crowd.live.Add(-1)
	if v.slow && v.crowd.slowRate == 0 {
		<-ctx.Done()
		return nil
	}
	err := v.read()
	if ctx.Err() != nil {
		return nil
	}
	v.crowd.cut.Add(1)
	return err
}

// dial connects and asks for the stream.
func (v *viewer) dial(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	u := v.crowd.url
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", hostPort(u.Host, u.Scheme))
	if err != nil {
		return err
	}
	if u.Scheme == "wss" {
		conn = tls.Client(conn, &tls.Config{ServerName: u.Hostname(), InsecureSkipVerify: true}) //nolint:gosec // nothing is trusted: it is counted
	}
	v.conn = conn
	if err := v.handshake(ctx); err != nil {
		conn.Close()
		return err
	}
	return nil
}

// hostPort adds the scheme's port where there is none.
func hostPort(host, scheme string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	if scheme == "wss" {
		return net.JoinHostPort(host, "443")
	}
	return net.JoinHostPort(host, "80")
}

// handshake upgrades the connection (RFC 6455, section 4.1).
func (v *viewer) handshake(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	if err := v.conn.SetDeadline(deadline); err != nil {
		return err
	}
	req := "GET " + v.crowd.url.RequestURI() + " HTTP/1.1\r\nHost: " + v.crowd.url.Host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	if !v.crowd.plain {
		req += "Sec-WebSocket-Protocol: livews.1\r\n"
	}
	v.asked = time.Now()
	if _, err := io.WriteString(v.conn, req+"\r\n"); err != nil {
		return err
	}
	r := bufio.NewReaderSize(v.conn, readBuffer)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
		return fmt.Errorf("status %s: %s", resp.Status, body)
	}
	early, _ := r.Peek(r.Buffered())
	v.early = bytes.Clone(early) // the rest of its buffer is not needed any more
	return v.conn.SetDeadline(time.Time{})
}

// slowReader reads no more than rate bytes in a second, on average.
type slowReader struct {
	r     io.Reader
	rate  int
	began time.Time
	n     int
}

func (s *slowReader) Read(p []byte) (int, error) {
	due := s.began.Add(time.Duration(float64(s.n) / float64(s.rate) * float64(time.Second)))
	time.Sleep(time.Until(due))
	n, err := s.r.Read(p[:min(len(p), max(s.rate/4, 1))])
	s.n += n
	return n, err
}

// read counts frames until an error comes.
func (v *viewer) read() error {
	v.order = order{last: make(map[uint16]livews.Position), told: make(map[uint16]bool)}
	frames := &scanner{binary: v.binary, small: v.small}
	if err := frames.feed(v.early); err != nil {
		return err
	}
	v.early = nil
	if v.slow {
		return readFrom(&slowReader{r: v.conn, rate: v.crowd.slowRate, began: time.Now()}, frames)
	}
	if tcp, ok := v.conn.(*net.TCPConn); ok {
		return readShared(tcp, frames)
	}
	return readFrom(v.conn, frames)
}

// readFrom feeds frames from r until an error comes.
func readFrom(r io.Reader, frames *scanner) error {
	buf := make([]byte, readBuffer)
	for {
		n, err := r.Read(buf)
		if err := frames.feed(buf[:n]); err != nil {
			return err
		}
		if err != nil {
			return err
		}
	}
}

// binary counts a message by its header.
func (v *viewer) binary(length uint64, head []byte) error {
	v.crowd.bytes.Add(int64(length)) //nolint:gosec // a counter
	if v.crowd.plain || len(head) < livews.HeaderSize {
		v.crowd.chunks.Add(1)
		return nil
	}
	if m := parseHeader(head); m.kind == livews.TypeChunk {
		v.chunk(m)
	}
	return nil
}

func (v *viewer) chunk(m message) {
	c := v.crowd
	c.chunks.Add(1)
	if !v.group {
		v.group = true
		c.first.add(time.Since(v.asked))
	}
	switch v.order.chunk(m.track, m.position) {
	case duplicate:
		c.duplicates.Add(1)
	case hole:
		c.holes.Add(1)
	}
	// What was made before the viewer came says nothing of how long it was under way.
	if made := time.UnixMicro(m.wallClock); m.wallClock != 0 && made.After(v.joined) && !v.slow {
		c.latency.add(time.Since(made))
	}
}

// small takes a text or control frame.
func (v *viewer) small(op byte, p []byte) error {
	switch op {
	case opPing:
		_, err := v.conn.Write(pong(p))
		return err
	case opClose:
		return fmt.Errorf("closed by the server: %.100q", p)
	case opText:
		return v.text(p)
	}
	return nil
}

// text counts the notices of missing chunks.
func (v *viewer) text(p []byte) error {
	var c struct {
		Type   string
		Track  uint16
		Reason string
	}
	if err := json.Unmarshal(p, &c); err != nil {
		return err
	}
	if c.Type != "gap" {
		return nil
	}
	v.order.told[c.Track] = true
	v.crowd.gaps.Add(1)
	if c.Reason == livews.GapSlow {
		v.crowd.skips.Add(1)
	}
	return nil
}
