package wire

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// pingAfter is the silence of a peer after which it is pinged, and deadAfter
	// that after which it is taken for dead.
	pingAfter = 5 * time.Second
	deadAfter = 15 * time.Second
	// stallAfter is how long a peer may take no bytes.
	stallAfter = 10 * time.Second
	// notsentLowat bounds what the kernel holds of a connection beyond what is
	// under way: media there is stale before a skip can reach it.
	notsentLowat = 64 << 10
	// maxRecord is what a TLS record carries at most (RFC 8446, section 5.1).
	maxRecord = 16 << 10
)

// joiners are buffers that are needed during a write only.
var joiners = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, maxRecord) }}

// Why the server gives up a peer.
var (
	errDead    = errors.New("nothing came for 15 s")
	errStalled = errors.New("nothing was taken for 10 s") // but the frame is with the kernel
)

// pingFrame is an empty ping of a server (RFC 6455, section 5.5.2).
var pingFrame = []byte{0x89, 0}

// serverConn is a hijacked connection. Its Read keeps watch over the peer: it
// pings one that is silent and gives up one that stays so, but for as long as a
// write is under way leaves the watch to that. Its writes may be
// called at the same time. A write
// that fails ends the connection: the peer has a part of a frame, at the most. One that
// fails for a peer that takes nothing leaves it open if all of it is with the kernel, so
// that the peer can be told why it ends.
type serverConn struct {
	net.Conn
	early []byte          // came with the handshake
	plain bool            // can go on after a timeout, as TLS cannot
	raw   syscall.RawConn // to be written to without waiting; nil where that cannot be

	hurried atomic.Bool
	closing atomic.Bool            // the close frame is out
	pong    atomic.Pointer[[]byte] // to be written as soon as mu is free; nil mostly

	mu       sync.Mutex // held by writes
	deadline time.Time
	stalled  bool // the peer took nothing for stallAfter
}

func newServerConn(c net.Conn, early []byte) *serverConn {
	setLowat(c, notsentLowat)
	_, plain := c.(*net.TCPConn)
	return &serverConn{Conn: c, early: early, plain: plain, raw: descriptor(c)}
}

// setLowat sets TCP_NOTSENT_LOWAT, below TLS where there is some. Where it
// cannot be set the connection works all the same, with more stale media for a
// slow viewer.
func setLowat(c net.Conn, n int) {
	sc, ok := bare(c).(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _ = setNotsentLowat(fd, n) })
}

// bare returns what is below TLS, where there is some.
func bare(c net.Conn) net.Conn {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok {
		return t.NetConn()
	}
	return c
}

// cutOff closes the connection without a word and without waiting for anything, as the end
// of TLS may.
func (c *serverConn) cutOff() { _ = bare(c.Conn).Close() }

// reset cuts off, and has the kernel forget what it still has for the peer.
func (c *serverConn) reset() {
	if tcp, ok := bare(c.Conn).(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // else it forgets later
	}
	c.cutOff()
}

func (c *serverConn) Read(p []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(p, c.early)
		c.early = c.early[n:]
		return n, nil
	}
	for silence := pingAfter; ; silence += pingAfter {
		if err := c.awaitRead(); err != nil {
			return 0, err
		}
		n, err := c.Conn.Read(p)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || c.closing.Load() {
			return n, err
		}
		if silence >= deadAfter {
			return 0, errDead
		}
		if !c.mu.TryLock() {
			silence = 0 // a write has a stall detector of its own
			continue
		}
		c.mu.Unlock()
		go c.ping() // here it would make the stack of a silent peer's reader grow for good
	}
}

// awaitRead gives the next read pingAfter; those after a close frame have closeAfter
// together.
func (c *serverConn) awaitRead() error {
	if c.closing.Load() {
		return nil
	}
	return c.SetReadDeadline(time.Now().Add(pingAfter))
}

// ping sends a ping, unless something is being written.
func (c *serverConn) ping() {
	if !c.mu.TryLock() {
		return
	}
	defer c.unlock()
	_ = c.write(pingFrame) // a failure shows at the next read
}

// owe has the next flush answer a ping. Of several pings only the last has to be answered
// (RFC 6455, section 5.5.3).
func (c *serverConn) owe(payload []byte) {
	frame := append([]byte{0x80 | opPong, byte(len(payload))}, payload...)
	c.pong.Store(&frame)
}

