package wire

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/livews/websocketlivestream/livews"
)

// maxListed bounds the tracks that a query names.
const maxListed = 64

// parseQuery returns what the query of a subscriber's URL asks for.
func parseQuery(q url.Values) (*livews.SubscribeOptions, error) {
	opts := new(livews.SubscribeOptions)
	var err error
	if opts.Tracks, err = parseTracks(q.Get("tracks")); err != nil {
		return nil, err
	}
	switch start := q.Get("start"); start {
	case "", "live":
	case "oldest":
		// All of the window lies further back than a live viewer may be.
		opts.Start, opts.Lossless = livews.StartOldest, true
	default:
		return nil, fmt.Errorf("query: start=%.20q: want live or oldest", start)
	}
	opts.After, err = parseAfter(q.Get("after"))
	return opts, err
}

func splitList(key, s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	if strings.Count(s, ",") >= maxListed {
		return nil, fmt.Errorf("query: %s names more than %d tracks", key, maxListed)
	}
	return strings.Split(s, ","), nil
}

func parseTrack(key, s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("query: %s: %.20q is no track number", key, s)
	}
	return uint16(n), nil
}

func parseTracks(s string) ([]uint16, error) {
	parts, err := splitList("tracks", s)
	if err != nil {
		return nil, err
	}
	var tracks []uint16
	for _, part := range parts {
		track, err := parseTrack("tracks", part)
		if err != nil {
			return nil, err
		}
		tracks = append(tracks, track)
	}
	return tracks, nil
}

func parseAfter(s string) (map[uint16]livews.Position, error) {
	parts, err := splitList("after", s)
	if err != nil || parts == nil {
		return nil, err
	}
	after := make(map[uint16]livews.Position)
	for _, part := range parts {
		number, position, ok := strings.Cut(part, ":")
		if !ok {
			return nil, fmt.Errorf("query: after: %.40q: want TRACK:POSITION", part)
		}
		track, err := parseTrack("after", number)
		if err != nil {
			return nil, err
		}
		if after[track], err = livews.ParsePosition(position); err != nil {
			return nil, fmt.Errorf("query: after: %w", err)
		}
	}
	return after, nil
}

// formatAfter is the inverse of parseAfter.
func formatAfter(after map[uint16]livews.Position) string {
	var parts []string
	for _, track := range slices.Sorted(maps.Keys(after)) {
		parts = append(parts, fmt.Sprintf("%d:%v", track, after[track]))
	}
	return strings.Join(parts, ",")
}
