package livews

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestMisses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := new(misses)
		for i := range 2 * maxMisses {
			m.add(fmt.Sprint(i))
		}
		if len(m.at) != maxMisses || !m.has("0") || m.has(fmt.Sprint(maxMisses)) {
			t.Errorf("%d names are remembered, want %d, the first ones", len(m.at), maxMisses)
		}
		time.Sleep(missFor)
		if m.has("0") {
			t.Error("a name is remembered for too long")
		}
		m.add("new")
		if len(m.at) != 1 || !m.has("new") {
			t.Errorf("%d names are remembered, want the new one alone", len(m.at))
		}
	})
}
