package wire

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// maxListed bounds the tracks that a query names, or that a stream can have.
	maxListed = 64
	// defaultLag is that of a subscriber that asks for none (PROTOCOL.md).
	defaultLag = 3 * time.Second
	// maxLag bounds how far behind a subscriber may ask to be.
	maxLag = time.Hour
	// maxLatency bounds the latency budget that a subscriber may grant.
	maxLatency = 5 * time.Second
)

// query is what the query of a subscriber's URL asks for.
type query struct {
	livews.SubscribeOptions
	latency time.Duration // the budget; zero: everything goes out at once
	via     []string
	standby bool
	bundles bool // what lies ready may come as bundles
}

// parseQuery reads the query of a subscriber's URL.
func parseQuery(values url.Values) (*query, error) {
	q := new(query)
	for _, parse := range []func(url.Values) error{
		q.parseTracks, q.parseStart, q.parseAfter, q.parseFrom, q.parseLag, q.parseLatency, q.parseVia, q.parseStandby, q.parseBundle,
	} {
		if err := parse(values); err != nil {
			return nil, fmt.Errorf("query: %w", err)
		}
	}
	return q, nil
}

func (q *query) parseTracks(values url.Values) (err error) {
	q.Tracks, err = parseTracks(values.Get("tracks"))
	return err
}

func (q *query) parseStart(values url.Values) error {
	switch start := values.Get("start"); start {
	case "", "live":
	case "oldest":
		// All of the window lies further back than a live viewer may be.
		q.Start, q.Lossless = livews.StartOldest, true
	default:
		return fmt.Errorf("start=%.20q: want live or oldest", start)
	}
	return nil
}

func (q *query) parseAfter(values url.Values) (err error) {
	q.After, err = parseAfter(values.Get("after"))
	return err
}

func (q *query) parseFrom(values url.Values) (err error) {
	q.From, err = parseFrom(values.Get("from"))
	return err
}

func (q *query) parseLag(values url.Values) error {
	text := values.Get("lag")
	if text == "" {
		return nil
	}
	ms, err := strconv.ParseUint(text, 10, 32)
	if err != nil || ms == 0 || ms > uint64(maxLag.Milliseconds()) {
		return fmt.Errorf("lag=%.20q: want 1 to %d milliseconds", text, maxLag.Milliseconds())
	}
	q.MaxLag = time.Duration(ms) * time.Millisecond
	return nil
}

func (q *query) parseLatency(values url.Values) (err error) {
	q.latency, err = parseLatency(values.Get("latency"))
	return err
}

func (q *query) parseVia(values url.Values) error {
	text := values.Get("via")
	if text == "" {
		return nil
	}
	if strings.Count(text, ",") >= livews.MaxPath {
		return fmt.Errorf("via names more than %d nodes", livews.MaxPath)
	}
	q.via = strings.Split(text, ",")
	if !validNodes(q.via) {
		return fmt.Errorf("via=%.80q: want ids of 1 to %d of A-Za-z0-9._-, none twice", text, maxID)
	}
	return nil
}

func (q *query) parseStandby(values url.Values) error {
	switch text := values.Get("standby"); text {
	case "", "0":
	case "1":
		q.standby = true
	default:
		return fmt.Errorf("standby=%.20q: want 1", text)
	}
	return nil
}

func (q *query) parseBundle(values url.Values) error {
	switch text := values.Get("bundle"); text {
	case "", "0":
	case "1":
		q.bundles = true
	default:
		return fmt.Errorf("bundle=%.20q: want 1", text)
	}
	return nil
}

// parseLatency reads a latency budget; the empty text is none.
func parseLatency(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	digits, ok := strings.CutSuffix(text, "ms")
	ms, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || ms == 0 || ms > uint64(maxLatency.Milliseconds()) {
		return 0, fmt.Errorf("latency=%.20q: want 1ms to %dms", text, maxLatency.Milliseconds())
	}
	return time.Duration(ms) * time.Millisecond, nil
}

func splitList(key, s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	if strings.Count(s, ",") >= maxListed {
		return nil, fmt.Errorf("%s names more than %d tracks", key, maxListed)
	}
	return strings.Split(s, ","), nil
}

func parseTrack(key, s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%s: %.20q is no track number", key, s)
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
			return nil, fmt.Errorf("after: %.40q: want TRACK:POSITION", part)
		}
		track, err := parseTrack("after", number)
		if err != nil {
			return nil, err
		}
		if after[track], err = livews.ParsePosition(position); err != nil {
			return nil, fmt.Errorf("after: %w", err)
		}
	}
	return after, nil
}

// formatAfter is the inverse of parseAfter. Of more tracks than that takes the rest are
// left out: they begin without.
func formatAfter(after map[uint16]livews.Position) string {
	tracks := slices.Sorted(maps.Keys(after))
	var parts []string
	for _, track := range tracks[:min(len(tracks), maxListed)] {
		parts = append(parts, fmt.Sprintf("%d:%v", track, after[track]))
	}
	return strings.Join(parts, ",")
}

// parseFrom reads EPOCH.GROUP.
func parseFrom(s string) (livews.Position, error) {
	if s == "" {
		return livews.Position{}, nil
	}
	from, err := livews.ParsePosition(s + ".0")
	if err != nil {
		return livews.Position{}, fmt.Errorf("from=%.40q: want EPOCH.GROUP", s)
	}
	return from, nil
}

// formatFrom is the inverse of parseFrom.
func formatFrom(from livews.Position) string { return fmt.Sprintf("%d.%d", from.Epoch, from.Group) }

// query returns what o asks for as the query of a URL.
func (o *DialOptions) query() url.Values {
	q := make(url.Values)
	if len(o.After) > 0 {
		q.Set("after", formatAfter(o.After))
	}
	if !o.From.IsZero() {
		q.Set("from", formatFrom(o.From))
	}
	if o.MaxLag > 0 {
		ms := min(o.MaxLag, maxLag).Milliseconds()
		q.Set("lag", strconv.FormatInt(max(ms, 1), 10))
	}
	if len(o.Via) > 0 {
		q.Set("via", strings.Join(o.Via, ","))
	}
	if o.Standby {
		q.Set("standby", "1")
	}
	return q
}
