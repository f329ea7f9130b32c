package livews_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// fill writes n segments of src to relay.
func fill(t testing.TB, relay *livews.Relay, src livews.Source, n int) {
	t.Helper()
	for range n {
		seg, err := src.ReadSegment(t.Context())
		if err != nil {
			t.Fatalf("source: %v", err)
		}
		if err := relay.WriteSegment(t.Context(), seg); err != nil {
			t.Fatalf("WriteSegment: %v", err)
		}
	}
}

// due returns what sub has to give now, as "1:1.2.3" for chunks, with the gap before
// them as "slow>1:1.2.3", and "1:init" for init segments.
func due(t testing.TB, sub *livews.Subscription) []string {
	t.Helper()
	var got []string
	for {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		seg, err := sub.ReadSegment(ctx)
		cancel()
		if err == io.EOF {
			return append(got, "EOF")
		}
		if err != nil {
			return got
		}
		switch {
		case seg.Type == livews.TypeInit:
			got = append(got, fmt.Sprintf("%d:init", seg.Track))
		case seg.Gap != nil:
			got = append(got, fmt.Sprintf("%s>%d:%v", seg.Gap.Reason, seg.Track, seg.Position))
		default:
			got = append(got, fmt.Sprintf("%d:%v", seg.Track, seg.Position))
		}
	}
}

func expect(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// one returns a source of one track with two chunks of 1 s in a group.
func one() *livewstest.Source {
	return livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Chunks: 2, ChunkDuration: time.Second})
}

// two returns the same with two tracks.
func two() *livewstest.Source {
	return livewstest.NewSource(&livewstest.SourceOptions{Chunks: 2, ChunkDuration: time.Second})
}

func TestSubscribeStarts(t *testing.T) {
	at := func(p string) livews.Position {
		pos, err := livews.ParsePosition(p)
		if err != nil {
			t.Fatal(err)
		}
		return pos
	}
	after := func(p string) *livews.SubscribeOptions {
		return &livews.SubscribeOptions{After: map[uint16]livews.Position{1: at(p)}}
	}
	for _, tt := range []struct {
		name string
		opts *livews.SubscribeOptions
		want []string
	}{
		{"live edge", nil, []string{"1:init", "1:1.3.0"}},
		{"oldest", &livews.SubscribeOptions{Start: livews.StartOldest, Lossless: true}, []string{"1:init", "1:1.1.0", "1:1.1.1", "1:1.2.0", "1:1.2.1", "1:1.3.0"}},
		{"after a chunk in the window", after("1.2.0"), []string{"1:init", "1:1.2.1", "1:1.3.0"}},
		{"after the end of a group", after("1.2.1"), []string{"1:init", "1:1.3.0"}},
		{"after the newest", after("1.3.0"), []string{"1:init"}},
		{"ahead of the newest", after("1.3.1"), []string{"1:init"}},
		{"after an evicted chunk", after("1.0.0"), []string{"1:init", "evicted>1:1.1.0", "1:1.1.1", "1:1.2.0", "1:1.2.1", "1:1.3.0"}},
		{"after an older epoch", after("0.7.1"), []string{"1:init", "restart>1:1.3.0"}},
		{"ahead in a newer epoch", after("2.0.0"), nil},
		{"a track that is not there", &livews.SubscribeOptions{Tracks: []uint16{9}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				relay := livews.NewRelay(&livews.RelayOptions{Window: 4 * time.Second})
				fill(t, relay, one(), 1+7) // groups 1, 2 and half of 3 stay
				if tt.opts != nil {
					tt.opts.MaxLag = time.Hour
				}
				expect(t, due(t, relay.Subscribe(tt.opts)), tt.want...)
			})
		})
	}
}

// TestSubscribePlace fixes the place at the subscription, not at the first read.
func TestSubscribePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay, src := livews.NewRelay(nil), one()
		fill(t, relay, src, 1+2)
		sub := relay.Subscribe(nil)
		fill(t, relay, src, 2)
		expect(t, due(t, sub), "1:init", "1:1.0.0", "1:1.0.1", "1:1.1.0", "1:1.1.1")
	})
}

