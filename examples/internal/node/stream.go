package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/livews/websocketlivestream/livews/ingress"
)

// Stream says what a stream of an ingress is made of. Its fields are texts as they stand
// in flags and in a config; those that are empty have the defaults of [ingress.Options].
type Stream struct {
	// Source is what [ingress.Open] opens.
	Source string `json:"source"`
	// Size is WIDTHxHEIGHT, in which either may be missing.
	Size string `json:"size,omitempty"`
	// FPS counts frames per second.
	FPS int `json:"fps,omitempty"`
	// Bitrate is as in "2.5M" or "800k".
	Bitrate string `json:"bitrate,omitempty"`
	Codec   string `json:"codec,omitempty"`
	// Ladder is as in "720p,480p@1M,240p".
	Ladder string `json:"ladder,omitempty"`
	// Group and Chunk are durations, as in "2s" and "33ms".
	Group string `json:"group,omitempty"`
	Chunk string `json:"chunk,omitempty"`
	// Mic is the microphone of a webcam or a screen.
	Mic string `json:"mic,omitempty"`
	// Push is where the stream is published besides, as in "ws://HOST/publish/NAME".
	Push string `json:"push,omitempty"`
}

// Flags adds the flags that describe s to those of the program.
func (s *Stream) Flags(source, usage string) {
	flag.StringVar(&s.Source, "source", source, usage)
	flag.StringVar(&s.Size, "size", "", "`size` of the picture, as 1280x720, 1280x or x720; default: as it comes")
	flag.IntVar(&s.FPS, "fps", 0, "`frames` per second; default: as they come, 30 of a camera")
	flag.StringVar(&s.Bitrate, "bitrate", "", "highest bit `rate` of the picture, as 2.5M or 800k (default 4M)")
	flag.StringVar(&s.Codec, "codec", "", "`codec`: "+strings.Join(ingress.Codecs(), ", ")+" (default h264; rtsp, rtmp and srt as they come, if browsers play it)")
	flag.StringVar(&s.Ladder, "ladder", "", "`renditions` of the picture, as 720p,480p@1M,240p")
	flag.StringVar(&s.Group, "group", "", "`time` from one key frame to the next (default 2s)")
	flag.StringVar(&s.Chunk, "chunk", "", "`time` of a chunk, as 100ms (default a frame each)")
	flag.StringVar(&s.Push, "push", "", "`URL` of a server that takes the stream in, as wss://HOST/publish/NAME: for a camera that nobody can dial")
	flag.StringVar(&s.Mic, "mic", "", "`microphone` of a webcam or a screen: default, or what -source webcam:list shows")
}

// UnmarshalJSON also takes a text, which is the source.
func (s *Stream) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		*s = Stream{}
		return json.Unmarshal(text, &s.Source)
	}
	type plain Stream
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode((*plain)(s))
}

// MarshalJSON gives a text if the source is all there is.
func (s Stream) MarshalJSON() ([]byte, error) {
	if s == (Stream{Source: s.Source}) {
		return json.Marshal(s.Source)
	}
	type plain Stream
	return json.Marshal(plain(s))
}

// Check returns an error for a stream of which no source can be made, as far as that
// can be said without opening it.
func (s *Stream) Check() error {
	if s.Source == "" {
		return errors.New(`no "source"`)
	}
	if u, err := url.Parse(s.Push); err != nil || s.Push != "" && u.Host == "" {
		return fmt.Errorf(`"push": %q: want a URL, as in ws://HOST/publish/NAME`, s.Push)
	}
	_, err := s.options(nil)
	return err
}

// options returns what s asks of its source.
func (s *Stream) options(log *slog.Logger) (*ingress.Options, error) {
	o := &ingress.Options{FrameRate: s.FPS, Codec: s.Codec, Microphone: s.Mic, Logger: log}
	for _, field := range []struct {
		name, text string
		parse      func(string) error
	}{
		{"size", s.Size, func(text string) error { return parseSize(text, o) }},
		{"bitrate", s.Bitrate, func(text string) (err error) { o.Bitrate, err = ingress.ParseBitrate(text); return err }},
		{"ladder", s.Ladder, func(text string) (err error) { o.Ladder, err = ingress.ParseLadder(text); return err }},
		{"group", s.Group, func(text string) (err error) { o.Group, err = parseTime(text); return err }},
		{"chunk", s.Chunk, func(text string) (err error) { o.Chunk, err = parseTime(text); return err }},
	} {
		if field.text == "" {
			continue
		}
		if err := field.parse(field.text); err != nil {
			return nil, fmt.Errorf("%s: %w", field.name, err)
		}
	}
	return o, nil
}

func parseSize(text string, o *ingress.Options) error {
	width, height, ok := strings.Cut(text, "x")
	for _, side := range []struct {
		text string
		dst  *int
	}{{width, &o.Width}, {height, &o.Height}} {
		if side.text == "" {
			continue
		}
		n, err := strconv.Atoi(side.text)
		ok = ok && err == nil && n > 0
		*side.dst = n
	}
	if !ok || o.Width+o.Height == 0 {
		return fmt.Errorf("%q: want 1280x720, 1280x or x720", text)
	}
	return nil
}

func parseTime(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q: want a time, as in 2s or 100ms", text)
	}
	return d, nil
}
