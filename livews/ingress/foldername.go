package ingress

import (
	"cmp"
	"strings"
)

// isMediaName reports whether a file of this name is looked at.
func isMediaName(name string) bool {
	lower := strings.ToLower(name)
	for _, end := range []string{"~", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".mpd", ".m3u8", ".xml", ".json", ".txt", ".log", ".jpg", ".png", ".vtt"} {
		if strings.HasSuffix(lower, end) {
			return false
		}
	}
	return name != "" && name[0] != '.'
}

// compareNatural orders names as people do: numbers by their value.
func compareNatural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		p, q := digits(x), digits(y)
		if p > 0 && q > 0 {
			n, m := strings.TrimLeft(x[:p], "0"), strings.TrimLeft(y[:q], "0")
			if c := cmp.Or(cmp.Compare(len(n), len(m)), cmp.Compare(n, m)); c != 0 {
				return c
			}
			x, y = x[p:], y[q:]
			continue
		}
		if x[0] != y[0] {
			return cmp.Compare(x[0], y[0])
		}
		x, y = x[1:], y[1:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

// digits returns how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// splitName returns the name of a file without its last number, which tells the files of
// one kind apart, and that number: as "chunk-0-#.m4s" and "00012". The digits of an
// extension do not count.
func splitName(name string) (kind, number string) {
	end := strings.LastIndexByte(name, '.')
	if end < 0 {
		end = len(name)
	}
	for end > 0 && (name[end-1] < '0' || name[end-1] > '9') {
		end--
	}
	start := end
	for start > 0 && '0' <= name[start-1] && name[start-1] <= '9' {
		start--
	}
	if start == end {
		return name, ""
	}
	return name[:start] + "#" + name[end:], name[start:end]
}
