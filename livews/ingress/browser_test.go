package ingress

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

const (
	startVideo = `{"type":"start","tracks":[{"track":1,"kind":"video","codec":"vp09.00.10.08","width":64,"height":48,"frameRate":25,"bitrate":1000}]}`
	startBoth  = `{"type":"start","tracks":[{"track":1,"kind":"video","codec":"vp09.00.10.08"},{"track":2,"kind":"audio","codec":"opus","channels":1}]}`
)

var (
	vp9Delta = []byte{0x86, 0, 1, 2, 3}
	opus20   = []byte{0xfc, 1, 2, 3}
)

// vp9Key returns the start of a key frame of that width.
func vp9Key(width uint16) []byte {
	b := []byte{0x82, 0x49, 0x83, 0x42}
	size := uint64(2<<1)<<32 | uint64(width-1)<<16 | uint64(47) // colours, then width and height
	return append(b, binary.BigEndian.AppendUint64(nil, size<<28)...)
}

// frameOf returns the message with a frame.
func frameOf(track uint8, at, lasts time.Duration, payload []byte) string {
	b := []byte{0, track, 0, 0}
	b = binary.BigEndian.AppendUint32(b, uint32(lasts.Microseconds()))
	b = binary.BigEndian.AppendUint64(b, uint64(at.Microseconds()))
	return string(append(b, payload...))
}

// fakeBrowser is a browserConn that says what it is told to.
type fakeBrowser struct {
	messages []string
	interval time.Duration // before each message
	said     []string
}

func (s *fakeBrowser) ReadMessage(ctx context.Context) (text bool, msg []byte, err error) {
	if err := waitUntil(ctx, time.Now().Add(s.interval)); err != nil {
		return false, nil, err
	}
	if len(s.messages) == 0 {
		return false, nil, io.ErrUnexpectedEOF
	}
	m := s.messages[0]
	s.messages = s.messages[1:]
	return strings.HasPrefix(m, "{"), []byte(m), nil
}

func (s *fakeBrowser) WriteText(_ context.Context, text []byte) error {
	s.said = append(s.said, string(text))
	return nil
}

// run gives all that a browser with this script gives, and its end.
func (s *fakeBrowser) run(t *testing.T) ([]*livews.Segment, error) {
	t.Helper()
	b := newBrowser(s)
	var segs []*livews.Segment
	for {
		seg, err := b.ReadSegment(t.Context())
		if err != nil {
			return segs, err
		}
		segs = append(segs, seg)
	}
}

