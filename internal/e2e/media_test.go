package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// packet is one line of ffprobe's list of packets. Times are in the track's
// timescale.
type packet struct {
	Stream   int    `json:"stream_index"`
	PTS      int64  `json:"pts"`
	DTS      int64  `json:"dts"`
	Duration int64  `json:"duration"`
	Flags    string `json:"flags"`
}

type stream struct {
	Index     int    `json:"index"`
	CodecType string `json:"codec_type"`
}

// checkMedia fails unless file is a video and a sound track that ffmpeg decodes
// without a word, from a key frame on, each without a hole for at least the
// given time.
func checkMedia(t *testing.T, file string, atLeast time.Duration) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), need(t, "ffmpeg"),
		"-nostdin", "-v", "warning", "-i", file, "-f", "null", "-").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("ffmpeg reads %s: %v\n%s", file, err, out)
	}
	var info struct {
		Streams []stream `json:"streams"`
		Packets []packet `json:"packets"`
	}
	probe := exec.CommandContext(t.Context(), need(t, "ffprobe"), "-v", "warning", "-of", "json",
		"-show_entries", "stream=index,codec_type:packet=stream_index,pts,dts,duration,flags", file)
	var warnings bytes.Buffer
	probe.Stderr = &warnings
	out, err := probe.Output()
	if err != nil || warnings.Len() > 0 {
		t.Errorf("ffprobe reads %s: %v\n%s", file, err, warnings.Bytes())
	}
	if err := json.Unmarshal(out, &info); err != nil {
		t.Fatalf("ffprobe: %v", err)
	}
	kinds := make(map[string]int)
	for _, s := range info.Streams {
		kinds[s.CodecType]++
		packets := slices.DeleteFunc(slices.Clone(info.Packets), func(p packet) bool { return p.Stream != s.Index })
		if err := noHole(packets); err != nil {
			t.Errorf("%s: %s track: %v", file, s.CodecType, err)
		}
		// 30 frames of video, 46.9 of sound in a second.
		if frames := int(30 * atLeast.Seconds()); len(packets) < frames {
			t.Errorf("%s: %s track has %d frames, want at least %d", file, s.CodecType, len(packets), frames)
		}
		t.Logf("%s: %s track of %d frames", filepath.Base(file), s.CodecType, len(packets))
	}
	if kinds["video"] != 1 || kinds["audio"] != 1 || len(kinds) != 2 {
		t.Errorf("%s has tracks %v, want one video and one audio", file, kinds)
	}
}

// noHole reports why the packets of one track, without reordering, are not a
// run without a hole that begins with a key frame.
func noHole(packets []packet) error {
	if len(packets) < 2 {
		return fmt.Errorf("%d frames", len(packets))
	}
	if packets[0].Flags == "" || packets[0].Flags[0] != 'K' {
		return fmt.Errorf("begins with a frame that is no key frame (%q)", packets[0].Flags)
	}
	step := packets[1].PTS - packets[0].PTS
	for i := 1; i < len(packets); i++ {
		p, q := packets[i-1], packets[i]
		if q.DTS <= p.DTS {
			return fmt.Errorf("frame %d: decode time %d after %d", i, q.DTS, p.DTS)
		}
		if q.PTS-p.PTS != step {
			return fmt.Errorf("frame %d: time %d after %d, want steps of %d", i, q.PTS, p.PTS, step)
		}
	}
	return nil
}

func TestNoHole(t *testing.T) {
	frames := func(pts ...int64) []packet {
		packets := make([]packet, len(pts))
		for i, v := range pts {
			packets[i] = packet{PTS: v, DTS: v, Flags: "__"}
		}
		packets[0].Flags = "K_"
		return packets
	}
	late := frames(0, 512, 1024)
	late[0].Flags = "__"
	for _, tt := range []struct {
		name    string
		packets []packet
		ok      bool
	}{
		{"run", frames(0, 512, 1024, 1536), true},
		{"starts late", frames(5120, 5632, 6144), true},
		{"hole", frames(0, 512, 1536), false},
		{"twice", frames(0, 512, 512), false},
		{"back", frames(512, 0), false},
		{"no key frame", late, false},
		{"one frame", frames(0), false},
	} {
		if err := noHole(tt.packets); (err == nil) != tt.ok {
			t.Errorf("%s: %v, want ok %v", tt.name, err, tt.ok)
		}
	}
}
