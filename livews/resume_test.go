package livews_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

func pos(t testing.TB, s string) livews.Position {
	t.Helper()
	p, err := livews.ParsePosition(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// put writes the segments of a track that the words name: "init" of an epoch, as in
// "init2", and chunks, as in "2.0.0". Chunks last a second, groups have two.
func put(t testing.TB, relay *livews.Relay, track uint16, words string) {
	t.Helper()
	for word := range strings.FieldsSeq(words) {
		seg := &livews.Segment{Type: livews.TypeChunk, Track: track}
		if epoch, ok := strings.CutPrefix(word, "init"); ok {
			seg.Type, seg.Info, seg.Position = livews.TypeInit, &livews.Track{Number: track, Timescale: 1}, pos(t, epoch+".0.0")
		} else {
			seg.Position = pos(t, word)
			seg.DecodeTime = time.Duration(2*seg.Position.Group+seg.Position.Chunk) * time.Second
			if seg.Position.Chunk == 0 {
				seg.Flags = livews.FlagFirst | livews.FlagSync
			}
		}
		if err := relay.WriteSegment(t.Context(), seg); err != nil {
			t.Fatalf("%s: %v", word, err)
		}
	}
}

// view returns what sub gives now, by its words, and holds it to the promises.
func view(t testing.TB, sub *livews.Subscription, c *livewstest.Checker) string {
	t.Helper()
	var words []string
	for seg := livews.Next(sub); seg != nil; seg = livews.Next(sub) {
		if err := c.WriteSegment(t.Context(), seg); err != nil {
			t.Error(err)
		}
		word := seg.Position.String()
		switch {
		case seg.Type == livews.TypeInit:
			word = "init" + strings.TrimSuffix(word, ".0.0")
		case seg.Gap != nil:
			word = seg.Gap.Reason + ">" + word
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// TestResume resumes everywhere: within the window, before it, ahead of it, and where the
// log is empty.
func TestResume(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before string // in the log when the reader comes; the window is of 4 s
		after  string
		then   string // comes later
		first  string // what the reader gets at first
		rest   string // what it gets later
	}{
		{"exact", "init1 1.0.0 1.0.1 1.1.0", "1.0.0", "1.1.1", "init1 1.0.1 1.1.0", "1.1.1"},
		{"at a group's end", "init1 1.0.0 1.0.1 1.1.0", "1.0.1", "1.1.1", "init1 1.1.0", "1.1.1"},
		{"at the newest", "init1 1.0.0 1.0.1", "1.0.1", "1.1.0 1.1.1", "init1", "1.1.0 1.1.1"},
		{"into the next epoch", "init1 1.0.0 1.0.1 init2 2.0.0", "1.0.0", "2.0.1", "init1 1.0.1 init2 2.0.0", "2.0.1"},
		{"into the middle of the next epoch", "init1 1.0.0 1.0.1", "1.0.0", "init2 2.3.0", "init1 1.0.1", "init2 lost>2.3.0"},
		{"at an epoch's end", "init1 1.0.0 1.0.1 init2 2.0.0", "1.0.1", "2.0.1", "init2 2.0.0", "2.0.1"},

		{"evicted", "init1 1.0.0 1.0.1 1.1.0 1.1.1 1.2.0 1.2.1 1.3.0 1.3.1 1.4.0", "1.0.0", "1.4.1", "init1 evicted>1.2.0 1.2.1 1.3.0 1.3.1 1.4.0", "1.4.1"},
		{"the newest that was evicted", "init1 1.0.0 1.0.1 1.1.0 1.1.1 1.2.0 1.2.1 1.3.0 1.3.1 1.4.0", "1.1.1", "1.4.1", "init1 1.2.0 1.2.1 1.3.0 1.3.1 1.4.0", "1.4.1"},
		{"before a hole", "init1 1.0.0 1.0.1 1.5.0", "1.0.1", "1.5.1", "init1 lost>1.5.0", "1.5.1"},
		{"in a hole", "init1 1.0.0 1.0.1 1.5.0", "1.2.0", "1.5.1", "init1 lost>1.5.0", "1.5.1"},
		{"older than all that came", "init1 1.5.0 1.5.1", "1.2.0", "1.6.0", "init1 lost>1.5.0 1.5.1", "1.6.0"},
		{"restart", "init2 2.3.0 2.3.1 2.4.0", "1.7.0", "2.4.1", "init2 restart>2.4.0", "2.4.1"},
		{"the end of the epoch was not seen", "init1 1.0.0 1.0.1 init2 2.0.0", "1.3.0", "2.0.1", "init2 restart>2.0.0", "2.0.1"},

		{"empty", "", "1.3.0", "init1 1.3.0 1.3.1", "", "init1 1.3.1"},
		{"empty, then from before", "", "1.3.0", "init1 1.2.0 1.2.1 1.3.0 1.3.1", "", "init1 1.3.1"},
		{"empty, then from before its group's end", "", "1.3.1", "init1 1.3.0 1.3.1 1.4.0", "", "init1 1.4.0"},
		{"empty, then from after", "", "1.3.0", "init1 1.4.0 1.4.1", "", "init1 lost>1.4.0 1.4.1"},
		{"empty, then another epoch", "", "1.3.0", "init2 2.0.0 2.0.1", "", "init2 restart>2.0.0 2.0.1"},
		{"empty, then an older epoch at first", "init1", "2.3.0", "1.7.0 1.7.1 init2 2.3.0 2.3.1", "", "init2 2.3.1"},
		{"init segment only", "init1", "1.3.0", "1.3.0 1.3.1", "init1", "1.3.1"},

		{"ahead", "init1 1.0.0 1.0.1", "1.2.0", "1.1.0 1.1.1 1.2.0 1.2.1 1.3.0", "init1", "1.2.1 1.3.0"},
		{"ahead, then a hole", "init1 1.0.0 1.0.1", "1.2.0", "1.4.0", "init1", "lost>1.4.0"},
		{"ahead, then a hole before it", "init1 1.0.0 1.0.1", "1.2.0", "1.2.0 1.2.1", "init1", "1.2.1"},
		{"ahead, then another epoch", "init1 1.0.0 1.0.1", "1.2.0", "1.1.0 init2 2.0.0", "init1", "init2 restart>2.0.0"},
		{"ahead of all in the window", "init1 1.0.0 1.0.1", "1.6.0", "1.1.0 1.1.1 1.2.0 1.2.1 1.3.0 1.3.1 1.4.0 1.4.1 1.5.0 1.5.1 1.6.0 1.6.1", "init1", "1.6.1"},
		{"a later epoch", "init1 1.0.0 1.0.1", "2.1.0", "1.1.0 init2 2.0.0 2.0.1 2.1.0 2.1.1", "", "init2 2.1.1"},
		{"a later epoch, then from after", "init1 1.0.0 1.0.1", "2.1.0", "init2 2.4.0", "", "init2 lost>2.4.0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, idle := range []bool{false, true} { // whether the reader is away meanwhile
				synctest.Test(t, func(t *testing.T) {
					relay := livews.NewRelay(&livews.RelayOptions{Window: 4 * time.Second})
					put(t, relay, 1, tt.before)
					after := map[uint16]livews.Position{1: pos(t, tt.after)}
					sub := relay.Subscribe(&livews.SubscribeOptions{After: after, MaxLag: time.Hour})
					clear(after) // the subscription has its own
					c := livewstest.Checker{Resumed: map[uint16]livews.Position{1: pos(t, tt.after)}, Chunks: 2}
					want := tt.first
					if got := view(t, sub, &c); got != want {
						t.Errorf("at first: %q, want %q", got, want)
					}
					if !idle {
						var words []string
						for word := range strings.FieldsSeq(tt.then) {
							put(t, relay, 1, word)
							if got := view(t, sub, &c); got != "" {
								words = append(words, got)
							}
						}
						if got := strings.Join(words, " "); got != tt.rest {
							t.Errorf("later: %q, want %q", got, tt.rest)
						}
						return
					}
					put(t, relay, 1, tt.then)
					if got := view(t, sub, &c); got != tt.rest {
						t.Errorf("later, at once: %q, want %q", got, tt.rest)
					}
				})
			}
		})
	}
}

// TestResumeIdle lets one who is ahead of the log come back late: what it has already is no
// lag.
func TestResumeIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := livews.NewRelay(nil)
		put(t, relay, 1, "init1 1.0.0 1.0.1")
		after := map[uint16]livews.Position{1: pos(t, "1.3.0")}
		sub := relay.Subscribe(&livews.SubscribeOptions{After: after, MaxLag: time.Second})
		c := livewstest.Checker{Resumed: after, Chunks: 2}
		for _, word := range []string{"1.1.0", "1.1.1", "1.2.0", "1.2.1", "1.3.0"} {
			time.Sleep(time.Second)
			put(t, relay, 1, word)
		}
		if got, want := view(t, sub, &c), "init1"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		put(t, relay, 1, "1.3.1 1.4.0")
		if got, want := view(t, sub, &c), "1.3.1 1.4.0"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestFrom begins with a group, in all tracks that have no position of their own.
func TestFrom(t *testing.T) {
	const stream = "init3 3.0.0 3.0.1 3.1.0 3.1.1 3.2.0 3.2.1 3.3.0 3.3.1 3.4.0" // 3.2.0 and later stay
	for _, tt := range []struct {
		name  string
		from  string
		after string // of track 1
		then  string // in both tracks
		want  [2]string
	}{
		{"older than the window", "3.0.0", "", "", [2]string{"init3 3.2.0 3.2.1 3.3.0 3.3.1 3.4.0", "init3 3.2.0 3.2.1 3.3.0 3.3.1 3.4.0"}},
		{"an older epoch", "2.9.0", "", "", [2]string{"init3 3.2.0 3.2.1 3.3.0 3.3.1 3.4.0", "init3 3.2.0 3.2.1 3.3.0 3.3.1 3.4.0"}},
		{"within", "3.3.0", "", "", [2]string{"init3 3.3.0 3.3.1 3.4.0", "init3 3.3.0 3.3.1 3.4.0"}},
		{"within, whatever the chunk", "3.3.1", "", "", [2]string{"init3 3.3.0 3.3.1 3.4.0", "init3 3.3.0 3.3.1 3.4.0"}},
		{"the newest", "3.4.0", "", "", [2]string{"init3 3.4.0", "init3 3.4.0"}},
		{"the newest, whatever the chunk", "3.4.9", "", "", [2]string{"init3 3.4.0", "init3 3.4.0"}},
		{"newer than all", "3.6.0", "", "3.4.1 3.5.0", [2]string{"init3 3.4.0 3.4.1 3.5.0", "init3 3.4.0 3.4.1 3.5.0"}},
		{"a later epoch", "4294967295.0.0", "", "3.4.1", [2]string{"init3 3.4.0 3.4.1", "init3 3.4.0 3.4.1"}},
		{"with a position in one track", "3.2.0", "3.3.0", "3.4.1", [2]string{"init3 3.3.1 3.4.0 3.4.1", "init3 3.2.0 3.2.1 3.3.0 3.3.1 3.4.0 3.4.1"}},
		{"with an evicted position in one track", "3.4.0", "3.1.0", "", [2]string{"init3 evicted>3.2.0 3.2.1 3.3.0 3.3.1 3.4.0", "init3 3.4.0"}},
	} {
		for i := range 2 {
			t.Run(tt.name, func(t *testing.T) {
				relay := livews.NewRelay(&livews.RelayOptions{Window: 4 * time.Second})
				opts := &livews.SubscribeOptions{From: pos(t, tt.from), Tracks: []uint16{uint16(i + 1)}}
				if tt.after != "" {
					opts.After = map[uint16]livews.Position{1: pos(t, tt.after)}
				}
				both(t, relay, stream)
				sub := relay.Subscribe(opts)
				c := livewstest.Checker{Resumed: opts.After}
				words := []string{view(t, sub, &c)}
				both(t, relay, tt.then)
				if rest := view(t, sub, &c); rest != "" {
					words = append(words, rest)
				}
				if got := strings.TrimSpace(strings.Join(words, " ")); got != tt.want[i] {
					t.Errorf("track %d: %q, want %q", i+1, got, tt.want[i])
				}
			})
		}
	}
}

// TestFromEarly waits for no group where there is nothing yet: of a chain of relays that
// open a stream one for the other none may wait for what its first reader dreams of.
func TestFromEarly(t *testing.T) {
	relay := livews.NewRelay(nil)
	sub := relay.Subscribe(&livews.SubscribeOptions{From: pos(t, "1.2.0")})
	put(t, relay, 1, "init1 1.0.0 1.0.1 1.1.0")
	if got, want := view(t, sub, new(livewstest.Checker)), "init1 1.0.0 1.0.1 1.1.0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFromNowhere keeps one reader's wish from holding back all others of the node for
// which the stream is opened with it, and of the nodes above.
func TestFromNowhere(t *testing.T) {
	for name, req := range map[string]*livews.Request{
		"from":               {From: pos(t, "4294967295.0.0")},
		"from, in its epoch": {From: pos(t, "1.4294967295.0")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ingress := new(livews.Streams)
				defer ingress.Close()
				publish(t, ingress, "cam1", newPacedIn(1))
				time.Sleep(5 * time.Second)
				middle := below(ingress)
				defer middle.Close()
				edge := below(middle)
				defer edge.Close()
				req.Name = "cam1"
				_, leave, err := edge.JoinAs(t.Context(), req)
				if err != nil {
					t.Fatal(err)
				}
				defer leave()
				for i, s := range []*livews.Streams{edge, middle} {
					relay, leave, err := s.Join(t.Context(), "cam1")
					if err != nil {
						t.Fatal(err)
					}
					defer leave()
					ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
					defer cancel()
					for seg, err := range livews.All(ctx, relay.Subscribe(nil)) {
						if err != nil {
							t.Errorf("another reader, %d above the first: %v", i, err)
						}
						if err != nil || seg.Type == livews.TypeChunk {
							break
						}
					}
				}
			})
		})
	}
}

// below returns a node that takes all its streams from upstream.
func below(upstream *livews.Streams) *livews.Streams {
	return &livews.Streams{Open: func(ctx context.Context, req *livews.Request) (livews.Source, error) {
		relay, leave, err := upstream.JoinAs(ctx, req)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, leave)
		return relay.Subscribe(&livews.SubscribeOptions{From: req.From}), nil
	}}
}

// both writes the words to tracks 1 and 2 in turn.
func both(t testing.TB, relay *livews.Relay, words string) {
	t.Helper()
	for word := range strings.FieldsSeq(words) {
		put(t, relay, 1, word)
		put(t, relay, 2, word)
	}
}
