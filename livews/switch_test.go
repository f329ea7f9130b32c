package livews_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// TestSwitch changes from track 1 to track 2 while a reader is in the midst of a group; track 3 stays.
func TestSwitch(t *testing.T) {
	for _, tt := range []struct {
		name    string
		then    []string // "N words": written to track N after the switch
		want    string
		pending bool // the switch is not over
	}{
		{"in step", []string{"1 1.1.1", "2 1.1.1", "3 1.1.1", "1 1.2.0", "2 1.2.0", "3 1.2.0", "1 1.2.1", "2 1.2.1"}, "2:init 1:1.1.1 3:1.1.1 2:1.2.0 3:1.2.0 2:1.2.1", false},
		{"the new one is first", []string{"2 1.1.1 1.2.0 1.2.1", "1 1.1.1 1.2.0", "3 1.2.0"}, "2:init 1:1.1.1 2:1.2.0 2:1.2.1 3:1.2.0", false},
		{"the new one is late", []string{"1 1.1.1 1.2.0 1.2.1", "2 1.1.1", "3 1.2.0"}, "2:init 1:1.1.1 3:1.2.0", true},
		{"the new one is silent", []string{"1 1.1.1 1.2.0 1.2.1 1.3.0 1.3.1"}, "2:init 1:1.1.1 1:1.2.0 1:1.2.1", true},
		{"the new one comes back", []string{"1 1.1.1 1.2.0 1.2.1 1.3.0", "2 1.3.0", "1 1.3.1", "2 1.3.1"}, "2:init 1:1.1.1 1:1.2.0 1:1.2.1 2:1.3.0 2:1.3.1", false},
		{"the old one is silent", []string{"2 1.1.1 1.2.0 1.2.1 1.3.0"}, "2:init 2:1.2.0 2:1.2.1 2:1.3.0", false},
		{"the old one misses the border", []string{"1 1.1.1", "2 1.1.1 1.2.0", "1 1.3.0", "2 1.2.1 1.3.0"}, "2:init 1:1.1.1 2:1.2.0 2:1.2.1 2:1.3.0", false},
		{"the new one begins later", []string{"1 1.1.1 1.2.0", "2 1.3.0", "1 1.2.1 1.3.0", "2 1.3.1"}, "2:init 1:1.1.1 1:1.2.0 1:1.2.1 2:1.3.0 2:1.3.1", false},
		{"a new epoch", []string{"1 init5", "2 init5", "1 5.0.0", "2 5.0.0"}, "2:init 1:init 2:init 2:5.0.0", false},
		{"a new epoch, and the new one is late", []string{"1 init5 5.0.0", "2 init5 5.0.0", "1 5.0.1 5.1.0", "2 5.1.0"}, "2:init 1:init 1:5.0.0 2:init 1:5.0.1 2:5.1.0", false},
		{"a new epoch without the old one", []string{"1 1.1.1", "2 init5 5.0.0 5.0.1"}, "2:init 1:1.1.1 2:init 2:5.0.0 2:5.0.1", false},
		{"a new epoch without the new one", []string{"1 init5 5.0.0 5.0.1"}, "2:init 1:init 1:5.0.0 1:5.0.1", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			relay, sub := inStep(t)
			sub.Switch([]uint16{2, 3})
			c := &livewstest.Checker{}
			got := viewAll(t, sub, c)
			for _, words := range tt.then {
				put(t, relay, uint16(words[0]-'0'), words[2:])
				got += viewAll(t, sub, c)
			}
			if got != tt.want+" " {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if livews.Crossing(sub) != tt.pending {
				t.Errorf("crossing = %v, want %v", !tt.pending, tt.pending)
			}
		})
	}
}

// inStep returns a relay with three tracks in the midst of group 1, and one who has read
// tracks 1 and 3 of that.
func inStep(t *testing.T) (*livews.Relay, *livews.Subscription) {
	t.Helper()
	relay := livews.NewRelay(nil)
	for track := range uint16(3) {
		put(t, relay, track+1, "init1 1.0.0 1.0.1 1.1.0")
	}
	sub := relay.Subscribe(&livews.SubscribeOptions{Tracks: []uint16{1, 3}})
	if got, want := viewAll(t, sub, nil), "1:init 3:init 1:1.1.0 3:1.1.0 "; got != want {
		t.Fatalf("at first: %s, want %s", got, want)
	}
	return relay, sub
}

