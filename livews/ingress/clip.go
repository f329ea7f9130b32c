package ingress

import (
	_ "embed"
	"fmt"

	"github.com/livews/websocketlivestream/livews"
)

//go:generate sh clips/generate.sh

var (
	//go:embed clips/clip1.mp4
	clip1 []byte
	//go:embed clips/clip2.mp4
	clip2 []byte
)

// Clips is the number of built-in clips.
const Clips = 2

// NewClip returns a Source of built-in clip n, from 1 to [Clips]: 8 s of picture
// (640x360, 30 frames a second, H.264, a sync sample every 2 s, chunks of one frame) and
// sound (AAC, 48 kHz), which repeat for ever without a seam, with positions. It keeps
// real time by the monotonic clock and does not drift: each chunk is given when its last
// sample would have been captured, counted from the first read. A reader that is late
// gets at once what is due, unless it is late by more than 5 s: then the clip has
// waited.
func NewClip(n int) (livews.Source, error) {
	switch n {
	case 1:
		return Stamp(&loop{file: clip1}, nil), nil
	case 2:
		return Stamp(&loop{file: clip2}, nil), nil
	}
	return nil, fmt.Errorf("there is no clip %d, only 1 to %d", n, Clips)
}
