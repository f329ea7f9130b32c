package ingress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

func newClip(t *testing.T, n int) livews.Source {
	t.Helper()
	src, err := NewClip(n)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestClipContract(t *testing.T) {
	for n := 1; n <= Clips; n++ {
		synctest.Test(t, func(t *testing.T) {
			if err := livewstest.TestSource(t.Context(), newClip(t, n), 2000); err != nil {
				t.Errorf("clip %d: %v", n, err)
			}
		})
	}
}

func TestClipNumbers(t *testing.T) {
	for _, n := range []int{-1, 0, Clips + 1} {
		if _, err := NewClip(n); err == nil || !strings.Contains(err.Error(), fmt.Sprint(n)) {
			t.Errorf("NewClip(%d) = %v, want an error that names it", n, err)
		}
	}
}

// hour follows a clip for an hour of virtual time.
type hour struct {
	t     *testing.T
	began time.Time
	inits map[uint16]*dash.Init
	state map[uint16]*clipTrack
	start map[uint32]uint64 // of each group of video, in microseconds
}

// clipTrack is where a track is, in units of its timescale.
type clipTrack struct {
	next   uint64
	chunks int
	inGroup, groups,
	least, most int // chunks in whole groups
	newest  livews.Position
	arrived time.Duration
}

func (h *hour) take(seg *livews.Segment) {
	if seg.Type == livews.TypeInit {
		init, err := dash.ParseInit(seg.Payload)
		if err != nil {
			h.t.Fatal(err)
		}
		h.inits[seg.Track] = init
		h.state[seg.Track] = &clipTrack{}
		return
	}
	c, err := dash.ParseChunk(h.inits[seg.Track], seg.Payload)
	if err != nil {
		h.t.Fatal(err)
	}
	s := h.state[seg.Track]
	scale := uint64(c.Track.Info.Timescale)
	if c.DecodeTime != s.next {
		h.t.Fatalf("track %d at %v: decode time %d, want %d", seg.Track, seg.Position, c.DecodeTime, s.next)
	}
	s.next += c.Duration
	s.chunks++
	s.count(seg)
	h.checkTimes(seg, c, scale)
	s.newest, s.arrived = seg.Position, time.Since(h.began)
}

// count counts the chunks of groups.
func (s *clipTrack) count(seg *livews.Segment) {
	if !seg.Flags.Has(livews.FlagFirst) {
		s.inGroup++
		return
	}
	if s.groups > 0 {
		if s.groups == 1 {
			s.least, s.most = s.inGroup, s.inGroup
		}
		s.least, s.most = min(s.least, s.inGroup), max(s.most, s.inGroup)
	}
	s.groups++
	s.inGroup = 1
}

// checkTimes holds a chunk against the clock and against video's groups.
func (h *hour) checkTimes(seg *livews.Segment, c dash.Chunk, scale uint64) {
	end := time.Duration(c.DecodeTime+c.Duration) * time.Second / time.Duration(scale)
	if d := time.Since(h.began) - end; d < -time.Microsecond || d > 50*time.Millisecond {
		h.t.Fatalf("track %d at %v comes %v after its end", seg.Track, seg.Position, d)
	}
	if d := seg.WallClock.Sub(h.began) - end; d < -time.Microsecond || d > time.Microsecond {
		h.t.Fatalf("track %d at %v: its wall clock is %v off", seg.Track, seg.Position, d)
	}
	// Within a nanosecond for each rounding.
	if d := seg.DecodeTime - time.Duration(c.DecodeTime)*time.Second/time.Duration(scale); d < -2 || d > 2 {
		h.t.Fatalf("track %d at %v: DecodeTime is off by %v", seg.Track, seg.Position, d)
	}
	us := c.DecodeTime * 1e6 / scale
	if seg.Track == 1 {
		if seg.Flags.Has(livews.FlagFirst) {
			h.start[seg.Position.Group] = us
		}
		return
	}
	if !seg.Flags.Has(livews.FlagFirst) {
		return
	}
	// The first chunk of sound at or after the start of video's group: so the one
	// before it lies before that.
	start, ok := h.start[seg.Position.Group]
	frame := c.Duration * 1e6 / scale
	if !ok || us < start || us >= start+frame+1 {
		h.t.Fatalf("sound begins group %d at %d us, video at %d us (%v)", seg.Position.Group, us, start, ok)
	}
}

// TestClipForAnHour: no seam, no drift, sound and picture in step, groups of 60 frames
// with sound that begins with them.
func TestClipForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const length = time.Hour
		h := &hour{
			t: t, began: time.Now(), inits: map[uint16]*dash.Init{}, state: map[uint16]*clipTrack{}, start: map[uint32]uint64{},
		}
		ctx, cancel := context.WithTimeout(t.Context(), length+time.Millisecond)
		defer cancel()
		src := newClip(t, 1)
		var c livewstest.Checker
		for seg, err := range livews.All(ctx, src) {
			if errors.Is(err, context.DeadlineExceeded) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := c.WriteSegment(ctx, seg); err != nil {
				t.Fatal(err)
			}
			h.take(seg)
			if v, a := h.state[1], h.state[2]; v != nil && a != nil && v.chunks > 0 && a.chunks > 0 {
				if d := v.arrived - a.arrived; d < -50*time.Millisecond || d > 50*time.Millisecond {
					t.Fatalf("picture at %v, sound at %v", v.newest, a.newest)
				}
			}
		}
		video, audio := h.state[1], h.state[2]
		seconds := int(length / time.Second)
		if want := 30 * seconds; video.chunks != want {
			t.Errorf("%d frames, want %d", video.chunks, want)
		}
		if want := seconds * 48000 / 1024; audio.chunks < want-2 || audio.chunks > want {
			t.Errorf("%d chunks of sound, want %d", audio.chunks, want)
		}
		if video.least != 60 || video.most != 60 || video.groups != seconds/2 {
			t.Errorf("%d groups of %d to %d frames, want %d of 60", video.groups, video.least, video.most, seconds/2)
		}
		// 2 s of sound are 93.75 chunks.
		if audio.least != 93 || audio.most != 94 || audio.groups != seconds/2 {
			t.Errorf("%d groups of %d to %d chunks of sound, want %d of 93 or 94", audio.groups, audio.least, audio.most, seconds/2)
		}
	})
}

