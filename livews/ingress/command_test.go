package ingress

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// patience is how long a test waits for what should come at once.
const patience = time.Minute

// helped is a Command whose program is the helper.
type helped struct {
	*Command
	log  *buffer
	runs string
}

// startHelper makes a Command of the helper with these steps. Their environment is the
// Command's own, so that tests can run side by side.
func startHelper(t *testing.T, steps string, opts *Options) *helped {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	h := &helped{log: new(buffer), runs: filepath.Join(t.TempDir(), "runs")}
	o := opts.orDefault()
	o.Logger = slog.New(slog.NewTextHandler(h.log, nil))
	env, err := exec.LookPath("env")
	if err != nil {
		t.Skip("no program env here")
	}
	h.Command, err = NewCommand([]string{env, helperEnv + "=" + steps, runsEnv + "=" + h.runs, exe}, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// pids returns the processes of all runs.
func (h *helped) pids(t *testing.T) []int {
	t.Helper()
	b, err := os.ReadFile(h.runs)
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for line := range strings.FieldsSeq(string(b)) {
		pids = append(pids, atoi(t, line))
	}
	return pids
}

// buffer is a Writer for a Logger.
type buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func isChunk(seg *livews.Segment) bool { return seg.Type == livews.TypeChunk }

// readUntil reads until a segment is what is wanted, and returns all of them.
func readUntil(ctx context.Context, t *testing.T, src livews.Source, want func(*livews.Segment) bool) []*livews.Segment {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var all []*livews.Segment
	for {
		seg, err := src.ReadSegment(ctx)
		if err != nil {
			t.Fatalf("after %d segments: %v", len(all), err)
		}
		if all = append(all, seg); want(seg) {
			return all
		}
	}
}

// drain reads until an error comes, and returns how many segments came before.
func drain(ctx context.Context, src livews.Source) (n int, err error) {
	for {
		if _, err := src.ReadSegment(ctx); err != nil {
			return n, err
		}
		n++
	}
}

// checkOrder lets a Checker see segs.
func checkOrder(t *testing.T, segs []*livews.Segment) {
	t.Helper()
	var c livewstest.Checker
	for _, seg := range segs {
		if err := c.WriteSegment(t.Context(), seg); err != nil {
			t.Fatalf("checker: %v", err)
		}
	}
}

// runsOf parts segs where each run of the program begins: before its first init segment.
func runsOf(segs []*livews.Segment) [][]*livews.Segment {
	var runs [][]*livews.Segment
	media := true
	for _, seg := range segs {
		if media && !isChunk(seg) {
			runs = append(runs, nil)
		}
		media = isChunk(seg)
		runs[len(runs)-1] = append(runs[len(runs)-1], seg)
	}
	return runs
}

// untilRun is true when the program has begun its n-th run and given a chunk.
func untilRun(n int) func(*livews.Segment) bool {
	media, runs := true, 0
	return func(seg *livews.Segment) bool {
		if media && !isChunk(seg) {
			runs++
		}
		media = isChunk(seg)
		return runs == n && media
	}
}

// TestCommandStartsAgain lets a program die in different ways: the stream goes on in the
// same epoch, on one timeline, with a group of its own and a discontinuity.
func TestCommandStartsAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ steps, logged string }{
		{"clip", "its output has ended"},
		{"clip say=lens_cap_on say=battery_empty crash", "exit status 3: lens cap on; battery empty"},
		{"part crash", "exit status 3"},
		{"clip close hang", "its output has ended"},
		{"clip noise hang", "malformed"},
	} {
		t.Run(tt.steps, func(t *testing.T) {
			t.Parallel()
			h := startHelper(t, tt.steps, nil)
			segs := readUntil(t.Context(), t, h, untilRun(3))
			checkOrder(t, segs)
			var end [3]time.Duration
			for i, run := range runsOf(segs) {
				begun := map[uint16]bool{}
				for _, seg := range run {
					if seg.Position.Epoch != segs[0].Position.Epoch {
						t.Fatalf("run %d has epoch %d, want %d", i, seg.Position.Epoch, segs[0].Position.Epoch)
					}
					if !isChunk(seg) {
						continue
					}
					first := !begun[seg.Track]
					begun[seg.Track] = true
					if got, want := seg.Flags.Has(livews.FlagDiscontinuity), first && i > 0; got != want {
						t.Errorf("run %d: track %d at %v: discontinuity = %v, want %v", i, seg.Track, seg.Position, got, want)
					}
					if d := seg.DecodeTime - end[seg.Track]; d < -time.Microsecond || d > 100*time.Millisecond {
						t.Errorf("run %d: track %d at %v: a step of %v", i, seg.Track, seg.Position, d)
					}
					end[seg.Track] = seg.DecodeTime + seg.Duration
				}
			}
			if got := strings.ReplaceAll(h.log.String(), `\"`, `"`); !strings.Contains(got, tt.logged) {
				t.Errorf("the log says %q, want %q in it", got, tt.logged)
			}
		})
	}
}

