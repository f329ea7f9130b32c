package ingress

import (
	"fmt"
	"os"

	"github.com/livews/websocketlivestream/livews"
)

// Open returns the source that spec names.
func Open(spec string, opts *Options) (livews.Source, error) {
	switch spec {
	case "", "clip", "clip:1":
		return NewClip(1)
	case "clip:2":
		return NewClip(2)
	case "-":
		return NewReader(os.Stdin, opts), nil
	}
	return nil, fmt.Errorf("source %q: want clip, clip:2 or -", spec)
}
