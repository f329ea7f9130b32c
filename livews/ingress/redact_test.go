package ingress

import (
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	for spec, want := range map[string]string{
		"rtsp://me:secret@cam/1":     "rtsp://***@cam/1",
		"rtsp://me@cam:554/a@b":      "rtsp://***@cam:554/a@b",
		"srt://c:1?passphrase=x&a=b": "srt://c:1?passphrase=***&a=b",
		"http://c/x?a=b&token=x":     "http://c/x?a=b&token=***",
		"srt://cam:9000?mode=caller": "srt://cam:9000?mode=caller",
		"webcam:/dev/video0":         "webcam:/dev/video0",
		"clip":                       "clip",
		"me@home.mp4":                "me@home.mp4",
	} {
		if got := Redact(spec); got != want {
			t.Errorf("Redact(%q) = %q, want %q", spec, got, want)
		}
	}
}

// TestOpenHidesPassword keeps the password of a URL out of the error about it.
func TestOpenHidesPassword(t *testing.T) {
	_, err := Open("gopher://me:secret@cam/1", nil)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("Open = %v, want an error without the password", err)
	}
}