// TestCommandWithOtherTracks lets the second run have no sound: that is another epoch.
func TestCommandWithOtherTracks(t *testing.T) {
	t.Parallel()
	h := startHelper(t, "clip|video", nil)
	segs := readUntil(t.Context(), t, h, untilRun(3))
	checkOrder(t, segs)
	runs := runsOf(segs)
	epoch := func(i int) uint32 { return runs[i][0].Position.Epoch }
	if epoch(1) <= epoch(0) {
		t.Errorf("the epoch goes from %d to %d, want a rise", epoch(0), epoch(1))
	}
	if epoch(2) != epoch(1) {
		t.Errorf("the epoch goes from %d to %d, want no change", epoch(1), epoch(2))
	}
	for _, seg := range runs[1] {
		if seg.Track != 1 {
			t.Fatalf("the second run has track %d", seg.Track)
		}
	}
	if first := runs[1][1]; first.Position.Group != 0 || first.Position.Chunk != 0 {
		t.Errorf("the new epoch begins at %v", first.Position)
	}
}

// TestCommandFailsAtOnce: a program that has never given anything is an error, which is
// told in one line.
func TestCommandFailsAtOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		steps string
		opts  *Options
		want  string
		is    error
	}{
		{"say=/dev/video9:_no_such_device crash", nil, "exit status 3: /dev/video9: no such device", nil},
		{"crash", nil, "exit status 3", nil},
		{"close", nil, "its output has ended", nil},
		{"garbage", nil, "HTML or XML", dash.ErrUnsupported},
		{"garbage hang", nil, "HTML or XML", dash.ErrUnsupported},
		{"hang", &Options{Silence: 50 * time.Millisecond}, "no output for 50ms", nil},
	} {
		t.Run(tt.steps, func(t *testing.T) {
			t.Parallel()
			h := startHelper(t, tt.steps, tt.opts)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := h.ReadSegment(ctx)
			if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("ReadSegment = %v, want one line with %q", err, tt.want)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%v is not %v", err, tt.is)
			}
			if !strings.HasPrefix(err.Error(), "env: ") {
				t.Errorf("%v does not name the program", err)
			}
			if _, again := h.ReadSegment(ctx); again == nil || again.Error() != err.Error() {
				t.Errorf("ReadSegment = %v, want %v again", again, err)
			}
			// One that is ended early has not noted even its first run.
			if b, _ := os.ReadFile(h.runs); strings.Count(string(b), "\n") > 1 {
				t.Errorf("the program was started more than once: processes %q", b)
			}
			if h.log.String() != "" {
				t.Errorf("what is returned is logged too: %s", h.log)
			}
		})
	}
}

func TestCommandKeepsTrying(t *testing.T) {
	t.Parallel()
	h := startHelper(t, "say=no_camera crash|garbage|clip hang", &Options{KeepTrying: true})
	segs := readUntil(t.Context(), t, h, isChunk)
	checkOrder(t, segs)
	if got := strings.Count(h.log.String(), "level=WARN"); got != 2 {
		t.Errorf("%d warnings, want 2:\n%s", got, h.log)
	}
	if !strings.Contains(h.log.String(), "no camera") {
		t.Errorf("the log does not say why:\n%s", h.log)
	}
}

// TestCommandSilence: a program that hangs is started again.
func TestCommandSilence(t *testing.T) {
	t.Parallel()
	h := startHelper(t, "clip hang", &Options{Silence: 3 * time.Second}) // a slow machine starts it meanwhile
	readUntil(t.Context(), t, h, untilRun(2))
	if !strings.Contains(h.log.String(), "no output for 3s") {
		t.Errorf("the log does not say why:\n%s", h.log)
	}
}

// TestCommandReadsOn: after its context has ended, another ReadSegment starts the
// program again.
func TestCommandReadsOn(t *testing.T) {
	t.Parallel()
	h := startHelper(t, "clip hang", nil)
	ctx, cancel := context.WithCancel(t.Context())
	segs := readUntil(ctx, t, h, isChunk)
	cancel()
	if _, err := drain(ctx, h); !errors.Is(err, context.Canceled) {
		t.Fatalf("ReadSegment = %v, want %v", err, context.Canceled)
	}
	checkOrder(t, append(segs, readUntil(t.Context(), t, h, isChunk)...))
}

