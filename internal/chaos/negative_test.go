package chaos_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/internal/chaos"
	"github.com/livews/websocketlivestream/livews"
)

// spoiler misbehaves once.
type spoiler struct {
	name string
	// give returns what comes in place of a chunk.
	give func(seg *livews.Segment) []*livews.Segment
	// at is the number in its group of the chunk, which is in the first group where first
	// is set.
	at    uint32
	first bool
	// want is what the bench has to say.
	want string
}

var spoilers = []spoiler{
	{name: "a duplicate", give: twice, at: 3, want: "comes after"},
	{name: "an old group start", give: back, at: 0, want: "comes after"},
	{name: "a hole without a notice", give: nothing, at: 3, want: "without a gap"},
	{name: "a hole at the end of a group without a notice", give: nothing, at: 4, want: "without a gap"},
	{name: "a notice without a hole", give: notice, at: 3, want: "nothing is missing"},
	{name: "changed bytes", give: changed, at: 3, want: "changed bytes"},
	{name: "a changed header", give: moved, at: 3, want: "changed header"},
	{name: "a start that is no group start", give: nothing, first: true, want: "middle of a group"},
}

func twice(seg *livews.Segment) []*livews.Segment { return []*livews.Segment{seg, again(seg)} }

func nothing(*livews.Segment) []*livews.Segment { return nil }

func back(seg *livews.Segment) []*livews.Segment {
	old := again(seg)
	old.Position.Group--
	return []*livews.Segment{seg, old}
}

func notice(seg *livews.Segment) []*livews.Segment {
	told := again(seg)
	told.Gap = &livews.Gap{From: livews.Position{Epoch: 1}, To: seg.Position, Reason: livews.GapLost}
	return []*livews.Segment{told}
}

func changed(seg *livews.Segment) []*livews.Segment {
	other := again(seg)
	other.Payload = append([]byte(nil), seg.Payload...)
	other.Payload[len(other.Payload)-1] ^= 1
	return []*livews.Segment{other}
}

func moved(seg *livews.Segment) []*livews.Segment {
	other := again(seg)
	other.DecodeTime += time.Millisecond
	return []*livews.Segment{other}
}

// again returns a copy of seg that may be changed.
func again(seg *livews.Segment) *livews.Segment {
	return &livews.Segment{
		Type: seg.Type, Flags: seg.Flags, Track: seg.Track, Position: seg.Position, DecodeTime: seg.DecodeTime,
		Duration: seg.Duration, WallClock: seg.WallClock, Info: seg.Info, Payload: seg.Payload, Gap: seg.Gap,
	}
}

// TestChaosFinds is the negative control of the bench: what misbehaves once, at a server in
// the tree or in front of a viewer, is found and named.
func TestChaosFinds(t *testing.T) {
	t.Parallel()
	for _, s := range spoilers {
		for _, where := range []string{"r2 takes in cam1", "v0 views cam1"} {
			t.Run(s.name+", "+where, func(t *testing.T) {
				t.Parallel()
				found := s.run(t, where)
				if !strings.Contains(found, where) || !strings.Contains(found, s.want) {
					t.Errorf("found %q, want %q", found, s.want)
				}
			})
		}
	}
}

// run runs a chain in which s misbehaves and returns the first that was found.
func (s *spoiler) run(t *testing.T, where string) string {
	t.Helper()
	w := newWorld(t, chain())
	if strings.HasPrefix(where, "v0") {
		w.Viewers[0].Spoil = s.wrap()
	} else {
		w.Node("r2").Spoil = s.wrap()
	}
	start(t, w)
	select {
	case <-w.Findings.Some():
		return w.Findings.Lines()[0]
	case <-time.After(chaos.Recovery):
		return ""
	}
}

// wrap returns what makes a Source misbehave.
func (s *spoiler) wrap() func(livews.Source) livews.Source {
	var done atomic.Bool
	return func(src livews.Source) livews.Source {
		var due []*livews.Segment
		chunks := 0
		return livews.SourceFunc(func(ctx context.Context) (*livews.Segment, error) {
			for len(due) == 0 {
				seg, err := src.ReadSegment(ctx)
				if err != nil {
					return nil, err
				}
				due = []*livews.Segment{seg}
				if seg.Type != livews.TypeChunk {
					continue
				}
				chunks++
				now := s.first || chunks > 15 && seg.Position.Chunk == s.at
				if now && done.CompareAndSwap(false, true) {
					due = s.give(seg)
				}
			}
			seg := due[0]
			due = due[1:]
			return seg, nil
		})
	}
}
