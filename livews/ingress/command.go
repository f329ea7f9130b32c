package ingress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

const defaultSilence = 20 * time.Second

// Command is a Source of the fragmented MP4 that a program writes to its stdout, with
// positions and on one continuous timeline. The first ReadSegment starts the program.
// When it ends, writes nothing for a while, or writes something else, it is ended and
// started again, with a growing pause from 0.2 s to 10 s, and each time the reason is
// logged: its exit status and the last lines of its stderr. The stream goes on in
// the same epoch, with FlagDiscontinuity and a new group; if the program then gives
// other tracks than before, the epoch rises.
//
// A program that ends before it has ever given a segment is not started again: the
// reason is the error of ReadSegment ([Options].KeepTrying changes that).
//
// The program lives in a process group of its own (on Unix), which is ended as a
// whole: SIGTERM first, SIGKILL after a second. Nothing of it is left when
// ReadSegment returns because its context has ended, nor when Close returns.
type Command struct {
	runs *runs
	src  livews.Source // runs on one timeline, with positions

	reading sync.Mutex // held by ReadSegment

	mu     sync.Mutex
	closed bool
	cancel context.CancelFunc // of the ReadSegment that is going on
}

// NewCommand returns a Command which starts the program argv[0], looked up in the
// PATH, with the arguments after it. There is no shell between. The error says so
// where there is no such program. opts may be nil.
func NewCommand(argv []string, opts *Options) (*Command, error) {
	if len(argv) == 0 {
		return nil, errors.New("ingress: a command needs a program")
	}
	o := opts.orDefault()
	return newCommand([]plan{{argv: argv}}, &o)
}

// newCommand returns a Command that gets its media in one of several ways, all by the
// same program.
func newCommand(plans []plan, o *Options) (*Command, error) {
	path, err := lookUp(plans[0].argv[0])
	if err != nil {
		return nil, err
	}
	for i, p := range plans {
		plans[i].argv = append([]string{path}, p.argv[1:]...)
	}
	r := &runs{
		plans:      plans,
		log:        o.Logger,
		keepTrying: o.KeepTrying,
		silence:    cmp.Or(o.Silence, defaultSilence),
	}
	timeline := dash.Timeline(r, &dash.TimelineOptions{Logger: o.Logger})
	return &Command{runs: r, src: Stamp(timeline, nil)}, nil
}

// lookUp returns the path of a program.
func lookUp(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", missing(name, runtime.GOOS, err)
	}
	return path, nil
}

// missing returns the error for a program that is not there.
func missing(name, goos string, err error) error {
	if !errors.Is(err, exec.ErrNotFound) || name != ffmpeg {
		return fmt.Errorf("%s: %w", name, errors.Unwrap(err))
	}
	return fmt.Errorf("%s: %w: install it (%s)", name, exec.ErrNotFound, howToInstall(goos))
}

// ReadSegment returns the next segment. When its context ends it ends the program
// and returns the context's error; another ReadSegment starts it again. After Close
// the error is [livews.ErrClosed].
func (c *Command) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	if !c.begin(cancel) {
		return nil, livews.ErrClosed
	}
	seg, err := c.src.ReadSegment(inner)
	if err != nil && ctx.Err() == nil && inner.Err() != nil {
		return nil, livews.ErrClosed
	}
	return seg, err
}

// begin notes how to interrupt the ReadSegment that begins, unless c is closed.
func (c *Command) begin(cancel context.CancelFunc) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel = cancel
	return !c.closed
}

// Close ends the program and waits until it is gone. It may be called at any time,
// and more than once; it always returns nil.
func (c *Command) Close() error {
	c.mu.Lock()
	c.closed = true
	if c.cancel != nil {
		c.cancel()
	}
	c.mu.Unlock()
	c.reading.Lock()
	defer c.reading.Unlock()
	c.runs.stop()
	return nil
}
