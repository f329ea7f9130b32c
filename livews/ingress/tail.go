package ingress

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync"
)

const (
	// maxLine and maxLines bound what is kept of a program's last words.
	maxLine  = 300
	maxLines = 5
)

// tail is a Writer that keeps the last lines of what is written to it. The zero tail
// is ready for use, by any number of goroutines.
type tail struct {
	mu    sync.Mutex
	lines []string // whole ones, without the empty ones
	line  []byte   // the one that has begun
}

// Write always takes all of p.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for rest := p; len(rest) > 0; {
		// A carriage return is how programs overwrite a line of progress.
		part, ended := rest, false
		if i := bytes.IndexAny(rest, "\r\n"); i >= 0 {
			part, ended, rest = rest[:i], true, rest[i+1:]
		} else {
			rest = nil
		}
		t.line = append(t.line, part[:min(len(part), maxLine-len(t.line))]...)
		if ended {
			t.endLine()
		}
	}
	return len(p), nil
}

func (t *tail) endLine() {
	line := origin.ReplaceAllString(clean(t.line), "")
	t.line = t.line[:0]
	if line == "" || strings.HasPrefix(line, innards) {
		return
	}
	if len(t.lines) == maxLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, line)
}

// String returns the last lines as one, without those with which another one ends.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := t.lines
	if last := clean(t.line); last != "" {
		lines = append(lines[:len(lines):len(lines)], last)
	}
	var told []string
	for i, line := range lines {
		others := append(slices.Clone(told), lines[i+1:]...)
		if !slices.ContainsFunc(others, func(other string) bool { return strings.HasSuffix(other, line) }) {
			told = append(told, line)
		}
	}
	return strings.Join(told, "; ")
}

// origin is what ffmpeg puts in front of a line: which part of it speaks, and where in
// memory that is.
var origin = regexp.MustCompile(`^\[[^\]]* @ [0-9a-fx]+\] *`)

// innards is how the lines begin in which ALSA tells each step of a failure.
const innards = "ALSA lib "

// clean returns a line as it may stand in a log.
func clean(line []byte) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(Redact(string(line)), "?")))
}
