package ingress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"
)

const (
	// grace is how long a program may take to end after it was asked to, or after it
	// has closed its stdout.
	grace = time.Second
	// drainTime is how long the output of a program that has ended may take to end
	// too: a process that has left its group may hold it open.
	drainTime = 500 * time.Millisecond
)

// process is one run of a program: a Reader of its stdout. It ends, and its process
// group with it, by itself or by stop, which must be called in either case.
type process struct {
	name    string
	cmd     *exec.Cmd
	stdout  *os.File
	stderr  tail
	silence time.Duration
	bound   atomic.Int64 // how long the next read may take, in nanoseconds; 0: for ever
	began   time.Time
	cancel  context.CancelFunc
	done    chan struct{} // closed when the program has been waited for
	err     error         // of that wait
}

// startProcess starts a program, which may outlive ctx: stop ends it. It may write
// nothing at first, and then for silence in between; no time means for ever.
func startProcess(ctx context.Context, argv []string, first, silence time.Duration) (*process, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := &process{
		name:    programName(argv[0]),
		cmd:     exec.CommandContext(ctx, argv[0], argv[1:]...),
		stdout:  r,
		silence: silence,
		began:   time.Now(),
		cancel:  cancel,
		done:    make(chan struct{}),
	}
	p.bound.Store(int64(first))
	// A file and no other writer, so that no goroutine stands between.
	p.cmd.Stdout, p.cmd.Stderr = w, &p.stderr
	p.cmd.WaitDelay = grace
	ownGroup(p.cmd)
	err = p.cmd.Start()
	_ = w.Close() // the child has its own
	if err != nil {
		cancel()
		_ = r.Close() // nobody writes to it
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	go p.wait() // until stop
	return p, nil
}

func programName(path string) string { return filepath.Base(path) }

// wait reaps the program and what it leaves behind in its group.
func (p *process) wait() {
	p.err = p.cmd.Wait()
	killGroup(p.cmd)
	close(p.done)
	p.boundRead()
}

// Read reads from the program's stdout. Its error is io.EOF at the end, also where
// another process keeps the pipe open.
func (p *process) Read(b []byte) (int, error) {
	p.boundRead()
	n, err := p.stdout.Read(b)
	if n > 0 {
		p.bound.Store(int64(p.silence))
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	if p.ended() {
		return n, io.EOF
	}
	return n, fmt.Errorf("no output for %v", time.Duration(p.bound.Load()))
}

// boundRead bounds the current and the next read. Where the system has no deadlines
// for pipes, they last until the program ends.
func (p *process) boundRead() {
	var deadline time.Time
	if bound := time.Duration(p.bound.Load()); bound > 0 {
		deadline = time.Now().Add(bound)
	}
	_ = p.stdout.SetReadDeadline(deadline)
	// In this order, because the program may end in between.
	if p.ended() {
		_ = p.stdout.SetReadDeadline(time.Now().Add(drainTime))
	}
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// interrupt asks the program to end and makes reads fail, at once: a program that is
// blocked because nobody reads would not hear.
func (p *process) interrupt() {
	p.cancel()
	_ = p.stdout.Close() // nothing was written to it
}

// stop ends the program, if it has not ended yet, and waits until it is gone.
func (p *process) stop() {
	p.interrupt()
	<-p.done
}

// fail ends the program after a read has failed with cause, and returns an error that
// tells all that is known: how the program ended, if it did so by itself, else the
// cause, and its last words.
func (p *process) fail(ctx context.Context, cause error) error {
	if errors.Is(cause, io.EOF) || errors.Is(cause, io.ErrUnexpectedEOF) {
		select {
		case <-p.done:
		case <-time.After(grace):
		case <-ctx.Done():
		}
		cause = errors.New("its output has ended")
		if p.ended() && p.err != nil {
			cause = p.err
		}
	}
	p.stop()
	if words := p.stderr.String(); words != "" {
		return fmt.Errorf("%s: %w: %s", p.name, cause, words)
	}
	return fmt.Errorf("%s: %w", p.name, cause)
}
