package wire

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/livews/websocketlivestream/livews"
)

func TestParseQuery(t *testing.T) {
	for _, tt := range []struct {
		query string
		want  livews.SubscribeOptions
	}{
		{"", livews.SubscribeOptions{}},
		{"start=live&later=x", livews.SubscribeOptions{}},
		{"tracks=1,65535&start=oldest", livews.SubscribeOptions{Tracks: []uint16{1, 65535}, Start: livews.StartOldest, Lossless: true}},
		{"after=2:5.6.7,1:1.2.3", livews.SubscribeOptions{After: map[uint16]livews.Position{1: {Epoch: 1, Group: 2, Chunk: 3}, 2: {Epoch: 5, Group: 6, Chunk: 7}}}},
	} {
		q, err := url.ParseQuery(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseQuery(q)
		if err != nil {
			t.Errorf("%q: %v", tt.query, err)
			continue
		}
		if !slices.Equal(got.Tracks, tt.want.Tracks) || got.Start != tt.want.Start || got.Lossless != tt.want.Lossless || !maps.Equal(got.After, tt.want.After) {
			t.Errorf("%q gives %+v, want %+v", tt.query, got, tt.want)
		}
	}
}

func TestParseQueryRefuses(t *testing.T) {
	for _, query := range []string{
		"tracks=0", "tracks=65536", "tracks=1,", "tracks=-1", "tracks=a", "start=soon", "after=1", "after=0:1.2.3",
		"after=1:1.2", "bundle=2", "after=:1.2.3", "tracks=" + strings.Repeat("1,", 64) + "1", "after=" + strings.Repeat("1:1.1.1,", 64) + "1:1.1.1",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if opts, err := parseQuery(q); err == nil {
			t.Errorf("%.40q gives %+v, want an error", query, opts)
		}
	}
}

// TestFormatAfter holds the text that servers send against what they parse.
func TestFormatAfter(t *testing.T) {
	after := map[uint16]livews.Position{3: {Epoch: 1}, 1: {Epoch: 4294967295, Group: 2, Chunk: 3}}
	text := formatAfter(after)
	if want := "1:4294967295.2.3,3:1.0.0"; text != want {
		t.Errorf("formatAfter = %q, want %q", text, want)
	}
	if got, err := parseAfter(text); err != nil || !maps.Equal(got, after) {
		t.Errorf("parseAfter(%q) = %v, %v", text, got, err)
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add("tracks=1,2&after=1:1.2.3,2:3.4.5&start=oldest")
	f.Add("via=a,b&standby=1&lag=1000&from=1.2")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		q, err := parseQuery(values)
		if err != nil {
			return
		}
		if len(q.Tracks) > maxListed || len(q.After) > maxListed || len(q.via) > livews.MaxPath || q.MaxLag < 0 || q.MaxLag > maxLag {
			t.Fatalf("%q: %d tracks, %d positions, %d nodes, lag %v", text, len(q.Tracks), len(q.After), len(q.via), q.MaxLag)
		}
		asked := DialOptions{After: q.After, From: q.From, MaxLag: q.MaxLag, Via: q.via, Standby: q.standby}
		back, err := parseQuery(asked.query())
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if !maps.Equal(back.After, q.After) || back.From != q.From || back.MaxLag != q.MaxLag || !slices.Equal(back.via, q.via) || back.standby != q.standby {
			t.Fatalf("%q comes back as %+v, want %+v", text, back, q)
		}
	})
}
