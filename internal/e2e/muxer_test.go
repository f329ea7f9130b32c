package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews/dash"
)

// annexB splits a stream of ffmpeg at its access unit delimiters.
func annexB(delimiter string) func(b []byte) [][]byte {
	return func(b []byte) (frames [][]byte) {
		start := []byte("\x00\x00\x00\x01" + delimiter)
		for _, frame := range bytes.Split(b, start)[1:] {
			frames = append(frames, append(bytes.Clone(start), frame...))
		}
		return frames
	}
}

// ivf splits a file of VP9 or AV1.
func ivf(b []byte) (frames [][]byte) {
	for b = b[32:]; len(b) >= 12; {
		size := 12 + binary.LittleEndian.Uint32(b)
		frames = append(frames, b[12:size])
		b = b[size:]
	}
	return frames
}

// adts splits AAC and takes the headers off.
func adts(b []byte) (frames [][]byte) {
	for len(b) >= 7 {
		size := int(binary.BigEndian.Uint32(b[2:])>>5) & 0x1fff
		frames = append(frames, b[7:size])
		b = b[size:]
	}
	return frames
}

// TestMuxer has encoders of ffmpeg write what they write without MP4, a dash.Muxer make MP4
// of it, and ffmpeg decode that: all frames, without a word.
func TestMuxer(t *testing.T) {
	const seconds, rate = 2, 25
	for _, tt := range []struct {
		name, format string
		args         string
		split        func([]byte) [][]byte
		config       dash.TrackConfig
		frames       int
	}{
		{"H.264", "h264", "-c:v libx264 -bf 0 -bsf:v h264_metadata=aud=insert", annexB("\x09"), dash.TrackConfig{Codec: "avc1"}, seconds * rate},
		{"H.264 4:4:4", "h264", "-c:v libx264 -pix_fmt yuv444p -bf 0 -bsf:v h264_metadata=aud=insert", annexB("\x09"), dash.TrackConfig{Codec: "avc1"}, seconds * rate},
		{"H.264 interlaced", "h264", "-c:v libx264 -s 162x124 -flags +ildct+ilme -bf 0 -bsf:v h264_metadata=aud=insert", annexB("\x09"), dash.TrackConfig{Codec: "avc1"}, seconds * rate},
		{"H.265", "hevc", "-c:v libx265 -x265-params log-level=none:bframes=0 -bsf:v hevc_metadata=aud=insert", annexB("\x46\x01"), dash.TrackConfig{Codec: "hvc1"}, seconds * rate},
		{"VP9", "ivf", "-c:v libvpx-vp9 -deadline realtime", ivf, dash.TrackConfig{Codec: "vp09"}, seconds * rate},
		{"AV1", "ivf", "-c:v libaom-av1 -usage realtime -cpu-used 8", ivf, dash.TrackConfig{Codec: "av01"}, seconds * rate},
		{"AAC", "adts", "-c:a aac -ar 44100", adts, dash.TrackConfig{Codec: "mp4a.40.2", Config: []byte{0x12, 0x08}}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			source := fmt.Sprintf("testsrc2=s=160x120:r=%d:d=%d", rate, seconds)
			if tt.frames == 0 {
				source = fmt.Sprintf("sine=d=%d:r=44100", seconds)
			}
			args := strings.Fields("-nostdin -v error -f lavfi -i " + source + " -pix_fmt yuv420p -g 25 " + tt.args + " -f " + tt.format + " pipe:1")
			raw, err := exec.CommandContext(t.Context(), need(t, "ffmpeg"), args...).Output()
			if err != nil {
				t.Skipf("ffmpeg has no such encoder: %v", err)
			}
			frames := tt.split(raw)
			if tt.frames > 0 && len(frames) != tt.frames {
				t.Fatalf("%d frames are made, want %d", len(frames), tt.frames)
			}
			file := outFile(t, "muxer-"+strings.ReplaceAll(tt.name, " ", "-")+".mp4")
			if err := os.WriteFile(file, muxAll(t, tt.config, frames, rate), 0o644); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), need(t, "ffprobe"), "-v", "warning", "-count_frames",
				"-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", file).CombinedOutput()
			if got, _ := strconv.Atoi(strings.Trim(string(out), ",\r\n ")); err != nil || got != len(frames) {
				t.Errorf("ffprobe decodes %q of %d frames, %v", out, len(frames), err)
			}
		})
	}
}

// muxAll returns the init segment and the chunks of frames that come at a rate; of sound
// they come as they last.
func muxAll(t *testing.T, config dash.TrackConfig, frames [][]byte, rate int) []byte {
	t.Helper()
	config.Track = 1
	m, err := dash.NewMuxer(&config)
	if err != nil {
		t.Fatal(err)
	}
	var file []byte
	var at time.Duration
	for i, payload := range frames {
		init, chunk, err := m.Mux(&dash.Frame{Time: at, Payload: payload})
		if err != nil || chunk == nil || (init != nil) != (i == 0) {
			t.Fatalf("frame %d: init %v, chunk %v, %v", i, init != nil, chunk != nil, err)
		}
		if init != nil {
			if info := init.Info; info.FrameRate != 0 && info.FrameRate != float64(rate) || info.Width > 162 {
				t.Errorf("track = %+v, want %d frames per second, where it says", *info, rate)
			}
			file = append(file, init.Payload...)
		}
		file = append(file, chunk.Payload...)
		at += chunk.Duration
		if config.Codec != "mp4a.40.2" {
			at = time.Duration(i+1) * time.Second / time.Duration(rate)
		}
	}
	return file
}
