package node

import (
	"encoding/json"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews/ingress"
)

func TestStreamJSON(t *testing.T) {
	for text, want := range map[string]Stream{
		`"clip:2"`:                           {Source: "clip:2"},
		`{"source":"test","size":"640x360"}`: {Source: "test", Size: "640x360"},
		`{"source":"clip","push":"ws://host/publish/cam1"}`: {Source: "clip", Push: "ws://host/publish/cam1"},
		`{"source":"webcam","fps":15,"bitrate":"2M","codec":"h264","ladder":"720p,240p","group":"1s","chunk":"33ms","mic":"default"}`: {
			Source: "webcam", FPS: 15, Bitrate: "2M", Codec: "h264", Ladder: "720p,240p", Group: "1s", Chunk: "33ms", Mic: "default",
		},
	} {
		var got Stream
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if back, err := json.Marshal(got); err != nil || len(back) != len(text) {
			t.Errorf("%s: written as %s, %v", text, back, err)
		}
	}
	for _, text := range []string{`7`, `{"source":1}`, `{"colour":"red"}`, `["clip"]`} {
		if err := json.Unmarshal([]byte(text), new(Stream)); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func TestStreamOptions(t *testing.T) {
	for _, tt := range []struct {
		stream Stream
		want   ingress.Options
	}{
		{Stream{Source: "test"}, ingress.Options{}},
		{Stream{Size: "1280x720", FPS: 25, Bitrate: "2M", Group: "2s", Chunk: "33ms"}, ingress.Options{
			Width: 1280, Height: 720, FrameRate: 25, Bitrate: 2_000_000, Group: 2 * time.Second, Chunk: 33 * time.Millisecond,
		}},
		{Stream{Size: "x720", Codec: "vp9", Mic: "default"}, ingress.Options{Height: 720, Codec: "vp9", Microphone: "default"}},
		{Stream{Size: "640x"}, ingress.Options{Width: 640}},
		{Stream{Ladder: "720p,240p@300k"}, ingress.Options{Ladder: []ingress.Rendition{{Height: 720}, {Height: 240, Bitrate: 300_000}}}},
	} {
		got, err := tt.stream.options(nil)
		if err != nil || !reflect.DeepEqual(*got, tt.want) {
			t.Errorf("%+v: %+v, %v, want %+v", tt.stream, got, err, tt.want)
		}
	}
	for _, tt := range []struct {
		stream Stream
		want   string
	}{
		{Stream{Size: "big"}, "size"},
		{Stream{Size: "x"}, "size"},
		{Stream{Size: "1280"}, "size"},
		{Stream{Size: "1280x720x2"}, "size"},
		{Stream{Size: "-2x720"}, "size"},
		{Stream{Bitrate: "fast"}, "bitrate"},
		{Stream{Ladder: "big"}, "ladder"},
		{Stream{Group: "2"}, "group"},
		{Stream{Group: "-2s"}, "group"},
		{Stream{Chunk: "0s"}, "chunk"},
	} {
		if _, err := tt.stream.options(slog.Default()); err == nil || !strings.HasPrefix(err.Error(), tt.want+": ") {
			t.Errorf("%+v: %v, want one that begins with %q", tt.stream, err, tt.want)
		}
	}
}

func TestStreamCheckPush(t *testing.T) {
	for push, ok := range map[string]bool{"": true, "wss://host/publish/cam1": true, "cam1": false, "ws://": false, "ws://h:x/": false} {
		if err := (&Stream{Source: "clip", Push: push}).Check(); (err == nil) != ok {
			t.Errorf("push %q: %v, want ok %v", push, err, ok)
		}
	}
}
