package livews

import (
	"slices"
	"testing"
)

func TestPositionCompare(t *testing.T) {
	rising := []Position{
		{}, {0, 0, 1}, {0, 1, 0}, {1, 0, 0}, {1, 0, 1}, {1, 2, 0}, {2, 0, 0}, {1 << 31, 0, 0},
	}
	for i, p := range rising {
		for j, q := range rising {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := p.Compare(q); got != want {
				t.Errorf("%v.Compare(%v) = %d, want %d", p, q, got, want)
			}
			if got := p.After(q); got != (want > 0) {
				t.Errorf("%v.After(%v) = %v", p, q, got)
			}
		}
	}
	if !slices.IsSortedFunc(rising, Position.Compare) {
		t.Error("not sorted by Compare")
	}
}

func TestParsePosition(t *testing.T) {
	for _, p := range []Position{{}, {1, 2, 3}, {4294967295, 4294967295, 4294967295}} {
		got, err := ParsePosition(p.String())
		if err != nil || got != p {
			t.Errorf("ParsePosition(%q) = %v, %v", p.String(), got, err)
		}
	}
	for _, s := range []string{"", "1", "1.2", "1.2.3.4", "a.2.3", "-1.2.3", "1.2.4294967296", " 1.2.3", "1..3", "+1.2.3"} {
		if p, err := ParsePosition(s); err == nil {
			t.Errorf("ParsePosition(%q) = %v, want an error", s, p)
		}
	}
}
