package ingress

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// TestAssemblyWithoutSound comes back without one of its tracks: the stream goes on without
// that, in another epoch, and with it when it comes again.
func TestAssemblyWithoutSound(t *testing.T) {
	for _, tt := range []struct {
		name   string
		init   bool // the one that comes back begins with its init segment
		epochs int
	}{
		{"the picture begins again", true, 2},
		{"the sound has a pause", false, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testWithoutSound(t, tt.init, tt.epochs) })
		})
	}
}

func testWithoutSound(t *testing.T, again bool, epochs int) {
	got := withoutSound(t, again)
	tracks := make(map[uint32][]uint16) // of the init segments, by epoch
	for _, seg := range got {
		if seg.Type == livews.TypeInit {
			tracks[seg.Position.Epoch] = append(tracks[seg.Position.Epoch], seg.Track)
		}
	}
	if len(tracks) != epochs {
		t.Errorf("epochs with tracks %v, want %d", tracks, epochs)
	}
	for epoch, named := range tracks {
		if !slices.Contains(named, 1) || !slices.Contains(named, 2) {
			t.Errorf("epoch %d has tracks %v, want both", epoch, named)
		}
	}
	last := got[len(got)-1].Position.Epoch
	got = got[slices.IndexFunc(got, func(seg *livews.Segment) bool { return seg.Position.Epoch == last }):]
	if epochs > 1 && (got[0].Type != livews.TypeInit || got[1].Type != livews.TypeChunk || got[1].Track != 1) {
		t.Errorf("the new epoch begins with %v and %v of tracks %d and %d, want the picture alone", got[0].Type, got[1].Type, got[0].Track, got[1].Track)
	}
}

// withoutSound returns a stream whose sound is missing for ten seconds. If the picture begins
// again, that has an init segment.
func withoutSound(t *testing.T, again bool) []*livews.Segment {
	t.Helper()
	const length = 2 * time.Second
	video, audio := parts(t)
	b := &budget{most: 1 << 40}
	a := quietAssembly()
	a.account = b.open()
	var (
		reading sync.WaitGroup
		got     []*livews.Segment
	)
	reading.Go(func() { got = collect(t, Stamp(a, nil)) })
	a.add(t, "v/init.mp4", video.init)
	a.add(t, "a/init.mp4", audio.init)
	for i := range 8 {
		at := time.Duration(i) * length
		if i == 1 && again {
			a.add(t, "v/init.mp4", video.init)
		}
		if i == 0 || i > 5 {
			a.add(t, fmt.Sprintf("a/%d.m4s", i), audio.loop(t, 48000, at, length))
		}
		for from := at; from < at+length; from += 500 * ms {
			a.add(t, fmt.Sprintf("v/%d.m4s", from/(500*ms)), video.loop(t, 15360, from, 500*ms))
			time.Sleep(500 * ms)
		}
	}
	a.end(nil)
	reading.Wait()
	if want := int64(len(video.init) + len(audio.init)); b.held != want || a.bytes != 0 {
		t.Errorf("%d bytes are held in the end, and %d are paid, want the %d of two init segments", a.bytes, b.held, want)
	}
	return got
}

// loop returns the media from a time on, of a clip that repeats.
func (c cmaf) loop(t *testing.T, timescale uint32, from, length time.Duration) []byte {
	t.Helper()
	const whole = 8 * time.Second
	round := from / whole
	var b []byte
	for _, seg := range c.chunks {
		if at := seg.DecodeTime + round*whole; at >= from && at < from+length {
			moved, err := dash.ShiftChunk(seg.Payload, int64(round*whole/time.Second)*int64(timescale), timescale)
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, moved...)
		}
	}
	return b
}
