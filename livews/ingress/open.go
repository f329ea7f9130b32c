package ingress

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/livews/websocketlivestream/livews"
)

const wanted = "want clip, clip:2, test, webcam[:DEVICE], screen, mic, listen:URL, dir:FOLDER, a file, a URL or -"

// Open returns the source that spec names:
//
//	clip, clip:2     a built-in clip ([NewClip]); also where spec is empty
//	test             ffmpeg's test picture and tone
//	webcam           the first camera; with sound where Options.Microphone says so
//	webcam:DEVICE    a camera as [Devices] lists it: /dev/video2 (Linux), 1 or 1:0 (macOS:
//	                 picture and sound), Integrated Camera (Windows)
//	screen           the screen, with sound where Options.Microphone says so
//	screen:DEVICE    :1.0 (Linux, X11), Capture screen 1 (macOS), title=WINDOW (Windows)
//	mic, mic:DEVICE  a microphone alone
//	listen:URL       what a publisher, as OBS Studio, sends to rtmp://:1935/live/KEY,
//	                 srt://:9000 or rtsp://:8554/NAME; ffmpeg does not look at KEY
//	dir:FOLDER       fragmented MP4 files that appear in a folder ([NewFolder])
//	-                fragmented MP4 on stdin ([NewReader])
//	rtsp://... etc.  what ffmpeg opens: rtsp, rtsps, srt, rtmp, rtmps, http, https, udp,
//	                 rtp or tcp. Recordings over HTTP are looped in real time
//	anything else    a file, looped in real time
//
// All but clips, folders and stdin are a [Command] of ffmpeg, which encodes them anew for the
// least delay, or takes them as they are: see [Options].Codec. A Command that listens
// does so again when its publisher has left; its stream goes on.
//
// Spec is to be trusted as a command line is: it may name any file and any address. No
// part of it becomes an option of ffmpeg, and what a URL gives cannot make ffmpeg read
// files.
//
// The source gives positions. It is an [io.Closer] where it holds more than memory, and
// is then to be closed. opts may be nil.
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
	case kind == "dir":
		return NewFolder(rest, &FolderOptions{Logger: o.Logger})
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	here := system{goos: runtime.GOOS, display: os.Getenv("DISPLAY")}
	in, err := findInput(here, spec, &o)
	if err != nil {
		return nil, err
	}
	return openFFmpeg(in, &o)
}

func openFFmpeg(in *input, o *Options) (livews.Source, error) {
	if _, err := lookUp(ffmpeg); err != nil {
		return nil, err
	}
	if in.check != nil && !o.KeepTrying {
		if err := in.check(); err != nil {
			return nil, err
		}
	}
	o.KeepTrying = o.KeepTrying || in.listens
	c, err := newCommand(plans(in, o), o)
	if err != nil {
		return nil, err
	}
	c.runs.listens = in.listens
	return c, nil
}

// findInput returns the input that spec names on the operating system s.
func findInput(s system, spec string, o *Options) (*input, error) {
	kind, rest, _ := strings.Cut(spec, ":")
	switch {
	case spec == "test":
		return testInput(o), nil
	case kind == "webcam":
		return s.webcam(rest, o)
	case kind == "screen":
		return s.screen(rest, o)
	case kind == "mic":
		return s.microphone(cmp.Or(rest, o.Microphone, "default"))
	case kind == "listen":
		return listenInput(rest)
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