// TestSubscribeEarly gives a subscriber who is there before the stream all of it, the
// init segments of all tracks first.
func TestSubscribeEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay, src := livews.NewRelay(nil), two()
		sub := relay.Subscribe(nil)
		fill(t, relay, src, 2+3)
		expect(t, due(t, sub), "1:init", "2:init", "1:1.0.0", "2:1.0.0", "1:1.0.1")
	})
}

// TestJoinTracksTogether starts all tracks with the same group, also when the newest
// group has only just begun in one of them.
func TestJoinTracksTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay, src := livews.NewRelay(nil), two()
		fill(t, relay, src, 2+4+1) // 1:1.1.0 is there, 2:1.1.0 not yet
		sub := relay.Subscribe(nil)
		expect(t, due(t, sub), "1:init", "2:init", "1:1.1.0")
		fill(t, relay, src, 2)
		expect(t, due(t, sub), "2:1.1.0", "1:1.1.1")
	})
}

// TestLateTrack lets a subscriber of all tracks learn of one that appears later, and
// keeps it from one who did not ask.
func TestLateTrack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := livews.NewRelay(nil)
		all := relay.Subscribe(nil)
		first := relay.Subscribe(&livews.SubscribeOptions{Tracks: []uint16{1}})
		fill(t, relay, one(), 1+1)
		expect(t, due(t, all), "1:init", "1:1.0.0")
		second := two()
		for range 2 + 2 {
			seg, err := second.ReadSegment(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := relay.WriteSegment(t.Context(), seg); err != nil {
				t.Fatal(err)
			}
		}
		expect(t, due(t, all), "2:init", "2:1.0.0")
		expect(t, due(t, first), "1:init", "1:1.0.0")
	})
}

// TestSkip moves a reader that lags too much to the newest group start, all its
// tracks together, with one gap in each.
func TestSkip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay, src := livews.NewRelay(nil), two()
		sub := relay.Subscribe(&livews.SubscribeOptions{MaxLag: 2 * time.Second})
		fill(t, relay, src, 2+4) // group 0
		seg := make([]*livews.Segment, 3)
		if n, err := sub.ReadSegments(t.Context(), seg, 0); n != 3 || err != nil {
			t.Fatalf("ReadSegments = %d, %v", n, err)
		} // both inits and 1:1.0.0
		time.Sleep(3 * time.Second)
		fill(t, relay, src, 4+4+2)                        // groups 1 and 2, half of 3
		expect(t, due(t, sub), "slow>1:1.3.0", "2:1.3.0") // of track 2 nothing was read yet
	})
}

// TestSkipWaitsForGroup does not skip within the newest group, whatever the lag.
func TestSkipWaitsForGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := livews.NewRelay(nil)
		src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Chunks: 8, ChunkDuration: time.Second})
		fill(t, relay, src, 1+7)
		sub := relay.Subscribe(&livews.SubscribeOptions{MaxLag: time.Second})
		one, err := sub.ReadSegment(t.Context())
		if err != nil || one.Type != livews.TypeInit {
			t.Fatalf("ReadSegment = %v, %v", one, err)
		}
		if one, err = sub.ReadSegment(t.Context()); err != nil || one.Position.Chunk != 0 {
			t.Fatalf("ReadSegment = %v, %v", one, err)
		}
		time.Sleep(2 * time.Second)
		fill(t, relay, src, 1)
		if one, err = sub.ReadSegment(t.Context()); err != nil || one.Position.Chunk != 1 {
			t.Fatalf("ReadSegment = %v, %v, want chunk 1", one, err)
		}
		fill(t, relay, src, 1)
		expect(t, due(t, sub), "slow>1:1.1.0")
	})
}

// TestLossless gives a recorder everything, or tells what had left the window.
func TestLossless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay, src := livews.NewRelay(&livews.RelayOptions{Window: 4 * time.Second}), one()
		sub := relay.Subscribe(&livews.SubscribeOptions{Lossless: true, MaxLag: time.Second})
		fill(t, relay, src, 1+4)
		expect(t, due(t, sub), "1:init", "1:1.0.0", "1:1.0.1", "1:1.1.0", "1:1.1.1")
		fill(t, relay, src, 10) // groups 2 to 6, of which 4 to 6 stay
		expect(t, due(t, sub), "evicted>1:1.4.0", "1:1.4.1", "1:1.5.0", "1:1.5.1", "1:1.6.0", "1:1.6.1")
	})
}

