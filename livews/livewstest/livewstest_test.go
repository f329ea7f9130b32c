package livewstest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// Any source can be put through its contract.
func ExampleTestSource() {
	src := livewstest.NewSource(nil)
	fmt.Println(livewstest.TestSource(context.Background(), src, 1000))

	src = livewstest.NewSource(nil)
	torn := livews.SourceFunc(func(ctx context.Context) (*livews.Segment, error) {
		seg, err := src.ReadSegment(ctx)
		if err == nil && seg.Position.Group == 20 {
			return src.ReadSegment(ctx) // loses a chunk
		}
		return seg, err
	})
	fmt.Println(livewstest.TestSource(context.Background(), torn, 1000))
	// Output:
	// <nil>
	// segment 412: track 1: chunk 1.21.0: hole after 1.19.9 without a gap
}

func TestRelayIsSink(t *testing.T) {
	if err := livewstest.TestSink(t.Context(), livews.NewRelay(nil)); err != nil {
		t.Error(err)
	}
}

func TestPipeIsSinkAndSource(t *testing.T) {
	src, sink := livews.Pipe()
	done := make(chan error)
	go func() {
		_, err := src.ReadSegment(t.Context())
		for err == nil {
			_, err = src.ReadSegment(t.Context())
		}
		done <- err
	}()
	if err := livewstest.TestSink(t.Context(), sink); err != nil {
		t.Error(err)
	}
	sink.Close()
	if err := <-done; err != io.EOF {
		t.Errorf("the source ends with %v", err)
	}
}

func TestSubscriptionIsSource(t *testing.T) {
	relay := livews.NewRelay(nil)
	src := livewstest.NewSource(&livewstest.SourceOptions{Groups: 5})
	if err := livews.Copy(t.Context(), relay, src); err != nil {
		t.Fatal(err)
	}
	if err := livewstest.TestSource(t.Context(), relay.Subscribe(&livews.SubscribeOptions{Start: livews.StartOldest, Lossless: true}), 80); err != nil {
		t.Error(err)
	}
	relay.Close()
	if err := livewstest.TestSource(t.Context(), relay.Subscribe(nil), 80); err != nil {
		t.Error(err)
	}
}

