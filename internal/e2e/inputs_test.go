package e2e

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/ingress"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// read reads from a source until enough is true of all that came, or fails.
func read(t *testing.T, src livews.Source, enough func([]*livews.Segment) bool) []*livews.Segment {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), settleBound)
	defer cancel()
	var (
		segs  []*livews.Segment
		check livewstest.Checker
	)
	for !enough(segs) {
		seg, err := src.ReadSegment(ctx)
		if err != nil {
			t.Fatalf("after %d segments: %v", len(segs), err)
		}
		if err := check.WriteSegment(ctx, seg); err != nil {
			t.Fatal(err)
		}
		segs = append(segs, seg)
	}
	return segs
}

// untilGroup is enough when a track has begun its group number n.
func untilGroup(track uint16, n uint32) func([]*livews.Segment) bool {
	return func(segs []*livews.Segment) bool {
		return slices.ContainsFunc(segs, func(seg *livews.Segment) bool {
			return seg.Type == livews.TypeChunk && seg.Track == track && seg.Position.Group == n
		})
	}
}

// tracks returns the descriptions of the tracks, in the order in which they came.
func tracks(segs []*livews.Segment) []*livews.Track {
	var all []*livews.Track
	for _, seg := range segs {
		if seg.Type == livews.TypeInit {
			all = append(all, seg.Info)
		}
	}
	return all
}

// open opens a source for the time of the test.
func open(t *testing.T, spec string, opts *ingress.Options) livews.Source {
	t.Helper()
	src, err := ingress.Open(spec, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.(*ingress.Command).Close() })
	return src
}

// TestLadder makes renditions of one picture: each says what a menu needs, and a group of
// one begins when that of the others does.
func TestLadder(t *testing.T) {
	need(t, "ffmpeg")
	ladder := []ingress.Rendition{{Height: 360}, {Height: 240, Bitrate: 300_000}, {Height: 144}}
	src := open(t, "test", &ingress.Options{Ladder: ladder, Group: time.Second})
	segs := read(t, src, untilGroup(4, 3))
	want := []livews.Track{
		{Number: 1, Kind: "video", Width: 640, Height: 360, FrameRate: 30, Bitrate: 800_000},
		{Number: 2, Kind: "video", Width: 426, Height: 240, FrameRate: 30, Bitrate: 300_000},
		{Number: 3, Kind: "video", Width: 256, Height: 144, FrameRate: 30, Bitrate: 200_000},
		{Number: 4, Kind: "audio", Bitrate: 128_000},
	}
	for i, info := range tracks(segs) {
		got := livews.Track{
			Number: info.Number, Kind: info.Kind, Width: info.Width, Height: info.Height,
			FrameRate: info.FrameRate, Bitrate: info.Bitrate,
		}
		if i >= len(want) || got != want[i] || info.Codec == "" {
			t.Errorf("track %d is %+v", i, *info)
		}
	}
	begins := make(map[uint32]map[uint16]time.Duration)
	for _, seg := range segs {
		if !seg.Flags.Has(livews.FlagFirst) {
			continue
		}
		group := seg.Position.Group
		if begins[group] == nil {
			begins[group] = make(map[uint16]time.Duration)
		}
		begins[group][seg.Track] = seg.DecodeTime
	}
	for group := range uint32(3) {
		first := begins[group][1]
		if len(begins[group]) != 4 {
			t.Fatalf("group %d begins at %v, want it in 4 tracks", group, begins[group])
		}
		for track, at := range begins[group] {
			if d := at - first; d < 0 || d > 34*time.Millisecond || track < 4 && d != 0 {
				t.Errorf("group %d of track %d begins %v after the first track's", group, track, d)
			}
		}
		if next, ok := begins[group+1][1]; ok && next-first != time.Second {
			t.Errorf("group %d lasts %v, want 1s", group, next-first)
		}
	}
}

