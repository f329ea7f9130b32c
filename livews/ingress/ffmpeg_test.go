package ingress

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestInput(t *testing.T) {
	const file = "ffmpeg_test.go"
	for _, tt := range []struct {
		goos, spec string
		opts       Options
		want       string // a / stands for what is mapped of it, where that is unusual
	}{
		{"linux", "test", Options{}, "-re -f lavfi -i testsrc2=size=640x360:rate=30 -re -f lavfi -i sine=frequency=220:beep_factor=4:sample_rate=48000 / 0:v 1:a"},
		{"linux", "test", Options{FrameRate: 50, Height: 720}, "-re -f lavfi -i testsrc2=size=1280x720:rate=50 -re -f lavfi -i sine=frequency=220:beep_factor=4:sample_rate=48000 / 0:v 1:a"},

		{"linux", "webcam", Options{}, "-fflags nobuffer -f v4l2 -framerate 30 -i /dev/video0"},
		{"linux", "webcam:", Options{}, "-fflags nobuffer -f v4l2 -framerate 30 -i /dev/video0"},
		{"linux", "webcam:/dev/video2", Options{FrameRate: 15, Width: 640, Height: 480}, "-fflags nobuffer -f v4l2 -framerate 15 -video_size 640x480 -i /dev/video2"},
		{"linux", "webcam:/dev/video2", Options{Width: 1280, Height: 720}, "-fflags nobuffer -f v4l2 -input_format mjpeg -framerate 30 -video_size 1280x720 -i /dev/video2"},
		{"linux", "webcam:/dev/video2", Options{Width: 1280}, "-fflags nobuffer -f v4l2 -framerate 30 -i /dev/video2"},
		{
			"linux", "webcam",
			Options{Microphone: "default"},
			"-copyts -thread_queue_size 512 -fflags nobuffer -timestamps abs -f v4l2 -framerate 30 -i /dev/video0 -thread_queue_size 512 -f pulse -i default / 0:V:0 1:a:0",
		},
		{
			"linux", "webcam",
			Options{Microphone: "plughw:1,0"},
			"-copyts -thread_queue_size 512 -fflags nobuffer -timestamps abs -f v4l2 -framerate 30 -i /dev/video0 -thread_queue_size 512 -f alsa -i plughw:1,0 / 0:V:0 1:a:0",
		},
		{"darwin", "webcam", Options{}, "-fflags nobuffer -f avfoundation -framerate 30 -i 0:0"},
		{"darwin", "webcam:1", Options{}, "-fflags nobuffer -f avfoundation -framerate 30 -i 1:0"},
		{"darwin", "webcam:1", Options{Microphone: "2"}, "-fflags nobuffer -f avfoundation -framerate 30 -i 1:2"},
		{"darwin", "webcam:1:none", Options{}, "-fflags nobuffer -f avfoundation -framerate 30 -i 1:none"},
		{"windows", "webcam:Cam", Options{}, "-fflags nobuffer -f dshow -rtbufsize 100M -framerate 30 -i video=Cam"},
		{"windows", "webcam:Cam", Options{Microphone: "My Mic"}, "-fflags nobuffer -f dshow -rtbufsize 100M -framerate 30 -i video=Cam:audio=My Mic"},
		{"windows", "webcam:video=Cam:audio=Mic", Options{}, "-fflags nobuffer -f dshow -rtbufsize 100M -framerate 30 -i video=Cam:audio=Mic"},

		{"linux", "screen", Options{Width: 1280}, "-fflags nobuffer -f x11grab -framerate 30 -i :0"},
		{"linux", "screen::1.0", Options{FrameRate: 15}, "-fflags nobuffer -f x11grab -framerate 15 -i :1.0"},
		{
			"linux", "screen",
			Options{Microphone: "alsa:default"},
			"-copyts -thread_queue_size 512 -fflags nobuffer -f x11grab -framerate 30 -i :0 -thread_queue_size 512 -f alsa -i default / 0:V:0 1:a:0",
		},
		{"darwin", "screen", Options{}, "-capture_cursor 1 -fflags nobuffer -f avfoundation -framerate 30 -i Capture screen 0:none"},
		{"darwin", "screen:Capture screen 1", Options{Microphone: "0"}, "-capture_cursor 1 -fflags nobuffer -f avfoundation -framerate 30 -i Capture screen 1:0"},
		{"windows", "screen", Options{}, "-fflags nobuffer -f gdigrab -framerate 30 -i desktop"},
		{"windows", "screen:title=Notes", Options{}, "-fflags nobuffer -f gdigrab -framerate 30 -i title=Notes"},
		{
			"windows", "screen",
			Options{Microphone: "Mic"},
			"-copyts -thread_queue_size 512 -fflags nobuffer -f gdigrab -framerate 30 -i desktop -thread_queue_size 512 " +
				"-use_wallclock_as_timestamps 1 -f dshow -audio_buffer_size 50 -i audio=Mic / 0:V:0 1:a:0",
		},

		{"linux", "mic", Options{}, "-fflags nobuffer -f pulse -i default /  0:a:0"},
		{"linux", "mic:pulse:usb.1", Options{}, "-fflags nobuffer -f pulse -i usb.1 /  0:a:0"},
		{"linux", "mic", Options{Microphone: "hw:0"}, "-fflags nobuffer -f alsa -i hw:0 /  0:a:0"},
		{"darwin", "mic", Options{}, "-fflags nobuffer -f avfoundation -i :default /  0:a:0"},
		{"windows", "mic:Mic", Options{}, "-fflags nobuffer -f dshow -audio_buffer_size 50 -i audio=Mic /  0:a:0"},

		{"linux", file, Options{}, "-re -stream_loop -1 -protocol_whitelist file -i file:" + file},
		{"linux", "rtsp://cam/1", Options{}, "-fflags nobuffer -flags low_delay -rtsp_transport tcp -protocol_whitelist rtsp,rtp,srtp,udp,tcp -i rtsp://cam/1"},
		{"linux", "RTSPS://cam/1", Options{}, "-fflags nobuffer -flags low_delay -rtsp_transport tcp -protocol_whitelist rtsps,rtp,srtp,udp,tcp,tls -i RTSPS://cam/1"},
		{"linux", "srt://host:1?mode=caller", Options{}, "-flags low_delay -fpsprobesize 0 -protocol_whitelist srt -i srt://host:1?mode=caller"},
		{"linux", "udp://@:1234", Options{}, "-flags low_delay -fpsprobesize 0 -protocol_whitelist udp -i udp://@:1234"},
		{"linux", "rtmp://host/app/key.mp4", Options{}, "-flags low_delay -fpsprobesize 0 -protocol_whitelist rtmp,tcp -i rtmp://host/app/key.mp4"},
		{"linux", "http://cam/video", Options{}, "-fflags nobuffer -flags low_delay -protocol_whitelist http,https,httpproxy,tcp,tls,crypto,data -i http://cam/video"},
		{"linux", "http://host/a.MP4?x=1.ts", Options{}, "-re -stream_loop -1 -protocol_whitelist http,https,httpproxy,tcp,tls,crypto,data -i http://host/a.MP4?x=1.ts"},
		{"linux", "https://host/a/live.m3u8", Options{}, "-re -protocol_whitelist http,https,httpproxy,tcp,tls,crypto,data -i https://host/a/live.m3u8"},

		{"linux", "listen:rtmp://:1935/live/a%20b?x=y z", Options{}, "-flags low_delay -fpsprobesize 0 -listen 1 -protocol_whitelist rtmp,tcp -i rtmp://0.0.0.0:1935/live/a%20b?x=y z"},
		{"linux", "listen:RTMP://127.0.0.1:1935/live", Options{}, "-flags low_delay -fpsprobesize 0 -listen 1 -protocol_whitelist rtmp,tcp -i rtmp://127.0.0.1:1935/live"},
		{"linux", "listen:srt://:9000", Options{}, "-flags low_delay -fpsprobesize 0 -analyzeduration 1000000 -protocol_whitelist srt -i srt://0.0.0.0:9000?mode=listener"},
		{"linux", "listen:srt://[::]:9000?passphrase=0123456789", Options{}, "-flags low_delay -fpsprobesize 0 -analyzeduration 1000000 -protocol_whitelist srt -i srt://[::]:9000?passphrase=0123456789&mode=listener"},
		{"linux", "listen:rtsp://:8554/x", Options{}, "-fflags nobuffer -flags low_delay -rtsp_transport tcp -rtsp_flags listen -protocol_whitelist rtsp,rtp,srtp,udp,tcp -i rtsp://0.0.0.0:8554/x"},
	} {
		in, err := findInput(system{tt.goos, ":0"}, tt.spec, &tt.opts)
		want, taken, unusual := strings.Cut(tt.want, " / ")
		if !unusual {
			taken = "0:V:0 0:a:0"
		}
		if err != nil {
			t.Errorf("%s %s %+v: %v", tt.goos, tt.spec, tt.opts, err)
		} else if got := strings.Join(in.args, " "); got != want || in.video+" "+in.audio != taken {
			t.Errorf("%s %s %+v:\n got %s / %s %s\nwant %s / %s", tt.goos, tt.spec, tt.opts, got, in.video, in.audio, want, taken)
		}
	}
}

