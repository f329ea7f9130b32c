package ingress

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOptionsCheck(t *testing.T) {
	ladder := []Rendition{{Height: 720}, {Height: 240, Bitrate: 300_000}}
	for _, tt := range []struct {
		opts Options
		want string // in the error; empty for none
	}{
		{Options{}, ""},
		{Options{Width: 8192, Height: 2, FrameRate: 240, Bitrate: 200_000_000, Group: time.Minute, Chunk: time.Minute, Codec: "av1"}, ""},
		{Options{Ladder: ladder, FrameRate: 30, Codec: "vp9"}, ""},
		{Options{Codec: "copy", Chunk: time.Second}, ""},
		{Options{Width: 641}, "size 641x0"},
		{Options{Height: -2}, "size 0x-2"},
		{Options{Height: 8194}, "size"},
		{Options{FrameRate: -1}, "frame rate"},
		{Options{FrameRate: 241}, "frame rate"},
		{Options{Bitrate: 9_999}, "bit rate"},
		{Options{Bitrate: -1}, "bit rate"},
		{Options{Bitrate: 200_000_001}, "bit rate"},
		{Options{Group: -1}, "group"},
		{Options{Group: time.Hour}, "group"},
		{Options{Chunk: -1}, "chunk"},
		{Options{Codec: "mpeg2"}, "h264, h265, av1, vp9, copy"},
		{Options{Codec: "copy", Height: 720}, "codec copy"},
		{Options{Codec: "copy", Ladder: ladder}, "codec copy"},
		{Options{Ladder: ladder, Height: 720}, "goes without"},
		{Options{Ladder: make([]Rendition, 9)}, "9 renditions"},
		{Options{Ladder: []Rendition{{Height: 721}}}, "721p"},
		{Options{Ladder: []Rendition{{Height: 0}}}, "0p"},
		{Options{Ladder: []Rendition{{Height: 720, Bitrate: 1}}}, "bit rate 1"},
		{Options{Ladder: []Rendition{{Height: 720}, {Height: 720}}}, "twice"},
	} {
		err := tt.opts.check()
		if (tt.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.opts, err, tt.want)
		}
	}
}

func TestParseLadder(t *testing.T) {
	for text, want := range map[string][]Rendition{
		"720p":                {{720, 0}},
		"720p,480p, 240":      {{720, 0}, {480, 0}, {240, 0}},
		"1080p@4.5M,240@300k": {{1080, 4_500_000}, {240, 300_000}},
	} {
		if got, err := ParseLadder(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("ParseLadder(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "p", "720p,", "721p", "-720p", "720p@", "720p@1", "720p,720", "9999999999999999999p", "720p@NaN", "2p,4p,6p,8p,10p,12p,14p,16p,18p",
	} {
		if got, err := ParseLadder(text); err == nil {
			t.Errorf("ParseLadder(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseBitrate(t *testing.T) {
	for text, want := range map[string]int{"800k": 800_000, "800K": 800_000, "2.5M": 2_500_000, "2500000": 2_500_000} {
		if got, err := ParseBitrate(text); err != nil || got != want {
			t.Errorf("ParseBitrate(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "k", "M", "2m", "2MM", "0", "-1M", "1e300M", "NaN", "Inf", "201M", "1k"} {
		if got, err := ParseBitrate(text); err == nil {
			t.Errorf("ParseBitrate(%q) = %d, want an error", text, got)
		}
	}
}

func TestUsualRates(t *testing.T) {
	last := 0
	for _, height := range []int{100, 240, 360, 480, 720, 1080, 1440, 2160} {
		rate := Rendition{Height: height}.rate()
		if rate <= last {
			t.Errorf("%dp has %d bit/s, want more than the one below", height, rate)
		}
		last = rate
	}
	if got := (Rendition{Height: 720, Bitrate: 10_000}).rate(); got != 10_000 {
		t.Errorf("rate = %d, want what was asked for", got)
	}
}
