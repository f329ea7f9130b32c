package ingress

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestLinuxDevices(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	root := fstest.MapFS{
		"sys/class/video4linux/video0/name":  file("Integrated Camera: Int\n"),
		"sys/class/video4linux/video0/index": file("0\n"),
		"sys/class/video4linux/video1/name":  file("Integrated Camera: Int\n"),
		"sys/class/video4linux/video1/index": file("1\n"), // what the camera says of its pictures
		"sys/class/video4linux/video2/name":  file("\x1b[31m" + strings.Repeat("x", 1000)),
		"sys/class/video4linux/video2/index": file("0\n"),
		"sys/class/video4linux/radio0/name":  file("no index"),
		"proc/asound/pcm": file("00-00: ALC257 Analog : ALC257 Analog : playback 1 : capture 1\n" +
			"00-03: HDMI 0 : HDMI 0 : playback 1\nnonsense\n01-00: USB Audio : USB Audio : capture 1\n"),
	}
	t.Setenv("PATH", t.TempDir()) // no ffmpeg to ask for PulseAudio
	got := linuxDevices(t.Context(), root, ":0")
	want := []Device{
		{Camera, "/dev/video0", "Integrated Camera: Int"},
		{Camera, "/dev/video2", "[31m" + strings.Repeat("x", maxLine-5)},
		{Microphone, "plughw:0,0", "ALC257 Analog"},
		{Microphone, "plughw:1,0", "USB Audio"},
		{Screen, ":0", "X11"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("devices:\n got %q\nwant %q", got, want)
	}
	if got := linuxDevices(t.Context(), fstest.MapFS{}, ""); len(got) != 0 {
		t.Errorf("an empty computer has %q", got)
	}
}

func TestParseDevices(t *testing.T) {
	for _, tt := range []struct {
		name  string
		parse func([]byte) []Device
		text  string
		want  []Device
	}{
		{
			"PulseAudio", parsePulse,
			"Auto-detected sources for pulse:\n* alsa_input.usb-Mic [USB [best] Mic] (audio)\n  alsa_input.pci [Built-in Audio]\n",
			[]Device{{Microphone, "pulse:alsa_input.usb-Mic", "USB [best] Mic"}, {Microphone, "pulse:alsa_input.pci", "Built-in Audio"}},
		},
		{"no PulseAudio", parsePulse, "Auto-detected sources for pulse:\nCannot list sources: Generic error in an external library\n", nil},
		{
			"AVFoundation", parseAVFoundation,
			`[AVFoundation indev @ 0x7fb1] AVFoundation video devices:
[AVFoundation indev @ 0x7fb1] [0] FaceTime HD Camera
[AVFoundation indev @ 0x7fb1] [1] Capture screen 0
[AVFoundation indev @ 0x7fb1] AVFoundation audio devices:
[AVFoundation indev @ 0x7fb1] [0] MacBook Pro Microphone
: Input/output error
`,
			[]Device{{Camera, "0", "FaceTime HD Camera"}, {Screen, "Capture screen 0", "Capture screen 0"}, {Microphone, "0", "MacBook Pro Microphone"}},
		},
		{
			"DirectShow", parseDshow,
			"[dshow @ 0000021] \"Integrated Camera\" (video)\r\n[dshow @ 0000021]   Alternative name \"@device_pnp_\\\\?\\usb\"\r\n" +
				"[dshow @ 0000021] \"OBS Virtual Camera\" (none)\r\n[dshow @ 0000021] \"Microphone (Realtek(R) Audio)\" (audio)\r\ndummy: Immediate exit requested\r\n",
			[]Device{{Camera, "Integrated Camera", "Integrated Camera"}, {Microphone, "Microphone (Realtek(R) Audio)", "Microphone (Realtek(R) Audio)"}},
		},
		{
			"DirectShow before ffmpeg 5", parseDshow,
			`[dshow @ 0000021] DirectShow video devices (some may be both video and audio devices)
[dshow @ 0000021]  "Integrated Camera"
[dshow @ 0000021]     Alternative name "@device_pnp_x"
[dshow @ 0000021] DirectShow audio devices
[dshow @ 0000021]  "Microphone"
`,
			[]Device{{Camera, "Integrated Camera", "Integrated Camera"}, {Microphone, "Microphone", "Microphone"}},
		},
		{"nothing", parseDshow, "", nil},
		{"noise", parseAVFoundation, "\x00\xff] [1] x\n] [2] \n", []Device{{Camera, "1", "x"}, {Camera, "2", ""}}},
	} {
		if got := tt.parse([]byte(tt.text)); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}
