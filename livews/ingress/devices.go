package ingress

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// The kinds of a [Device].
const (
	Camera     = "camera"
	Microphone = "microphone"
	Screen     = "screen"
)

// Device is something that can be captured.
type Device struct {
	// Kind is Camera, Microphone or Screen.
	Kind string
	// ID is what [Open] takes: after "webcam:" or "screen:", and of a microphone after
	// "mic:" and as Options.Microphone.
	ID string
	// Name is for people.
	Name string
}

// listTime bounds how long ffmpeg may look for devices.
const listTime = 10 * time.Second

// Devices returns the cameras, microphones and screens of this computer. It asks the
// system on Linux, and ffmpeg on macOS and Windows and for PulseAudio; the error says
// where that is missing.
func Devices(ctx context.Context) ([]Device, error) {
	switch runtime.GOOS {
	case "linux":
		return linuxDevices(ctx, os.DirFS("/"), os.Getenv("DISPLAY")), nil
	case "darwin":
		text, err := ask(ctx, "-f", "avfoundation", "-list_devices", "true", "-i", "")
		return parseAVFoundation(text), err
	case "windows":
		text, err := ask(ctx, "-f", "dshow", "-list_devices", "true", "-i", "dummy")
		return append(parseDshow(text), Device{Screen, "desktop", "all screens"}), err
	}
	return nil, system{goos: runtime.GOOS}.unknown("devices")
}

// maxListing bounds what is read of a list of devices.
const maxListing = 256 << 10

// ask returns what ffmpeg writes about devices. It ends with an error even if all is
// well, because a list is no input.
func ask(ctx context.Context, args ...string) ([]byte, error) {
	path, err := lookUp(ffmpeg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	text, err := exec.CommandContext(ctx, path, append([]string{"-hide_banner", "-nostdin"}, args...)...).CombinedOutput()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: list devices: %w", ffmpeg, ctx.Err())
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return nil, fmt.Errorf("%s: list devices: %w", ffmpeg, err)
	}
	return text[:min(len(text), maxListing)], nil
}

// linuxDevices are those that the file system knows, and those of PulseAudio, if it runs
// and ffmpeg is there to ask it.
func linuxDevices(ctx context.Context, root fs.FS, display string) []Device {
	devices := linuxCameras(root)
	if text, err := ask(ctx, "-sources", "pulse"); err == nil {
		devices = append(devices, parsePulse(text)...)
	}
	devices = append(devices, alsaMicrophones(root)...)
	if display != "" {
		devices = append(devices, Device{Screen, display, "X11"})
	}
	return devices
}

// linuxCameras are the nodes of Video4Linux which give pictures: the first of each
// camera, for the others have what it says about them.
func linuxCameras(root fs.FS) []Device {
	const class = "sys/class/video4linux"
	nodes, err := fs.ReadDir(root, class)
	if err != nil {
		return nil // there is no camera
	}
	var cameras []Device
	for _, node := range nodes {
		if firstLine(root, path.Join(class, node.Name(), "index")) == "0" {
			name := firstLine(root, path.Join(class, node.Name(), "name"))
			cameras = append(cameras, Device{Camera, "/dev/" + node.Name(), name})
		}
	}
	return cameras
}

func firstLine(root fs.FS, name string) string {
	f, err := root.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxLine))
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return clean([]byte(line))
}

// alsaCapture is a line of /proc/asound/pcm about a device that captures.
var alsaCapture = regexp.MustCompile(`^0*(\d+)-0*(\d+): ([^:]*):.*: capture \d`)

// alsaMicrophones are the devices of the kernel. plughw gives them any rate.
func alsaMicrophones(root fs.FS) []Device {
	text, err := fs.ReadFile(root, "proc/asound/pcm")
	if err != nil {
		return nil // there is no sound
	}
	return match(text, alsaCapture, func(m []string) Device {
		return Device{Microphone, "plughw:" + m[1] + "," + m[2], strings.TrimSpace(m[3])}
	})
}

// match makes a device of each line that has the form.
func match(text []byte, form *regexp.Regexp, device func(m []string) Device) []Device {
	var devices []Device
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if m := form.FindStringSubmatch(lines.Text()); m != nil {
			d := device(m)
			d.Name = clean([]byte(d.Name))
			devices = append(devices, d)
		}
	}
	return devices
}

// pulseSource is a line of ffmpeg -sources pulse, as in "* alsa_input.usb [Headset]".
var pulseSource = regexp.MustCompile(`^[* ] (\S+) \[(.*)\]`)

func parsePulse(text []byte) []Device {
	return match(text, pulseSource, func(m []string) Device { return Device{Microphone, "pulse:" + m[1], m[2]} })
}

// avDevice is a line of ffmpeg's list, as in "[AVFoundation indev @ 0x7f8] [0] FaceTime
// HD Camera", or the heading of a part of it.
var avDevice = regexp.MustCompile(`\] (?:\[(\d+)\] (.*)|AVFoundation (video|audio) devices:)`)

func parseAVFoundation(text []byte) []Device {
	kind := ""
	return drop(match(text, avDevice, func(m []string) Device {
		if m[3] != "" {
			kind = m[3]
			return Device{}
		}
		switch {
		case kind == "audio":
			return Device{Microphone, m[1], m[2]}
		case strings.HasPrefix(m[2], "Capture screen"):
			return Device{Screen, m[2], m[2]}
		}
		return Device{Camera, m[1], m[2]}
	}))
}

// dshowDevice is a line of ffmpeg's list: "[dshow @ 0x1] "Cam" (video)", before ffmpeg 5
// without its kind; or a heading, which there was then.
var dshowDevice = regexp.MustCompile(`\] +(?:"([^"]*)"(?: \((\w+).*\))?|DirectShow (video|audio) devices.*)$`)

func parseDshow(text []byte) []Device {
	heading := ""
	return drop(match(bytes.ReplaceAll(text, []byte("\r"), nil), dshowDevice, func(m []string) Device {
		kind := m[2]
		if kind == "" {
			kind = heading
		}
		switch {
		case m[3] != "":
			heading = m[3]
		case kind == "video":
			return Device{Camera, m[1], m[1]}
		case kind == "audio":
			return Device{Microphone, m[1], m[1]}
		}
		return Device{}
	}))
}

// drop leaves out what was no device.
func drop(devices []Device) []Device {
	var kept []Device
	for _, d := range devices {
		if d.Kind != "" {
			kept = append(kept, d)
		}
	}
	return kept
}
