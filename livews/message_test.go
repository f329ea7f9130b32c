package livews

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

func chunkSegment() *Segment {
	return &Segment{
		Type: TypeChunk, Flags: FlagSync | FlagFirst, Track: 1,
		Position:   Position{Epoch: 1760000000, Group: 12},
		DecodeTime: 24 * time.Second,
		WallClock:  time.UnixMicro(1760000024033333),
		Payload:    []byte("moof and mdat"),
	}
}

func initSegment(track uint16) *Segment {
	return &Segment{
		Type: TypeInit, Track: track, Position: Position{Epoch: 1760000000},
		Info:    &Track{Number: track, Kind: KindVideo, Codec: "avc1.4D401E", Timescale: 15360, Width: 640, Height: 360, FrameRate: 30},
		Payload: []byte("ftyp and moov"),
	}
}

// TestWorkedExample holds the frames against the worked example of PROTOCOL.md.
func TestWorkedExample(t *testing.T) {
	doc, err := os.ReadFile("../PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(doc), "### A worked example")
	text, _, _ = strings.Cut(text, "\n## ")
	var bytesOf []string
	for line := range strings.Lines(text) {
		if hexLine := regexp.MustCompile(`^    ((?:[0-9a-f]{2} ?)+)(?:  .*)?\n`).FindStringSubmatch(line); hexLine != nil {
			bytesOf = append(bytesOf, strings.Fields(hexLine[1])...)
		}
	}
	var want []byte
	for _, seg := range []*Segment{chunkSegment(), initSegment(1)} {
		frame, err := seg.Frame()
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, frame...)
	}
	if got := strings.Join(bytesOf, ""); got != hex.EncodeToString(want) {
		t.Errorf("PROTOCOL.md has\n%s, want\n%x", got, want)
	}
}

func TestMessageRoundTrip(t *testing.T) {
	for _, seg := range []*Segment{
		chunkSegment(),
		initSegment(7),
		{Type: TypeChunk, Track: 65535, Position: Position{1, 2, 3}, Payload: bytes.Repeat([]byte{5}, 70000)},
		{Type: TypeChunk, Track: 1},
	} {
		msg, err := seg.Message()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseMessage(msg)
		if err != nil {
			t.Fatalf("ParseMessage: %v", err)
		}
		if got.Type != seg.Type || got.Flags != seg.Flags || got.Track != seg.Track || got.Position != seg.Position ||
			got.DecodeTime != seg.DecodeTime || !got.WallClock.Equal(seg.WallClock) || !bytes.Equal(got.Payload, seg.Payload) {
			t.Errorf("ParseMessage gives %+v, want %+v", got, seg)
		}
		if seg.Info != nil && *got.Info != *seg.Info {
			t.Errorf("Info = %+v, want %+v", got.Info, seg.Info)
		}
		again, err := got.Message()
		if err != nil || !bytes.Equal(again, msg) {
			t.Errorf("message of the parsed segment differs (%v)", err)
		}
	}
}

// TestMessageKeepsUnknown passes on what a newer version may have put in.
func TestMessageKeepsUnknown(t *testing.T) {
	msg, err := initSegment(1).Message()
	if err != nil {
		t.Fatal(err)
	}
	msg = bytes.Replace(msg, []byte(`"number":1`), []byte(`"colour":2,"number":1`), 1)
	msg[HeaderSize+3] += 11 // the description's length
	msg[1] |= 0x80          // an unknown flag
	seg, err := ParseMessage(msg)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := seg.Message(); err != nil || !bytes.Equal(got, msg) {
		t.Errorf("message = %q, %v, want %q", got, err, msg)
	}
}

func TestFrame(t *testing.T) {
	for _, size := range []int{0, 93, 94, 65535 - HeaderSize, 65536 - HeaderSize, 200000} {
		seg := &Segment{Type: TypeChunk, Track: 1, Payload: make([]byte, size)}
		msg, _ := seg.Message()
		frame, err := seg.Frame()
		if err != nil {
			t.Fatal(err)
		}
		if want := AppendFrameHeader(nil, OpBinary, len(msg)); !bytes.Equal(frame[:len(want)], want) || !bytes.Equal(frame[len(want):], msg) {
			t.Errorf("frame of %d bytes begins %x, want %x and the message", size, frame[:10], want)
		}
		if &frame[len(frame)-1] != &msg[len(msg)-1] {
			t.Error("frame and message do not share memory")
		}
	}
}

