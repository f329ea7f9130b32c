package e2e

import (
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestInterrupt ends each server as a user does, while it works.
func TestInterrupt(t *testing.T) {
	upstream, nobody := freeAddr(t), freeAddr(t)
	serve(t, example("ingress", "-listen", upstream, "-stream", "cam1", "-edge"), upstream)
	for _, tt := range []struct {
		name  string
		args  []string
		needs string
		watch bool // whether somebody watches when it ends
	}{
		{name: "ingress", args: []string{"-stream", "cam1", "-edge"}, watch: true},
		{name: "ingress", args: []string{"-stream", "cam1", "-edge", "-source", "test"}, needs: "ffmpeg", watch: true},
		{name: "relay", args: []string{"-upstream", "ws://" + upstream}, watch: true},
		{name: "relay", args: []string{"-upstream", "ws://" + nobody}},
		{name: "edge", args: []string{"-upstream", "ws://" + upstream}, watch: true},
		{name: "mount", args: []string{"-upstream", "ws://" + upstream}},
		{name: "custom"},
	} {
		t.Run(strings.Join(append([]string{tt.name}, tt.args...), " "), func(t *testing.T) {
			if tt.needs != "" {
				need(t, tt.needs)
			}
			addr := freeAddr(t)
			p := serve(t, example(tt.name, append([]string{"-listen", addr}, tt.args...)...), addr)
			if tt.watch {
				if got, _ := messagesUntil(t, "ws://"+addr+"/live/cam1", time.Minute, func([]byte) bool { return true }, "livews.1"); len(got) == 0 {
					t.Error("no message")
				}
			}
			p.stop(t, syscall.SIGINT)
		})
	}
	t.Run("cdn", func(t *testing.T) { startCDN(t) })
}

// TestRefusals starts programs that must end at once, with one clear line.
func TestRefusals(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	config := filepath.Join(t.TempDir(), "cdn.json")
	writeFile(t, config, `{"nodes":[],"noodles":1}`)
	port, nobody := taken.Addr().String(), freeAddr(t)
	crowded := filepath.Join(t.TempDir(), "crowded.json")
	writeFile(t, crowded, `{"nodes":[{"name":"one","role":"ingress","listen":"`+freeAddr(t)+`","streams":{"cam1":"clip"}},`+
		`{"name":"two","role":"relay","listen":"`+port+`","upstreams":["one"]}]}`)
	for _, tt := range []struct {
		name  string
		cmd   *exec.Cmd
		says  string
		lines int // at the most
	}{
		{"ingress, taken port", example("ingress", "-listen", port, "-stream", "cam1"), port, 1},
		{"relay, taken port", example("relay", "-listen", port, "-upstream", "ws://"+nobody), port, 1},
		{"edge, taken port", example("edge", "-listen", port, "-upstream", "ws://"+nobody), port, 1},
		{"cdn, taken port", example("cdn", "-config", crowded), port, 30},
		{"mount, taken port", example("mount", "-listen", port), port, 1},
		{"custom, taken port", example("custom", "-listen", port), port, 1},
		{"ingress, bad flag", example("ingress", "-colour", "red"), "colour", 30},
		{"relay, bad flag", example("relay", "-colour", "red"), "colour", 30},
		{"edge, bad flag", example("edge", "-colour", "red"), "colour", 30},
		{"cdn, bad flag", example("cdn", "-colour", "red"), "colour", 30},
		{"record, bad flag", example("record", "-colour", "red"), "colour", 30},
		{"relay, no upstream", example("relay", "-listen", freeAddr(t), "-upstream", ""), "upstream", 2},
		{"relay, bad upstream", example("relay", "-listen", freeAddr(t), "-upstream", "ftp://127.0.0.1"), "ftp", 2},
		{"ingress, bad stream name", example("ingress", "-listen", freeAddr(t), "-stream", "a/../b"), "a/../b", 2},
		{"ingress, no such file", example("ingress", "-listen", freeAddr(t), "-stream", "cam1", "-source", "nosuch.mp4"), "nosuch.mp4", 2},
		{"ingress, no ffmpeg", withoutPath(example("ingress", "-listen", freeAddr(t), "-stream", "cam1", "-source", "test")), "ffmpeg", 2},
		{"record, nobody there", example("record", "-o", filepath.Join(t.TempDir(), "x.mp4"), "ws://"+nobody+"/live/cam1"), nobody, 2},
		{"cdn, unknown key", example("cdn", "-config", config), "noodles", 1},
		{"cdn, unknown node", example("cdn", "-node", "nosuch"), "nosuch", 1},
		{"cdn, no such file", example("cdn", "-config", "nosuch.json"), "nosuch.json", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRefusal(t, tt.cmd, tt.says, tt.lines)
		})
	}
}

// checkRefusal runs a command that must fail soon and say why.
func checkRefusal(t *testing.T, cmd *exec.Cmd, says string, lines int) {
	t.Helper()
	p := start(t, cmd)
	select {
	case <-p.exited:
	case <-time.After(settleBound):
		t.Fatalf("still runs; it wrote:\n%s", p.out.String())
	}
	out := strings.TrimSpace(p.out.String())
	if p.err == nil {
		t.Errorf("ended with status 0")
	}
	if !strings.Contains(out, says) {
		t.Errorf("wrote %q, want %q in it", out, says)
	}
	if n := strings.Count(out, "\n") + 1; n > lines {
		t.Errorf("wrote %d lines, want at most %d:\n%s", n, lines, out)
	}
	if strings.Contains(out, "goroutine ") {
		t.Errorf("panicked:\n%s", out)
	}
}

// withoutPath takes all programs away from a command.
func withoutPath(cmd *exec.Cmd) *exec.Cmd {
	cmd.Env = append(cmd.Environ(), "PATH=")
	return cmd
}
