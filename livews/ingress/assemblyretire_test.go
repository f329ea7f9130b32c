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
	sent := 0
	send := func(sound bool) {
		at := time.Duration(sent) * length
		if sound {
			a.add(t, fmt.Sprintf("a/%d.m4s", sent), audio.loop(t, 48000, at, length))
		}
		for from := at; from < at+length; from += 500 * ms {
			a.add(t, fmt.Sprintf("v/%d.m4s", 4*sent+int((from-at)/(500*ms))), video.loop(t, 15360, from, 500*ms))
			time.Sleep(500 * ms)
		}
		sent++
	}
	a.add(t, "v/init.mp4", video.init)
	a.add(t, "a/init.mp4", audio.init)
	send(true)
	if again {
		a.add(t, "v/init.mp4", video.init)
	}
	for range 5 {
		send(false)
	}
	send(true)
	send(true)
	a.end(nil)
	reading.Wait()
	tracks := make(map[uint32]map[uint16]bool)
	for _, seg := range got {
		if tracks[seg.Position.Epoch] == nil {
			tracks[seg.Position.Epoch] = make(map[uint16]bool)
		}
		if seg.Type == livews.TypeInit {
			tracks[seg.Position.Epoch][seg.Track] = true
		}
	}
	if len(tracks) != epochs {
		t.Errorf("%d epochs with tracks %v, want %d", len(tracks), tracks, epochs)
	}
	last := got[len(got)-1].Position.Epoch
	for epoch, named := range tracks {
		if !named[1] || !named[2] {
			t.Errorf("epoch %d has tracks %v, want both", epoch, named)
		}
		pictured := slices.ContainsFunc(got, func(seg *livews.Segment) bool {
			return seg.Position.Epoch == epoch && seg.Type == livews.TypeChunk && seg.Track == 1
		})
		if !pictured {
			t.Errorf("epoch %d has no picture", epoch)
		}
	}
	first := slices.IndexFunc(got, func(seg *livews.Segment) bool { return seg.Position.Epoch == last })
	if epochs > 1 && (got[first].Type != livews.TypeInit || got[first+1].Track != 1 || got[first+1].Type != livews.TypeChunk) {
		t.Errorf("the new epoch begins with %v %v", got[first].Track, got[first+1])
	}
	if b.held != int64(len(video.init)+len(audio.init)) || a.bytes != 0 {
		t.Errorf("%d bytes are held, and %d are paid, want those of two init segments", a.bytes, b.held)
	}
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