// viewAll returns what sub gives now with its tracks; c may be nil.
func viewAll(t *testing.T, sub *livews.Subscription, c *livewstest.Checker) string {
	t.Helper()
	var got string
	for seg := livews.Next(sub); seg != nil; seg = livews.Next(sub) {
		if c != nil {
			if err := c.WriteSegment(t.Context(), seg); err != nil && seg.Track != 1 && seg.Track != 3 { // those have begun before c
				t.Error(err)
			}
		}
		word := seg.Position.String()
		if seg.Type == livews.TypeInit {
			word = "init"
		}
		if seg.Gap != nil {
			word = seg.Gap.Reason + ">" + word
		}
		got += string(rune('0'+seg.Track)) + ":" + word + " "
	}
	return got
}

// TestSwitchEnds gives all that is there when the stream ends in the midst of a switch, in
// one rendition.
func TestSwitchEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		then []string
		want string
	}{
		{"the new one is late", []string{"1 1.1.1 1.2.0 1.2.1"}, "2:init 1:1.1.1 1:1.2.0 1:1.2.1"},
		{"the old one is late", []string{"1 1.1.1", "2 1.1.1 1.2.0 1.2.1"}, "2:init 1:1.1.1 2:1.2.0 2:1.2.1"},
		{"neither", []string{"1 1.1.1", "2 1.1.1"}, "2:init 1:1.1.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			relay, sub := inStep(t)
			sub.Switch([]uint16{2, 3})
			for _, words := range tt.then {
				put(t, relay, uint16(words[0]-'0'), words[2:])
			}
			got := viewAll(t, sub, nil)
			_ = relay.Close()
			if got += viewAll(t, sub, nil); got != tt.want+" " {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestSwitchSlowToSilence skips where the rendition that was asked for gives nothing.
func TestSwitchSlowToSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay, sub := inStep(t)
		sub.Switch([]uint16{2})
		sub.SetMaxLag(time.Nanosecond)
		for _, words := range []string{"1.1.1", "1.2.0 1.2.1", "1.3.0 1.3.1", "1.4.0"} {
			time.Sleep(time.Millisecond)
			put(t, relay, 1, words)
		}
		if got, want := viewAll(t, sub, nil), "2:init "; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		sub.SetMaxLag(time.Hour)
		put(t, relay, 1, "1.4.1 1.5.0")
		if got, want := viewAll(t, sub, nil), "1:slow>1.4.0 1:1.4.1 "; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestSwitchBesideSilence goes on with one track that goes while the other one is silent.
func TestSwitchBesideSilence(t *testing.T) {
	relay, sub := inStep(t)
	sub.Switch([]uint16{2})
	put(t, relay, 1, "1.1.1 1.2.0 1.2.1 1.3.0")
	if got, want := viewAll(t, sub, nil), "2:init 1:1.1.1 1:1.2.0 1:1.2.1 "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestSwitchToDead changes to a rendition and to a track that a new epoch does not have
// any more: nobody waits for that.
func TestSwitchToDead(t *testing.T) {
	relay, sub := inStep(t)
	for track := range uint16(2) {
		put(t, relay, track+1, "init5 5.0.0")
	}
	if got, want := viewAll(t, sub, nil), "1:init 1:5.0.0 "; got != want {
		t.Fatalf("at first: %s, want %s", got, want)
	}
	sub.Select([]uint16{1})
	sub.Switch([]uint16{2, 3})
	put(t, relay, 1, "5.0.1 5.1.0")
	put(t, relay, 2, "5.0.1 5.1.0")
	if got, want := viewAll(t, sub, nil), "2:init 1:5.0.1 2:5.1.0 "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestSwitchBehind goes on in the rendition that it has asked for with what it has not read yet.
func TestSwitchBehind(t *testing.T) {
	relay, sub := inStep(t)
	put(t, relay, 1, "1.1.1 1.2.0 1.2.1 1.3.0")
	put(t, relay, 2, "1.1.1 1.2.0 1.2.1 1.3.0")
	sub.Switch([]uint16{2, 3})
	if got, want := viewAll(t, sub, nil), "2:init 1:1.1.1 2:1.2.0 2:1.2.1 2:1.3.0 "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestSwitchAgain replaces a switch that is not over.
func TestSwitchAgain(t *testing.T) {
	for _, tt := range []struct {
		name string
		then func(*livews.Subscription)
		want string
	}{
		{"back", func(s *livews.Subscription) { s.Switch([]uint16{1, 3}) }, "1:1.1.1 1:1.2.0 "},
		{"to all", func(s *livews.Subscription) { s.Select(nil) }, "2:init 2:1.1.0 1:1.1.1 2:1.1.1 1:1.2.0 2:1.2.0 "},
		{"at once", func(s *livews.Subscription) { s.Select([]uint16{2, 3}) }, "2:init 2:1.1.0 2:1.1.1 2:1.2.0 "},
		{"the same", func(s *livews.Subscription) { s.Switch([]uint16{2, 3}) }, "2:init 1:1.1.1 2:1.2.0 "},
		{"nothing comes", func(s *livews.Subscription) { s.Switch([]uint16{3}) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			relay, sub := inStep(t)
			sub.Switch([]uint16{2, 3})
			tt.then(sub)
			put(t, relay, 1, "1.1.1")
			put(t, relay, 2, "1.1.1")
			put(t, relay, 1, "1.2.0")
			put(t, relay, 2, "1.2.0")
			if got := viewAll(t, sub, nil); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestSwitchSlow skips in the midst of a switch: the tracks that come begin with the
// newest group.
func TestSwitchSlow(t *testing.T) {
	relay, sub := inStep(t)
	sub.Switch([]uint16{2, 3})
	sub.SetMaxLag(time.Nanosecond)
	time.Sleep(time.Millisecond)
	for _, words := range []string{"1.1.1", "1.2.0 1.2.1", "1.3.0 1.3.1", "1.4.0"} {
		for track := range uint16(3) {
			put(t, relay, track+1, words)
		}
		time.Sleep(time.Millisecond)
	}
	if got, want := viewAll(t, sub, nil), "2:init 2:1.4.0 3:slow>1.4.0 "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestSwitchWakes wakes one who waits, and leaves no cursor behind.
func TestSwitchWakes(t *testing.T) {
	relay, sub := inStep(t)
	if segs, all, err := poll(sub); len(segs) > 0 || !all || err != nil {
		t.Fatalf("Poll = %v, %v, %v", segs, all, err)
	}
	sub.Switch([]uint16{2, 3})
	if n := livews.Waiting(relay); n != 0 {
		t.Errorf("%d cursors wait, want 0", n)
	}
	put(t, relay, 1, "1.1.1 1.2.0")
	put(t, relay, 2, "1.1.1 1.2.0")
	viewAll(t, sub, nil)
	_, _, _ = poll(sub)
	if n := livews.Waiting(relay); n != 2 {
		t.Errorf("%d cursors wait, want those of tracks 2 and 3", n)
	}
}

func poll(sub *livews.Subscription) ([]*livews.Segment, bool, error) {
	var one [1]*livews.Segment
	n, all, err := sub.Poll(one[:], 0)
	return one[:n], all, err
}

// TestSwitchSeamless switches at random between two renditions whose chunks come at random,
// one up to a group ahead of the other: each chunk is given once, in one of them.
func TestSwitchSeamless(t *testing.T) {
	const groups, perGroup = 60, 3
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		relay := livews.NewRelay(nil)
		put(t, relay, 1, "init1")
		put(t, relay, 2, "init1")
		sub := relay.Subscribe(&livews.SubscribeOptions{Tracks: []uint16{1}, Lossless: true})
		var written [3]int
		given := 0
		read := func() {
			for seg := livews.Next(sub); seg != nil; seg = livews.Next(sub) {
				if seg.Type == livews.TypeInit {
					continue
				}
				if got := int(seg.Position.Group)*perGroup + int(seg.Position.Chunk); got != given || seg.Gap != nil {
					t.Fatalf("seed %d: chunk %d of track %d comes after %d chunks, gap %v", seed, got, seg.Track, given, seg.Gap)
				}
				given++
			}
		}
		for written[1] < groups*perGroup || written[2] < groups*perGroup {
			track := 1 + r.IntN(2)
			if n := written[track]; n < groups*perGroup && n < written[3-track]+perGroup {
				put(t, relay, uint16(track), fmt.Sprintf("1.%d.%d", n/perGroup, n%perGroup))
				written[track]++
			}
			if r.IntN(3) > 0 {
				read()
			}
			if given > 0 && r.IntN(8) == 0 {
				sub.Switch([]uint16{uint16(1 + r.IntN(2))})
			}
		}
		_ = relay.Close()
		read()
		if given != groups*perGroup {
			t.Errorf("seed %d: %d chunks are given, want %d", seed, given, groups*perGroup)
		}
	}
}
