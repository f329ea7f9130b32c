package ingress

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFFmpegInput(t *testing.T) {
	const file = "ffmpeg_test.go"
	for _, tt := range []struct {
		goos, spec string
		opts       Options
		want       string
	}{
		{"linux", "test", Options{}, "-re -f lavfi -i testsrc2=size=640x360:rate=30 -re -f lavfi -i sine=frequency=220:beep_factor=4:sample_rate=48000 -map 0:v -map 1:a"},
		{"linux", "test", Options{FrameRate: 50}, "-re -f lavfi -i testsrc2=size=640x360:rate=50 -re -f lavfi -i sine=frequency=220:beep_factor=4:sample_rate=48000 -map 0:v -map 1:a"},
		{"linux", "webcam", Options{}, "-fflags nobuffer -f v4l2 -framerate 30 -i /dev/video0 MAPS"},
		{"linux", "webcam:", Options{}, "-fflags nobuffer -f v4l2 -framerate 30 -i /dev/video0 MAPS"},
		{"linux", "webcam:/dev/video2", Options{FrameRate: 15, Width: 1280, Height: 720}, "-fflags nobuffer -f v4l2 -framerate 15 -video_size 1280x720 -i /dev/video2 MAPS"},
		{"linux", "webcam:/dev/video2", Options{Width: 1280}, "-fflags nobuffer -f v4l2 -framerate 30 -i /dev/video2 MAPS"},
		{"darwin", "webcam", Options{}, "-fflags nobuffer -f avfoundation -framerate 30 -i 0:0 MAPS"},
		{"darwin", "webcam:1:none", Options{}, "-fflags nobuffer -f avfoundation -framerate 30 -i 1:none MAPS"},
		{"windows", "webcam:Cam", Options{}, "-fflags nobuffer -f dshow -framerate 30 -i video=Cam MAPS"},
		{"windows", "webcam:video=Cam:audio=Mic", Options{}, "-fflags nobuffer -f dshow -framerate 30 -i video=Cam:audio=Mic MAPS"},
		{"linux", file, Options{}, "-re -stream_loop -1 -i file:" + file + " MAPS"},
		{"linux", "rtsp://cam/1", Options{}, "-fflags nobuffer -flags low_delay -rtsp_transport tcp -i rtsp://cam/1 MAPS"},
		{"linux", "RTSPS://cam/1", Options{}, "-fflags nobuffer -flags low_delay -rtsp_transport tcp -i RTSPS://cam/1 MAPS"},
		{"linux", "srt://host:1?mode=caller", Options{}, "-fflags nobuffer -flags low_delay -i srt://host:1?mode=caller MAPS"},
		{"linux", "udp://@:1234", Options{}, "-fflags nobuffer -flags low_delay -i udp://@:1234 MAPS"},
		{"linux", "rtmp://host/app/key.mp4", Options{}, "-fflags nobuffer -flags low_delay -i rtmp://host/app/key.mp4 MAPS"},
		{"linux", "http://cam/video", Options{}, "-fflags nobuffer -flags low_delay -i http://cam/video MAPS"},
		{"linux", "http://host/a.MP4?x=1.ts", Options{}, "-re -stream_loop -1 -i http://host/a.MP4?x=1.ts MAPS"},
		{"linux", "https://host/a/live.m3u8", Options{}, "-re -i https://host/a/live.m3u8 MAPS"},
	} {
		args, err := ffmpegInput(tt.goos, tt.spec, &tt.opts)
		want := strings.ReplaceAll(tt.want, "MAPS", "-map 0:V:0? -map 0:a:0?")
		if got := strings.Join(args, " "); err != nil || got != want {
			t.Errorf("%s %s %+v:\n got %s, %v\nwant %s", tt.goos, tt.spec, tt.opts, got, err, want)
		}
	}
}

func TestWebcamErrors(t *testing.T) {
	for goos, want := range map[string]string{
		"windows": "ffmpeg -list_devices true -f dshow -i dummy",
		"plan9":   "not known on plan9",
	} {
		if _, err := ffmpegInput(goos, "webcam", &Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", goos, err, want)
		}
	}
}

// TestFFmpegNeverTakesAnOption: nothing that a user types becomes an option of its own.
func TestFFmpegNeverTakesAnOption(t *testing.T) {
	for _, spec := range []string{"webcam:-y", "rtsp://-y", "http://-y/-y.mp4"} {
		args, err := ffmpegInput("linux", spec, &Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i, arg := range args {
			if strings.Contains(arg, "-y") && args[i-1] != "-i" {
				t.Errorf("%s: %q", spec, args)
			}
		}
	}
	if got := fileInput("-y"); !slices.Contains(got, "file:-y") {
		t.Errorf("a file: %q", got)
	}
}

func TestFFmpegArgs(t *testing.T) {
	for _, tt := range []struct {
		opts Options
		want []string
	}{
		{Options{}, []string{
			"ffmpeg -hide_banner -nostdin -loglevel error -i x -vf scale=trunc(iw/2)*2:trunc(ih/2)*2 -c:v libx264",
			"-preset veryfast -tune zerolatency -profile:v main -pix_fmt yuv420p",
			"-maxrate 4000000 -bufsize 4000000",
			"-force_key_frames expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+1.995)) -g 9999 -sc_threshold 0",
			"-c:a aac -ar 48000 -ac 2",
			"-output_ts_offset 1 -max_interleave_delta 1 -frag_duration 1",
			"-movflags +cmaf+frag_keyframe+frag_discont+separate_moof+skip_trailer -write_prft wallclock -export_side_data prft -f mp4 pipe:1",
		}},
		{Options{Width: 1280, Height: 720}, []string{"-vf scale=1280:720 "}},
		{Options{Width: 1280}, []string{"-vf scale=1280:-2 "}},
		{Options{Height: 720}, []string{"-vf scale=-2:720 "}},
		{Options{Bitrate: 900_000}, []string{"-maxrate 900000 -bufsize 900000"}},
		{Options{FrameRate: 25}, []string{" -r 25 "}},
		{Options{Group: 500 * time.Millisecond}, []string{"prev_forced_t+0.495)"}},
		{Options{Group: time.Millisecond}, []string{"prev_forced_t+0.000)"}},
	} {
		got := strings.Join(ffmpegArgs([]string{"-i", "x"}, &tt.opts), " ")
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%+v:\n got %s\nwant %s in it", tt.opts, got, want)
			}
		}
	}
}
