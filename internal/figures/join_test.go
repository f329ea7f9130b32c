package figures_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews/livewstest"
)

const (
	// groupChunks of groupChunk bytes are 2 s of 4 Mbit/s.
	groupChunks = 2 * chunkRate
	groupChunk  = 1_000_000 / groupChunks
)

// TestJoin measures the time from the upgrade request until the newest group is there,
// beside that of a bare connection which gets as much by one Write.
func TestJoin(t *testing.T) {
	measuring(t)
	const present, joins, turns, turn = 1000, 37, 5, 2 * time.Second
	n := serve(t, "")
	f := n.publish(t, "cam1", &livewstest.SourceOptions{Tracks: 1, Chunks: 1 << 20, ChunkDuration: chunkDuration, Size: groupChunk})
	f.write(groupChunks)
	f.most = 200 // the group hardly grows any more
	const size = groupChunks * groupChunk
	bare := start(t, order{Addr: bareServer(t, size), Viewers: joins, Joins: turn, Bytes: size})
	ours := start(t, order{Addr: n.addr, Target: "/live/cam1", Viewers: joins, Joins: turn, Bytes: size})
	measure := func(title string) {
		results := []*joined{{name: "bare", child: bare}, {name: "ours", child: ours}}
		for range turns {
			for _, r := range results {
				r.turn(f, turn)
			}
		}
		for _, r := range results {
			t.Logf("%s, %s: %v", title, r.name, r.all)
			t.Logf("%s, %s, first byte of media: %v", title, r.name, r.first)
		}
		base, got := results[0].all, results[1].all
		t.Logf("%s: ratio p50 %.2f, p99 %.2f", title, got.ratio(base, 0.5), got.ratio(base, 0.99))
	}
	measure("nobody there")
	start(t, order{Addr: n.addr, Target: "/live/cam1", Viewers: present}).ask(question{})
	f.paceEvery(200*time.Millisecond, 2*time.Second)
	measure("1,000 viewers there")
}

// joined is what joiners have measured.
type joined struct {
	name       string
	child      *child
	all, first delays
}

// turn lets the joiners come once while the others are fed at a low rate.
func (j *joined) turn(f *feed, d time.Duration) {
	if j.all == nil {
		j.all, j.first = make(delays), make(delays)
	}
	j.child.tell(question{Come: true})
	f.paceEvery(200*time.Millisecond, d)
	a := j.child.hear()
	j.all.add(a.Delays)
	j.first.add(a.First)
}

// TestStorm measures how much later chunks come to viewers while many others join within
// a second.
func TestStorm(t *testing.T) {
	measuring(t)
	for _, tt := range []struct {
		name string
		stay bool
	}{
		{"and leave when they are live", false},
		{"and stay", true},
	} {
		t.Run(tt.name, func(t *testing.T) { storm(t, tt.stay) })
	}
}

func storm(t *testing.T, stay bool) {
	const present, joins, turns = 200, 1000, 6
	n := serve(t, "")
	f := n.publish(t, "cam1", video(8<<10))
	f.write(4 * chunkRate)
	viewers := start(t, order{Addr: n.addr, Target: "/live/cam1", Viewers: present})
	viewers.ask(question{})
	f.pace(2 * time.Second)
	before, during, after, took := make(delays), make(delays), make(delays), make(delays)
	var ratios []float64 // of the turns: one that something else disturbed shows
	for range turns {
		calm := f.turn(viewers, 3*time.Second)
		before.add(calm)
		crowd := start(t, order{Addr: n.addr, Target: "/live/cam1", Viewers: joins, Joins: time.Second, Stay: stay})
		crowd.ask(question{}) // it runs
		viewers.ask(question{})
		crowd.tell(question{Come: true})
		f.pace(1200 * time.Millisecond)
		rush := viewers.ask(question{}).Delays
		during.add(rush)
		ratios = append(ratios, rush.ratio(calm, 0.99))
		f.pace(time.Second) // the last ones wait for a chunk
		took.add(crowd.hear().Delays)
		after.add(f.turn(viewers, 2*time.Second))
		crowd.stop()
		f.pace(time.Second)
	}
	t.Logf("%d viewers before: %v", present, before)
	t.Logf("while %d join: %v", joins, during)
	t.Logf("afterwards: %v", after)
	t.Logf("until a joiner is live: %v", took)
	t.Logf("p99 ratio of each turn: %.2f", ratios)
	t.Logf("ratio during to before: p50 %.2f, p99 %.2f; after to before: p50 %.2f, p99 %.2f",
		during.ratio(before, 0.5), during.ratio(before, 0.99), after.ratio(before, 0.5), after.ratio(before, 0.99))
}

// bareServer answers the first byte of each connection with so many, by one Write.
func bareServer(t *testing.T, size int) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	group := make([]byte, size)
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			served.Go(func() {
				defer conn.Close()
				var one [1]byte
				if _, err := conn.Read(one[:]); err == nil {
					_, _ = conn.Write(group)
					_, _ = conn.Read(one[:]) // until it leaves
				}
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		served.Wait()
	})
	return ln.Addr().String()
}