func TestAppendFrameHeader(t *testing.T) {
	for _, tt := range []struct {
		size int
		want string
	}{
		{0, "8200"}, {125, "827d"}, {126, "827e007e"}, {65535, "827effff"}, {65536, "827f0000000000010000"},
	} {
		if got := hex.EncodeToString(AppendFrameHeader(nil, OpBinary, tt.size)); got != tt.want {
			t.Errorf("header for %d bytes = %s, want %s", tt.size, got, tt.want)
		}
	}
}

func TestMessageRefuses(t *testing.T) {
	big := make([]byte, MaxMessage)
	for name, seg := range map[string]*Segment{
		"no type":          {Track: 1},
		"track 0":          {Type: TypeChunk},
		"too large":        {Type: TypeChunk, Track: 1, Payload: big},
		"negative time":    {Type: TypeChunk, Track: 1, DecodeTime: -1},
		"no description":   {Type: TypeInit, Track: 1},
		"other track":      {Type: TypeInit, Track: 1, Info: &Track{Number: 2, Timescale: 1}},
		"long description": {Type: TypeInit, Track: 1, Info: &Track{Number: 1, Codec: strings.Repeat("x", maxInfo)}},
	} {
		if _, err := seg.Message(); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: error = %v, want ErrMessage", name, err)
		}
		if _, err := seg.Frame(); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: error of Frame = %v, want ErrMessage", name, err)
		}
	}
}

func TestParseMessageRefuses(t *testing.T) {
	good, err := chunkSegment().Message()
	if err != nil {
		t.Fatal(err)
	}
	change := func(i int, b ...byte) []byte {
		msg := bytes.Clone(good)
		copy(msg[i:], b)
		return msg
	}
	initMsg := func(info string) []byte {
		msg := bytes.Clone(good[:HeaderSize])
		msg[0] = byte(TypeInit)
		return append(append(msg, 0, 0, 0, byte(len(info))), info...)
	}
	for name, msg := range map[string][]byte{
		"empty":              {},
		"short":              good[:HeaderSize-1],
		"too long":           make([]byte, MaxMessage+1),
		"type 0":             change(0, 0),
		"type 3":             change(0, 3),
		"track 0":            change(2, 0, 0),
		"decode time":        change(16, 0xff),
		"init without JSON":  change(0, 2)[:HeaderSize],
		"init JSON too long": append(change(0, 2)[:HeaderSize], 0, 0, 1, 0, '{', '}'),
		"init length 4 GB":   append(change(0, 2)[:HeaderSize], 0xff, 0xff, 0xff, 0xff),
		"init no JSON":       initMsg("nonsense"),
		"init other track":   initMsg(`{"number":2,"timescale":1}`),
		"init timescale 0":   initMsg(`{"number":1}`),
		"init array":         initMsg(`[]`),
	} {
		if seg, err := ParseMessage(msg); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: ParseMessage = %v, %v, want ErrMessage", name, seg, err)
		}
	}
}

func FuzzParseMessage(f *testing.F) {
	for _, seg := range []*Segment{chunkSegment(), initSegment(1)} {
		msg, err := seg.Message()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(msg)
		f.Add(msg[:len(msg)-1])
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		seg, err := ParseMessage(msg)
		if err != nil {
			if !errors.Is(err, ErrMessage) {
				t.Fatalf("error %v does not wrap ErrMessage", err)
			}
			return
		}
		if got, err := seg.Message(); err != nil || !bytes.Equal(got, msg) {
			t.Fatalf("message = %x, %v, want %x", got, err, msg)
		}
		if len(seg.Payload) > len(msg)-HeaderSize {
			t.Fatalf("payload of %d bytes in a message of %d", len(seg.Payload), len(msg))
		}
	})
}