// TestCommandClose closes while ReadSegment blocks, before it was ever called, and twice.
func TestCommandClose(t *testing.T) {
	t.Parallel()
	h := startHelper(t, "clip hang", nil)
	readUntil(t.Context(), t, h, isChunk)
	ended := make(chan error)
	go func() {
		_, err := drain(t.Context(), h)
		ended <- err
	}()
	time.Sleep(50 * time.Millisecond) // most likely it blocks by then; it need not
	for range 2 {
		if err := h.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
	if err := <-ended; err != livews.ErrClosed {
		t.Errorf("ReadSegment = %v, want %v", err, livews.ErrClosed)
	}

	h = startHelper(t, "clip", nil)
	if err := h.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if _, err := h.ReadSegment(t.Context()); err != livews.ErrClosed {
		t.Errorf("ReadSegment = %v, want %v", err, livews.ErrClosed)
	}
	if _, err := os.Stat(h.runs); err == nil {
		t.Error("a closed Command was started")
	}
}

func TestCommandContract(t *testing.T) {
	t.Parallel()
	h := startHelper(t, "clip", nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := livewstest.TestSource(ctx, h, 1500); err != nil {
		t.Error(err)
	}
}

func TestNewCommandErrors(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain.txt")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	for _, tt := range []struct {
		argv []string
		want string
	}{
		{nil, "a command needs a program"},
		{[]string{"ffmpeg"}, "ffmpeg: executable file not found in $PATH: install it ("},
		{[]string{"gst-launch-1.0"}, "gst-launch-1.0: executable file not found in $PATH"},
		{[]string{filepath.Join(dir, "nosuch")}, "nosuch: no such file"},
		{[]string{plain}, "plain.txt: permission denied"},
	} {
		_, err := NewCommand(tt.argv, nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("NewCommand(%q) = %v, want one line with %q", tt.argv, err, tt.want)
		}
	}
}

func TestHowToInstall(t *testing.T) {
	for goos, want := range map[string]string{
		"linux": "apt install ffmpeg", "darwin": "brew install ffmpeg", "windows": "winget install ffmpeg", "plan9": "https://ffmpeg.org",
	} {
		if got := missing(ffmpeg, goos, &exec.Error{Name: ffmpeg, Err: exec.ErrNotFound}); !strings.Contains(got.Error(), want) {
			t.Errorf("%s: %v, want %q in it", goos, got, want)
		}
	}
}

func TestTail(t *testing.T) {
	for _, tt := range []struct {
		name   string
		writes []string
		want   string
	}{
		{"nothing", nil, ""},
		{"a line", []string{"one\n"}, "one"},
		{"no end of line", []string{"one\ntw", "o"}, "one; two"},
		{"empty lines", []string{"\n\r\n one \n\n"}, "one"},
		{"progress", []string{"frame 1\rframe 2\r"}, "frame 1; frame 2"},
		{"the last five", []string{"1\n2\n3\n4\n5\n6\n7\n"}, "3; 4; 5; 6; 7"},
		{"a long line", []string{strings.Repeat("x", 200), strings.Repeat("y", 5000), "z\nend\n"}, strings.Repeat("x", 200) + strings.Repeat("y", 100) + "; end"},
		{"a password", []string{"rtsp://me:secret@cam/1: 401 at srt://x:y@z, not a@b\n"}, "rtsp://***@cam/1: 401 at srt://***@z, not a@b"},
		{"what speaks", []string{"[tcp @ 0x55d5] Connection refused\n[x] y\n"}, "Connection refused; [x] y"},
		{"twice", []string{"[v4l2 @ 0x1] Cannot open /dev/video0: No such file\n/dev/video0: No such file\n"}, "Cannot open /dev/video0: No such file"},
		{"ALSA", []string{"ALSA lib conf.c:5180:(x) function y\ndefault: No such file\n"}, "default: No such file"},
		{"no text", []string{"a\x00\x1b[31mb\xff\n"}, "a  [31mb?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var tail tail
			for _, w := range tt.writes {
				if n, err := io.WriteString(&tail, w); n != len(w) || err != nil {
					t.Errorf("Write = %d, %v", n, err)
				}
			}
			if got := tail.String(); got != tt.want {
				t.Errorf("tail = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTailIsBounded(t *testing.T) {
	var tail tail
	for i := range 10000 {
		_, _ = io.WriteString(&tail, strings.Repeat(strconv.Itoa(i), 100))
	}
	if n := len(tail.String()); n > maxLine*maxLines {
		t.Errorf("%d bytes are kept", n)
	}
}
