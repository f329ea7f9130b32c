package e2e

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
	"github.com/livews/websocketlivestream/livews/relay"
)

// A crowd is a number of viewers of one stream, each with a connection of its own that
// it resumes when it is lost.
type crowd struct {
	viewers []*viewer
	sums    sync.Map // of the payloads by place, as the first saw them
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

// A viewer notes what comes to it.
type viewer struct {
	err     error // set before done
	checker livewstest.Checker

	mu      sync.Mutex
	came    map[uint16][]livews.Position
	newest  time.Time
	longest time.Duration // between two segments since reset
}

// gather lets n viewers join a stream, and returns when all have media.
func gather(t *testing.T, url string, n int) *crowd {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := &crowd{cancel: cancel}
	t.Cleanup(func() {
		cancel()
		c.done.Wait()
	})
	for range n {
		v := &viewer{came: make(map[uint16][]livews.Position)}
		c.viewers = append(c.viewers, v)
		c.done.Go(func() { v.err = c.watch(ctx, v, url) })
	}
	c.waitFor(t, "joins", settleBound, func(v *viewer) bool { return len(v.came) == 2 })
	return c
}

func (c *crowd) watch(ctx context.Context, v *viewer, url string) error {
	up, err := relay.NewUpstream(&relay.UpstreamOptions{URLs: []string{url}})
	if err != nil {
		return err
	}
	src, err := up.Open(ctx, &livews.Request{Name: "cam1"})
	if err != nil {
		return err
	}
	defer src.(io.Closer).Close()
	for {
		seg, err := src.ReadSegment(ctx)
		if err != nil {
			return err
		}
		if err := c.take(ctx, v, seg); err != nil {
			return err
		}
	}
}

// take checks a segment and notes it.
func (c *crowd) take(ctx context.Context, v *viewer, seg *livews.Segment) error {
	if err := v.checker.WriteSegment(ctx, seg); err != nil {
		return err
	}
	at := place{seg.Type == livews.TypeInit, seg.Track, seg.Position}
	sum := crc32.ChecksumIEEE(seg.Payload)
	if first, _ := c.sums.LoadOrStore(at, sum); first != sum {
		return fmt.Errorf("%+v has other bytes than elsewhere", at)
	}
	v.note(seg)
	return nil
}

func (v *viewer) note(seg *livews.Segment) {
	if seg.Type != livews.TypeChunk {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	if !v.newest.IsZero() {
		v.longest = max(v.longest, now.Sub(v.newest))
	}
	v.newest = now
	v.came[seg.Track] = append(v.came[seg.Track], seg.Position)
}

// waitFor waits until what is asked holds for each viewer.
func (c *crowd) waitFor(t *testing.T, what string, bound time.Duration, holds func(*viewer) bool) {
	t.Helper()
	for end := time.Now().Add(bound); ; time.Sleep(20 * time.Millisecond) {
		late := 0
		for _, v := range c.viewers {
			v.mu.Lock()
			if !holds(v) {
				late++
			}
			v.mu.Unlock()
		}
		if late == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %d of %d viewers are late after %v", what, late, len(c.viewers), bound)
		}
	}
}

// live waits until every viewer gets chunks again that are written from now on.
func (c *crowd) live(t *testing.T, bound time.Duration) {
	t.Helper()
	now := time.Now()
	c.waitFor(t, "live again", bound, func(v *viewer) bool { return v.newest.After(now) })
}

// interruption returns the longest time without media among all viewers, and counts
// anew.
func (c *crowd) interruption() time.Duration {
	var longest time.Duration
	for _, v := range c.viewers {
		v.mu.Lock()
		longest = max(longest, v.longest)
		v.longest, v.newest = 0, time.Time{}
		v.mu.Unlock()
	}
	return longest
}

// disperse ends all viewers and checks that none has missed a chunk that the
// reference got, or had any other complaint.
func (c *crowd) disperse(t *testing.T, reference *crowd) {
	t.Helper()
	c.cancel()
	c.done.Wait()
	reference.cancel()
	reference.done.Wait()
	all := reference.viewers[0]
	for i, v := range append([]*viewer{all}, c.viewers...) {
		if v.err != nil && v.err != context.Canceled {
			t.Errorf("viewer %d: %v", i, v.err)
		}
		if v.checker.Gaps > 0 {
			t.Errorf("viewer %d: %d gaps, want none", i, v.checker.Gaps)
		}
		for _, track := range []uint16{1, 2} {
			want, got := overlap(all.came[track], v.came[track])
			if !slices.Equal(want, got) {
				t.Errorf("viewer %d: track %d: %d chunks, want %d: %s", i, track, len(got), len(want), differ(got, want))
			}
		}
		if t.Failed() && i > 5 {
			t.Fatal("and so on")
		}
	}
	c.sums.Range(func(at, sum any) bool {
		if want, ok := reference.sums.Load(at); ok && want != sum {
			t.Errorf("%+v has other bytes than at the ingress", at)
		}
		return true
	})
}

// differ says where two lists of positions part.
func differ(got, want []livews.Position) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("%v in place of %v", got[i], want[i])
		}
	}
	return "one is longer"
}
