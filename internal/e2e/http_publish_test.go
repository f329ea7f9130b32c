package e2e

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/ingress"
)

// intake is a server that takes streams in.
type intake struct {
	streams *livews.Streams
	url     string
}

func newIntake(t *testing.T) *intake {
	t.Helper()
	streams := new(livews.Streams)
	h := &ingress.Handler{Streams: streams}
	mux := http.NewServeMux()
	mux.Handle("/publish/", http.StripPrefix("/publish", h))
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		_ = h.Close()
		server.Close()
		_ = streams.Close()
	})
	return &intake{streams: streams, url: server.URL + "/publish"}
}

// watch joins a stream when it is there, as a viewer who stays.
func (in *intake) watch(t *testing.T, name string) livews.Source {
	t.Helper()
	deadline := time.Now().Add(settleBound)
	for time.Now().Before(deadline) {
		relay, leave, err := in.streams.Join(t.Context(), name)
		if err == nil {
			t.Cleanup(leave)
			return relay.Subscribe(&livews.SubscribeOptions{Start: livews.StartOldest})
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("there is no stream %q", name)
	return nil
}

// The ways in which ffmpeg publishes; URL stands for where the stream goes.
var (
	picture   = []string{"-re", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=30", "-re", "-f", "lavfi", "-i", "sine=r=48000"}
	encode    = []string{"-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-g", "30", "-sc_threshold", "0", "-c:a", "aac"}
	lowDelay  = []string{"-frag_duration", "1", "-movflags", "+cmaf+frag_keyframe+separate_moof+skip_trailer", "-f", "mp4"}
	segmented = []string{"-f", "dash", "-seg_duration", "1", "-method", "PUT"}
)

// publisher returns the command of an ffmpeg which publishes for so many seconds.
func publisher(t *testing.T, seconds string, args ...string) *exec.Cmd {
	t.Helper()
	all := slices.Concat([]string{"-nostdin", "-v", "error"}, picture, []string{"-t", seconds}, encode, args)
	return exec.Command(need(t, "ffmpeg"), all...)
}

// launch starts a publisher and returns what kills it, as the end of the test does.
func launch(t *testing.T, cmd *exec.Cmd) (kill func()) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	return kill
}

// wantBothTracks checks that picture and sound came, in groups of a second that are begun
// by both together.
func wantBothTracks(t *testing.T, segs []*livews.Segment) {
	t.Helper()
	kinds := make(map[string]bool)
	for _, info := range tracks(segs[:2]) {
		kinds[info.Kind] = true
	}
	if !kinds[livews.KindVideo] || !kinds[livews.KindAudio] {
		t.Errorf("the stream begins with the init segments of %v, want video and audio", kinds)
	}
	starts := make(map[uint32][]time.Duration)
	for _, seg := range segs {
		if seg.Flags.Has(livews.FlagFirst) {
			starts[seg.Position.Group] = append(starts[seg.Position.Group], seg.DecodeTime)
		}
	}
	for group, at := range starts {
		if len(at) == 2 && (at[0]-at[1]).Abs() > 50*time.Millisecond {
			t.Errorf("group %d begins at %v", group, at)
		}
	}
}

func TestPublishOverHTTP(t *testing.T) {
	for name, args := range map[string][]string{
		"POST":              append(lowDelay[:len(lowDelay):len(lowDelay)], "URL"),
		"PUT":               append(lowDelay[:len(lowDelay):len(lowDelay)], "-method", "PUT", "URL"),
		"expect":            append(lowDelay[:len(lowDelay):len(lowDelay)], "-send_expect_100", "1", "URL"),
		"dash":              append(segmented[:len(segmented):len(segmented)], "URL/manifest.mpd"),
		"dash, persistent":  append(segmented[:len(segmented):len(segmented)], "-http_persistent", "1", "URL/manifest.mpd"),
		"dash, low latency": append(segmented[:len(segmented):len(segmented)], "-http_persistent", "1", "-streaming", "1", "-ldash", "1", "URL/manifest.mpd"),
		"dash, cleaned up":  append(segmented[:len(segmented):len(segmented)], "-streaming", "1", "-hls_playlist", "1", "-window_size", "2", "-remove_at_exit", "1", "URL/manifest.mpd"),
		"dash, own names":   append(segmented[:len(segmented):len(segmented)], "-init_seg_name", "$RepresentationID$_init.mp4", "-media_seg_name", "$RepresentationID$_$Time$.m4s", "URL/live.mpd"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := newIntake(t)
			for i := range args {
				args[i] = strings.Replace(args[i], "URL", in.url+"/hall/cam1", 1)
			}
			launch(t, publisher(t, "5", args...))
			src := in.watch(t, "hall/cam1")
			wantBothTracks(t, read(t, src, untilGroup(1, 3)))
			ctx, cancel := context.WithTimeout(t.Context(), settleBound)
			defer cancel()
			for _, err := range livews.All(ctx, src) {
				if err != nil {
					t.Fatalf("the stream ends with %v, want a clean end", err)
				}
			}
		})
	}
}

// TestPublishLadder has three representations, whose groups are the same.
func TestPublishLadder(t *testing.T) {
	in := newIntake(t)
	launch(t, publisher(t, "6", slices.Concat(
		[]string{"-map", "0", "-map", "0", "-map", "1", "-s:v:0", "320x180", "-s:v:1", "160x90", "-b:v:1", "100k"},
		segmented, []string{"-streaming", "1", in.url + "/cam1/manifest.mpd"})...))
	segs := read(t, in.watch(t, "cam1"), untilGroup(1, 3))
	var heights []int
	for _, info := range tracks(segs[:3]) {
		heights = append(heights, int(info.Height))
	}
	slices.Sort(heights)
	if !slices.Equal(heights, []int{0, 90, 180}) {
		t.Errorf("heights of the first three tracks = %v, want 0 (sound), 90 and 180", heights)
	}
	begun := make(map[uint32]int)
	for _, seg := range segs {
		if seg.Flags.Has(livews.FlagFirst) {
			begun[seg.Position.Group]++
		}
	}
	for group := range uint32(2) {
		if begun[group] != 3 {
			t.Errorf("%d tracks have begun group %d, want 3", begun[group], group)
		}
	}
}

// TestPublisherKilled kills a publisher and starts it anew: the viewer stays and sees the
// stream go on, although the second encoder begins with the same bytes as the first.
func TestPublisherKilled(t *testing.T) {
	for name, args := range map[string][]string{
		"body":     append(lowDelay[:len(lowDelay):len(lowDelay)], "URL"),
		"segments": append(segmented[:len(segmented):len(segmented)], "-streaming", "1", "URL/manifest.mpd"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := newIntake(t)
			for i := range args {
				args[i] = strings.Replace(args[i], "URL", in.url+"/cam1", 1)
			}
			kill := launch(t, publisher(t, "60", args...))
			src := in.watch(t, "cam1")
			var last livews.Position // of the first encoder
			segs := read(t, src, func(segs []*livews.Segment) bool {
				if last.IsZero() && untilGroup(1, 2)(segs) {
					kill()
					last = segs[len(segs)-1].Position
					time.Sleep(time.Second)
					launch(t, publisher(t, "60", args...))
				}
				return !last.IsZero() && slices.ContainsFunc(segs, func(seg *livews.Segment) bool {
					p := seg.Position
					return seg.Type == livews.TypeChunk && (p.Epoch > last.Epoch || p.Group > last.Group+3)
				})
			})
			if n := len(tracks(segs)); name == "segments" && n != 2 {
				t.Errorf("%d init segments came, want 2: the encoder is the same", n)
			}
		})
	}
}