// TestMaxBytes keeps the window within its bytes, also when one group alone is more.
func TestMaxBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, limit = 1000, 5500
		relay := livews.NewRelay(&livews.RelayOptions{MaxBytes: limit})
		src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Chunks: 20, Size: size})
		fill(t, relay, src, 1+5)
		sub := relay.Subscribe(nil)
		for range 14 {
			fill(t, relay, src, 1)
			if got := relay.Stats().Bytes; got > limit {
				t.Fatalf("window of %d bytes, at most %d", got, limit)
			}
		}
		expect(t, due(t, relay.Subscribe(nil)), "1:init") // no group start is left
		expect(t, due(t, sub), "1:init")
		fill(t, relay, src, 1+1)
		expect(t, due(t, sub), "1:1.1.0")
	})
}

// TestDuplicates takes each chunk once, whoever sends it again.
func TestDuplicates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := livews.NewRelay(nil)
		sub := relay.Subscribe(nil)
		for range 3 {
			fill(t, relay, one(), 1+3)
		}
		expect(t, due(t, sub), "1:init", "1:1.0.0", "1:1.0.1", "1:1.1.0")
	})
}

// TestHole drops what does not follow, and tells of it at the next group start.
func TestHole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay, src := livews.NewRelay(nil), livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Chunks: 4})
		sub := relay.Subscribe(nil)
		fill(t, relay, src, 1+2)
		if _, err := src.ReadSegment(t.Context()); err != nil { // 1.0.2 is lost
			t.Fatal(err)
		}
		fill(t, relay, src, 2)
		expect(t, due(t, sub), "1:init", "1:1.0.0", "1:1.0.1", "lost>1:1.1.0")

		for range 2 { // 1.1.1 is lost, and 1.1.2 left out
			seg, err := src.ReadSegment(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if seg.Position.Chunk == 2 {
				fill(t, relay, livews.SourceFunc(func(context.Context) (*livews.Segment, error) { return seg, nil }), 1)
			}
		}
		fill(t, relay, livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Epoch: 2}), 1+1)
		expect(t, due(t, sub), "1:init", "lost>1:2.0.0")
	})
}

// TestUpstreamGap passes on what an upstream has told, to those whom it concerns.
func TestUpstreamGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay, src := livews.NewRelay(nil), one()
		sub := relay.Subscribe(&livews.SubscribeOptions{MaxLag: time.Hour})
		fill(t, relay, src, 1+2)
		for range 4 {
			_, _ = src.ReadSegment(t.Context())
		}
		seg, err := src.ReadSegment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seg.Gap = &livews.Gap{From: livews.Position{Epoch: 1, Chunk: 1}, To: seg.Position, Reason: livews.GapSlow}
		if err := relay.WriteSegment(t.Context(), seg); err != nil {
			t.Fatal(err)
		}
		expect(t, due(t, sub), "1:init", "1:1.0.0", "1:1.0.1", "slow>1:1.3.0")
		expect(t, due(t, relay.Subscribe(nil)), "1:init", "1:1.3.0")
	})
}

// TestEpoch lets a source start again under its subscribers: the new init segment
// comes before the first chunk that needs it, and a track that is gone is not told to
// newcomers.
func TestEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := livews.NewRelay(nil)
		sub := relay.Subscribe(nil)
		fill(t, relay, two(), 2+3)
		fill(t, relay, livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Epoch: 5}), 1+1)
		fill(t, relay, two(), 2+1) // an old source that comes back from the dead
		expect(t, due(t, sub), "1:init", "2:init", "1:1.0.0", "2:1.0.0", "1:1.0.1", "1:init", "1:5.0.0")
		expect(t, due(t, relay.Subscribe(nil)), "1:init", "1:5.0.0")
		if got := len(relay.Stats().Tracks); got != 1 {
			t.Errorf("stats name %d tracks, want 1", got)
		}
	})
}

