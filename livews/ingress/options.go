package ingress

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Options are the options of [Open], [NewReader] and [NewCommand]; nil means the
// defaults. Those down to Microphone are what [Open] asks of ffmpeg: clips and stdin
// come as they are.
type Options struct {
	// Width and Height are the size of the picture in pixels, even numbers. Where one
	// is zero it follows from the other; where both are, the picture keeps its size.
	Width, Height int
	// FrameRate is in frames per second. Zero means that of the source, and 30 for
	// the test picture, webcams and screens.
	FrameRate int
	// Bitrate is the highest of the video, in bits per second. Zero means 4 Mbit/s.
	Bitrate int
	// Group is the media time from one sync sample to the next. Zero means 2 s.
	Group time.Duration
	// Chunk is the media time of a chunk, rounded to whole frames. Zero means one
	// frame in each, which has the least delay.
	Chunk time.Duration
	// Codec is h264, h265, av1 or vp9, or copy: picture and sound are taken as they
	// come, as far as MP4 can hold them, and encoded anew only where it cannot. Empty
	// means h264; but what comes over RTSP, RTMP or SRT, and is to have no other size,
	// rates or groups, is taken as it comes as far as browsers play it.
	Codec string
	// Ladder makes several renditions of the picture, each a track, with the same
	// groups: see [ParseLadder]. It takes the place of Width, Height and Bitrate.
	Ladder []Rendition
	// Microphone gives a webcam or a screen its sound: "default", or what [Devices]
	// lists. Empty means none, on macOS the first one for a webcam.
	Microphone string

	// Silence is how long the program of a [Command] may write nothing before it is
	// ended and started again. Zero means 20 s. On Windows nobody watches. One that
	// listens may wait for its publisher for ever.
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

// The bounds of what ffmpeg may be asked for.
const (
	maxSide      = 8192
	maxFrameRate = 240
	minBitrate   = 10_000
	maxBitrate   = 200_000_000
	maxGroup     = time.Minute
)

// check returns an error for what cannot be asked of ffmpeg.
func (o *Options) check() error {
	switch {
	case !isSide(o.Width) || !isSide(o.Height):
		return fmt.Errorf("size %dx%d: want even numbers up to %d", o.Width, o.Height, maxSide)
	case o.FrameRate < 0 || o.FrameRate > maxFrameRate:
		return fmt.Errorf("frame rate %d: want 1 to %d", o.FrameRate, maxFrameRate)
	case !isBitrate(o.Bitrate):
		return fmt.Errorf("bit rate %d: want %d to %d bits per second", o.Bitrate, minBitrate, maxBitrate)
	case o.Group < 0 || o.Group > maxGroup:
		return fmt.Errorf("group of %v: want at most %v", o.Group, maxGroup)
	case o.Chunk < 0 || o.Chunk > maxGroup:
		return fmt.Errorf("chunk of %v: want at most %v", o.Chunk, maxGroup)
	case o.Codec != "" && !slices.Contains(Codecs(), o.Codec):
		return fmt.Errorf("codec %q: want %s", o.Codec, strings.Join(Codecs(), ", "))
	case o.Codec == copied && o.changes():
		return errors.New("codec copy takes the picture as it is: it goes without size, frame rate, bit rate, group and ladder")
	}
	return checkLadder(o)
}

func isSide(n int) bool    { return n >= 0 && n <= maxSide && n%2 == 0 }
func isBitrate(n int) bool { return n == 0 || n >= minBitrate && n <= maxBitrate }

// changes reports whether the picture has to be encoded to be as o wants it.
func (o *Options) changes() bool {
	return o.Width+o.Height+o.FrameRate+o.Bitrate > 0 || o.Group > 0 || len(o.Ladder) > 0
}
