package livews

import (
	"crypto/rand"
	"encoding/hex"
)

// maxID bounds the id of a node.
const maxID = 64

// randomID returns an id that no other node of a tree will have: 12 hexadecimal digits.
func randomID() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// validID reports whether id can be that of a node.
func validID(id string) bool {
	if id == "" || len(id) > maxID {
		return false
	}
	for i := range len(id) {
		if !isNameByte(id[i]) || id[i] == '~' {
			return false
		}
	}
	return true
}