// TestEpochOrder keeps the init segments of a new epoch behind the chunks of the old
// one that a slow reader still has to get.
func TestEpochOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := livews.NewRelay(nil)
		sub := relay.Subscribe(nil)
		fill(t, relay, two(), 2+3) // one chunk more of track 1 than of track 2
		dst := make([]*livews.Segment, 4)
		if n, err := sub.ReadSegments(t.Context(), dst, 0); n != 4 || err != nil {
			t.Fatalf("ReadSegments = %d, %v", n, err)
		} // 1:1.0.1 is left
		fill(t, relay, livewstest.NewSource(&livewstest.SourceOptions{Epoch: 5, Tracks: 3}), 3+1)
		expect(t, due(t, sub), "1:1.0.1", "1:init", "2:init", "3:init", "1:5.0.0")
	})
}

func TestSelect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay, src := livews.NewRelay(nil), two()
		sub := relay.Subscribe(&livews.SubscribeOptions{Tracks: []uint16{1}})
		fill(t, relay, src, 2+5)
		expect(t, due(t, sub), "1:init", "1:1.0.0", "1:1.0.1", "1:1.1.0")
		sub.Select([]uint16{2})
		fill(t, relay, src, 1)
		expect(t, due(t, sub), "2:init", "2:1.0.0", "2:1.0.1", "2:1.1.0")
		sub.Select(nil)
		fill(t, relay, src, 2)
		expect(t, due(t, sub), "1:init", "1:1.1.0", "1:1.1.1", "2:1.1.1")
	})
}

// TestResumeEmpty resumes at a relay that has nothing yet, as one that was started
// again: what came between is covered by one gap.
func TestResumeEmpty(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after livews.Position
		want  []string
	}{
		{"some groups later", livews.Position{Epoch: 1, Group: 1}, []string{"lost>1:1.4.0", "1:1.4.1", "1:1.5.0"}},
		{"in the group before", livews.Position{Epoch: 1, Group: 3}, []string{"lost>1:1.4.0", "1:1.4.1", "1:1.5.0"}},
		{"another epoch", livews.Position{Group: 3, Chunk: 1}, []string{"restart>1:1.4.0", "1:1.4.1", "1:1.5.0"}},
		{"in the first group", livews.Position{Epoch: 1, Group: 4}, []string{"1:1.4.1", "1:1.5.0"}},
		{"its end", livews.Position{Epoch: 1, Group: 4, Chunk: 1}, []string{"1:1.5.0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, inits := range []int{0, 1} {
				synctest.Test(t, func(t *testing.T) {
					relay, src := livews.NewRelay(nil), one()
					fill(t, relay, src, inits)
					sub := relay.Subscribe(&livews.SubscribeOptions{After: map[uint16]livews.Position{1: tt.after}})
					fill(t, relay, src, 1-inits)
					for range 4 * 2 {
						if _, err := src.ReadSegment(t.Context()); err != nil {
							t.Fatal(err)
						}
					}
					fill(t, relay, src, 3)
					expect(t, due(t, sub), append([]string{"1:init"}, tt.want...)...)
				})
			}
		})
	}
}

