package figures_test

import (
	"runtime"
	"testing"
	"time"
)

// TestIsolation measures how much later chunks come to healthy viewers while others beside
// them have stopped reading. The stopped ones are cut after 10 s, so that each turn is shorter.
func TestIsolation(t *testing.T) {
	measuring(t)
	const healthy, stopped, turns, turn = 500, 100, 5, 5 * time.Second
	n := serve(t, "")
	f := n.publish(t, "cam1", video(8<<10))
	f.write(20 * chunkRate) // the window is full
	viewers := start(t, order{Addr: n.addr, Target: "/live/cam1", Viewers: healthy})
	viewers.ask(question{})
	f.pace(2 * time.Second)
	alone, beside := make(delays), make(delays)
	var grown int64
	for range turns {
		alone.add(f.turn(viewers, turn))
		others := start(t, order{Addr: n.addr, Target: "/live/cam1", Viewers: stopped, Stopped: true})
		others.ask(question{})
		f.pace(2 * time.Second) // until nothing more goes to them
		before := heap()
		beside.add(f.turn(viewers, turn))
		grown = max(grown, heap()-before)
		others.stop()
		f.pace(time.Second) // until they are out
	}
	t.Logf("%d viewers alone: %v", healthy, alone)
	t.Logf("%d viewers beside %d stopped ones: %v", healthy, stopped, beside)
	t.Logf("ratio: p50 %.2f, p99 %.2f", beside.ratio(alone, 0.5), beside.ratio(alone, 0.99))
	t.Logf("the heap grew by at most %d KB in the %v of a turn beside stopped ones", grown>>10, turn)
}

// turn feeds for so long and returns how old the chunks were at the viewers.
func (f *feed) turn(viewers *child, d time.Duration) delays {
	viewers.ask(question{})
	f.pace(d)
	return viewers.ask(question{}).Delays
}

// heap returns the bytes in use, without garbage.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what pools have held is free after the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
