package ingress

import (
	"os"
	"syscall"
)

// reopenStdin opens the pipe behind stdin once more, without blocking reads, so that
// they have deadlines. It leaves the mode of stdin itself as it is, which is shared
// with other processes.
func reopenStdin() (*os.File, error) {
	return os.OpenFile("/dev/stdin", os.O_RDONLY|syscall.O_NONBLOCK, 0)
}
