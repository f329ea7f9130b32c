package ingress

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/livews/websocketlivestream/livews"
)

// maxFile bounds the name of a file.
const maxFile = 255

// fileExtensions are those by which the last part of a path is told to be a file, and not
// part of a stream's name: what packagers write, whether it can be used or not.
var fileExtensions = []string{
	".cmfa", ".cmfm", ".cmft", ".cmfv", ".dash", ".header", ".init", ".ism", ".isma", ".ismv", ".jpg",
	".m3u", ".m3u8", ".m4a", ".m4f", ".m4s", ".m4v", ".mp4", ".mpd", ".ts", ".vtt", ".webm",
}

// target is what the path of a request names.
type target struct {
	name string // of the stream
	file string // one of its files; empty where the path is the stream's name
}

// parseTarget parses /NAME, /NAME/FILE and /NAME/Streams(FILE). The error wraps
// [livews.ErrName]; the target names the stream all the same.
func parseTarget(p string) (target, error) {
	p = strings.Trim(p, "/")
	dir, last := path.Split(p)
	t := target{name: p}
	if file, ok := fileOf(last); ok {
		t = target{name: strings.TrimSuffix(dir, "/"), file: file}
		if t.name == "" {
			return t, fmt.Errorf("%w: %.80q looks like a file: want /NAME/FILE, or /NAME for one body with all tracks", livews.ErrName, last)
		}
		if err := checkFileName(file); err != nil {
			return t, err
		}
	}
	return t, livews.CheckName(t.name)
}

// fileOf returns the file that the last part of a path names, if it looks like one.
func fileOf(last string) (string, bool) {
	if inner, ok := strings.CutPrefix(last, "Streams("); ok {
		inner, ok = strings.CutSuffix(inner, ")")
		return inner, ok
	}
	return last, slices.Contains(fileExtensions, strings.ToLower(path.Ext(last)))
}

func checkFileName(file string) error {
	if file == "" || len(file) > maxFile {
		return fmt.Errorf("%w: file name of %d bytes, want 1 to %d", livews.ErrName, len(file), maxFile)
	}
	for _, c := range file {
		if c < ' ' || c == 0x7f || c == '/' || c == '\\' {
			return fmt.Errorf("%w: character %q in file name %.80q", livews.ErrName, c, file)
		}
	}
	return nil
}
