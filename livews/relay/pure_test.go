package relay

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

func TestChoose(t *testing.T) {
	path := func(s string) []string { return strings.Fields(s) }
	for _, tt := range []struct {
		name string
		all  []candidate
		w    wanted
		want []int
	}{
		{"in order of preference", []candidate{{stream: unknown}, {stream: unknown}}, wanted{}, []int{0, 1}},
		{"known before unknown", []candidate{{stream: unknown}, {stream: has, path: path("a")}}, wanted{}, []int{1, 0}},
		{"not who lacks it", []candidate{{stream: lacks}, {stream: unknown}}, wanted{}, []int{1}},
		{"no way", []candidate{{stream: has}, {stream: has, path: path("a")}}, wanted{}, []int{1}},
		{"no circle", []candidate{{stream: has, path: path("a me i")}, {stream: has, path: path("b i")}}, wanted{via: path("x me")}, []int{1}},
		{"not too long", []candidate{{stream: has, path: slices.Repeat(path("a"), livews.MaxPath)}, {stream: has, path: slices.Repeat(path("a"), livews.MaxPath-1)}}, wanted{}, []int{1}},
		{"not of an older epoch", []candidate{{stream: has, path: path("a"), epoch: 1}, {stream: has, path: path("b"), epoch: 2}}, wanted{epoch: 2}, []int{1}},
		{"the higher epoch first", []candidate{{stream: has, path: path("a"), epoch: 1}, {stream: has, path: path("b"), epoch: 2}}, wanted{epoch: 1}, []int{1, 0}},
		{"an epoch that is not known yet is no worse", []candidate{{stream: has, path: path("a")}, {stream: has, path: path("b"), epoch: 2}}, wanted{epoch: 1}, []int{0, 1}},
		{"nearest", []candidate{{stream: has, path: path("a b i")}, {stream: has, path: path("c i"), rtt: 2}, {stream: has, path: path("d i"), rtt: 1, viewers: 9}, {stream: has, path: path("e i"), rtt: 1}}, wanted{order: Nearest}, []int{3, 2, 1, 0}},
		{"preferred though further", []candidate{{stream: has, path: path("a b i")}, {stream: has, path: path("c i")}}, wanted{}, []int{0, 1}},
	} {
		for i := range tt.all {
			tt.all[i].index = i
		}
		var got []int
		for _, c := range choose(tt.all, tt.w) {
			got = append(got, c.index)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestPrefers(t *testing.T) {
	near := candidate{index: 1, stream: has, path: []string{"a"}, rtt: 10 * time.Millisecond}
	far := candidate{index: 0, stream: has, path: []string{"a"}, rtt: 40 * time.Millisecond}
	jitter := candidate{index: 2, stream: has, path: []string{"a"}, rtt: 25 * time.Millisecond}
	deep := candidate{index: 3, stream: has, path: []string{"a", "b"}}
	for _, tt := range []struct {
		name  string
		order Order
		a, b  candidate
		want  bool
	}{
		{"earlier in the list", Preferred, far, near, true},
		{"later in the list", Preferred, near, far, false},
		{"clearly nearer", Nearest, near, far, true},
		{"a little nearer", Nearest, jitter, far, false},
		{"further", Nearest, far, near, false},
		{"fewer hops", Nearest, far, deep, true},
		{"not known to have it", Preferred, candidate{stream: unknown}, near, false},
	} {
		if got := (wanted{order: tt.order}).prefers(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: prefers = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestPace(t *testing.T) {
	ms := func(n ...int) (d []time.Duration) {
		for _, n := range n {
			d = append(d, time.Duration(n)*time.Millisecond)
		}
		return d
	}
	for _, tt := range []struct {
		name         string
		video, audio []time.Duration
		want         time.Duration
	}{
		{"nothing known", nil, nil, firstPatience},
		{"one chunk", ms(0), nil, firstPatience},
		{"quick chunks", ms(0, 33, 66, 100), ms(0, 100, 200), time.Second},
		{"slow chunks", ms(0, 2000, 4000, 6000), nil, 6 * time.Second},
		{"the shorter track", ms(0, 2000, 4000), ms(0, 500, 1000, 1500), 1500 * time.Millisecond},
		{"one long step", ms(0, 500, 1000, 9000, 9500, 10000), nil, 1500 * time.Millisecond},
		{"jumps do not count", ms(0, 500, 1000, 90000, 5, 505), nil, 1500 * time.Millisecond},
	} {
		var p pace
		for _, at := range tt.video {
			p.note(&livews.Segment{Track: 1, DecodeTime: at})
		}
		for _, at := range tt.audio {
			p.note(&livews.Segment{Track: 2, DecodeTime: at})
		}
		if got := p.patience(); got != tt.want {
			t.Errorf("%s: patience = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestGiven(t *testing.T) {
	var g given
	for i, tt := range []struct {
		at, told string // position, and reason of the gap told
		want     string // reason of the gap given, "ok", or "no"
	}{
		{"1.3.4", "", "no"}, // no group start yet
		{"1.4.0", "evicted", "ok"},
		{"1.4.1", "", "ok"},
		{"1.4.1", "", "no"},
		{"1.4.0", "", "no"},
		{"1.4.3", "", "no"}, // leaves a hole
		{"1.4.2", "slow", "ok"},
		{"1.5.0", "", "ok"},
		{"1.5.2", "", "no"},
		{"1.6.0", "", "lost"},
		{"1.8.0", "", "lost"},
		{"1.9.0", "slow", "slow"},
		{"2.0.0", "", "ok"},
		{"1.9.1", "", "no"},
		{"4.0.0", "restart", "restart"},
	} {
		p, err := livews.ParsePosition(tt.at)
		if err != nil {
			t.Fatal(err)
		}
		seg := &livews.Segment{Type: livews.TypeChunk, Track: 1, Position: p}
		if p.Chunk == 0 {
			seg.Flags = livews.FlagFirst
		}
		if tt.told != "" {
			seg.Gap = &livews.Gap{From: livews.Position{Epoch: 1}, To: p, Reason: tt.told}
		}
		last := g.last(1)
		got := "no"
		if seg = g.admit(seg); seg != nil {
			got = "ok"
			if seg.Gap != nil {
				got = seg.Gap.Reason
				if seg.Gap.From != last || seg.Gap.To != p {
					t.Errorf("chunk %d: gap %+v, want it from %v", i, *seg.Gap, last)
				}
			}
		}
		if got != tt.want {
			t.Errorf("chunk %d at %s: %s, want %s", i, tt.at, got, tt.want)
		}
	}
}

// TestGivenInits has an init segment of a new epoch pass once, and none of an older one after
// that.
func TestGivenInits(t *testing.T) {
	var g given
	for i, tt := range []struct {
		track uint16
		epoch uint32
		want  bool
	}{{1, 1, true}, {2, 1, true}, {1, 1, false}, {1, 2, true}, {2, 1, false}, {1, 1, false}, {1, 2, false}, {2, 2, true}} {
		seg := &livews.Segment{Type: livews.TypeInit, Track: tt.track, Position: livews.Position{Epoch: tt.epoch}, Info: new(livews.Track)}
		if got := g.admit(seg) != nil; got != tt.want {
			t.Errorf("init segment %d, of track %d and epoch %d: admitted = %v, want %v", i, tt.track, tt.epoch, got, tt.want)
		}
	}
	if g.epoch != 2 {
		t.Errorf("epoch = %d, want 2", g.epoch)
	}
}

func TestMerge(t *testing.T) {
	stream := func(name string, epoch uint32, path ...string) livews.StreamInfo {
		return livews.StreamInfo{Name: name, Epoch: epoch, Path: path}
	}
	node := func(streams ...livews.StreamInfo) report {
		return report{live: true, told: true, node: &wire.Node{Directory: livews.Directory{Complete: true, Streams: streams}}}
	}
	gone := node(stream("z", 1, "c", "i"))
	gone.live = false
	d := merge([]report{
		node(stream("a", 1, "a", "x", "i"), stream("b", 1, "a", "me", "i"), stream("e", 1, "a", "i"), stream("no/../name", 1, "a")),
		node(stream("a", 1, "b", "i"), stream("c", 1), stream("e", 2, "b", "y", "i")),
		gone,
	}, "me")
	var got []string
	for _, s := range d.Streams {
		got = append(got, s.Name+":"+strings.Join(s.Path, ">"))
	}
	if want := "a:b>i e:b>y>i z:c>i"; strings.Join(got, " ") != want || d.Complete {
		t.Errorf("merge = %v, complete %v, want %s, incomplete", got, d.Complete, want)
	}
	if d := merge([]report{node(), node()}, "me"); !d.Complete || len(d.Streams) > 0 {
		t.Errorf("merge = %+v of two that have nothing, want complete and empty", d)
	}
}
