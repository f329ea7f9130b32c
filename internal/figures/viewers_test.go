package figures_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
)

// pongFrame answers an empty ping (RFC 6455, section 5.5.3), masked with zeros.
var pongFrame = []byte{0x8a, 0x80, 0, 0, 0, 0}

// viewers read what comes, and note how old each chunk is when its last byte is there.
type viewers struct {
	delays      tally
	bytes, gaps atomic.Int64
	failed      failure

	mu      sync.Mutex
	stopped []net.Conn // nobody reads them; one that is forgotten would be closed
}

// failure keeps the first error.
type failure struct {
	mu   sync.Mutex
	text string
}

func (f *failure) note(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.text == "" {
		f.text = err.Error()
	}
}

func (f *failure) take() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := f.text
	f.text = ""
	return text
}

// newViewers returns when all are there.
func newViewers(o *order) (*viewers, error) {
	v := new(viewers)
	var dials errgroup.Group
	dials.SetLimit(16)
	for range o.Viewers {
		dials.Go(func() error {
			conn, r, err := dial(o.Addr, o.Target)
			if err != nil {
				return err
			}
			if o.Stopped {
				v.keep(conn)
				return nil
			}
			go v.watch(conn, r, o.Target == "")
			return nil
		})
	}
	return v, dials.Wait()
}

func (v *viewers) keep(conn net.Conn) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stopped = append(v.stopped, conn)
}

func (v *viewers) answer(question) answer {
	return answer{Delays: v.delays.take(), Bytes: v.bytes.Load(), Gaps: v.gaps.Load(), Failed: v.failed.take()}
}

func (v *viewers) watch(conn net.Conn, r *bufio.Reader, bare bool) {
	defer conn.Close()
	if bare {
		_, _ = io.Copy(counter{&v.bytes}, r)
		return
	}
	for {
		if err := v.frame(conn, r); err != nil {
			v.failed.note(err)
			return
		}
	}
}

// counter counts what is written to it.
type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

// frame reads one frame and does what it asks for.
func (v *viewers) frame(conn net.Conn, r *bufio.Reader) error {
	f, err := nextFrame(r)
	if err != nil {
		return err
	}
	v.bytes.Add(int64(f.size))
	switch {
	case !f.sent.IsZero():
		v.delays.note(time.Since(f.sent))
	case f.gap:
		v.gaps.Add(1)
	case f.op == opPing:
		_, err = conn.Write(pongFrame)
	case f.op == opClose:
		err = errors.New("the server closes")
	}
	return err
}

// frame is what there is to know of a frame.
type frame struct {
	op   byte
	size int
	sent time.Time // the wall clock of a chunk
	gap  bool      // it is the notice of a gap
}

// nextFrame reads a frame of a server to its end.
func nextFrame(r *bufio.Reader) (f frame, err error) {
	if f.op, f.size, err = frameHeader(r); err != nil {
		return f, err
	}
	head, err := r.Peek(min(f.size, 32))
	if err != nil {
		return f, err
	}
	f.gap = f.op == opText && bytes.Contains(head, []byte(`"gap"`))
	if f.op == opBinary && f.size >= 32 && head[0] == 1 {
		f.sent = time.UnixMicro(int64(binary.BigEndian.Uint64(head[24:])))
	}
	_, err = r.Discard(f.size)
	return f, err
}

// frameHeader reads the header of an unmasked frame (RFC 6455, section 5.2).
func frameHeader(r *bufio.Reader) (op byte, size int, err error) {
	var b [8]byte
	if _, err := io.ReadFull(r, b[:2]); err != nil {
		return 0, 0, err
	}
	op, size = b[0]&15, int(b[1])
	switch size {
	case 126:
		_, err = io.ReadFull(r, b[:2])
		size = int(binary.BigEndian.Uint16(b[:]))
	case 127:
		_, err = io.ReadFull(r, b[:])
		size = int(binary.BigEndian.Uint64(b[:]))
	}
	return op, size, err
}

// dial opens a stream without the cost of a WebSocket client, or a bare connection where
// target is empty.
func dial(addr, target string) (net.Conn, *bufio.Reader, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	r := bufio.NewReaderSize(conn, 16<<10)
	if target == "" {
		return conn, r, nil
	}
	if err := upgrade(conn, r, addr, target); err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, r, nil
}

func upgrade(conn net.Conn, r *bufio.Reader, host, target string) error {
	_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: livews.1\r\n\r\n", target, host)
	if err != nil {
		return err
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("upgrade: status %d", resp.StatusCode)
	}
	return nil
}
