package livewstest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

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
	init := func() *livews.Segment {
		return &livews.Segment{Type: livews.TypeInit, Track: 1, Info: &livews.Track{Number: 1, Timescale: 1}}
	}
	chunk := func(at string) *livews.Segment {
		seg := &livews.Segment{Type: livews.TypeChunk, Track: 1, Position: pos(at)}
		if seg.Position.Chunk == 0 {
			seg.Flags = livews.FlagFirst | livews.FlagSync
		}
		return seg
	}
	gap := func(seg *livews.Segment, from, to string) *livews.Segment {
		seg.Gap = &livews.Gap{From: pos(from), To: pos(to), Reason: livews.GapSlow}
		return seg
	}
	noSync := chunk("1.0.0")
	noSync.Flags = livews.FlagFirst
	for name, tt := range map[string]struct {
		segs []*livews.Segment
		want string // in the last segment's error; empty: none
	}{
		"all is well":            {[]*livews.Segment{init(), chunk("1.0.0"), chunk("1.0.1"), chunk("1.1.0"), init(), chunk("2.0.0")}, ""},
		"a gap is well":          {[]*livews.Segment{init(), chunk("1.0.0"), gap(chunk("1.4.0"), "1.0.0", "1.4.0")}, ""},
		"chunk before init":      {[]*livews.Segment{chunk("1.0.0")}, "before an init segment"},
		"starts inside a group":  {[]*livews.Segment{init(), chunk("1.0.1")}, "middle of a group"},
		"starts without sync":    {[]*livews.Segment{init(), noSync}, "without a sync sample"},
		"starts with a gap":      {[]*livews.Segment{init(), gap(chunk("1.1.0"), "0.0.0", "1.1.0")}, "begins with a gap"},
		"duplicate":              {[]*livews.Segment{init(), chunk("1.0.0"), chunk("1.0.0")}, "comes after"},
		"goes back":              {[]*livews.Segment{init(), chunk("1.1.0"), chunk("1.0.0")}, "comes after"},
		"older epoch":            {[]*livews.Segment{init(), chunk("2.0.0"), chunk("1.9.0")}, "comes after"},
		"hole in a group":        {[]*livews.Segment{init(), chunk("1.0.0"), chunk("1.0.2")}, "without a gap"},
		"hole of a group":        {[]*livews.Segment{init(), chunk("1.0.0"), chunk("1.2.0")}, "without a gap"},
		"gap without a hole":     {[]*livews.Segment{init(), chunk("1.0.0"), gap(chunk("1.0.1"), "1.0.0", "1.0.1")}, "nothing is missing"},
		"gap ends elsewhere":     {[]*livews.Segment{init(), chunk("1.0.0"), gap(chunk("1.2.0"), "1.0.0", "1.3.0")}, "ends elsewhere"},
		"gap begins too late":    {[]*livews.Segment{init(), chunk("1.0.0"), gap(chunk("1.2.0"), "1.0.1", "1.2.0")}, "leaves out"},
		"gap into a group":       {[]*livews.Segment{init(), chunk("1.0.0"), gap(chunk("1.2.1"), "1.0.0", "1.2.1")}, "middle of a group"},
		"init with a gap":        {[]*livews.Segment{gap(init(), "1.0.0", "1.2.0")}, "init segment"},
		"no message can hold it": {[]*livews.Segment{{Type: livews.TypeChunk}}, "malformed"},
	} {
		var c livewstest.Checker
		var err error
		for i, seg := range tt.segs {
			if err = c.WriteSegment(t.Context(), seg); err != nil && i < len(tt.segs)-1 {
				t.Errorf("%s: segment %d: %v", name, i, err)
			}
		}
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, tt.want)
		}
	}
	resumed := livewstest.Checker{Resumed: map[uint16]livews.Position{1: pos("1.0.4")}}
	if err := errors.Join(resumed.WriteSegment(t.Context(), init()), resumed.WriteSegment(t.Context(), chunk("1.0.5"))); err != nil {
		t.Errorf("resumed: %v", err)
	}
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
