package livews

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckName(t *testing.T) {
	good := []string{
		"cam1", "a", "site/cam-1", "A.b_c~d-9", "...", strings.Repeat("a", 255),
		strings.Repeat("a/", 15) + "a",
	}
	for _, name := range good {
		if err := CheckName(name); err != nil {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
	}
	bad := []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a b", "ä", "a\x00", "a?b", "a%20b",
		strings.Repeat("a", 256), strings.Repeat("a/", 16) + "a",
	}
	for _, name := range bad {
		if err := CheckName(name); !errors.Is(err, ErrName) {
			t.Errorf("CheckName(%q) = %v, want ErrName", name, err)
		}
	}
}
