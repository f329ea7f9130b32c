package ingress

import (
	"log/slog"
	"time"
)

// Options are the options of [Open], [NewReader] and [NewCommand]; nil means the
// defaults.
type Options struct {
	// Width and Height are the size of the picture in pixels, even numbers. Where one
	// is zero it follows from the other; where both are, the picture keeps its size.
	// These and the next three are what [Open] asks of ffmpeg: clips and stdin come
	// as they are.
	Width, Height int
	// FrameRate is in frames per second. Zero means that of the source, and 30 for
	// the test picture and webcams.
	FrameRate int
	// Bitrate is the highest of the video, in bits per second. Zero means 4 Mbit/s.
	Bitrate int
	// Group is the media time from one sync sample to the next. Zero means 2 s.
	Group time.Duration

	// Silence is how long the program of a [Command] may write nothing before it is
	// ended and started again. Zero means 20 s. On Windows nobody watches.
	Silence time.Duration
	// KeepTrying makes a [Command] start its program again even if it has ended
	// before it gave anything at all: a camera may be plugged in later. By default
	// that is an error of ReadSegment, because somebody who has mistyped an address
	// wants to know.
	KeepTrying bool
	// Logger gets a warning when a program has ended and is started again, and when
	// a source's clock jumps; nil discards.
	Logger *slog.Logger
}

// orDefault returns the options with a Logger that is not nil.
func (o *Options) orDefault() Options {
	var d Options
	if o != nil {
		d = *o
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return d
}
