package livews

import "testing"

func TestRing(t *testing.T) {
	var r ring[int]
	pushed, popped := 0, 0
	for step := range 1000 {
		for range step % 7 {
			r.push(pushed)
			pushed++
		}
		for range step % 5 {
			if r.n == 0 {
				break
			}
			if got := r.pop(); got != popped {
				t.Fatalf("pop() = %d, want %d", got, popped)
			}
			popped++
		}
		if r.first != uint64(popped) || r.end() != uint64(pushed) {
			t.Fatalf("ring spans %d to %d, want %d to %d", r.first, r.end(), popped, pushed)
		}
		for i := r.first; i < r.end(); i++ {
			if got := *r.at(i); got != int(i) {
				t.Fatalf("at(%d) = %d", i, got)
			}
		}
	}
}
