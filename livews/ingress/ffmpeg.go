package ingress

import (
	"cmp"
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
	defaultSize      = "640x360" // of the test picture
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

// ffmpegArgs returns the whole command for an input, which is an argument list that
// ends with -i and its value (or has several of these).
func ffmpegArgs(input []string, o *Options) []string {
	return slices.Concat([]string{ffmpeg, "-hide_banner", "-nostdin", "-loglevel", "error"}, input, output(o))
}

// output returns the arguments from the streams that are taken to the pipe.
func output(o *Options) []string {
	rate := strconv.Itoa(cmp.Or(o.Bitrate, defaultBitrate))
	args := []string{
		// One picture, no cover art, and one sound, as far as there are any.
		"-map", "0:V:0?", "-map", "0:a:0?", "-sn", "-dn",
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
	return append(args, live()...)
}

// live returns the arguments of the muxer: a chunk for each frame of each track, at
// once, with the time at which it came out of the encoder.
func live() []string {
	return []string{
		"-movflags", "+cmaf+frag_every_frame+separate_moof+skip_trailer",
		"-write_prft", "wallclock", "-export_side_data", "prft",
		"-flush_packets", "1", "-f", "mp4", "pipe:1",
	}
}

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
func testInput(o *Options) []string {
	rate := cmp.Or(o.FrameRate, defaultFrameRate)
	picture := fmt.Sprintf("testsrc2=size=%s:rate=%d", defaultSize, rate)
	return []string{
		"-re", "-f", "lavfi", "-i",
		picture + "[out0];sine=frequency=220:beep_factor=4:sample_rate=48000:samples_per_frame=1024,volume=0.3[out1]",
	}
}

// fileInput is a file in real time, again and again. The prefix keeps ffmpeg from
// taking what stands before a colon in its name for a protocol.
func fileInput(name string) []string {
	return []string{"-re", "-stream_loop", "-1", "-i", "file:" + name}
}

// webcamInput is the camera of that name on the operating system goos, or the first
// one where device is empty. Only avfoundation gives sound with the picture.
func webcamInput(goos, device string, o *Options) ([]string, error) {
	rate := strconv.Itoa(cmp.Or(o.FrameRate, defaultFrameRate))
	low := []string{"-fflags", "nobuffer", "-framerate", rate}
	if o.Width > 0 && o.Height > 0 {
		low = append(low, "-video_size", fmt.Sprintf("%dx%d", o.Width, o.Height))
	}
	switch goos {
	case "linux":
		return append(append(low, "-f", "v4l2", "-i"), cmp.Or(device, "/dev/video0")), nil
	case "darwin":
		return append(append(low, "-f", "avfoundation", "-i"), cmp.Or(device, "0:0")), nil
	case "windows":
		if device == "" {
			return nil, fmt.Errorf("a webcam needs its name here, as in webcam:Integrated Camera; " +
				"to list them: ffmpeg -list_devices true -f dshow -i dummy")
		}
		if !strings.Contains(device, "=") {
			device = "video=" + device
		}
		return append(append(low, "-f", "dshow", "-i"), device), nil
	}
	return nil, fmt.Errorf("webcams are not known on %s; give a URL, or pipe fragmented MP4 to -", goos)
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
	switch scheme {
	case "http", "https":
		return append(httpPace(spec), "-i", spec)
	case "rtsp", "rtsps":
		return []string{"-fflags", "nobuffer", "-flags", "low_delay", "-rtsp_transport", "tcp", "-i", spec}
	}
	return []string{"-fflags", "nobuffer", "-flags", "low_delay", "-i", spec}
}

// httpPace says how fast to read what an HTTP server gives, by the name of it.
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
