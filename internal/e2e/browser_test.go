package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// browsers are the engines to play in, and the names of their programs.
var browsers = map[string][]string{
	"chromium": {"chromium", "chromium-browser", "google-chrome"},
	"firefox":  {"firefox-esr", "firefox"},
	"webkit": {
		"/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser", "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
		"/usr/libexec/webkit2gtk-4.1/MiniBrowser", "/usr/lib/webkit2gtk-4.1/MiniBrowser",
	},
}

// A browser is a driver process (driver/driver.mjs) and the browser it runs.
type browser struct {
	name, version string

	in    io.WriteCloser
	lines *bufio.Scanner
}

// command is one line to the driver.
type command struct {
	Do         string `json:"do"`
	URL        string `json:"url,omitempty"`
	Path       string `json:"path,omitempty"`
	Expression string `json:"expression,omitempty"`
	Frame      string `json:"frame,omitempty"`
	Key        string `json:"key,omitempty"`

	X float64 `json:"x,omitempty"`
	Y float64 `json:"y,omitempty"`
}

// reply is one line from the driver.
type reply struct {
	OK      bool            `json:"ok"`
	Error   string          `json:"error"`
	Hung    bool            `json:"hung"`
	Version string          `json:"version"`
	Status  int             `json:"status"`
	Sample  sample          `json:"sample"`
	Errors  []string        `json:"errors"`
	Grey    []int           `json:"grey"`
	Value   json.RawMessage `json:"value"`
}

// errHung is what read panics with when the browser itself hangs, which only WebKit does.
var errHung = errors.New("the browser hangs")

// hangs reports whether the browser hung in do.
func hangs(do func()) (hung bool) {
	defer func() {
		switch r := recover(); r {
		case nil:
		case errHung:
			hung = true
		default:
			panic(r)
		}
	}()
	do()
	return false
}

// newBrowser starts a browser, which ends with the test.
func newBrowser(t *testing.T, name string) *browser {
	t.Helper()
	node, executable := need(t, "node"), need(t, browsers[name]...)
	if _, err := os.Stat(filepath.Join("driver", "node_modules")); err != nil {
		missing(t, "the browser driver is not installed (npm ci in internal/e2e/driver): %v", err)
	}
	if name == "webkit" {
		need(t, "WebKitWebDriver")
		need(t, "Xvfb")
	}
	cmd := exec.Command(node, filepath.Join("driver", "driver.mjs"), name, executable)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// No browser hangs for ever: its end fails the command that waits.
	bound := 4 * time.Minute
	if *figures {
		bound = time.Hour
	}
	guard := time.AfterFunc(bound, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s driver: %v", name, err)
		}
		guard.Stop()
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what has not ended; mostly nothing
	})
	b := &browser{name: name, in: in, lines: bufio.NewScanner(out)}
	b.lines.Buffer(nil, 8<<20)
	b.version = b.read(t).Version
	t.Logf("%s is %s", name, b.version)
	return b
}

// do sends one command and returns its answer, which is not an error.
func (b *browser) do(t *testing.T, c command) reply {
	t.Helper()
	line, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.Write(append(line, '\n')); err != nil {
		t.Fatalf("%s: %s: %v", b.name, line, err)
	}
	return b.read(t)
}

func (b *browser) read(t *testing.T) reply {
	t.Helper()
	if !b.lines.Scan() {
		t.Fatalf("%s: the driver has ended: %v", b.name, b.lines.Err())
	}
	var r reply
	if err := json.Unmarshal(b.lines.Bytes(), &r); err != nil {
		t.Fatalf("%s: %v in %s", b.name, err, b.lines.Bytes())
	}
	if r.Hung {
		panic(errHung)
	}
	if !r.OK {
		t.Fatalf("%s: %s", b.name, r.Error)
	}
	return r
}

// open opens a page that must answer 200.
func (b *browser) open(t *testing.T, url string) {
	t.Helper()
	if r := b.do(t, command{Do: "open", URL: url}); r.Status != 200 {
		t.Fatalf("%s: %s answers %d", b.name, url, r.Status)
	}
}

// screenshot leaves a picture of the page among the files that stay.
func (b *browser) screenshot(t *testing.T, name string) {
	t.Helper()
	path := outFile(t, name)
	b.do(t, command{Do: "screenshot", Path: path})
	t.Logf("screenshot: %s", path)
}

// picture returns the video's picture as 64 x 36 grey values.
func (b *browser) picture(t *testing.T) []int {
	t.Helper()
	return b.do(t, command{Do: "picture"}).Grey
}