// media makes a file of 3 s with ffmpeg, of codecs by their encoders' names.
func media(t *testing.T, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	args = slices.Concat([]string{
		"-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=30",
		"-f", "lavfi", "-i", "sine=r=48000", "-t", "3", "-pix_fmt", "yuv420p",
	}, args, []string{path})
	if out, err := exec.CommandContext(t.Context(), need(t, "ffmpeg"), args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	return path
}

// TestCopy takes files as they come, as far as MP4 can hold them, and says what it had to
// do otherwise.
func TestCopy(t *testing.T) {
	h264 := []string{"-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "30"}
	for _, tt := range []struct {
		name, file string
		args       []string
		codecs     string // of the tracks
		warns      int
	}{
		{"as it comes", "a.mkv", append(h264, "-c:a", "libopus"), "avc1.64000D opus", 0},
		{"a name like an option", "-y %d.mkv", append(h264, "-c:a", "flac"), "avc1.64000D flac", 0},
		{"a sound that MP4 cannot hold", "b.mkv", append(h264, "-c:a", "pcm_alaw"), "avc1.64000D mp4a.40.2", 1},
		{"a picture that MP4 cannot hold", "c.avi", []string{"-c:v", "ffv1", "-c:a", "mp3"}, "avc1.4D4015 mp4a.40.2", 2},
		{"a picture that no browser plays", "d.mkv", []string{"-c:v", "mpeg4", "-c:a", "aac"}, "avc1.4D4015 mp4a.40.2", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log output
			file := media(t, strings.TrimPrefix(tt.file, "-"), tt.args...)
			if tt.file[0] == '-' { // for ffmpeg as it stands, and for Open
				t.Chdir(filepath.Dir(file))
				if err := exec.CommandContext(t.Context(), "mv", "--", file, tt.file).Run(); err != nil {
					t.Fatal(err)
				}
				file = tt.file
			}
			src := open(t, file, &ingress.Options{Codec: "copy", Logger: slog.New(slog.NewTextHandler(&log, nil))})
			segs := read(t, src, untilGroup(1, 2))
			var codecs []string
			for _, info := range tracks(segs)[:2] {
				codecs = append(codecs, info.Codec)
			}
			if got := strings.Join(codecs, " "); got != tt.codecs {
				t.Errorf("codecs = %s, want %s", got, tt.codecs)
			}
			if got := strings.Count(log.String(), "another way"); got != tt.warns {
				t.Errorf("%d lines say that it is taken another way, want %d:\n%s", got, tt.warns, log.String())
			}
		})
	}
}

// publish lets ffmpeg publish for some seconds to an address where an ingress listens,
// as soon as it does.
func publish(t *testing.T, seconds, format, url string, audio ...string) {
	t.Helper()
	args := []string{
		"-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=30",
		"-re", "-f", "lavfi", "-i", "sine=r=48000", "-t", seconds,
		"-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "30", "-pix_fmt", "yuv420p",
	}
	args = slices.Concat(args, audio, []string{"-f", format})
	if format == "rtsp" {
		args = append(args, "-rtsp_transport", "tcp")
	}
	args = append(args, url)
	deadline := time.Now().Add(settleBound)
	for {
		began := time.Now()
		out, err := exec.CommandContext(t.Context(), need(t, "ffmpeg"), args...).CombinedOutput()
		// RTSP's publisher is told nothing when it has ended.
		if err == nil || time.Since(began) > 2*time.Second {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("ffmpeg cannot publish: %v\n%s", err, out)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// TestListen has two publishers one after the other: the viewer of the first sees the
// second on the same connection, in the same epoch. What is no publisher does no harm.
func TestListen(t *testing.T) {
	aac := []string{"-c:a", "aac"}
	for _, tt := range []struct {
		name, listen, url, format string
		audio                     []string
	}{
		{"rtmp", "listen:rtmp://ADDR/live/key", "rtmp://ADDR/live/key", "flv", aac},
		{"srt", "listen:srt://ADDR?passphrase=secret4567", "srt://ADDR?passphrase=secret4567", "mpegts", aac},
		{"rtsp", "listen:rtsp://ADDR/cam", "rtsp://ADDR/cam", "rtsp", []string{"-c:a", "libopus"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			need(t, "ffmpeg")
			t.Parallel()
			addr, publisher := freeAddr(t), freeAddr(t)
			url := strings.ReplaceAll(tt.url, "ADDR", publisher)
			source := strings.ReplaceAll(tt.listen, "ADDR", publisher)
			p := serve(t, example("ingress", "-listen", addr, "-stream", "cam1", "-edge", "-source", source), addr)
			if tt.name != "srt" {
				if conn, err := net.Dial("tcp", publisher); err == nil {
					_, _ = conn.Write(bytes.Repeat([]byte("garbage "), 1000))
					conn.Close()
				}
			}
			seen := make(chan [][]byte)
			go func() {
				binary, _ := messagesUntil(t, "ws://"+addr+"/live/cam1", 2*time.Minute, secondRun(2), "livews.1")
				seen <- binary
			}()
			publish(t, "5", tt.format, url, tt.audio...)
			publish(t, "5", tt.format, url, tt.audio...)
			checkTwo(t, <-seen, 2)
			if strings.Contains(p.out.String(), "secret4567") {
				t.Errorf("the passphrase is in the log:\n%s", p.out.String())
			}
		})
	}
}

// secondRun tells when n tracks have begun a second run.
func secondRun(n int) func(msg []byte) bool {
	again := make(map[uint16]bool)
	return func(msg []byte) bool {
		seg, err := livews.ParseMessage(msg)
		if err == nil && seg.Type == livews.TypeChunk && seg.Flags.Has(livews.FlagDiscontinuity) {
			again[seg.Track] = true
		}
		return len(again) == n
	}
}

// checkTwo checks that messages are those of two runs of one stream with tracks 1 to n.
func checkTwo(t *testing.T, messages [][]byte, n int) {
	t.Helper()
	var (
		check livewstest.Checker
		first *livews.Segment
		again = make(map[uint16]bool)
	)
	for _, msg := range messages {
		seg, err := livews.ParseMessage(msg)
		if err != nil {
			t.Fatal(err)
		}
		if err := check.WriteSegment(t.Context(), seg); err != nil {
			t.Fatal(err)
		}
		if seg.Type != livews.TypeChunk {
			continue
		}
		if first == nil {
			first = seg
		}
		if seg.Position.Epoch != first.Position.Epoch {
			t.Fatalf("epoch %d after %d", seg.Position.Epoch, first.Position.Epoch)
		}
		if seg.Flags.Has(livews.FlagDiscontinuity) {
			again[seg.Track] = true
		}
	}
	if len(again) != n {
		t.Errorf("%d messages, a second run in tracks %v, want it in %d", len(messages), again, n)
	}
}

// TestFFmpegDies kills the ffmpeg that makes a ladder: its viewer stays, and all tracks go
// on in the same epoch.
func TestFFmpegDies(t *testing.T) {
	need(t, "ffmpeg")
	addr := freeAddr(t)
	p := serve(t, example("ingress", "-listen", addr, "-stream", "cam1", "-source", "test", "-ladder", "360p,144p", "-group", "1s"), addr)
	seen := make(chan [][]byte)
	go func() {
		binary, _ := messagesUntil(t, "ws://"+addr+"/live/cam1", time.Minute, secondRun(3), "livews.1")
		seen <- binary
	}()
	time.Sleep(3 * time.Second) // some of the first run is to be seen
	killed := 0
	for _, pid := range children(t, p.cmd.Process.Pid) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		killed++
	}
	if killed != 1 {
		t.Errorf("the ladder had %d processes, want one", killed)
	}
	checkTwo(t, <-seen, 3)
}

// children returns the processes that a process has started.
func children(t *testing.T, pid int) []int {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil || len(files) == 0 {
		t.Skipf("the system does not list a process's children: %v", err)
	}
	var pids []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for field := range strings.FieldsSeq(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, child)
		}
	}
	return pids
}

// TestScreen captures a screen of X11 that nobody sees.
func TestScreen(t *testing.T) {
	need(t, "ffmpeg")
	xvfb, err := exec.LookPath("Xvfb")
	if err != nil {
		t.Skip("Xvfb is not installed")
	}
	const display = ":93"
	start(t, exec.Command(xvfb, display, "-screen", "0", "640x360x24"))
	socket := "/tmp/.X11-unix/X93"
	for deadline := time.Now().Add(settleBound); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Skip("Xvfb does not start")
		}
	}
	segs := read(t, open(t, "screen:"+display, &ingress.Options{Width: 320, Group: time.Second}), untilGroup(1, 1))
	if info := tracks(segs)[0]; info.Width != 320 || info.Height != 180 || math.Abs(info.FrameRate-30) > 2 {
		t.Errorf("the screen is %+v", *info)
	}
}

