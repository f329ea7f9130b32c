package livews

import (
	"errors"
	"fmt"
	"strings"
)

const (
	// maxName and maxNameParts bound the name of a stream.
	maxName      = 255
	maxNameParts = 16
)

// ErrName is wrapped by the errors of [CheckName].
var ErrName = errors.New("livews: invalid stream name")

// CheckName reports whether name can name a stream: 1 to 16 parts of
// [A-Za-z0-9._~-] with slashes between them, 255 bytes at the most, no part
// being "." or "..". The error wraps [ErrName] and says what is wrong.
func CheckName(name string) error {
	if name == "" {
		return fmt.Errorf("%w: empty", ErrName)
	}
	if len(name) > maxName {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrName, len(name), maxName)
	}
	parts := strings.Split(name, "/")
	if len(parts) > maxNameParts {
		return fmt.Errorf("%w: %q has %d parts, at most %d", ErrName, name, len(parts), maxNameParts)
	}
	for _, part := range parts {
		if err := checkNamePart(part); err != nil {
			return fmt.Errorf("%w in %q", err, name)
		}
	}
	return nil
}

func checkNamePart(part string) error {
	if part == "" || part == "." || part == ".." {
		return fmt.Errorf("%w: part %q", ErrName, part)
	}
	for i := range len(part) {
		if !isNameByte(part[i]) {
			return fmt.Errorf("%w: character %q", ErrName, part[i])
		}
	}
	return nil
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '.' || c == '_' || c == '~' || c == '-'
}
