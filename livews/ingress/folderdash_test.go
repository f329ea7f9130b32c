package ingress

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// dashFiles are what ffmpeg -f dash wrote, in an order as it comes: two pictures of one
// group a second, and sound.
func dashFiles(t *testing.T, but ...string) (names []string, content map[string][]byte) {
	t.Helper()
	content = make(map[string][]byte)
	for _, pattern := range []string{"*.mpd", "init-*", "chunk-*-00001*", "chunk-*-00002*", "chunk-*-00003*", "chunk-*-00004*"} {
		found, err := filepath.Glob(filepath.Join("testdata", "dash", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		for _, path := range found {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if name := filepath.Base(path); !slices.Contains(but, name) {
				names, content[name] = append(names, name), b
			}
		}
	}
	return names, content
}

// takeAll reads until nothing has come for a while.
func takeAll(t *testing.T, f *checkedFolder) []*livews.Segment {
	t.Helper()
	var segs []*livews.Segment
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		seg, err := f.ReadSegment(ctx)
		cancel()
		if err != nil {
			return segs
		}
		if err := f.check.WriteSegment(t.Context(), seg); err != nil {
			t.Fatal(err)
		}
		segs = append(segs, seg)
	}
}

// TestFolderDash takes what a DASH packager writes: all its representations as tracks of
// one stream, of which each group begins at the same time.
func TestFolderDash(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		but  []string
		// deferred come only when all else is there.
		deferred []string
		backward bool
	}{
		{name: "with an MPD"},
		{name: "without an MPD", but: []string{"live.mpd"}},
		{name: "last first", backward: true},
		{name: "an init segment is late", but: []string{"live.mpd"}, deferred: []string{"init-stream1.m4s"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, opts := t.TempDir(), quick
			if tt.backward {
				opts.Settle = time.Second // all come within that
			}
			f := newFolder(t, dir, opts)
			names, content := dashFiles(t, tt.but...)
			if tt.backward {
				slices.Reverse(names)
			}
			for _, name := range append(slices.DeleteFunc(names, func(n string) bool { return slices.Contains(tt.deferred, n) }), tt.deferred...) {
				appear(t, dir, name, content[name])
			}
			checkDash(t, takeAll(t, f))
		})
	}
}

func checkDash(t *testing.T, segs []*livews.Segment) {
	t.Helper()
	media := make(map[uint16]time.Duration)
	starts := make(map[uint32]map[uint16]time.Duration)
	for _, seg := range segs {
		if seg.Type == livews.TypeInit {
			continue
		}
		if seg.Gap != nil {
			t.Errorf("track %d at %v: %+v", seg.Track, seg.DecodeTime, seg.Gap)
		}
		media[seg.Track] += seg.Duration
		if seg.Flags&livews.FlagFirst != 0 {
			if starts[seg.Position.Group] == nil {
				starts[seg.Position.Group] = make(map[uint16]time.Duration)
			}
			starts[seg.Position.Group][seg.Track] = seg.DecodeTime
		}
	}
	if len(media) != 3 {
		t.Fatalf("tracks %v, want 3", media)
	}
	for track, got := range media {
		if got < 3900*time.Millisecond || got > 4100*time.Millisecond {
			t.Errorf("track %d has %v of media, want 4s", track, got)
		}
	}
	for group, begins := range starts {
		for _, at := range begins {
			if apart := (at - begins[1]).Abs(); apart > 70*time.Millisecond {
				t.Errorf("group %d begins at %v", group, begins)
			}
		}
	}
}

// TestFolderDashOld reads the init segments that were there before, and no media.
func TestFolderDashOld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	names, content := dashFiles(t)
	for i, name := range names {
		if i > 0 && strings.HasSuffix(name, "00003.m4s") {
			break
		}
		appear(t, dir, name, content[name])
	}
	f := newFolder(t, dir, quick)
	for _, name := range names {
		if strings.HasSuffix(name, "3.m4s") || strings.HasSuffix(name, "4.m4s") {
			appear(t, dir, name, content[name])
		}
	}
	var media time.Duration
	for _, seg := range takeAll(t, f) {
		if seg.Track == 1 {
			media += seg.Duration
		}
	}
	if media != 2*time.Second {
		t.Errorf("%v of media, want 2s", media)
	}
}

// TestFolderMixed names what is of the other form.
func TestFolderMixed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var lines bytes.Buffer
	opts := quick
	opts.Logger = slog.New(slog.NewTextHandler(&lines, nil))
	f := newFolder(t, dir, opts)
	names, content := dashFiles(t)
	for _, name := range names {
		appear(t, dir, name, content[name])
	}
	checkDash(t, takeAll(t, f))
	appear(t, dir, "piece.mp4", mp4boxPieces(t)[0])
	takeAll(t, f)
	_ = f.Close() // it writes no more
	if !strings.Contains(lines.String(), "file=piece.mp4") {
		t.Errorf("the log does not name piece.mp4:\n%s", lines.String())
	}
}