// TestMissingDevices: what is not there gets one line, and no more.
func TestMissingDevices(t *testing.T) {
	need(t, "ffmpeg")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{"-source", "webcam:/dev/video97"}, "there is no camera /dev/video97"},
		{[]string{"-source", "mic:alsa:nosuch"}, "nosuch"},
		{[]string{"-source", "screen::97"}, ":97"},
		{[]string{"-source", "listen:rtmp://" + taken.Addr().String() + "/live"}, "address already in use"},
		{[]string{"-source", "rtsp://" + freeAddr(t) + "/x"}, "Connection refused"},
		{[]string{"-source", "test", "-codec", "mpeg2"}, "h264, h265, av1, vp9, copy"},
		{[]string{"-source", "test", "-ladder", "big"}, "big"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			t.Parallel()
			cmd := example("ingress", append([]string{"-listen", freeAddr(t)}, tt.args...)...)
			p := start(t, cmd)
			select {
			case <-p.exited:
			case <-time.After(settleBound):
				t.Fatalf("still runs; it wrote:\n%s", p.out.String())
			}
			var lines []string
			for line := range strings.Lines(p.out.String()) {
				announced := strings.Contains(line, " at ws://") || strings.Contains(line, "upstream for other servers")
				if !announced && !strings.Contains(line, "level=INFO") {
					lines = append(lines, line)
				}
			}
			if p.err == nil || !strings.Contains(strings.Join(lines, ""), tt.says) {
				t.Errorf("ended with %v and wrote %q, want %q in it", p.err, p.out.String(), tt.says)
			}
			if len(lines) != 1 {
				t.Errorf("wrote %d lines, want one:\n%s", len(lines), p.out.String())
			}
		})
	}
}

// TestPlayersTakeOneRendition plays a ladder: the first of its pictures, and its sound.
func TestPlayersTakeOneRendition(t *testing.T) {
	need(t, "ffmpeg")
	addr := freeAddr(t)
	serve(t, example("ingress", "-listen", addr, "-stream", "cam1", "-edge", "-source", "test", "-ladder", "360p,240p,144p", "-group", "1s"), addr)
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			b := newBrowser(t, engine)
			b.checkPlays(t, "http://"+addr+"/live/cam1", "ladder-"+engine+".png")
			const played = `document.querySelector('livews-player').stats.tracks.map((t) => t.number + ' ' + t.kind).join()`
			if got := string(b.do(t, command{Do: "evaluate", Expression: played}).Value); got != `"1 video,4 audio"` {
				t.Errorf("the player plays %s, want the first picture and the sound", got)
			}
		})
	}
}