// flush writes the pong that is due, and never waits for a write that is under way, whose
// unlock does it then: a peer that is slow to take a long message may ask meanwhile whether
// anybody is there.
func (c *serverConn) flush() (err error) {
	for c.pong.Load() != nil && c.mu.TryLock() {
		if frame := c.pong.Swap(nil); frame != nil {
			err = c.write(*frame)
		}
		c.mu.Unlock()
	}
	return err
}

func (c *serverConn) unlock() {
	c.mu.Unlock()
	_ = c.flush() // a failure shows at the next write
}

func (c *serverConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.unlock()
	if err := c.write(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// WriteAll writes all of bufs, which it consumes, in one system call if the
// system and the connection can, and on a TLS connection in full records.
func (c *serverConn) WriteAll(bufs net.Buffers) error {
	c.mu.Lock()
	defer c.unlock()
	if len(bufs) == 1 {
		return c.write(bufs[0]) // as nearly always: and without an allocation
	}
	return c.writeVector(bufs)
}

func (c *serverConn) writeVector(bufs net.Buffers) error {
	if !c.plain {
		return c.writeJoined(bufs)
	}
	return c.keepOn(func() (int64, error) { return bufs.WriteTo(c.Conn) })
}

// writeJoined copies small buffers together: each Write on a TLS connection makes records
// and system calls of its own.
func (c *serverConn) writeJoined(bufs net.Buffers) error {
	w := joiners.Get().(*bufio.Writer)
	defer joiners.Put(w)
	defer w.Reset(nil)
	return c.keepOn(func() (int64, error) {
		w.Reset(records{c})
		for _, p := range bufs {
			_, _ = w.Write(p) // Flush has the error
		}
		return 0, w.Flush()
	})
}

func (c *serverConn) write(p []byte) error {
	return c.keepOn(func() (int64, error) {
		n, err := records{c}.Write(p)
		p = p[n:]
		return int64(n), err
	})
}

// records writes to a connection that cannot go on after a timeout so that a peer has
// stallAfter for each record, which TLS writes one by one anyway.
type records struct{ *serverConn }

func (r records) Write(p []byte) (n int, err error) {
	if r.plain || len(p) <= maxRecord {
		return r.Conn.Write(p)
	}
	for err == nil && n < len(p) {
		if n > 0 && !r.hurried.Load() {
			err = r.extend()
		}
		if err == nil {
			var wrote int
			wrote, err = r.Conn.Write(p[n:min(n+maxRecord, len(p))])
			n += wrote
		}
	}
	return n, err
}

// hurry gives the write that is under way no more than stallAfter: the session is over,
// and a peer that takes a byte now and then would hold it for as long as it likes.
func (c *serverConn) hurry() { c.hurried.Store(true) }

// keepOn calls write again as long as the peer takes some bytes in each
// stallAfter, or on a TLS connection whole records. In a hurry the whole write has that long.
func (c *serverConn) keepOn(write func() (int64, error)) error {
	if c.closing.Load() {
		return net.ErrClosed // nothing follows a close frame
	}
	for {
		if err := c.extend(); err != nil {
			return err
		}
		n, err := write()
		if err == nil {
			return nil
		}
		timeout := errors.Is(err, os.ErrDeadlineExceeded)
		if timeout && n > 0 && c.plain && !c.hurried.Load() {
			continue
		}
		if timeout && c.finishFrame(write) {
			return fmt.Errorf("%w: %w", errStalled, err)
		}
		c.reset() // of no use any more
		return err
	}
}

// extend moves the write deadline, but not at each message: that has its cost.
func (c *serverConn) extend() error {
	if c.stalled {
		return nil // the deadline of finishFrame is the last
	}
	now := time.Now()
	if c.deadline.Sub(now) > stallAfter-time.Second {
		return nil
	}
	c.deadline = now.Add(stallAfter)
	return c.SetWriteDeadline(c.deadline)
}

// writeText writes one text message.
func (c *serverConn) writeText(text []byte) error {
	frame := livews.AppendFrameHeader(nil, livews.OpText, len(text))
	_, err := c.Write(append(frame, text...))
	return err
}