// TestCheckerFinds is the negative control: each broken promise is found.
func TestCheckerFinds(t *testing.T) {
	pos := func(s string) livews.Position {
		p, err := livews.ParsePosition(s)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	initOf := func(track uint16, epoch uint32) *livews.Segment {
		return &livews.Segment{
			Type: livews.TypeInit, Track: track, Position: livews.Position{Epoch: epoch},
			Info: &livews.Track{Number: track, Timescale: 1}, Payload: fmt.Appendf(nil, "init of track %d in epoch %d", track, epoch),
		}
	}
	init := func() *livews.Segment { return initOf(1, 1) }
	chunk := func(at string) *livews.Segment {
		seg := &livews.Segment{Type: livews.TypeChunk, Track: 1, Position: pos(at), Payload: livewstest.Proof(1, pos(at), 64)}
		if seg.Position.Chunk == 0 {
			seg.Flags = livews.FlagFirst | livews.FlagSync
		}
		return seg
	}
	gap := func(seg *livews.Segment, from, to string) *livews.Segment {
		seg.Gap = &livews.Gap{From: pos(from), To: pos(to), Reason: livews.GapSlow}
		return seg
	}
	because := func(reason string, seg *livews.Segment) *livews.Segment {
		seg.Gap.Reason = reason
		return seg
	}
	noSync, unmarked, changed := chunk("1.0.0"), chunk("1.0.0"), chunk("1.0.0")
	noSync.Flags = livews.FlagFirst
	unmarked.Flags = livews.FlagSync
	changed.Payload[63] ^= 1
	changedInit := init()
	changedInit.Payload[0] ^= 1
	resumed := livewstest.Checker{Resumed: map[uint16]livews.Position{1: pos("2.0.1")}}
	whole := livewstest.Checker{Chunks: 2}
	type segments = []*livews.Segment
	for name, tt := range map[string]struct {
		segs []*livews.Segment
		want string // in the last segment's error; empty: none
	}{
		"all is well":            {segments{init(), chunk("1.0.0"), chunk("1.0.1"), chunk("1.1.0"), initOf(1, 2), chunk("2.0.0")}, ""},
		"a gap is well":          {segments{init(), chunk("1.0.0"), gap(chunk("1.4.0"), "1.0.0", "1.4.0")}, ""},
		"an epoch in its middle": {segments{init(), chunk("1.0.0"), initOf(1, 2), chunk("2.3.0")}, ""},
		"lost, perhaps":          {segments{init(), chunk("1.0.0"), gap(chunk("1.1.0"), "1.0.0", "1.1.0")}, ""},
		"changed bytes":          {segments{init(), changed}, "payload"},
		"changed init":           {segments{changedInit}, "payload"},
		"chunk before init":      {segments{chunk("1.0.0")}, "before an init segment"},
		"start is not marked":    {segments{init(), unmarked}, "flag"},
		"new epoch, old init":    {segments{init(), chunk("1.0.0"), chunk("2.0.0")}, "under an init segment of epoch 1"},
		"old epoch, new init":    {segments{init(), chunk("1.0.0"), initOf(1, 2), chunk("1.0.1")}, "goes back"},
		"init of an old epoch":   {segments{initOf(1, 2), chunk("2.0.0"), init()}, "goes back"},
		"old in another track":   {segments{init(), initOf(2, 2), chunk("1.0.0")}, "goes back"},
		"epoch without a start":  {segments{init(), chunk("1.0.0"), initOf(1, 2), chunk("2.0.1")}, "without a gap"},
		"gap for no reason":      {segments{init(), chunk("1.0.0"), because("", gap(chunk("1.4.0"), "1.0.0", "1.4.0"))}, "unknown reason"},
		"gap covers too much":    {segments{init(), chunk("1.0.0"), chunk("1.0.1"), gap(chunk("1.4.0"), "1.0.0", "1.4.0")}, "begins elsewhere"},
		"starts inside a group":  {[]*livews.Segment{init(), chunk("1.0.1")}, "middle of a group"},
		"starts without sync":    {[]*livews.Segment{init(), noSync}, "without a sync sample"},
		"starts with a gap":      {[]*livews.Segment{init(), gap(chunk("1.1.0"), "0.0.0", "1.1.0")}, "begins with a gap"},
		"duplicate":              {[]*livews.Segment{init(), chunk("1.0.0"), chunk("1.0.0")}, "comes after"},
		"goes back":              {[]*livews.Segment{init(), chunk("1.1.0"), chunk("1.0.0")}, "comes after"},
		"older epoch":            {[]*livews.Segment{initOf(1, 2), chunk("2.0.0"), chunk("1.9.0")}, "goes back"},
		"hole in a group":        {[]*livews.Segment{init(), chunk("1.0.0"), chunk("1.0.2")}, "without a gap"},
		"hole of a group":        {[]*livews.Segment{init(), chunk("1.0.0"), chunk("1.2.0")}, "without a gap"},
		"gap without a hole":     {[]*livews.Segment{init(), chunk("1.0.0"), gap(chunk("1.0.1"), "1.0.0", "1.0.1")}, "nothing is missing"},
		"gap ends elsewhere":     {[]*livews.Segment{init(), chunk("1.0.0"), gap(chunk("1.2.0"), "1.0.0", "1.3.0")}, "ends elsewhere"},
		"gap begins too late":    {[]*livews.Segment{init(), chunk("1.0.0"), gap(chunk("1.2.0"), "1.0.1", "1.2.0")}, "begins elsewhere"},
		"gap into a group":       {[]*livews.Segment{init(), chunk("1.0.0"), gap(chunk("1.2.1"), "1.0.0", "1.2.1")}, "middle of a group"},
		"init with a gap":        {[]*livews.Segment{gap(init(), "1.0.0", "1.2.0")}, "a gap comes with it"},
		"no message can hold it": {[]*livews.Segment{{Type: livews.TypeChunk}}, "malformed"},
	} {
		c := livewstest.Checker{Proof: true}
		checkLast(t, name, c, tt.segs, tt.want)
	}
	for name, tt := range map[string]struct {
		c    livewstest.Checker
		segs []*livews.Segment
		want string
	}{
		"resumed":               {resumed, segments{initOf(1, 2), chunk("2.0.2")}, ""},
		"resumed, next group":   {resumed, segments{initOf(1, 2), chunk("2.1.0")}, ""},
		"resumed with a gap":    {resumed, segments{initOf(1, 2), gap(chunk("2.3.0"), "2.0.1", "2.3.0")}, ""},
		"resumed, duplicate":    {resumed, segments{initOf(1, 2), chunk("2.0.1")}, "comes after"},
		"resumed, hole":         {resumed, segments{initOf(1, 2), chunk("2.0.3")}, "without a gap"},
		"resumed, older epoch":  {resumed, segments{init()}, "goes back"},
		"whole groups":          {whole, segments{init(), chunk("1.0.0"), chunk("1.0.1"), chunk("1.1.0")}, ""},
		"no end of a group":     {whole, segments{init(), chunk("1.0.0"), chunk("1.1.0")}, "without a gap"},
		"no begin of an epoch":  {whole, segments{init(), chunk("1.0.0"), initOf(1, 2), chunk("2.1.0")}, "without a gap"},
		"gap at a group's end":  {whole, segments{init(), chunk("1.0.0"), chunk("1.0.1"), gap(chunk("1.1.0"), "1.0.1", "1.1.0")}, "nothing is missing"},
		"server could not know": {whole, segments{init(), chunk("1.0.0"), chunk("1.0.1"), because(livews.GapLost, gap(chunk("1.1.0"), "1.0.1", "1.1.0"))}, ""},
	} {
		checkLast(t, name, tt.c, tt.segs, tt.want)
	}
}

// checkLast writes the segments to c: the last one's error has want in it, or is nil if
// that is empty, and the others are well.
func checkLast(t *testing.T, name string, c livewstest.Checker, segs []*livews.Segment, want string) {
	t.Helper()
	var err error
	for i, seg := range segs {
		if err = c.WriteSegment(t.Context(), seg); err != nil && i < len(segs)-1 {
			t.Errorf("%s: segment %d: %v", name, i, err)
		}
	}
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("%s: error %v, want %q in it", name, err, want)
	}
}

