package relay_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
	"github.com/livews/websocketlivestream/livews/relay"
)

// patience is how long a test waits for what should come soon, on a machine however slow.
const patience = time.Minute

// eventually fails the test if ok never holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// lists reports whether a node's directory has the stream with this many nodes on its
// way; zero: does not have it.
func lists(t *testing.T, s *server, name string, nodes int) bool {
	t.Helper()
	d, err := s.streams.Directory(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range d.Streams {
		if info.Name == name {
			return len(info.Path) == nodes
		}
	}
	return nodes == 0
}

// live feeds sink every 20 ms until the test ends.
func live(t *testing.T, sink livews.Sink) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		src := livewstest.NewSource(&livewstest.SourceOptions{ChunkDuration: 20 * time.Millisecond, Chunks: 25})
		for n := 0; ; n++ {
			seg, _ := src.ReadSegment(ctx)
			if seg == nil || sink.WriteSegment(ctx, seg) != nil {
				return
			}
			if n%2 == 1 {
				time.Sleep(20 * time.Millisecond)
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

// listen takes a port, which somebody's connection may have for a moment.
func listen(t *testing.T, addr string) (ln net.Listener) {
	t.Helper()
	eventually(t, "port is free: "+addr, func() bool {
		var err error
		ln, err = net.Listen("tcp", addr)
		return err == nil
	})
	return ln
}

// node starts a relay with this id on ln.
func node(t *testing.T, ln net.Listener, id string, urls ...string) *server {
	t.Helper()
	up := follow(t, urls...)
	return serveOn(t, ln, &livews.Streams{ID: id, Open: up.Open, Discover: up.Discover})
}

func url(ln net.Listener) string { return "http://" + ln.Addr().String() }

// TestRelayDies has one of two relays die: what follows comes from the other, with no hole
// and nothing twice.
func TestRelayDies(t *testing.T) {
	ingress := serve(t, new(livews.Streams))
	live(t, publish(t, ingress, "cam1"))
	a, b := pass(t, ingress.URL), pass(t, ingress.URL)
	eventually(t, "both have heard of it", func() bool { return lists(t, a, "cam1", 2) && lists(t, b, "cam1", 2) })
	edge := pass(t, a.URL, b.URL)
	reader := open(t, follow(t, edge.URL), "cam1")
	var c livewstest.Checker
	read(t, reader, &c, 50)
	eventually(t, "a standby", func() bool { return b.dialled.Load() > 0 })
	a.stop()
	read(t, reader, &c, 100)
	if c.Gaps > 0 {
		t.Errorf("%d gaps, want none", c.Gaps)
	}
}

// TestRing lets three relays follow each other, one of them the ingress as well: each
// gets the stream by the shortest way, and by the other one when that is cut.
func TestRing(t *testing.T) {
	ingress := serve(t, &livews.Streams{ID: "i"})
	live(t, publish(t, ingress, "cam1"))
	lns := []net.Listener{listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")}
	var nodes []*server
	for i, id := range []string{"a", "b", "c"} {
		urls := []string{url(lns[(i+2)%3]), url(lns[(i+1)%3])}
		if id == "a" {
			urls = append([]string{ingress.URL}, urls...)
		}
		nodes = append(nodes, node(t, lns[i], id, urls...))
	}
	eventually(t, "all know the shortest way", func() bool {
		return lists(t, nodes[0], "cam1", 2) && lists(t, nodes[1], "cam1", 3) && lists(t, nodes[2], "cam1", 3)
	})
	readers := make([]livews.Source, 3)
	checks := make([]livewstest.Checker, 3)
	for i, n := range nodes {
		readers[i] = open(t, follow(t, n.URL), "cam1")
		read(t, readers[i], &checks[i], 30)
	}
	time.Sleep(300 * time.Millisecond)
	nodes[0].stop() // all ways to the ingress
	for _, n := range nodes[1:] {
		eventually(t, "no way is left, nor a circle", func() bool {
			info, ok := n.streams.Info("cam1")
			return !ok || len(info.Path) == 0
		})
	}
	back := node(t, listen(t, nodes[0].Listener.Addr().String()), "a", ingress.URL, nodes[1].URL)
	for i, n := range nodes[1:] {
		eventually(t, "the stream is back", func() bool {
			info, ok := n.streams.Info("cam1")
			return ok && len(info.Path) >= 3
		})
		read(t, readers[i+1], &checks[i+1], 50)
	}
	read(t, open(t, follow(t, back.URL), "cam1"), new(livewstest.Checker), 30)
}

// TestSelfLink has a relay that is its own first upstream.
func TestSelfLink(t *testing.T) {
	ingress := serve(t, &livews.Streams{ID: "i"})
	live(t, publish(t, ingress, "cam1"))
	ln := listen(t, "127.0.0.1:0")
	n := node(t, ln, "a", url(ln), ingress.URL)
	read(t, open(t, follow(t, n.URL), "cam1"), new(livewstest.Checker), 30)
	if info, _ := n.streams.Info("cam1"); len(info.Path) != 2 {
		t.Errorf("path %v, want two nodes", info.Path)
	}
}

// TestLongestChain serves as many as a path may have, and refuses one more.
func TestLongestChain(t *testing.T) {
	last := serve(t, &livews.Streams{ID: "n1"})
	live(t, publish(t, last, "cam1"))
	for i := 2; i <= livews.MaxPath; i++ {
		last = node(t, listen(t, "127.0.0.1:0"), fmt.Sprint("n", i), last.URL)
	}
	eventually(t, "the last knows the stream", func() bool { return lists(t, last, "cam1", livews.MaxPath) })
	over := node(t, listen(t, "127.0.0.1:0"), "over", last.URL)
	if _, _, err := over.streams.Join(t.Context(), "cam1"); !errors.Is(err, livews.ErrLoop) && !errors.Is(err, livews.ErrNotFound) {
		t.Errorf("Join = %v beyond the longest path, want ErrLoop or ErrNotFound", err)
	}
	read(t, open(t, follow(t, last.URL), "cam1"), new(livewstest.Checker), 30)
}

// TestListTravels follows a stream's coming and going over three hops, and what is not
// there.
func TestListTravels(t *testing.T) {
	ingress := serve(t, new(livews.Streams))
	a := pass(t, ingress.URL)
	b := pass(t, a.URL)
	c := pass(t, b.URL)
	eventually(t, "all is known", func() bool {
		d, err := c.streams.Directory(t.Context(), 0)
		return err == nil && d.Complete
	})
	_, _, err := c.streams.Join(t.Context(), "nope")
	if dials := ingress.dialled.Load(); !errors.Is(err, livews.ErrNotFound) || dials > 0 {
		t.Errorf("Join = %v after %d dials, want ErrNotFound without asking", err, dials)
	}
	sink := publish(t, ingress, "cam1")
	eventually(t, "cam1 is listed", func() bool { return lists(t, c, "cam1", 4) })
	feed(t, sink, livewstest.NewSource(nil), 3)
	read(t, open(t, follow(t, c.URL), "cam1"), new(livewstest.Checker), 3)
	sink.Close()
	eventually(t, "cam1 is gone", func() bool { return lists(t, c, "cam1", 0) })
}

// TestNearest takes a stream from the upstream with the shortest way, whatever the order of
// the URLs, with the next nearest standing by, and goes on by that when the nearest is gone.
func TestNearest(t *testing.T) {
	ingress := serve(t, &livews.Streams{ID: "i"})
	live(t, publish(t, ingress, "cam1"))
	near := node(t, listen(t, "127.0.0.1:0"), "near", ingress.URL)
	between := node(t, listen(t, "127.0.0.1:0"), "between", ingress.URL)
	mid := node(t, listen(t, "127.0.0.1:0"), "mid", between.URL)
	far := node(t, listen(t, "127.0.0.1:0"), "far", mid.URL)
	eventually(t, "all know the stream", func() bool {
		return lists(t, near, "cam1", 2) && lists(t, far, "cam1", 4)
	})
	up, err := relay.NewUpstream(&relay.UpstreamOptions{URLs: []string{far.URL, mid.URL, near.URL}, Order: relay.Nearest})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(up.CloseIdle)
	edge := serve(t, &livews.Streams{ID: "edge", Open: up.Open, Discover: up.Discover})
	eventually(t, "the edge knows the shortest way", func() bool { return lists(t, edge, "cam1", 3) })
	reader := open(t, follow(t, edge.URL), "cam1")
	var c livewstest.Checker
	read(t, reader, &c, 50)
	if info, _ := edge.streams.Info("cam1"); !slices.Equal(info.Path, []string{"edge", "near", "i"}) {
		t.Errorf("path %v, want that by near", info.Path)
	}
	eventually(t, "mid stands by", func() bool { return mid.dialled.Load() > 0 })
	time.Sleep(100 * time.Millisecond) // it is connected
	near.stop()
	read(t, reader, &c, 100)
	if info, _ := edge.streams.Info("cam1"); !slices.Equal(info.Path, []string{"edge", "mid", "between", "i"}) || c.Gaps > 0 {
		t.Errorf("path %v with %d gaps, want that by mid without any", info.Path, c.Gaps)
	}
}

// TestRefill loses all relays between an ingress and an edge, which come back empty: each
// gets from the next what the readers below it have missed.
func TestRefill(t *testing.T) {
	for relays := 1; relays <= 3; relays++ {
		t.Run(fmt.Sprint(relays), func(t *testing.T) { testRefill(t, relays) })
	}
}

func testRefill(t *testing.T, relays int) {
	ingress := serve(t, new(livews.Streams))
	live(t, publish(t, ingress, "cam1"))
	url := ingress.URL
	var addrs []string
	var chain []*server
	for range relays {
		mid := pass(t, url)
		chain, addrs = append(chain, mid), append(addrs, mid.Listener.Addr().String())
		url = mid.URL
	}
	reader := open(t, follow(t, pass(t, url).URL), "cam1")
	c := livewstest.Checker{Chunks: 25}
	read(t, reader, &c, 100)
	for _, mid := range chain {
		mid.stop()
	}
	time.Sleep(time.Second)
	url = ingress.URL
	for _, addr := range addrs {
		url = node(t, listen(t, addr), "", url).URL
	}
	read(t, reader, &c, 200)
	if c.Gaps > 0 {
		t.Errorf("%d gaps, want none", c.Gaps)
	}
}