// outline names segments: an init segment by its track and size, a chunk by its track and
// its decode time less that of the first.
func outline(segs []*livews.Segment) string {
	var words []string
	for _, seg := range segs {
		var word string
		if seg.Type == livews.TypeInit {
			word = fmt.Sprintf("init%d:%d", seg.Track, seg.Info.Width)
		} else {
			word = fmt.Sprintf("%d@%d", seg.Track, (seg.DecodeTime - startTime).Round(time.Millisecond).Milliseconds())
			if seg.Flags.Has(livews.FlagSync) && seg.Track == 1 {
				word += "K"
			}
		}
		if seg.Flags.Has(livews.FlagDiscontinuity) {
			word += "!"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

const ms = time.Millisecond

func TestBrowser(t *testing.T) {
	key, wide := vp9Key(64), vp9Key(128)
	for _, tt := range []struct {
		name     string
		messages []string
		want     string
		end      error
	}{
		{
			"a video track and a clean end",
			[]string{startVideo, frameOf(1, 5*ms, 40*ms, key), frameOf(1, 45*ms, 40*ms, vp9Delta), `{"type":"end"}`, "never"},
			"init1:64 1@0K 1@40", io.EOF,
		},
		{
			"cut off",
			[]string{startVideo, frameOf(1, 5*ms, 40*ms, key)},
			"init1:64 1@0K", io.ErrUnexpectedEOF,
		},
		{
			"no picture before the first key frame",
			[]string{startVideo, frameOf(1, 0, 0, vp9Delta), frameOf(1, 40*ms, 0, key), frameOf(1, 80*ms, 0, vp9Delta)},
			"init1:64 1@40K 1@80", io.ErrUnexpectedEOF,
		},
		{
			"sound waits for the picture, and lies where it belongs",
			[]string{
				startBoth, frameOf(2, time.Hour, 0, opus20), frameOf(2, time.Hour+20*ms, 0, opus20),
				frameOf(1, time.Hour-7*ms, 0, key), frameOf(2, time.Hour+40*ms, 0, opus20),
			},
			"init1:64 init2:0 2@0 2@20 1@-7K 2@40", io.ErrUnexpectedEOF,
		},
		{
			"a track that does not come is not waited for",
			[]string{
				startBoth, frameOf(1, 0, 0, key), frameOf(1, 40*ms, 0, vp9Delta), frameOf(1, 3*time.Second, 0, key),
				frameOf(2, 3010*ms, 0, opus20), frameOf(1, 3040*ms, 0, vp9Delta),
			},
			"init1:64 1@0K 1@40 1@3000K init2:0 2@3010 1@3040", io.ErrUnexpectedEOF,
		},
		{
			"another size",
			[]string{startVideo, frameOf(1, 0, 0, key), frameOf(1, 40*ms, 0, wide), frameOf(1, 80*ms, 0, vp9Delta)},
			"init1:64 1@0K init1:128 1@40K 1@80", io.ErrUnexpectedEOF,
		},
		{
			"another start",
			[]string{
				startBoth, frameOf(1, 0, 0, key), frameOf(2, 0, 0, opus20), startBoth,
				frameOf(1, 100*ms, 0, key), frameOf(2, 90*ms, 0, opus20),
			},
			"init1:64 init2:0 1@0K 2@0 init1:64! init2:0 1@100K 2@90", io.ErrUnexpectedEOF,
		},
		{
			"another start does not lead back",
			[]string{startVideo, frameOf(1, 0, 0, key), frameOf(1, 80*ms, 0, vp9Delta), startVideo, frameOf(1, 40*ms, 0, key), frameOf(1, 81*ms, 0, key)},
			"init1:64 1@0K 1@80 init1:64! 1@81K", io.ErrUnexpectedEOF,
		},
		{
			"the clock jumps, ahead and back, for all tracks",
			[]string{
				startBoth, frameOf(1, 0, 0, key), frameOf(2, 10*ms, 0, opus20), frameOf(1, time.Hour, 0, vp9Delta),
				frameOf(2, time.Hour+10*ms, 0, opus20), frameOf(1, 50*ms, 0, vp9Delta), frameOf(2, 60*ms, 0, opus20),
			},
			"init1:64 init2:0 1@0K 2@10 1@11 2@21 1@22 2@32", io.ErrUnexpectedEOF,
		},
		{
			"a frame that comes twice, and a broken one",
			[]string{
				startVideo, frameOf(1, 0, 0, key), frameOf(1, 0, 0, vp9Delta), frameOf(1, 40*ms, 0, vp9Delta),
				frameOf(1, 80*ms, 0, key), frameOf(1, 120*ms, 0, []byte{1}), frameOf(1, 160*ms, 0, key),
			},
			"init1:64 1@0K 1@80K 1@160K", io.ErrUnexpectedEOF,
		},
		{"unknown messages", []string{`{"type":"news","x":1}`, startVideo, frameOf(1, 0, 0, key)}, "init1:64 1@0K", io.ErrUnexpectedEOF},
		{"a frame before start", []string{frameOf(1, 0, 0, key)}, "", errViolation},
		{"a track that was not announced", []string{startVideo, frameOf(3, 0, 0, key)}, "", errViolation},
		{"a frame without a payload", []string{startVideo, frameOf(1, 0, 0, nil)}, "", errViolation},
		{"a timestamp of the year 3000000", []string{startVideo, "\x00\x01\x00\x00\x00\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xffabc"}, "", errViolation},
		{"no tracks", []string{`{"type":"start","tracks":[]}`}, "", errViolation},
		{"a track twice", []string{strings.Replace(startBoth, `"track":2`, `"track":1`, 1)}, "", errViolation},
		{"track 0", []string{strings.Replace(startBoth, `"track":2`, `"track":0`, 1)}, "", errViolation},
		{"track 256", []string{strings.Replace(startBoth, `"track":2`, `"track":256`, 1)}, "", errViolation},
		{"two videos", []string{strings.Replace(startBoth, "audio", "video", 1)}, "", errViolation},
		{"text", []string{strings.Replace(startBoth, "audio", "text", 1)}, "", errViolation},
		{"codec", []string{strings.Replace(startVideo, "vp09.00.10.08", "vp8", 1)}, "", dash.ErrUnsupported},
		{"codec of another kind", []string{strings.Replace(startBoth, "opus", "vp09", 1)}, "", dash.ErrUnsupported},
		{"AAC", []string{strings.Replace(startBoth, "opus", "mp4a.40.2", 1)}, "", dash.ErrUnsupported},
		{"no JSON", []string{`{"type"`}, "", errViolation},
		{"long text", []string{`{"type":"news","x":"` + strings.Repeat("x", maxBrowserText) + `"}`}, "", errViolation},
		{"a clock that is none", []string{`{"type":"clock","timestamp":1}`}, "", errViolation},
		{"a clock beyond all bounds", []string{`{"type":"clock","timestamp":1e300,"wall":1}`}, "", errViolation},
	} {
		t.Run(tt.name, func(t *testing.T) {
			segs, err := (&fakeBrowser{messages: tt.messages}).run(t)
			if got := outline(segs); got != tt.want || !errors.Is(err, tt.end) {
				t.Errorf("got %s, %v\nwant %s, %v", got, err, tt.want, tt.end)
			}
		})
	}
}

// TestBrowserIsAsked wants a key frame where there is none, but not for every frame.
func TestBrowserIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeBrowser{messages: []string{startVideo}, interval: 40 * ms}
		for i := range 60 { // 2.4 s
			s.messages = append(s.messages, frameOf(1, time.Duration(i)*40*ms, 0, vp9Delta))
		}
		if segs, err := s.run(t); len(segs) > 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d segments, %v, want none", len(segs), err)
		}
		want := slices.Repeat([]string{`{"type":"keyframe","track":1}`}, 3)
		if !slices.Equal(s.said, want) {
			t.Errorf("said %q, want %q", s.said, want)
		}
	})
}

