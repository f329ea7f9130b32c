package figures_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// orderVariable is the environment variable by which a process of this test binary is
// told what it is.
const orderVariable = "LIVEWS_FIGURES_ORDER"

// An order says what a child process is: viewers of what Addr has, or with Camera a server
// of a stream.
type order struct {
	Addr    string
	Target  string // of the upgrade request; empty: the bare connection
	Viewers int
	// Stopped viewers read the answer to their upgrade and no more.
	Stopped bool
	// Joins is the time over which joiners come, evenly, when that is asked for. Each
	// leaves when it has so many bytes, or a chunk that is younger than its request where
	// Bytes is zero, unless it is to stay.
	Joins time.Duration
	Bytes int64
	Stay  bool
	// Camera is the size of the chunks that are sent to whoever is there.
	Camera int
}

// A question is what the parent asks of a child.
type question struct {
	Come bool // let joiners come
	Send int  // chunks for a camera to send, 30 in a second
	Bare bool // to the bare connection, not as a stream
}

// An answer is what has come since the last question.
type answer struct {
	Addr   string // of a camera
	Bare   string // likewise, for a bare connection
	Delays delays // of chunks, or of joins
	First  delays // of joins: until the first byte of media
	Bytes  int64  // payload of all connections together, since the beginning
	Gaps   int64
	Failed string // what went wrong first
}

// answerer is what a child is.
type answerer interface{ answer(q question) answer }

// runChild is the child's process. It answers each line once, and ends with its input.
func runChild(text string) int {
	var o order
	err := json.Unmarshal([]byte(text), &o)
	if err == nil {
		err = serveChild(&o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func serveChild(o *order) error {
	var a answerer
	var err error
	switch {
	case o.Camera > 0:
		a, err = newCamera(o)
	case o.Joins > 0:
		a = &joiners{order: o}
	default:
		a, err = newViewers(o)
	}
	if err != nil {
		return err
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var q question
		if err := in.Decode(&q); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := out.Encode(a.answer(q)); err != nil {
			return err
		}
	}
}

// child is a process of this binary.
type child struct {
	tb  testing.TB
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

// start starts a child that ends with the test at the latest.
func start(tb testing.TB, o order) *child {
	tb.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		tb.Fatal(err)
	}
	c := &child{tb: tb, cmd: exec.Command(os.Args[0])} //nolint:gosec // this binary
	c.cmd.Env = append(os.Environ(), orderVariable+"="+string(text))
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		tb.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	c.out = json.NewDecoder(bufio.NewReader(out))
	if err := c.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.stop)
	return c
}

// ask waits for the child's answer.
func (c *child) ask(q question) answer {
	c.tb.Helper()
	c.tell(q)
	return c.hear()
}

// tell asks and does not wait.
func (c *child) tell(q question) {
	c.tb.Helper()
	if err := json.NewEncoder(c.in).Encode(q); err != nil {
		c.tb.Fatalf("a child process does not listen: %v", err)
	}
}

// hear waits for the answer to what was told.
func (c *child) hear() (a answer) {
	c.tb.Helper()
	if err := c.out.Decode(&a); err != nil {
		c.tb.Fatalf("a child process does not answer: %v", err)
	}
	if a.Failed != "" {
		c.tb.Errorf("a child process: %s", a.Failed)
	}
	return a
}

// stop ends the child; it may be called twice.
func (c *child) stop() {
	_ = c.in.Close()
	_ = c.cmd.Wait()
}
