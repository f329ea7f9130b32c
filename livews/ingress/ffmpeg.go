package ingress

import (
	"slices"
	"strconv"
	"time"
)

const ffmpeg = "ffmpeg"

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

// quiet makes ffmpeg a program that says only why it failed, and never asks.
var quiet = []string{ffmpeg, "-hide_banner", "-nostdin", "-loglevel", "error"}

// encodeArgs returns the whole command that encodes an input.
func encodeArgs(in *input, o *Options) []string {
	var wait []string
	if slices.Contains(late, o.encoded()) {
		wait = lateInit
	}
	return slices.Concat(quiet, in.args, pictureArgs(in, o), soundArgs(in), muxer(o.Chunk, wait...))
}

// lateInit makes the muxer write the init segment with the first frames of all tracks,
// for what is not known earlier. It goes before the muxer's arguments or among them.
var lateInit = []string{"-movflags", "+delay_moov", "-use_editlist", "0"}

// muxer makes a chunk of each frame of each track, or of several, with the time at
// which it came out of the encoder. From the frame to the whole chunk that takes 41 ms
// at 30 frames a second, 33 of which are the muxer's: it writes a frame when the next
// one has come. All this was measured with ffmpeg 5.1:
//
//   - frag_every_frame makes the same chunks at the same speed, but gives some chunks of
//     sound no duration and a wrong time. A -frag_duration of a whole frame takes 62 ms.
//   - Without -max_interleave_delta (in microseconds; 0 means for ever) one track waits
//     for the other for up to 10 s; a file takes 41 ms instead of 25.
//   - Without frag_discont each track begins at 0, and sound which begins half a second
//     after the picture is that much out of step with it. But then AAC begins before 0,
//     by the encoder's delay, which tfdt cannot say: so all of it begins at 1 s.
//   - -flush_packets, -muxdelay and -fflags nobuffer change nothing here.
func muxer(chunk time.Duration, more ...string) []string {
	args := []string{
		"-output_ts_offset", "1", "-max_interleave_delta", "1",
		"-frag_duration", strconv.FormatInt(max(shortened(chunk).Microseconds(), 1), 10),
		"-movflags", "+cmaf+frag_keyframe+frag_discont+separate_moof+skip_trailer",
		"-write_prft", "wallclock", "-export_side_data", "prft",
	}
	return slices.Concat(args, more, []string{"-f", "mp4", "pipe:1"})
}
