//go:build !linux

package ingress

import (
	"errors"
	"os"
)

func reopenStdin() (*os.File, error) { return nil, errors.ErrUnsupported }
