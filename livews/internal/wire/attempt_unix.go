//go:build unix

package wire

import (
	"net"
	"syscall"
)

// attempt is a write that does not wait. It belongs to one goroutine.
type attempt struct {
	p    []byte
	n    int
	err  error
	call func(fd uintptr)
}

// write writes as much of p as the kernel takes now. It goes past the poller, which has
// nothing to say to who does not wait: conn must not be written to meanwhile.
func (a *attempt) write(conn syscall.RawConn, p []byte) (int, error) {
	if a.call == nil {
		a.call = a.do
	}
	a.p, a.n, a.err = p, 0, nil
	err := conn.Control(a.call)
	a.p = nil
	if err == nil {
		err = a.err
	}
	return a.n, err
}

func (a *attempt) do(fd uintptr) {
	n, err := syscall.Write(int(fd), a.p)
	for err == syscall.EINTR {
		n, err = syscall.Write(int(fd), a.p)
	}
	switch err {
	case nil:
		a.n = n
	case syscall.EAGAIN:
	default:
		a.err = err
	}
}

// descriptor returns what an attempt writes to; nil where c is no plain TCP connection.
func descriptor(c net.Conn) syscall.RawConn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}
