//go:build !unix

package wire

import (
	"errors"
	"net"
	"syscall"
)

// attempt is of no use: there are no writes here that do not wait.
type attempt struct{}

func (*attempt) write(syscall.RawConn, []byte) (int, error) { return 0, errors.ErrUnsupported }

// descriptor returns nil.
func descriptor(net.Conn) syscall.RawConn { return nil }
