package ingress

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/livews/websocketlivestream/livews"
)

const wanted = "want clip, clip:2, test, webcam[:DEVICE], a file, a URL or -"

// Open returns the source that spec names:
//
//	clip, clip:2     a built-in clip ([NewClip]); also where spec is empty
//	test             ffmpeg's test picture and tone
//	webcam           the first camera
//	webcam:DEVICE    the camera /dev/video2 (Linux), 1:0 (macOS: picture and sound) or
//	                 Integrated Camera (Windows); sound comes on macOS only
//	-                fragmented MP4 on stdin ([NewReader])
//	rtsp://... etc.  what ffmpeg opens: rtsp, rtsps, srt, rtmp, rtmps, http, https, udp,
//	                 rtp or tcp. Recordings over HTTP are looped in real time
//	anything else    a file, looped in real time
//
// All but clips and stdin are a [Command] of ffmpeg, which encodes them anew for the
// least delay. The source gives positions. It is an [io.Closer] where it holds more
// than memory, and is then to be closed. opts may be nil.
func Open(spec string, opts *Options) (livews.Source, error) {
	src, err := open(spec, opts.orDefault())
	if err != nil {
		return nil, fmt.Errorf("source %q: %w", Redact(spec), err)
	}
	return src, nil
}

func open(spec string, o Options) (livews.Source, error) {
	kind, rest, _ := strings.Cut(spec, ":")
	switch {
	case spec == "" || spec == "clip":
		return NewClip(1)
	case kind == "clip":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return nil, errors.New(wanted)
		}
		return NewClip(n)
	case spec == "-":
		return openStdin(&o)
	}
	input, err := ffmpegInput(runtime.GOOS, spec, &o)
	if err != nil {
		return nil, err
	}
	return NewCommand(ffmpegArgs(input, &o), &o)
}

// ffmpegInput returns the input arguments for spec.
func ffmpegInput(goos, spec string, o *Options) ([]string, error) {
	kind, device, _ := strings.Cut(spec, ":")
	switch {
	case spec == "test":
		return testInput(o), nil
	case kind == "webcam":
		return webcamInput(goos, device, o)
	case isURL(spec):
		return urlInput(spec), nil
	}
	if err := checkFile(spec); err != nil {
		return nil, err
	}
	return fileInput(spec), nil
}

func checkFile(name string) error {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("no such file; " + wanted)
	case err != nil:
		return errors.Unwrap(err)
	case info.IsDir():
		return errors.New("is a directory; " + wanted)
	}
	return nil
}
