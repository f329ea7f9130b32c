package ingress

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	ffmpeg = "ffmpeg"

	defaultFrameRate = 30
	defaultBitrate   = 4_000_000
	defaultGroup     = 2 * time.Second
)

// howToInstall says how to get ffmpeg.
func howToInstall(goos string) string {
	switch goos {
	case "darwin":
		return "brew install ffmpeg"
	case "windows":
		return "winget install ffmpeg"
	case "linux":
		return "apt install ffmpeg, dnf install ffmpeg, ..."
	}
	return "https://ffmpeg.org/download.html"
}

// ffmpegArgs returns the whole command for an input: an argument list with its -i and
// the -map of what is taken of it.
func ffmpegArgs(input []string, o *Options) []string {
	return slices.Concat(
		[]string{ffmpeg, "-hide_banner", "-nostdin", "-loglevel", "error"},
		input, encoder(o), muxer,
	)
}

// encoder returns the arguments of the encoders: H.264 without a frame of delay, and
// AAC at 48 kHz.
func encoder(o *Options) []string {
	rate := strconv.Itoa(cmp.Or(o.Bitrate, defaultBitrate))
	args := []string{
		"-vf", scale(o),
		"-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency",
		"-profile:v", "main", "-pix_fmt", "yuv420p",
		"-crf", "23", "-maxrate", rate, "-bufsize", rate,
		// By time and not by number, because cameras change their frame rate.
		"-force_key_frames", keyFrames(cmp.Or(o.Group, defaultGroup)),
		"-g", "9999", "-sc_threshold", "0",
		"-c:a", "aac", "-ar", "48000", "-ac", "2", "-b:a", "128k",
	}
	if o.FrameRate > 0 {
		args = append(args, "-r", strconv.Itoa(o.FrameRate))
	}
	return args
}

// muxer makes a chunk of each frame of each track, with the time at which it came out
// of the encoder. From the frame to the whole chunk that takes 41 ms at 30 frames a
// second, 33 of which are the muxer's: it writes a frame when the next one has come. All
// this was measured with ffmpeg 5.1:
//
//   - frag_every_frame makes the same chunks at the same speed, but gives some chunks of
//     sound no duration and a wrong time. A -frag_duration of a whole frame takes 62 ms.
//   - Without -max_interleave_delta (in microseconds; 0 means for ever) one track waits
//     for the other for up to 10 s; a file takes 41 ms instead of 25.
//   - Without frag_discont each track begins at 0, and sound which begins half a second
//     after the picture is that much out of step with it. But then AAC begins before 0,
//     by the encoder's delay, which tfdt cannot say: so all of it begins at 1 s.
//   - -flush_packets, -muxdelay and -fflags nobuffer change nothing here.
var muxer = []string{
	"-output_ts_offset", "1", "-max_interleave_delta", "1", "-frag_duration", "1",
	"-movflags", "+cmaf+frag_keyframe+frag_discont+separate_moof+skip_trailer",
	"-write_prft", "wallclock", "-export_side_data", "prft",
	"-f", "mp4", "pipe:1",
}

// either is what is taken of an input: one picture, no cover art, and one sound, as
// far as there are any.
var either = []string{"-map", "0:V:0?", "-map", "0:a:0?"}

// scale returns the filter that gives the picture its size: H.264 in 4:2:0 wants even
// numbers.
func scale(o *Options) string {
	switch {
	case o.Width > 0 && o.Height > 0:
		return fmt.Sprintf("scale=%d:%d", o.Width, o.Height)
	case o.Width > 0:
		return fmt.Sprintf("scale=%d:-2", o.Width)
	case o.Height > 0:
		return fmt.Sprintf("scale=-2:%d", o.Height)
	}
	return "scale=trunc(iw/2)*2:trunc(ih/2)*2"
}

// keyFrames returns the expression that is true every group. The few milliseconds less
// keep rounding from making a group longer by a frame.
func keyFrames(group time.Duration) string {
	least := max(group-5*time.Millisecond, 0)
	return fmt.Sprintf("expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+%.3f))", least.Seconds())
}

