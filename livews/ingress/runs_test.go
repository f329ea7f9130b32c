package ingress

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// helperPlans returns plans of the helper with these steps each, all picky.
func helperPlans(t *testing.T, steps ...string) []plan {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	env, err := exec.LookPath("env")
	if err != nil {
		t.Skip("no program env here")
	}
	runs := filepath.Join(t.TempDir(), "runs")
	var plans []plan
	for _, s := range steps {
		// The race detector lets a program wait for a second before it ends.
		argv := []string{env, "GORACE=atexit_sleep_ms=0", helperEnv + "=" + s, runsEnv + "=" + runs, exe}
		plans = append(plans, plan{what: s, argv: argv, picky: true, kinds: []string{livews.KindVideo, livews.KindAudio}})
	}
	return plans
}

// TestPlansInTurn: what does not fit is taken another way, and the log says so once.
func TestPlansInTurn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		steps []string
		warns int
		fails string // in the error, where nothing fits
	}{
		{"the first fits", []string{"clip hang", "crash"}, 0, ""},
		{"MP4 cannot hold it", []string{"say=Could_not_write_header crash", "clip hang"}, 1, ""},
		{"it is no MP4 of ours", []string{"garbage hang", "clip hang"}, 1, ""},
		{"browsers do not play it", []string{"strange hang", "crash", "clip hang"}, 1, ""},
		{"another fault", []string{"say=Connection_refused crash", "clip hang"}, 0, "Connection refused"},
		{"nothing fits", []string{"garbage", "say=Could_not_write_header crash"}, 1, "Could not write header"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log := new(buffer)
			c, err := newCommand(helperPlans(t, tt.steps...), &Options{Logger: slog.New(slog.NewTextHandler(log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if tt.fails == "" {
				segs := readUntil(ctx, t, c, isChunk)
				checkOrder(t, segs)
				if n := len(segs); n > 3 {
					t.Errorf("%d segments up to the first chunk, want two init segments and it", n)
				}
			} else if _, err := c.ReadSegment(ctx); err == nil || !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("ReadSegment = %v, want %q in it", err, tt.fails)
			}
			if got := strings.Count(log.String(), "level=WARN"); got != tt.warns {
				t.Errorf("%d warnings, want %d:\n%s", got, tt.warns, log)
			}
		})
	}
}

// TestPlanIsKept: what has worked is started again as it was, whatever becomes of it.
func TestPlanIsKept(t *testing.T) {
	t.Parallel()
	for _, steps := range []string{"clip noise|clip hang", "clip say=Error_applying_bitstream_filters crash|clip hang"} {
		log := new(buffer)
		c, err := newCommand(helperPlans(t, steps, "video hang"), &Options{Logger: slog.New(slog.NewTextHandler(log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		segs := readUntil(t.Context(), t, c, untilRun(2))
		checkOrder(t, segs)
		if strings.Contains(log.String(), "another way") {
			t.Errorf("%s: the log says\n%s", steps, log)
		}
		_ = c.Close()
	}
}

// TestListens: who listens may wait, for longer than a program may be silent that has
// begun, and waits again; but an ffmpeg that cannot listen is not asked again.
func TestListens(t *testing.T) {
	t.Parallel()
	log := new(buffer)
	opts := &Options{KeepTrying: true, Silence: time.Second, Logger: slog.New(slog.NewTextHandler(log, nil))}
	c, err := newCommand(helperPlans(t, "wait clip|garbage|wait clip"), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.runs.listens = true
	segs := readUntil(t.Context(), t, c, untilRun(2))
	checkOrder(t, segs)
	if strings.Contains(log.String(), "no output") {
		t.Errorf("somebody who listened was interrupted:\n%s", log)
	}
	if got := strings.Count(log.String(), "publisher has left"); got != 2 {
		t.Errorf("the log says %d times that a publisher has left, want 2:\n%s", got, log)
	}

	c, err = newCommand(helperPlans(t, "say=srt://x:_Protocol_not_found crash"), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.ReadSegment(t.Context()); err == nil || !strings.Contains(err.Error(), "Protocol not found") {
		t.Errorf("ReadSegment = %v", err)
	}
}
