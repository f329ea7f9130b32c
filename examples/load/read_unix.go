//go:build unix

package main

import (
	"io"
	"net"
	"sync"
	"syscall"
)

// buffers are shared by all viewers: few read at the same time, and what is in use all
// the time is in the processor's cache.
var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// readShared feeds frames from conn until an error comes. It needs a buffer only once
// there is something to read.
func readShared(conn *net.TCPConn, frames *scanner) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var cause error
	err = raw.Read(func(fd uintptr) (done bool) {
		cause = readAll(int(fd), frames)
		return cause != nil
	})
	if err != nil {
		return err
	}
	return cause
}

// readAll feeds frames with all that is there. The end is an error.
func readAll(fd int, frames *scanner) error {
	buf := buffers.Get().(*[64 << 10]byte)
	defer buffers.Put(buf)
	for {
		n, err := syscall.Read(fd, buf[:])
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return nil
		case err != nil:
			return err
		case n == 0:
			return io.EOF
		}
		if err := frames.feed(buf[:n]); err != nil {
			return err
		}
	}
}