// TestClipRepeats compares the media of the first and the third time: all but the times
// in the boxes is the same.
func TestClipRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l loop
		l.file = clip2
		segs := readUntil(t.Context(), t, &l, func(seg *livews.Segment) bool { return seg.DecodeTime >= 24*time.Second })
		inits, n := len(l.inits), len(l.chunks)
		if n != 240+375 || l.period != 8*time.Second {
			t.Fatalf("%d chunks in %v, want 240 and 375 in 8 s", n, l.period)
		}
		for i := range n {
			first, third := segs[inits+i], segs[inits+2*n+i]
			back, err := dash.ShiftChunk(third.Payload, -16*int64(l.scale[third.Track]), l.scale[third.Track])
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(back, first.Payload) {
				t.Fatalf("chunk %d of the third time is not that of the first", i)
			}
		}
	})
}

// TestClipLate reads late: a little, and all that was missed comes at once; a lot, and
// the clip has waited.
func TestClipLate(t *testing.T) {
	for _, tt := range []struct{ late, burst time.Duration }{
		{3 * time.Second, 3 * time.Second},
		{time.Hour, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			src := newClip(t, 1)
			last := readUntil(t.Context(), t, src, func(seg *livews.Segment) bool { return seg.Track == 1 && seg.DecodeTime >= time.Second })
			before := end(last[len(last)-1])
			time.Sleep(tt.late)
			began := time.Now()
			var reached time.Duration
			for time.Since(began) == 0 {
				seg, err := src.ReadSegment(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if time.Since(began) == 0 {
					reached = max(reached, end(seg)-before)
				}
			}
			if d := reached - tt.burst; d < -50*time.Millisecond || d > 50*time.Millisecond {
				t.Errorf("%v late: %v of media come at once, want %v", tt.late, reached, tt.burst)
			}
		})
	}
}

// TestClipContext: a read that ends with its context loses nothing.
func TestClipContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newClip(t, 1)
		var segs []*livews.Segment
		for len(segs) < 300 {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
			seg, err := src.ReadSegment(ctx)
			cancel()
			if err == nil {
				segs = append(segs, seg)
			} else if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
		}
		checkOrder(t, segs)
	})
}

func TestLoopRefuses(t *testing.T) {
	inits := clip1[:bytes.Index(clip1, []byte("moof"))-4]
	for _, tt := range []struct {
		name string
		file []byte
		want string
	}{
		{"nothing", nil, "no media"},
		{"no media", inits, "no media"},
		{"a broken file", clip1[:1000], "EOF"},
		{"a part of a period", clip1[:bytes.LastIndex(clip1, []byte("moof"))-4], "loop: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := &loop{file: tt.file}
			if _, err := l.ReadSegment(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ReadSegment = %v, want %q in it", err, tt.want)
			}
		})
	}
}