// TestBrowserOfNoUse sends for ever what cannot be shown.
func TestBrowserOfNoUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		s := &fakeBrowser{messages: []string{startVideo}, interval: 40 * ms}
		for i := range 1000 {
			s.messages = append(s.messages, frameOf(1, time.Duration(i)*40*ms, 0, vp9Delta))
		}
		if _, err := s.run(t); !errors.Is(err, errViolation) || time.Since(begun) > uselessAfter+time.Second {
			t.Errorf("after %v: %v, want a violation after %v", time.Since(begun), err, uselessAfter)
		}
	})
}

// TestBrowserTalksOnly keeps its name with text, and with starts that nothing follows.
func TestBrowserTalksOnly(t *testing.T) {
	for _, text := range []string{`{"type":"news"}`, startVideo} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			s := &fakeBrowser{messages: slices.Repeat([]string{text}, 100), interval: time.Second}
			if _, err := s.run(t); !errors.Is(err, errViolation) || time.Since(begun) > uselessAfter+2*time.Second {
				t.Errorf("%s: after %v: %v, want a violation after %v", text, time.Since(begun), err, uselessAfter)
			}
		})
	}
}

// TestBrowserPicksUp has an encoder that is slow for a while say that its pictures last
// long: those that come fast again are where they belong, as the sound is.
func TestBrowserPicksUp(t *testing.T) {
	s := &fakeBrowser{messages: []string{startVideo, frameOf(1, 0, 300*ms, vp9Key(64))}}
	want := []time.Duration{0}
	for at := 300 * ms; at < 5*time.Second; at += 33 * ms {
		want = append(want, at)
		s.messages = append(s.messages, frameOf(1, at, 300*ms, vp9Delta))
	}
	src := (&turn{handler: new(Handler)}).stampedFrames(newBrowser(s))
	for _, at := range want {
		seg := read(t, src)
		if seg.Type == livews.TypeInit {
			seg = read(t, src)
		}
		if off := seg.DecodeTime - startTime - at; off.Abs() > ms || seg.Flags.Has(livews.FlagDiscontinuity) {
			t.Fatalf("the picture of %v is off by %v, flags %v", at, off, seg.Flags)
		}
	}
}