// testInput is a moving picture with the running time on it, and a beep every second.
// These are two inputs because out of one filter graph the picture comes 17 ms later
// and without its time.
func testInput(o *Options) []string {
	picture := fmt.Sprintf("testsrc2=size=640x360:rate=%d", cmp.Or(o.FrameRate, defaultFrameRate))
	return []string{
		"-re", "-f", "lavfi", "-i", picture,
		"-re", "-f", "lavfi", "-i", "sine=frequency=220:beep_factor=4:sample_rate=48000",
		"-map", "0:v", "-map", "1:a",
	}
}

// fileInput is a file in real time, again and again. The prefix keeps ffmpeg from
// taking what stands before a colon in its name for a protocol.
func fileInput(name string) []string {
	return slices.Concat([]string{"-re", "-stream_loop", "-1", "-i", "file:" + name}, either)
}

// webcamInput is the camera of that name on the operating system goos, or the first
// one where device is empty. Only avfoundation gives sound with the picture.
func webcamInput(goos, device string, o *Options) ([]string, error) {
	format := ""
	switch goos {
	case "linux":
		format, device = "v4l2", cmp.Or(device, "/dev/video0")
	case "darwin":
		format, device = "avfoundation", cmp.Or(device, "0:0")
	case "windows":
		if device == "" {
			return nil, errors.New("a webcam needs its name here, as in webcam:Integrated Camera; " +
				"to list them: ffmpeg -list_devices true -f dshow -i dummy")
		}
		if !strings.Contains(device, "=") {
			device = "video=" + device
		}
		format = "dshow"
	default:
		return nil, fmt.Errorf("webcams are not known on %s; give a URL, or pipe fragmented MP4 into -", goos)
	}
	args := []string{"-fflags", "nobuffer", "-f", format}
	args = append(args, "-framerate", strconv.Itoa(cmp.Or(o.FrameRate, defaultFrameRate)))
	if o.Width > 0 && o.Height > 0 {
		args = append(args, "-video_size", fmt.Sprintf("%dx%d", o.Width, o.Height))
	}
	return slices.Concat(args, []string{"-i", device}, either), nil
}

// schemes are those of the URLs that are given to ffmpeg.
var schemes = []string{"rtsp", "rtsps", "srt", "rtmp", "rtmps", "http", "https", "udp", "rtp", "tcp"}

// isURL reports whether spec is a URL that is given to ffmpeg.
func isURL(spec string) bool {
	scheme, _, ok := strings.Cut(spec, "://")
	return ok && slices.Contains(schemes, strings.ToLower(scheme))
}

// recordings are the extensions of files that are looped in real time though they come
// over HTTP, and playlists those of what is read in real time: it may be live or not.
var (
	recordings = []string{".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"}
	playlists  = []string{".m3u8", ".mpd"}
)

// urlInput is what a URL gives, with as little delay as possible.
func urlInput(spec string) []string {
	scheme, _, _ := strings.Cut(strings.ToLower(spec), "://")
	args := []string{"-fflags", "nobuffer", "-flags", "low_delay"}
	switch scheme {
	case "http", "https":
		args = httpPace(spec)
	case "rtsp", "rtsps":
		args = append(args, "-rtsp_transport", "tcp")
	}
	return slices.Concat(args, []string{"-i", spec}, either)
}

// httpPace says how to read what an HTTP server gives, by the name of it.
func httpPace(spec string) []string {
	name := spec
	if u, err := url.Parse(spec); err == nil {
		name = u.Path
	}
	switch ext := strings.ToLower(path.Ext(name)); {
	case slices.Contains(recordings, ext):
		return []string{"-re", "-stream_loop", "-1"}
	case slices.Contains(playlists, ext):
		return []string{"-re"}
	}
	return []string{"-fflags", "nobuffer", "-flags", "low_delay"}
}
