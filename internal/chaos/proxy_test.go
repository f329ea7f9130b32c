package chaos

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// link is a Proxy and both ends of a connection through it.
type link struct {
	*Proxy
	child, parent *net.TCPConn
	ln            net.Listener
}

func newLink(t *testing.T) *link {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewProxy("test", func() string { return ln.Addr().String() })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ln.Close()
		p.Close()
	})
	l := &link{Proxy: p, ln: ln}
	l.dial(t)
	return l
}

// dial connects once more.
func (l *link) dial(t *testing.T) {
	t.Helper()
	child, err := net.Dial("tcp", l.Proxy.ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	parent, err := l.ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		child.Close()
		parent.Close()
	})
	l.child, l.parent = child.(*net.TCPConn), parent.(*net.TCPConn)
}

// get reads n bytes, or fewer up to an error, within d.
func get(c net.Conn, n int, d time.Duration) ([]byte, error) {
	_ = c.SetReadDeadline(time.Now().Add(d))
	buf := make([]byte, n)
	n, err := io.ReadFull(c, buf)
	return buf[:n], err
}

func wantBytes(t *testing.T, c net.Conn, want string) {
	t.Helper()
	if got, err := get(c, len(want), 5*time.Second); string(got) != want || err != nil {
		t.Fatalf("read = %q, %v, want %q", got, err, want)
	}
}

func wantSilence(t *testing.T, c net.Conn, d time.Duration) {
	t.Helper()
	if got, err := get(c, 1, d); len(got) > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read = %q, %v, want silence", got, err)
	}
}

func wantError(t *testing.T, c net.Conn, want error) {
	t.Helper()
	if got, err := get(c, 1, 5*time.Second); len(got) > 0 || !errors.Is(err, want) {
		t.Fatalf("read = %q, %v, want %v", got, err, want)
	}
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestProxyPasses(t *testing.T) {
	l := newLink(t)
	send(t, l.child, "up")
	wantBytes(t, l.parent, "up")
	send(t, l.parent, "down")
	if err := l.parent.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, l.child, "down")
	wantError(t, l.child, io.EOF)
	send(t, l.child, "more") // one way has ended, not the other
	wantBytes(t, l.parent, "more")
	l.child.Close()
	wantError(t, l.parent, io.EOF)
	if up, down := l.Bytes(Up), l.Bytes(Down); up != 6 || down != 4 {
		t.Errorf("Bytes = %d up, %d down, want 6 and 4", up, down)
	}
}

// TestProxyDelays checks that no byte comes early, and none before another.
func TestProxyDelays(t *testing.T) {
	l := newLink(t)
	l.Set(Down, Weather{Delay: 50 * time.Millisecond, Jitter: 20 * time.Millisecond})
	begin := time.Now()
	var want []byte
	for i := range 20 {
		b := []byte{byte(i)}
		want = append(want, b...)
		send(t, l.parent, string(b))
		time.Sleep(time.Millisecond)
	}
	got, err := get(l.child, len(want), 5*time.Second)
	if !bytes.Equal(got, want) || err != nil {
		t.Fatalf("read = %v, %v, want %v", got, err, want)
	}
	if took := time.Since(begin); took < 50*time.Millisecond {
		t.Errorf("all came after %v", took)
	}
}

func TestProxyLimitsRate(t *testing.T) {
	l := newLink(t)
	l.Set(Down, Weather{Rate: 100_000})
	begin := time.Now()
	send(t, l.parent, string(make([]byte, 20_000)))
	if got, err := get(l.child, 20_000, 5*time.Second); err != nil {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if took := time.Since(begin); took < 190*time.Millisecond {
		t.Errorf("20 kB at 100 kB/s took %v", took)
	}
}

// TestProxyStalls checks that what was held back comes when the stall is over, and that
// little is held.
func TestProxyStalls(t *testing.T) {
	l := newLink(t)
	l.Set(Down, Weather{Stall: true})
	send(t, l.parent, "held")
	wantSilence(t, l.child, 50*time.Millisecond)
	_ = l.parent.SetWriteDeadline(time.Now().Add(time.Second))
	if n, err := l.parent.Write(make([]byte, 64<<20)); err == nil {
		t.Errorf("a stalled link has taken %d bytes", n)
	}
	l.Heal()
	wantBytes(t, l.child, "held")
}

// TestProxyBlackhole checks that a connection that has lost bytes stays silent, that the
// other way goes on, that a new connection is well, and that nobody learns of a peer's end.
func TestProxyBlackhole(t *testing.T) {
	l := newLink(t)
	l.Set(Down, Weather{Blackhole: true})
	send(t, l.parent, "swallowed")
	send(t, l.child, "up")
	wantBytes(t, l.parent, "up")
	wantSilence(t, l.child, 50*time.Millisecond)
	l.Heal()
	send(t, l.parent, "after a hole")
	l.parent.Close()
	wantSilence(t, l.child, 50*time.Millisecond)

	l.dial(t)
	send(t, l.parent, "anew")
	wantBytes(t, l.child, "anew")

	l.Set(Up, Weather{Blackhole: true})
	abort(l.child)
	wantSilence(t, l.parent, 50*time.Millisecond)
	send(t, l.parent, "to nobody")
	wantSilence(t, l.parent, 50*time.Millisecond)
}

// TestProxyBlackholeSpares checks that a connection on which nothing passed meanwhile goes
// on.
func TestProxyBlackholeSpares(t *testing.T) {
	l := newLink(t)
	l.Set(Down, Weather{Blackhole: true})
	l.Heal()
	send(t, l.parent, "well")
	wantBytes(t, l.child, "well")
}

func TestProxyEnds(t *testing.T) {
	for how, want := range map[End]error{Reset: syscall.ECONNRESET, Finish: io.EOF} {
		l := newLink(t)
		send(t, l.child, "up")
		wantBytes(t, l.parent, "up")
		l.EndAll(how)
		wantError(t, l.child, want)
		wantError(t, l.parent, want)
		l.dial(t)
		send(t, l.parent, "anew")
		wantBytes(t, l.child, "anew")
	}
}

func TestProxyCuts(t *testing.T) {
	for how, want := range map[End]error{Reset: syscall.ECONNRESET, Finish: io.EOF} {
		l := newLink(t)
		l.CutAfter(Down, 5, how)
		send(t, l.parent, "abc")
		wantBytes(t, l.child, "abc")
		send(t, l.parent, "defg")
		wantBytes(t, l.child, "de")
		wantError(t, l.child, want)
		l.dial(t)
		send(t, l.parent, "anew")
		wantBytes(t, l.child, "anew")
	}
}

func TestProxyRefuses(t *testing.T) {
	l := newLink(t)
	l.Refuse()
	wantRefusal(t, l)
	send(t, l.parent, "old ones go on")
	wantBytes(t, l.child, "old ones go on")
	l.Heal()
	l.dial(t)
	send(t, l.parent, "anew")
	wantBytes(t, l.child, "anew")
}

// TestProxyWithoutParent checks that a child whose parent is not there learns it.
func TestProxyWithoutParent(t *testing.T) {
	l := newLink(t)
	l.ln.Close()
	wantRefusal(t, l)
}

// wantRefusal dials and wants a reset, which may come before the dial has returned.
func wantRefusal(t *testing.T, l *link) {
	t.Helper()
	c, err := net.Dial("tcp", l.Proxy.ln.Addr().String())
	switch {
	case err == nil:
		defer c.Close()
		wantError(t, c, syscall.ECONNRESET)
	case !errors.Is(err, syscall.ECONNRESET):
		t.Fatalf("dial: %v, want a reset", err)
	}
}