// TestBrowserTooFast sends too much, and what had to wait for the network, which is not.
func TestBrowserTooFast(t *testing.T) {
	frames := func(n int) []string {
		all := []string{startVideo, frameOf(1, 0, 0, vp9Key(64))}
		for i := range n {
			all = append(all, frameOf(1, time.Duration(i+1)*ms, 0, vp9Delta))
		}
		return all
	}
	jumps := []string{startBoth}
	for i := range 30 {
		at := time.Duration(i) * 20 * ms
		jumps = append(jumps, frameOf(1, at, 0, vp9Key(64)), frameOf(2, time.Hour+at, 0, opus20))
	}
	broken := []string{startVideo, frameOf(1, 0, 0, vp9Key(64))}
	for i := range maxFaults + 1 {
		broken = append(broken, frameOf(1, time.Duration(i+1)*ms, 0, []byte{0}))
	}
	for name, tt := range map[string]struct {
		messages []string
		end      error
	}{
		"9 s at once":     {frames(9 * 30), io.ErrUnexpectedEOF},
		"frames":          {frames(maxFrames + 1), errViolation},
		"text":            {slices.Repeat([]string{`{"type":"news"}`}, maxTexts+1), errViolation},
		"two clocks":      {jumps, errViolation},
		"nothing but rot": {broken, dash.ErrMalformed},
	} {
		if _, err := (&fakeBrowser{messages: tt.messages}).run(t); !errors.Is(err, tt.end) {
			t.Errorf("%s: %v, want %v", name, err, tt.end)
		}
	}
}

// TestBrowserClock believes a browser's wall clock where it can be true.
func TestBrowserClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		tie := func(off time.Duration) string {
			return fmt.Sprintf(`{"type":"clock","timestamp":1000000,"wall":%.3f}`, float64(now.Add(off).UnixMicro())/1000)
		}
		for _, tt := range []struct {
			off  time.Duration
			want time.Time
		}{
			{-123456 * time.Microsecond, now.Add(-123456*time.Microsecond + 40*ms)},
			{time.Minute, time.Time{}},
			{-time.Minute, time.Time{}},
			{math.MaxInt64 / 2, time.Time{}},
		} {
			s := &fakeBrowser{messages: []string{tie(tt.off), startVideo, frameOf(1, 1040*ms, 0, vp9Key(64))}}
			segs, _ := s.run(t)
			if len(segs) != 2 || segs[1].WallClock.Sub(tt.want).Abs() > ms {
				t.Errorf("off by %v: %d segments, wall clock %v, want %v", tt.off, len(segs), segs[len(segs)-1].WallClock, tt.want)
			}
		}
	})
}

func FuzzBrowser(f *testing.F) {
	key := vp9Key(64)
	f.Add([]byte(startBoth), []byte(frameOf(1, 5*ms, 40*ms, key)), []byte(frameOf(2, 0, 0, opus20)))
	f.Add([]byte(startVideo), []byte(`{"type":"clock","timestamp":1,"wall":1.5}`), []byte(frameOf(1, -1, 0, key)))
	f.Add([]byte(`{"type":"end"}`), []byte(startVideo), []byte(frameOf(1, math.MaxInt64, 0, key)))
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		s := &fakeBrowser{messages: []string{string(a), string(b), string(c), string(b), string(c)}}
		segs, err := s.run(t)
		if err == nil {
			t.Error("no end")
		}
		known := map[uint16]bool{}
		for _, seg := range segs {
			if seg.Type == livews.TypeInit {
				known[seg.Track] = true
			} else if !known[seg.Track] || seg.DecodeTime < 0 || seg.Duration <= 0 {
				t.Errorf("chunk of track %d at %v for %v; init segment: %v", seg.Track, seg.DecodeTime, seg.Duration, known[seg.Track])
			}
			if _, err := seg.Message(); err != nil {
				t.Error(err)
			}
		}
	})
}
