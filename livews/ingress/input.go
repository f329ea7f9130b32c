package ingress

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
)

// input is what ffmpeg reads.
type input struct {
	args         []string // with their -i
	video, audio string   // what is taken of it, as -map names it; empty for none
	// copies says that picture and sound usually come as a browser plays them.
	copies bool
	// transport says that it may be an MPEG transport stream, in which each frame of AAC
	// has a header of its own, and the init segment is known with the first of them.
	transport bool
	// listens says that it waits for a publisher.
	listens bool
	// check says why it cannot be read, as far as that can be seen beforehand; nil
	// checks nothing.
	check func() error
	// other is what is read if ffmpeg cannot read it so; nil for nothing.
	other *input
}

// one is an input of which is taken one picture, no cover art, and one sound, as far as
// there are any.
func one(args ...string) *input { return &input{args: args, video: "0:V:0", audio: "0:a:0"} }

// testInput is a moving picture with the running time on it, and a beep every second.
// These are two inputs because out of one filter graph the picture comes 17 ms later
// and without its time.
func testInput(o *Options) *input {
	picture := fmt.Sprintf("testsrc2=size=%s:rate=%d", testSize(o), cmp.Or(o.FrameRate, defaultFrameRate))
	return &input{video: "0:v", audio: "1:a", args: []string{
		"-re", "-f", "lavfi", "-i", picture,
		"-re", "-f", "lavfi", "-i", "sine=frequency=220:beep_factor=4:sample_rate=48000",
	}}
}

// testSize is large enough for what is made of it.
func testSize(o *Options) string {
	height := o.Height
	for _, r := range o.Ladder {
		height = max(height, r.Height)
	}
	if height <= 360 {
		return "640x360"
	}
	return fmt.Sprintf("%dx%d", min(height*16/9/2*2, maxSide), height)
}

// fileInput is a file in real time, again and again. The prefix keeps ffmpeg from
// taking what stands before a colon in its name for a protocol.
func fileInput(name string) *input {
	return one("-re", "-stream_loop", "-1", "-protocol_whitelist", "file", "-i", "file:"+name)
}

// whitelists are the schemes of the URLs that are given to ffmpeg, and which protocols
// it may use for each: what is fetched can name other addresses (a playlist, a
// redirection), and must not make ffmpeg read a file.
var whitelists = map[string]string{
	"http":  "http,https,httpproxy,tcp,tls,crypto,data",
	"https": "http,https,httpproxy,tcp,tls,crypto,data",
	"rtsp":  "rtsp,rtp,srtp,udp,tcp",
	"rtsps": "rtsps,rtp,srtp,udp,tcp,tls",
	"rtmp":  "rtmp,tcp",
	"rtmps": "rtmps,rtmp,tcp,tls",
	"srt":   "srt",
	"rtp":   "rtp,udp",
	"udp":   "udp",
	"tcp":   "tcp",
}

// scheme returns the scheme of a URL in small letters, or "".
func scheme(spec string) string {
	s, _, ok := strings.Cut(spec, "://")
	if !ok {
		return ""
	}
	return strings.ToLower(s)
}

// isURL reports whether spec is a URL that is given to ffmpeg.
func isURL(spec string) bool { return whitelists[scheme(spec)] != "" }

// recordings are the extensions of files that are looped in real time though they come
// over HTTP, and playlists those of what is read in real time: it may be live or not.
var (
	recordings = []string{".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"}
	playlists  = []string{".m3u8", ".mpd"}
)

// asap makes ffmpeg pass on what it reads as soon as possible.
var asap = []string{"-fflags", "nobuffer", "-flags", "low_delay"}

// atOnce makes ffmpeg begin as soon as it knows the codecs, and keeps what it has read
// to learn them: nobuffer would drop that, and with it the key frame at the start. Over
// RTMP the first chunk comes 0.9 s after the first packet, instead of 4.7 s. Not for RTSP:
// ffmpeg finds the decode times of B-frames there only after it has learned of them.
var atOnce = []string{"-flags", "low_delay", "-fpsprobesize", "0"}

// urlInput is what a URL gives, with as little delay as possible.
func urlInput(spec string) *input {
	args := atOnce
	s := scheme(spec)
	switch s {
	case "http", "https":
		args = httpPace(spec)
	case "rtsp", "rtsps":
		args = append(slices.Clip(asap), "-rtsp_transport", "tcp")
	}
	in := one(slices.Concat(args, []string{"-protocol_whitelist", whitelists[s], "-i", spec})...)
	in.copies = slices.Contains([]string{"rtsp", "rtsps", "rtmp", "rtmps", "srt"}, s)
	in.transport = slices.Contains([]string{"http", "https", "srt", "rtp", "udp", "tcp"}, s)
	return in
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
	return asap
}
