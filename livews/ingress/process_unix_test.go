//go:build unix

package ingress

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

func ignoreTerm() { signal.Ignore(syscall.SIGTERM) }

// alive reports whether there is such a process. One which has ended, but which the
// system's init has not waited for yet after its parent died, is not.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

// wantGone fails if one of the processes lives on. Those that were killed may take a
// moment.
func wantGone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		for deadline := time.Now().Add(patience); alive(pid); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("process %d of %v lives on", pid, pids)
				_ = syscall.Kill(pid, syscall.SIGKILL) // for the machine's sake
				break
			}
		}
	}
}

// TestCommandLeavesNoProcess ends programs of all kinds of obstinacy, by their context
// and by Close: the program itself is gone at once, what it has started soon after.
func TestCommandLeavesNoProcess(t *testing.T) {
	t.Parallel()
	for _, steps := range []string{
		"clip hang", "stubborn clip hang", "child clip hang", "child clip stubborn hang", "clip clip clip clip hang",
		"stubborn clip clip clip clip hang",
	} {
		for _, how := range []string{"context", "Close"} {
			t.Run(steps+" "+how, func(t *testing.T) {
				t.Parallel()
				r := startHelper(t, steps, nil)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				readUntil(ctx, t, r.Command, func(seg *livews.Segment) bool { return seg.Type == livews.TypeChunk })
				pids := r.pids(t)
				for _, pid := range pids {
					if !alive(pid) {
						t.Fatalf("process %d is gone already: the test is worth nothing", pid)
					}
				}
				if how == "Close" {
					if err := r.Close(); err != nil {
						t.Errorf("Close = %v", err)
					}
				} else {
					cancel()
					if _, err := drain(ctx, r.Command); !errors.Is(err, context.Canceled) {
						t.Errorf("ReadSegment = %v, want %v", err, context.Canceled)
					}
				}
				if alive(pids[0]) {
					t.Errorf("the program is still there")
				}
				wantGone(t, pids)
			})
		}
	}
}

// TestCommandAfterItsDeath kills the program; what it has started goes with it, though
// it holds the pipe open, and the program is started again.
func TestCommandAfterItsDeath(t *testing.T) {
	t.Parallel()
	r := startHelper(t, "child clip hang", nil)
	ctx := t.Context()
	readUntil(ctx, t, r.Command, isChunk)
	pids := r.pids(t)
	if len(pids) != 2 {
		t.Fatalf("processes %v, want the program and its child", pids)
	}
	if err := syscall.Kill(pids[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	first := true
	readUntil(ctx, t, r.Command, func(seg *livews.Segment) bool {
		first = first && seg.Type != livews.TypeInit
		return !first && isChunk(seg) && seg.Flags.Has(livews.FlagDiscontinuity)
	})
	wantGone(t, pids)
	if got := r.log.String(); !strings.Contains(got, "signal: killed") {
		t.Errorf("the log says %q, want how the program ended", got)
	}
}
