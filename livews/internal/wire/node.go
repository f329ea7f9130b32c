package wire

import (
	"slices"

	"github.com/livews/websocketlivestream/livews"
)

// maxID bounds a node's id.
const maxID = 64

// validID reports whether id can be a node's: 1 to 64 letters, digits, '.', '_' or '-'.
func validID(id string) bool {
	if id == "" || len(id) > maxID {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// validNodes reports whether nodes can be a path or the way of a request: ids, none
// twice, and no more than there may be.
func validNodes(nodes []string) bool {
	if len(nodes) > livews.MaxPath {
		return false
	}
	for i, id := range nodes {
		if !validID(id) || slices.Contains(nodes[:i], id) {
			return false
		}
	}
	return true
}