// TestPace gives each chunk when it is due, and loses none to a reader that gives up.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Groups: 2, Epoch: 7, Pace: true})
		c := livewstest.Checker{Proof: true, Chunks: 10}
		read := func() *livews.Segment {
			seg, err := src.ReadSegment(t.Context())
			if err := errors.Join(err, c.WriteSegment(t.Context(), seg)); err != nil {
				t.Fatal(err)
			}
			return seg
		}
		read()
		begin := time.Now()
		for i := range 20 {
			if i == 5 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				if _, err := src.ReadSegment(ctx); err != context.DeadlineExceeded {
					t.Errorf("ReadSegment = %v, want DeadlineExceeded", err)
				}
				cancel()
			}
			if i == 15 {
				time.Sleep(250 * time.Millisecond)
			}
			due := begin.Add(time.Duration(i) * 100 * time.Millisecond)
			if late := time.Until(due); late < 0 {
				due = time.Now()
			}
			seg := read()
			if got := time.Now(); !got.Equal(due) {
				t.Errorf("chunk %v comes at %v, want %v", seg.Position, got.Sub(begin), due.Sub(begin))
			}
			if want := begin.Add(seg.DecodeTime); !seg.WallClock.Equal(want) || seg.Position.Epoch != 7 {
				t.Errorf("chunk %v has the wall clock %v, want %v", seg.Position, seg.WallClock, want)
			}
		}
		if _, err := src.ReadSegment(t.Context()); err != io.EOF {
			t.Errorf("ReadSegment = %v, want EOF", err)
		}
	})
}

// TestSuitesFind are the negative controls of TestSource and TestSink.
func TestSuitesFind(t *testing.T) {
	wrapped := livews.SourceFunc(func(context.Context) (*livews.Segment, error) { return nil, fmt.Errorf("end: %w", io.EOF) })
	if err := livewstest.TestSource(t.Context(), wrapped, 1); err == nil {
		t.Error("a wrapped io.EOF passes")
	}
	none := livews.SourceFunc(func(context.Context) (*livews.Segment, error) { return nil, nil })
	if err := livewstest.TestSource(t.Context(), none, 1); err == nil {
		t.Error("a nil segment passes")
	}
	vandal := livews.SinkFunc(func(_ context.Context, seg *livews.Segment) error {
		if seg.Type == livews.TypeChunk {
			seg.Payload[0] ^= 1
		}
		return nil
	})
	if err := livewstest.TestSink(t.Context(), vandal); err == nil {
		t.Error("a sink that changes segments passes")
	}
	if err := livewstest.CheckProof(&livews.Segment{Type: livews.TypeChunk, Track: 1, Payload: livewstest.Proof(2, livews.Position{}, 64)}); err == nil {
		t.Error("a payload that proves another track passes")
	}
}
