package ingress

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// words are the parts of a file's name: letters, or digits.
var words = regexp.MustCompile(`[A-Za-z]+|[0-9]+`)

// roles are words that say what a file is, and not to which representation it belongs.
var roles = []string{
	"init", "initialization", "header", "chunk", "chk", "segment", "seg", "frag", "fragment", "media", "part",
	"dash", "dashinit", "segmentinit", "seginit",
}

// objectKeys returns the keys of the representation to which a file may belong by its name.
// For an init segment that is full: the folder and the words of the name without those that
// only say what it is. For a media segment it is full, where there is such a
// representation, else short, without the last number:
//
//	init-stream0.m4s          stream 0
//	chunk-stream0-00012.m4s   stream 0 00012, stream 0
//	video_dashinit.mp4        video
//	video_dash12.m4s          video 12, video
//	480p/init.mp4             480p/
//	480p/12.m4s               480p/ 12, 480p/
func objectKeys(name string) (full, short string) {
	dir, file := path.Split(name)
	file = strings.TrimSuffix(file, path.Ext(file))
	parts := slices.DeleteFunc(words.FindAllString(file, -1), func(word string) bool {
		return slices.Contains(roles, strings.ToLower(word))
	})
	full = dir + strings.Join(parts, " ")
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i][0] <= '9' {
			return full, dir + strings.Join(slices.Delete(parts, i, i+1), " ")
		}
	}
	return full, full
}

// numberOf returns one more than the number that a media segment of r has by its name: the last
// one, if that is not a part of r's key. Without it returns 0.
func (r *representation) numberOf(name string) uint64 {
	if full, _ := objectKeys(name); full == r.key {
		return 0
	}
	_, file := path.Split(name)
	file = strings.TrimSuffix(file, path.Ext(file))
	for _, word := range slices.Backward(words.FindAllString(file, -1)) {
		if word[0] <= '9' {
			n, err := strconv.ParseUint(word, 10, 63)
			if err != nil { // it is too large
				return 0
			}
			return n + 1
		}
	}
	return 0
}
