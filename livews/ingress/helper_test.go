package ingress

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// The environment that makes the test binary a program for a Command: what it is to do,
// step by step, and the file in which its runs write a line each.
const (
	helperEnv = "LIVEWS_TEST_HELPER"
	runsEnv   = "LIVEWS_TEST_RUNS"
)

// helper is the program: it does the steps of what, of which there are several with a
// bar between if its runs differ, and ends with status 0.
func helper(what string) {
	runs := strings.Split(what, "|")
	script := runs[min(noteRun(os.Getpid()), len(runs))-1]
	for step := range strings.FieldsSeq(script) {
		do(step)
	}
	os.Exit(0)
}

// noteRun writes pid into the file of runs, if there is one, and returns how many it has.
func noteRun(pid int) int {
	name := os.Getenv(runsEnv)
	if name == "" {
		return 1
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	check(err)
	_, err = fmt.Fprintln(f, pid)
	check(err)
	check(f.Close())
	b, err := os.ReadFile(name)
	check(err)
	return bytes.Count(b, []byte("\n"))
}

func do(step string) {
	kind, value, _ := strings.Cut(step, "=")
	switch kind {
	case "clip":
		_, _ = os.Stdout.Write(clip1)
	case "video":
		_, _ = io.Copy(os.Stdout, bytes.NewReader(videoOnly()))
	case "strange": // with a codec that no browser plays
		_, _ = os.Stdout.Write(bytes.Replace(clip1, []byte("avcC\x01\x64"), []byte("avcC\x01\xf4"), 1))
	case "wait":
		time.Sleep(1200 * time.Millisecond)
	case "part": // ends in the middle of a chunk
		_, _ = os.Stdout.Write(clip1[:len(clip1)/2])
	case "garbage":
		fmt.Println("<html>This is no video, whatever it may look like")
	case "noise":
		fmt.Print(strings.Repeat("\xff", 64))
	case "say":
		fmt.Fprintln(os.Stderr, strings.ReplaceAll(value, "_", " "))
	case "close":
		check(os.Stdout.Close())
	case "hang":
		time.Sleep(time.Minute)
	case "stubborn":
		ignoreTerm()
	case "child": // it keeps stdout open, and would live for a minute
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), helperEnv+"=stubborn hang", runsEnv+"=")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		check(cmd.Start())
		noteRun(cmd.Process.Pid)
	case "crash":
		os.Exit(3)
	default:
		panic("no step " + step)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// videoOnly is a clip without sound.
func videoOnly() []byte {
	var b []byte
	l := &loop{file: clip1}
	check(l.parse(context.Background()))
	for _, seg := range append(l.inits, l.chunks...) {
		if seg.Track == 1 {
			b = append(b, seg.Payload...)
		}
	}
	return b
}