// TestLyingGap gives readers the notice that fits what they have, whatever the server
// above says.
func TestLyingGap(t *testing.T) {
	for _, tt := range []struct {
		name string
		skip int // chunks that do not come
		lie  livews.Gap
		want *livews.Gap
	}{
		{
			"elsewhere", 1,
			livews.Gap{From: livews.Position{Epoch: 1, Group: 7}, To: livews.Position{Epoch: 9}, Reason: livews.GapSlow},
			&livews.Gap{From: livews.Position{Epoch: 1}, To: livews.Position{Epoch: 1, Group: 1}, Reason: livews.GapSlow},
		},
		{"nothing is missing", 0, livews.Gap{From: livews.Position{Epoch: 1}, To: livews.Position{Epoch: 1, Chunk: 1}, Reason: livews.GapSlow}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			relay, src := livews.NewRelay(nil), one()
			fill(t, relay, src, 2)
			sub := relay.Subscribe(nil)
			for range tt.skip {
				if _, err := src.ReadSegment(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			seg, err := src.ReadSegment(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			seg.Gap = &tt.lie
			if err := relay.WriteSegment(t.Context(), seg); err != nil {
				t.Fatal(err)
			}
			var got *livews.Segment
			for range 3 {
				if got, err = sub.ReadSegment(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if (got.Gap == nil) != (tt.want == nil) || tt.want != nil && *got.Gap != *tt.want {
				t.Errorf("gap %+v, want %+v", got.Gap, tt.want)
			}
		})
	}
}

// TestSelectStartsLive starts a track that is selected later with its newest group, also
// for one who began with the oldest.
func TestSelectStartsLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay, src := livews.NewRelay(nil), two()
		fill(t, relay, src, 2+3*4)
		sub := relay.Subscribe(&livews.SubscribeOptions{Tracks: []uint16{1}, Start: livews.StartOldest, Lossless: true})
		expect(t, due(t, sub), "1:init", "1:1.0.0", "1:1.0.1", "1:1.1.0", "1:1.1.1", "1:1.2.0", "1:1.2.1")
		sub.Select(nil)
		expect(t, due(t, sub), "2:init", "2:1.2.0", "2:1.2.1")
	})
}

func TestRelayEnd(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		name  string
		close func(*livews.Relay) error
		want  error
	}{
		{"clean", (*livews.Relay).Close, io.EOF},
		{"with an error", func(r *livews.Relay) error { return r.CloseWithError(broken) }, broken},
		{"first cause wins", func(r *livews.Relay) error { return errors.Join(r.CloseWithError(broken), r.Close()) }, broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				relay := livews.NewRelay(nil)
				waiting := relay.Subscribe(&livews.SubscribeOptions{Tracks: []uint16{9}})
				ended := make(chan error)
				go func() {
					_, err := waiting.ReadSegment(t.Context())
					ended <- err
				}()
				sub := relay.Subscribe(nil)
				fill(t, relay, one(), 1+1)
				synctest.Wait()
				if err := tt.close(relay); err != nil {
					t.Errorf("close = %v", err)
				}
				if err := <-ended; err != tt.want {
					t.Errorf("blocked ReadSegment = %v, want %v", err, tt.want)
				}
				for range 2 { // what is due comes first
					if _, err := sub.ReadSegment(t.Context()); err != nil {
						t.Errorf("ReadSegment = %v", err)
					}
				}
				if _, err := sub.ReadSegment(t.Context()); err != tt.want {
					t.Errorf("ReadSegment = %v, want %v", err, tt.want)
				}
				seg, _ := one().ReadSegment(t.Context())
				if err := relay.WriteSegment(t.Context(), seg); err != livews.ErrClosed {
					t.Errorf("WriteSegment = %v, want ErrClosed", err)
				}
			})
		})
	}
}

func TestWriteSegmentRefuses(t *testing.T) {
	relay := livews.NewRelay(nil)
	chunk := &livews.Segment{Type: livews.TypeChunk, Track: 1, Flags: livews.FlagSync | livews.FlagFirst, Position: livews.Position{Epoch: 1}}
	if err := relay.WriteSegment(t.Context(), chunk); err == nil {
		t.Error("a chunk before its init segment is taken")
	}
	if err := relay.WriteSegment(t.Context(), &livews.Segment{}); !errors.Is(err, livews.ErrMessage) {
		t.Errorf("a segment that is none: %v, want ErrMessage", err)
	}
	for i := range 100 {
		track := uint16(i + 1)
		err := relay.WriteSegment(t.Context(), &livews.Segment{
			Type: livews.TypeInit, Track: track, Info: &livews.Track{Number: track, Timescale: 1},
		})
		if (err != nil) != (i >= 64) {
			t.Errorf("init segment of track %d: %v", track, err)
		}
	}
}

// TestReadSegmentContext leaves no trace of readers that have gone while the stream
// was silent.
func TestReadSegmentContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := livews.NewRelay(nil)
		fill(t, relay, two(), 2)
		for range 1000 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			sub := relay.Subscribe(nil)
			for {
				if _, err := sub.ReadSegment(ctx); err != nil {
					if err != context.DeadlineExceeded {
						t.Fatalf("ReadSegment = %v", err)
					}
					break
				}
			}
			cancel()
		}
		if got := livews.Waiting(relay); got != 0 {
			t.Errorf("%d cursors wait, want 0", got)
		}
	})
}

