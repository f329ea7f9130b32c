package ingress

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

func TestPlans(t *testing.T) {
	const (
		copies  = "-map 0:V:0? -c:v copy -map 0:a:0? -c:a copy -strict experimental "
		picture = "-map 0:V:0? -c:v copy -map 0:a:0? -c:a aac "
		encodes = "-c:v libx264 "
	)
	for _, tt := range []struct {
		spec  string
		opts  Options
		want  []string // of each plan
		picky bool
	}{
		{"test", Options{}, []string{encodes}, false},
		{"rtsp://cam/1", Options{}, []string{copies, picture, encodes}, true},
		{"listen:rtmp://:1935/live/x", Options{}, []string{copies, picture, encodes}, true},
		{"rtsp://cam/1", Options{Codec: "copy"}, []string{copies, picture, encodes}, false},
		{"rtsp://cam/1", Options{Codec: "h264"}, []string{encodes}, false},
		{"rtsp://cam/1", Options{Height: 720}, []string{encodes}, false},
		{"http://cam/1", Options{}, []string{encodes}, false},
		{"mic", Options{Codec: "copy"}, []string{"-i default -map 0:a:0? -c:a aac "}, false},
		{"http://cam/1", Options{Codec: "copy"}, []string{copies, picture, encodes}, false},
		{"listen:srt://:9000", Options{}, []string{"-c:a copy -strict experimental -bsf:a aac_adtstoasc -movflags +delay_moov -use_editlist 0", picture, encodes}, true},
		{"webcam", Options{Width: 1280, Height: 720}, []string{"-input_format mjpeg", "-f v4l2 -framerate 30"}, false},
	} {
		in, err := findInput(system{goos: "linux"}, tt.spec, &tt.opts)
		if err != nil {
			t.Fatal(err)
		}
		got := plans(in, &tt.opts)
		if len(got) != len(tt.want) {
			t.Errorf("%s %+v: %d plans, want %d", tt.spec, tt.opts, len(got), len(tt.want))
			continue
		}
		for i, want := range tt.want {
			if args := strings.Join(got[i].argv, " "); !strings.Contains(args, want) {
				t.Errorf("%s %+v: plan %d:\n got %s\nwant %s in it", tt.spec, tt.opts, i, args, want)
			}
		}
		if got[0].picky != tt.picky {
			t.Errorf("%s %+v: picky = %v, want %v", tt.spec, tt.opts, got[0].picky, tt.picky)
		}
	}
}

func TestPlanCheck(t *testing.T) {
	video := []string{livews.KindVideo}
	both := []string{livews.KindVideo, livews.KindAudio}
	for _, tt := range []struct {
		plan        plan
		kind, codec string
		ok          bool
	}{
		{plan{picky: true, kinds: both}, livews.KindVideo, "avc1.64001F", true},
		{plan{picky: true, kinds: both}, livews.KindVideo, "avc1.42C01F", true},
		{plan{picky: true, kinds: both}, livews.KindVideo, "avc1.F4001F", false}, // 4:4:4
		{plan{picky: true, kinds: both}, livews.KindVideo, "hev1.1.6.L93.B0", false},
		{plan{picky: true, kinds: both}, livews.KindVideo, "vp09.00.31.08", true},
		{plan{picky: true, kinds: both}, livews.KindAudio, "mp4a.40.2", true},
		{plan{picky: true, kinds: both}, livews.KindAudio, "opus", true},
		{plan{picky: true, kinds: both}, livews.KindAudio, "ac-3", false},
		{plan{picky: true, kinds: video}, livews.KindAudio, "ac-3", true}, // it is encoded
		{plan{kinds: both}, livews.KindVideo, "hev1.1.6.L93.B0", true},
		{plan{}, livews.KindVideo, "hvc1.1.6.L93.B0", true},
	} {
		err := tt.plan.check(&livews.Track{Kind: tt.kind, Codec: tt.codec})
		if (err == nil) != tt.ok {
			t.Errorf("%+v: %s: %v, want ok %v", tt.plan, tt.codec, err, tt.ok)
		}
		if m := (*misfit)(nil); err != nil && (!errors.As(err, &m) || m.kind != tt.kind) {
			t.Errorf("%+v: %s: %v is no misfit of %s", tt.plan, tt.codec, err, tt.kind)
		}
	}
}

func TestMisfits(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{fmt.Errorf("ffmpeg: %w: Could not find tag for codec pcm_mulaw in stream #1, codec not currently supported in container", io.EOF), true},
		{fmt.Errorf("sample entry mp4v: %w", dash.ErrUnsupported), true},
		{errors.New("exit status 1: Cannot find a proper format for codec 'mjpeg'"), true},
		{errors.New("exit status 1: opus is not supported by the bitstream filter 'aac_adtstoasc'"), true},
		{errors.New("exit status 1: Connection refused"), false},
		{io.EOF, false},
	} {
		if got := asMisfit(tt.err) != nil; got != tt.want {
			t.Errorf("%v: a misfit: %v, want %v", tt.err, got, tt.want)
		}
	}
	in := urlInput("rtsp://cam/1")
	all := plans(in, &Options{})
	for kind, want := range map[string]int{"": 1, livews.KindAudio: 1, livews.KindVideo: 2} {
		if got := (&misfit{kind: kind}).next(all); got != want {
			t.Errorf("a misfit of %q goes on by %d plans, want %d", kind, got, want)
		}
	}
}