// TestPublisherRefused lets publishers see why they are refused, also when they are sending.
func TestPublisherRefused(t *testing.T) {
	in := newIntake(t)
	launch(t, publisher(t, "60", append(lowDelay[:len(lowDelay):len(lowDelay)], in.url+"/cam1")...))
	in.watch(t, "cam1")
	out, err := publisher(t, "3", append(lowDelay[:len(lowDelay):len(lowDelay)], "-send_expect_100", "1", in.url+"/cam1")...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "4XX") {
		t.Errorf("a second ffmpeg says %q, %v, want a 4XX", out, err)
	}
	curl := need(t, "curl")
	ts := publisher(t, "60", "-f", "mpegts", "pipe:1")
	pipe, err := ts.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := ts.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ts.Process.Kill(); _ = ts.Wait() }()
	for _, name := range []string{"cam1", "cam2"} {
		cmd := exec.Command(curl, "-s", "-m", "20", "-T", "-", in.url+"/"+name)
		cmd.Stdin = pipe
		want := map[string]string{"cam1": "is being published", "cam2": "MPEG transport stream"}[name]
		if out, _ := cmd.CombinedOutput(); !strings.Contains(string(out), want) {
			t.Errorf("curl to %s says %q, want %q", name, out, want)
		}
	}
}
