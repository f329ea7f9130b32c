package figures_test

import (
	"testing"
	"time"
)

// TestHop measures what one relay more adds to the way of a chunk: two streams of one
// source, of which one goes to its edge directly, take turns.
func TestHop(t *testing.T) {
	measuring(t)
	const subscribers, turns, turn = 20, 8, 2 * time.Second
	source := serve(t, "")
	ways := []struct {
		name    string
		edge    *node
		feed    *feed
		viewers *child
		delays  delays
	}{
		{name: "direct", edge: serve(t, source.addr)},
		{name: "relay", edge: serve(t, serve(t, source.addr).addr)},
	}
	for i := range ways {
		w := &ways[i]
		w.delays = make(delays)
		w.feed = source.publish(t, w.name, video(8<<10))
		w.feed.write(1)
		w.viewers = start(t, order{Addr: w.edge.addr, Target: "/live/" + w.name, Viewers: subscribers})
		w.feed.turn(w.viewers, time.Second)
	}
	for range turns {
		for i := range ways {
			ways[i].delays.add(ways[i].feed.turn(ways[i].viewers, turn))
		}
	}
	direct, hop := ways[0].delays, ways[1].delays
	t.Logf("source, edge, %d subscribers: %v", subscribers, direct)
	t.Logf("source, relay, edge, %d subscribers: %v", subscribers, hop)
	t.Logf("added: p50 %v, p99 %v", hop.at(0.5)-direct.at(0.5), hop.at(0.99)-direct.at(0.99))
}