func TestInputErrors(t *testing.T) {
	for _, tt := range []struct{ goos, spec, want string }{
		{"windows", "webcam", "webcam:list"},
		{"windows", "mic", "webcam:list"},
		{"plan9", "webcam", "not known on plan9"},
		{"plan9", "screen", "not known on plan9"},
		{"plan9", "mic", "not known on plan9"},
		{"linux", "webcam:list", "no source"},
		{"linux", "screen", "DISPLAY is not set"},
		{"linux", "listen:", wantedListen},
		{"linux", "listen:rtmp://host/live", wantedListen},
		{"linux", "listen:http://:80/live", wantedListen},
		{"linux", "listen:rtmp://me:pw@:80/live", wantedListen},
		{"linux", "listen:rtmp://%zz:80/live", wantedListen},
		{"linux", "listen:srt://:80?mode=caller", "mode is listener"},
	} {
		if _, err := findInput(system{goos: tt.goos}, tt.spec, &Options{}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: %v, want %q in it", tt.goos, tt.spec, err, tt.want)
		}
	}
}

// TestFFmpegNeverTakesAnOption: nothing that a user types becomes an option of its own.
func TestFFmpegNeverTakesAnOption(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "windows"} {
		for _, spec := range []string{
			"webcam:-y", "screen:-y", "mic:-y", "rtsp://-y", "http://-y/-y.mp4", "listen:rtmp://:1/-y", "listen:srt://:1?x=-y",
		} {
			in, err := findInput(system{goos, ":0"}, spec, &Options{Microphone: "-y"})
			if err != nil {
				t.Fatal(err)
			}
			for i, arg := range in.args {
				if strings.Contains(arg, "-y") && in.args[i-1] != "-i" {
					t.Errorf("%s: %q", spec, in.args)
				}
			}
		}
	}
	if got := fileInput("-y").args; !slices.Contains(got, "file:-y") {
		t.Errorf("a file: %q", got)
	}
}