// TestForgottenReaders leaves no trace of readers that were woken by one track, and have
// then gone, in the other, where nothing comes any more.
func TestForgottenReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := livews.NewRelay(nil)
		both(t, relay, "init1")
		after := make(map[uint16]livews.Position)
		for i := range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			sub := relay.Subscribe(&livews.SubscribeOptions{After: after})
			after[1] = livews.Position{Epoch: 1, Group: uint32(i)}
			go func() {
				for seg, err := range livews.All(ctx, sub) {
					if err != nil || seg.Type == livews.TypeChunk {
						return
					}
				}
			}()
			synctest.Wait()
			if got := livews.Waiting(relay); got != 2 {
				t.Fatalf("%d cursors wait, want 2", got)
			}
			if i%2 == 1 {
				cancel() // at the same time as the chunk
			}
			put(t, relay, 1, after[1].String())
			synctest.Wait()
			cancel()
			if got := livews.Waiting(relay); got != 0 {
				t.Fatalf("after reader %d %d cursors wait, want 0", i, got)
			}
		}
	})
}

// TestRelayTorture lets readers of all habits loose on a relay and checks each one's
// view of the stream.
func TestRelayTorture(t *testing.T) {
	relay := livews.NewRelay(&livews.RelayOptions{Window: 3 * time.Second, MaxBytes: 1 << 20})
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 3, Groups: 400, Chunks: 7})
	var readers sync.WaitGroup
	for i := range 24 {
		opts := &livews.SubscribeOptions{MaxLag: time.Duration(1+i%4) * 500 * time.Millisecond, Lossless: i%5 == 0, Start: livews.Start(i % 2)}
		if i%3 == 0 {
			opts.Tracks = []uint16{uint16(1 + i%2), 3}
		}
		sub := relay.Subscribe(opts)
		rng := rand.New(rand.NewPCG(1, uint64(i)))
		readers.Go(func() {
			if err := torment(t.Context(), sub, rng); err != nil {
				t.Errorf("reader %d: %v", i, err)
			}
		})
	}
	if err := livews.Copy(t.Context(), relay, src); err != nil {
		t.Fatal(err)
	}
	_ = relay.Close()
	readers.Wait()
	if got := livews.Waiting(relay); got != 0 {
		t.Errorf("%d cursors wait, want 0", got)
	}
}

// torment reads sub to its end in batches of all sizes, sometimes not at all for a
// while, and checks what it gives.
func torment(ctx context.Context, sub *livews.Subscription, rng *rand.Rand) error {
	var c livewstest.Checker
	dst := make([]*livews.Segment, 16)
	for {
		n, err := sub.ReadSegments(ctx, dst[:1+rng.IntN(len(dst))], rng.IntN(2000))
		if err == io.EOF {
			if stats := sub.Stats(); stats.Segments != int64(c.Segments) || stats.Gaps != int64(c.Gaps) {
				return fmt.Errorf("stats %+v, want %d segments and %d gaps", stats, c.Segments, c.Gaps)
			}
			return nil
		}
		if err != nil {
			return err
		}
		for _, seg := range dst[:n] {
			if err := errors.Join(c.WriteSegment(ctx, seg), livewstest.CheckProof(seg)); err != nil {
				return err
			}
		}
		if rng.IntN(20) == 0 {
			time.Sleep(time.Duration(rng.IntN(3)) * time.Millisecond)
		}
	}
}

// TestReadAllocs keeps the reading of a chunk free of allocations.
func TestReadAllocs(t *testing.T) {
	relay, src := livews.NewRelay(nil), two()
	sub := relay.Subscribe(nil)
	fill(t, relay, src, 2+1)
	ctx := t.Context()
	for range 3 {
		if _, err := sub.ReadSegment(ctx); err != nil {
			t.Fatal(err)
		}
	}
	segs := make([]*livews.Segment, 0, 1001)
	for range cap(segs) {
		seg, err := src.ReadSegment(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := seg.Frame(); err != nil {
			t.Fatal(err)
		}
		segs = append(segs, seg)
	}
	allocs := testing.AllocsPerRun(1000, func() {
		if err := relay.WriteSegment(ctx, segs[0]); err != nil {
			t.Fatal(err)
		}
		segs = segs[1:]
		if _, err := sub.ReadSegment(ctx); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 0 {
		t.Errorf("a write and a read make %v allocations, want 0", allocs)
	}
}
