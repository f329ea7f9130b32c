package ingress

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func wantOpenError(t *testing.T, spec, want string) {
	t.Helper()
	src, err := Open(spec, nil)
	if c, ok := src.(io.Closer); ok {
		defer c.Close()
	}
	if err == nil || err.Error() != want {
		t.Errorf("Open(%q) = %v\nwant %s", spec, err, want)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ spec, want string }{
		{"foo", "no such file; " + wanted},
		{"foo.mp4", "no such file; " + wanted},
		{"ftp://example.org/foo.mp4", "no such file; " + wanted},
		{"CLIP", "no such file; " + wanted},
		{"test:2", "no such file; " + wanted},
		{dir, "is a directory; " + wanted},
		{"clip:9", "there is no clip 9, only 1 to 2"},
		{"clip:0", "there is no clip 0, only 1 to 2"},
		{"clip:", wanted},
		{"clip:two", wanted},
		{"a\x00b", "invalid argument"},
	} {
		wantOpenError(t, tt.spec, "source "+quote(tt.spec)+": "+tt.want)
	}
}

func quote(s string) string { return `"` + strings.ReplaceAll(s, "\x00", `\x00`) + `"` }

// TestOpenWithoutFFmpeg: all that needs ffmpeg says so in one line, at once.
func TestOpenWithoutFFmpeg(t *testing.T) {
	file := filepath.Join(t.TempDir(), "holiday.mp4")
	if err := os.WriteFile(file, clip1, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir())
	for _, spec := range []string{"test", "webcam:/dev/video1", file, "rtsp://camera/1"} {
		_, err := Open(spec, nil)
		if err == nil {
			t.Errorf("Open(%q) = nil error", spec)
			continue
		}
		for _, want := range []string{"source " + quote(spec) + ": ffmpeg: ", "install it ("} {
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Open(%q) = %v, want one line with %q", spec, err, want)
			}
		}
	}
}

// TestOpenClips opens what needs no program.
func TestOpenClips(t *testing.T) {
	for spec, clip := range map[string][]byte{"": clip1, "clip": clip1, "clip:1": clip1, "clip:2": clip2} {
		src, err := Open(spec, nil)
		if err != nil {
			t.Errorf("Open(%q) = %v", spec, err)
			continue
		}
		if l := src.(*stamper).src.(*loop); &l.file[0] != &clip[0] {
			t.Errorf("Open(%q) is another clip", spec)
		}
	}
}