// TestArgumentsAreNotShared: what one source adds does not stand in another's.
func TestArgumentsAreNotShared(t *testing.T) {
	first := urlInput("rtsp://a/1")
	before := slices.Clone(first.args)
	urlInput("srt://b:1")
	if _, err := listenInput("rtmp://:1/live"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(first.args, before) {
		t.Errorf("arguments are %q, were %q", first.args, before)
	}
}

func TestEncodeArgs(t *testing.T) {
	for _, tt := range []struct {
		opts Options
		want []string
	}{
		{Options{}, []string{
			"ffmpeg -hide_banner -nostdin -loglevel error -i x -map 0:V:0? -vf scale=trunc(iw/2)*2:trunc(ih/2)*2 -c:v libx264",
			"-preset veryfast -tune zerolatency -profile:v main -pix_fmt yuv420p -crf 23 -sc_threshold 0",
			"-maxrate:v:0 4000000 -bufsize:v:0 4000000",
			"-force_key_frames expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+1.995)) -g 9999",
			"-map 0:a:0? -c:a aac -ar 48000 -ac 2",
			"-output_ts_offset 1 -max_interleave_delta 1 -frag_duration 1",
			"-movflags +cmaf+frag_keyframe+frag_discont+separate_moof+skip_trailer -write_prft wallclock -export_side_data prft -f mp4 pipe:1",
		}},
		{Options{Width: 1280, Height: 720}, []string{"-vf scale=1280:720 "}},
		{Options{Width: 1280}, []string{"-vf scale=1280:-2 "}},
		{Options{Height: 720}, []string{"-vf scale=-2:720 "}},
		{Options{Bitrate: 900_000}, []string{"-maxrate:v:0 900000 -bufsize:v:0 900000"}},
		{Options{FrameRate: 25}, []string{" -r 25 "}},
		{Options{Group: 500 * time.Millisecond}, []string{"prev_forced_t+0.495)"}},
		{Options{Group: time.Millisecond}, []string{"prev_forced_t+0.000)"}},
		{Options{Chunk: 100 * time.Millisecond}, []string{"-frag_duration 95000 "}},
		{Options{Chunk: time.Millisecond}, []string{"-frag_duration 1 "}},
		{Options{Codec: "h265", Bitrate: 1_000_000}, []string{"-c:v libx265", "-tag:v hvc1", "-maxrate:v:0 1000000"}},
		{Options{Codec: "vp9", Bitrate: 1_000_000}, []string{"-c:v libvpx-vp9", "-b:v:0 1000000"}},
		{Options{Codec: "av1", Bitrate: 1_000_000}, []string{"-c:v libaom-av1", "-b:v:0 1000000", "-movflags +delay_moov -use_editlist 0 -f mp4"}},
		{Options{FrameRate: 25, Ladder: []Rendition{{720, 0}, {480, 900_000}}}, []string{
			`-i x -filter_complex [0:V:0]fps=25,split=2[s0][s1];[s0]scale=-2:trunc(min(720\,ih)/2)*2[v0];[s1]scale=-2:trunc(min(480\,ih)/2)*2[v1] ` +
				"-map [v0] -map [v1] -c:v libx264",
			"-maxrate:v:0 2800000 -bufsize:v:0 2800000 -maxrate:v:1 900000 -bufsize:v:1 900000 -force_key_frames",
			"-map 0:a:0? -c:a aac",
		}},
	} {
		got := strings.Join(encodeArgs(one("-i", "x"), &tt.opts), " ")
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%+v:\n got %s\nwant %s in it", tt.opts, got, want)
			}
		}
	}
	sound := strings.Join(encodeArgs(&input{args: []string{"-i", "x"}, audio: "0:a:0"}, &Options{}), " ")
	if strings.Contains(sound, ":v") || !strings.Contains(sound, "-map 0:a:0? -c:a aac") {
		t.Errorf("sound alone: %s", sound)
	}
}
