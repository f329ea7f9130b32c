package ingress

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// stdinSource is a Source that holds on to stdin until it is closed.
type stdinSource struct {
	livews.Source
	io.Closer
}

// openStdin returns the Source of what comes on stdin.
func openStdin(o *Options) (livews.Source, error) {
	info, err := os.Stdin.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeCharDevice != 0 {
		return nil, errors.New("stdin is no pipe and no file: pipe fragmented MP4 into it")
	}
	if info.Mode().IsRegular() {
		return NewReader(os.Stdin, o), nil
	}
	in, err := reopenStdin()
	if err != nil || in.SetReadDeadline(time.Time{}) != nil {
		conn := pump(os.Stdin)
		return stdinSource{NewReader(conn, o), conn}, nil
	}
	return stdinSource{NewReader(in, o), in}, nil
}

// pump returns a connection that gives what r gives and, other than r, can be
// interrupted. Its goroutine may stay behind in r.Read when the connection is closed:
// there is no other way to give up a read of a stdin that knows no deadlines.
func pump(r io.Reader) net.Conn {
	ours, theirs := net.Pipe()
	go func() {
		_, _ = io.Copy(theirs, r) // the reader sees an end that is cut
		_ = theirs.Close()
	}()
	return ours
}
