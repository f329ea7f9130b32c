package e2e

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/ingress"
)

// fragmented makes pieces that can be read while they are written.
const fragmented = "movflags=+frag_keyframe+empty_moov+default_base_moof"

// pieces returns how ffmpeg writes pieces into a folder.
func pieces(dir, seconds, options string) []string {
	return []string{
		"-f", "segment", "-segment_time", seconds, "-segment_format", "mp4",
		"-segment_format_options", options, "-reset_timestamps", "1", filepath.Join(dir, "part%05d.mp4"),
	}
}

// TestFolder has ffmpeg write into a folder in each of its ways: every picture comes once,
// without a hole, and there is nothing to warn of.
func TestFolder(t *testing.T) {
	for _, tt := range []struct {
		name string
		args func(dir string) []string
	}{
		{"pieces", func(dir string) []string { return pieces(dir, "1.5", fragmented) }},
		// The header rests for a second, and then each fragment.
		{"pieces that grow", func(dir string) []string { return pieces(dir, "3", fragmented+":flush_packets=1") }},
		{"DASH", func(dir string) []string {
			return []string{"-f", "dash", "-seg_duration", "1", filepath.Join(dir, "live.mpd")}
		}},
		{"DASH without timeline", func(dir string) []string {
			return []string{"-f", "dash", "-seg_duration", "1", "-use_timeline", "0", "-window_size", "3", filepath.Join(dir, "live.mpd")}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var lines bytes.Buffer
			src, err := ingress.NewFolder(dir, &ingress.FolderOptions{Logger: slog.New(slog.NewTextHandler(&lines, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			launch(t, publisher(t, "6", tt.args(dir)...))
			segs := read(t, src, lasts(1, 6*time.Second))
			_ = src.Close() // it logs no more
			if lines.Len() > 0 {
				t.Errorf("log:\n%s", lines.String())
			}
			checkWhole(t, segs)
		})
	}
}

// lasts is enough when a track's chunks last so long in all.
func lasts(track uint16, want time.Duration) func([]*livews.Segment) bool {
	return func(segs []*livews.Segment) bool {
		var media time.Duration
		for _, seg := range segs {
			if seg.Track == track {
				media += seg.Duration
			}
		}
		return media > want-10*time.Millisecond
	}
}

// checkWhole checks that the pictures have no hole, and that sound is in step with them.
func checkWhole(t *testing.T, segs []*livews.Segment) {
	t.Helper()
	ends := make(map[uint16]time.Duration)
	for _, seg := range segs {
		if seg.Type != livews.TypeChunk {
			continue
		}
		end, begun := ends[seg.Track]
		most := time.Millisecond
		if seg.Track == 2 {
			most = 22 * time.Millisecond // a frame of sound
		}
		if hole := (seg.DecodeTime - end).Abs(); seg.Gap != nil || begun && hole > most {
			t.Errorf("track %d at %v: hole of %v, %+v", seg.Track, seg.DecodeTime, hole, seg.Gap)
		}
		ends[seg.Track] = seg.DecodeTime + seg.Duration
	}
	if len(tracks(segs)) != 2 {
		t.Errorf("%d init segments, want 2", len(tracks(segs)))
	}
}

// TestFolderPlays plays what appears in a folder, over the borders of its pieces.
func TestFolderPlays(t *testing.T) {
	for _, tt := range []struct {
		name  string
		write func(t *testing.T, dir string)
	}{
		{"pieces", func(t *testing.T, dir string) { launch(t, publisher(t, "300", pieces(dir, "1.5", fragmented)...)) }},
		{"dash", func(t *testing.T, dir string) {
			launch(t, publisher(t, "300", "-f", "dash", "-seg_duration", "2", "-window_size", "5", filepath.Join(dir, "live.mpd")))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, addr := t.TempDir(), freeAddr(t)
			serve(t, example("ingress", "-listen", addr, "-edge", "-source", "dir:"+dir), addr)
			tt.write(t, dir)
			for _, engine := range engines {
				t.Run(engine, func(t *testing.T) {
					b := newBrowser(t, engine)
					b.checkPlays(t, "http://"+addr+"/live/cam1", "folder-"+tt.name+"-"+engine+".png")
				})
			}
		})
	}
}

// TestFolderJoins looks at what Chromium has of the pieces of MP4Box: one range over several
// borders. The player pauses at the first of them at most.
func TestFolderJoins(t *testing.T) {
	dir, addr := t.TempDir(), freeAddr(t)
	serve(t, example("ingress", "-listen", addr, "-edge", "-source", "dir:"+dir), addr)
	writeMP4Box(t, dir)
	b := newBrowser(t, "chromium")
	b.open(t, "http://"+addr+"/live/cam1")
	samples := b.watch(t, settleBound, func(samples []sample) error {
		last := samples[len(samples)-1]
		for _, r := range last.Buffered {
			if r[1]-r[0] > 10 {
				return nil
			}
		}
		return fmt.Errorf("buffered is %v, want 10 s in one", last.Buffered)
	})
	if last := samples[len(samples)-1]; last.MediaError != "" || len(last.Errors) > 0 || !last.Audio {
		t.Errorf("media error %q, errors %q, sound %v", last.MediaError, last.Errors, last.Audio)
	}
	b.checkMoves(t)
}

// writeMP4Box has a piece of 3 s that MP4Box wrote appear every 3 s: of pictures that depend
// on later ones, and sound that begins before them and lasts longer.
func writeMP4Box(t *testing.T, dir string) {
	t.Helper()
	var content [][]byte
	for _, name := range []string{"mp4box-0.mp4", "mp4box-1.mp4"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "livews", "dash", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		content = append(content, b)
	}
	ctx, done := t.Context(), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(3 * time.Second)
		defer ticker.Stop()
		for n := range slices.Repeat(content, 100) {
			path := filepath.Join(dir, fmt.Sprintf("webcam_part%03d_dashinit.mp4", n))
			if err := os.WriteFile(path, content[n%2], 0o600); err != nil {
				t.Errorf("piece %d: %v", n, err)
				return
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() { <-done })
}
