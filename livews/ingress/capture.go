package ingress

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// system is an operating system, as far as it says how to capture.
type system struct {
	goos    string
	display string // of X11, in the environment
}

func (s system) unknown(what string) error {
	return fmt.Errorf("%s are not known on %s; give a URL, or pipe fragmented MP4 into -", what, s.goos)
}

// webcam is the camera of that name, or the first one where device is empty. Only
// avfoundation and dshow give sound with the picture, in one input.
func (s system) webcam(device string, o *Options) (*input, error) {
	if device == "list" {
		return nil, errors.New("a list of devices is no source: see Devices")
	}
	switch s.goos {
	case "linux":
		return linuxWebcam(cmp.Or(device, "/dev/video0"), o)
	case "darwin":
		return avfoundation(device, "0", cmp.Or(o.Microphone, "0"), o), nil
	case "windows":
		return dshowWebcam(device, o)
	}
	return nil, s.unknown("webcams")
}

// largestRaw is how wide a picture most cameras can send as it is over USB, at a full
// frame rate.
const largestRaw = 640

// linuxWebcam is a camera of Video4Linux. A large picture is asked for as MJPEG, since
// most cameras send a large one that is not compressed at a few frames a second.
func linuxWebcam(device string, o *Options) (*input, error) {
	capture := []string{"-f", "v4l2"}
	raw, err := withMicrophone(append(capture, cameraArgs(device, o)...), o)
	if err != nil {
		return nil, err
	}
	raw.check = func() error { return checkCamera(device) }
	if o.Width <= largestRaw || o.Height == 0 {
		return raw, nil
	}
	capture = append(capture, "-input_format", "mjpeg")
	in, err := withMicrophone(append(capture, cameraArgs(device, o)...), o)
	if err != nil {
		return nil, err
	}
	in.check, in.other = raw.check, raw
	return in, nil
}

// cameraArgs are the arguments for a camera whose format has been said.
func cameraArgs(device string, o *Options) []string {
	args := []string{"-framerate", strconv.Itoa(cmp.Or(o.FrameRate, defaultFrameRate))}
	if o.Width > 0 && o.Height > 0 {
		args = append(args, "-video_size", fmt.Sprintf("%dx%d", o.Width, o.Height))
	}
	return append(args, "-i", device)
}

func checkCamera(device string) error {
	f, err := os.Open(device)
	switch {
	case err == nil:
		return f.Close()
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no camera " + device + "; webcam:list shows what there is")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("no permission to use " + device + ": the user has to be in the group video")
	}
	return errors.Unwrap(err)
}

// withMicrophone is what capture gives, with the sound that o asks for, on Linux.
func withMicrophone(capture []string, o *Options) (*input, error) {
	nobuffer := []string{"-fflags", "nobuffer"}
	if o.Microphone == "" {
		return one(append(nobuffer, capture...)...), nil
	}
	if capture[1] == "v4l2" {
		// Other than those of X11 and of sound, its times may count from the start of
		// the machine.
		capture = append([]string{"-timestamps", "abs"}, capture...)
	}
	return pair(append(nobuffer, capture...), linuxSound(o.Microphone)), nil
}

// pair is a picture and a sound from two inputs whose times are those of the wall clock.
// Without copyts ffmpeg lets each begin at 0, out of step by the time that it takes to
// open the second one.
func pair(picture, sound []string) *input {
	queue := []string{"-thread_queue_size", "512"}
	args := slices.Concat([]string{"-copyts"}, queue, picture, queue, sound)
	return &input{args: args, video: "0:V:0", audio: "1:a:0"}
}

// linuxSound are the arguments for a microphone: of ALSA where its name says so, else
// of PulseAudio, which PipeWire also gives.
func linuxSound(device string) []string {
	api, name, ok := strings.Cut(device, ":")
	switch {
	case ok && (api == "alsa" || api == "pulse"):
		return []string{"-f", api, "-i", name}
	case strings.HasPrefix(device, "hw:"), strings.HasPrefix(device, "plughw:"):
		return []string{"-f", "alsa", "-i", device}
	}
	return []string{"-f", "pulse", "-i", device}
}

// avfoundation is the picture device, or the other one where it is empty, with a
// microphone unless device names one.
func avfoundation(device, other, microphone string, o *Options) *input {
	device = cmp.Or(device, other)
	if !strings.Contains(device, ":") {
		device += ":" + cmp.Or(microphone, "none")
	}
	return one(append([]string{"-fflags", "nobuffer", "-f", "avfoundation"}, cameraArgs(device, o)...)...)
}

// dshowQueue is for what comes while ffmpeg starts: less and it warns of lost frames.
const dshowQueue = "100M"

func dshowWebcam(device string, o *Options) (*input, error) {
	if device == "" {
		return nil, errors.New("a webcam needs its name here, as in webcam:Integrated Camera; webcam:list shows what there is")
	}
	if !strings.Contains(device, "=") {
		device = "video=" + device
	}
	if o.Microphone != "" {
		device += ":audio=" + o.Microphone
	}
	return one(append([]string{"-fflags", "nobuffer", "-f", "dshow", "-rtbufsize", dshowQueue}, cameraArgs(device, o)...)...), nil
}

// screen is a screen, or the first one where device is empty, in its own size.
func (s system) screen(device string, o *Options) (*input, error) {
	whole := &Options{FrameRate: o.FrameRate}
	switch s.goos {
	case "linux":
		device = cmp.Or(device, s.display)
		if device == "" {
			return nil, errors.New("there is no screen: DISPLAY is not set (of X11; under Wayland, publish the screen from a browser)")
		}
		return withMicrophone(append([]string{"-f", "x11grab"}, cameraArgs(device, whole)...), o)
	case "darwin":
		in := avfoundation(device, "Capture screen 0", o.Microphone, whole)
		in.args = append([]string{"-capture_cursor", "1"}, in.args...)
		return in, nil
	case "windows":
		args := append([]string{"-fflags", "nobuffer", "-f", "gdigrab"}, cameraArgs(cmp.Or(device, "desktop"), whole)...)
		if o.Microphone == "" {
			return one(args...), nil
		}
		// The times of dshow count from its start.
		arrival := []string{"-use_wallclock_as_timestamps", "1"}
		return pair(args, slices.Concat(arrival, dshowSound(o.Microphone))), nil
	}
	return nil, s.unknown("screens")
}

func dshowSound(device string) []string {
	return []string{"-f", "dshow", "-audio_buffer_size", "50", "-i", "audio=" + device}
}

// microphone is a microphone alone.
func (s system) microphone(device string) (*input, error) {
	in := &input{audio: "0:a:0"}
	nobuffer := []string{"-fflags", "nobuffer"}
	switch s.goos {
	case "linux":
		in.args = append(nobuffer, linuxSound(device)...)
	case "darwin":
		in.args = append(nobuffer, "-f", "avfoundation", "-i", ":"+device)
	case "windows":
		if device == "default" {
			return nil, errors.New("a microphone needs its name here; webcam:list shows what there is")
		}
		in.args = append(nobuffer, dshowSound(device)...)
	default:
		return nil, s.unknown("microphones")
	}
	return in, nil
}
