package ingress

import (
	"errors"
	"testing"
)

// TestBudgetShares fills a budget by some, which does not shut out one more, and never
// takes more than one and a half of it.
func TestBudgetShares(t *testing.T) {
	b := &budget{most: 1000}
	var greedy []*account
	for range 4 {
		greedy = append(greedy, b.open())
	}
	for err := error(nil); err == nil; {
		for _, a := range greedy {
			err = errors.Join(err, a.take(10))
		}
	}
	modest := b.open()
	if err := modest.take(100); err != nil {
		t.Errorf("a tenth is refused to the fifth: %v", err)
	}
	if err := modest.take(100); !errors.Is(err, errMemory) {
		t.Errorf("more than half a share of what is used up: %v, want errMemory", err)
	}
	if b.held > b.most*3/2 {
		t.Errorf("%d are held of %d", b.held, b.most)
	}
	for _, a := range append(greedy, modest) {
		a.close()
		a.keep(10) // too late
	}
	if b.held != 0 || b.accounts != 0 {
		t.Errorf("%d of %d accounts are held at the end", b.held, b.accounts)
	}
}
