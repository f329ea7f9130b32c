package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// endBound is how long a program may take to end, its children included, and
// drainBound how long after a SIGTERM, which leaves viewers time to move.
const (
	endBound   = 30 * time.Second
	drainBound = 40 * time.Second
)

// A program is a running process of the project.
type program struct {
	name string
	cmd  *exec.Cmd
	out  output
	// alive is the read end of a pipe whose write end the process and all
	// that it starts inherit: it ends when none of them runs any more.
	alive  *os.File
	exited chan struct{} // closed when the process has ended
	err    error         // of Wait; set before exited is closed
}

// output collects what a process writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// example returns the command that runs an example program.
func example(name string, args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(bin, name), args...)
}

// start starts a process, and at the end of the test ends it as stop does.
func start(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	alive, inherited, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{name: filepath.Base(cmd.Path), cmd: cmd, alive: alive, exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	cmd.ExtraFiles = []*os.File{inherited}
	// A child that outlives the process must not hold Wait up by its output.
	cmd.WaitDelay = time.Second
	err = cmd.Start()
	inherited.Close()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.stop(t, syscall.SIGTERM)
		alive.Close()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", cmd, tail(p.out.String(), 4000))
		}
	})
	return p
}

// serve starts a program and waits until all the addresses answer /healthz.
func serve(t *testing.T, cmd *exec.Cmd, addrs ...string) *program {
	t.Helper()
	p := start(t, cmd)
	for _, addr := range addrs {
		p.waitHealthy(t, addr)
	}
	return p
}

func (p *program) waitHealthy(t *testing.T, addr string) {
	t.Helper()
	deadline := time.Now().Add(settleBound)
	for {
		err := healthy(addr)
		if err == nil {
			return
		}
		select {
		case <-p.exited:
			t.Fatalf("%s ended: %v", p.name, p.err)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s at %s is not healthy: %v", p.name, addr, err)
		}
	}
}

func healthy(addr string) error {
	resp, err := http.Get("http://" + addr + "/healthz")
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

// stop sends sig unless the process has ended already, and checks that it ends
// in time, with status 0 and without leaving a child.
func (p *program) stop(t *testing.T, sig os.Signal) {
	t.Helper()
	select {
	case <-p.exited:
		return
	default:
	}
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Errorf("%s: send %v: %v", p.name, sig, err)
	}
	bound := endBound
	if sig == syscall.SIGTERM {
		bound = drainBound
	}
	if err := p.wait(bound); err != nil {
		t.Errorf("%s after %v: %v", p.name, sig, err)
	}
	if err := p.waitChildren(endBound); err != nil {
		t.Errorf("%s after %v: %v", p.name, sig, err)
	}
}

// kill ends the process at once, and waits for it.
func (p *program) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	<-p.exited
}

// wait waits for the end of the process, ends it by force when bound has
// passed, and returns an error unless it has ended by itself with status 0.
func (p *program) wait(bound time.Duration) error {
	select {
	case <-p.exited:
		return p.err
	case <-time.After(bound):
		_ = p.cmd.Process.Kill() // it may have ended just now
		<-p.exited
		return fmt.Errorf("still runs after %v", bound)
	}
}

// waitChildren returns an error if something that the process has started
// still runs when bound has passed.
func (p *program) waitChildren(bound time.Duration) error {
	if err := p.alive.SetReadDeadline(time.Now().Add(bound)); err != nil {
		return err
	}
	if _, err := p.alive.Read(make([]byte, 1)); err != io.EOF {
		return fmt.Errorf("left a child behind: %w", err)
	}
	return nil
}

// freeAddr returns a loopback address on which nobody listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// tail returns the last n bytes of s.
func tail(s string, n int) string { return s[max(0, len(s)-n):] }

func TestStopFindsChildren(t *testing.T) {
	for _, tt := range []struct {
		script string
		left   bool
	}{
		{"sleep 0.1", false},
		{"sleep 3 & exit 0", true},
	} {
		p := start(t, exec.Command("/bin/sh", "-c", tt.script))
		if err := p.wait(2 * time.Second); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
			t.Errorf("%q: %v", tt.script, err)
		}
		if err := p.waitChildren(100 * time.Millisecond); err != nil != tt.left {
			t.Errorf("%q: left a child: %v, want %v", tt.script, err, tt.left)
		}
	}
}
