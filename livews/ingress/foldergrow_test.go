package ingress

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// mfra ends a file (ISO/IEC 14496-12, 8.8.9): the smallest that there is.
var mfra = []byte("\x00\x00\x00\x18mfra\x00\x00\x00\x10mfro\x00\x00\x00\x00\x00\x00\x00\x18")

// boxEnds returns where the boxes of the outermost level end.
func boxEnds(file []byte) []int {
	var ends []int
	for at := 0; at < len(file); {
		at += int(binary.BigEndian.Uint32(file[at:]))
		ends = append(ends, at)
	}
	return ends
}

// appendTo writes to the end of a file, which it makes.
func appendTo(t *testing.T, path string, content []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// writeLater makes sure that a file counts as written after another one, whatever the ticks
// of the file system's clock are.
func writeLater(t *testing.T, dir, name, before string) {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, before))
	if err != nil {
		t.Fatal(err)
	}
	later := info.ModTime().Add(10 * time.Millisecond)
	if err := os.Chtimes(filepath.Join(dir, name), later, later); err != nil {
		t.Fatal(err)
	}
}

// TestFolderRests lets files rest after each of their boxes for longer than Settle, as an
// encoder's do that writes its header first and then a fragment a second: each chunk comes
// once, and nothing is warned of.
func TestFolderRests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var lines bytes.Buffer
		f := newFolder(t, dir, FolderOptions{PollOnly: true, Logger: slog.New(slog.NewTextHandler(&lines, nil))})
		pieces := mp4boxPieces(t)
		const n = 4
		go func() {
			for i := range n {
				piece, done := pieces[i%2], 0
				for _, end := range boxEnds(piece) {
					time.Sleep(300 * time.Millisecond)
					appendTo(t, filepath.Join(dir, fmt.Sprintf("part%d.mp4", i)), piece[done:end])
					done = end
				}
			}
		}()
		checkPieces(t, take(t, f, 1, n*3*time.Second))
		if lines.Len() > 0 {
			t.Errorf("log:\n%s", lines.String())
		}
	})
}

// checkPieces checks that the pictures of pieces have no hole, and that they were not read
// twice.
func checkPieces(t *testing.T, segs []*livews.Segment) {
	t.Helper()
	inits, at := 0, time.Duration(-1)
	for _, seg := range segs {
		switch {
		case seg.Type == livews.TypeInit:
			inits++
		case seg.Gap != nil || seg.Flags.Has(livews.FlagDiscontinuity):
			t.Errorf("track %d at %v: flags %v, gap %+v", seg.Track, seg.DecodeTime, seg.Flags, seg.Gap)
		case seg.Track == 1:
			if hole := (seg.DecodeTime - at).Abs(); at >= 0 && hole > 50*time.Microsecond {
				t.Errorf("pictures have a hole of %v at %v", hole, seg.DecodeTime)
			}
			at = seg.DecodeTime + seg.Duration
		}
	}
	if inits != 2 {
		t.Errorf("%d init segments, want 2", inits)
	}
}

// TestFolderRewritten tells a file that has grown from another of the same name that is
// longer, though both are the same file to the system.
func TestFolderRewritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		f := newFolder(t, dir, FolderOptions{PollOnly: true})
		path, pieces := filepath.Join(dir, "live.mp4"), mp4boxPieces(t)
		if len(pieces[0]) > len(pieces[1]) {
			pieces[0], pieces[1] = pieces[1], pieces[0]
		}
		for _, piece := range pieces {
			if err := os.WriteFile(path, piece, 0o600); err != nil {
				t.Fatal(err)
			}
			take(t, f, 1, 3*time.Second)
		}
	})
}

// TestFolderLatency measures how long a file that is whole has to wait.
func TestFolderLatency(t *testing.T) {
	t.Parallel()
	pieces := mp4boxPieces(t)
	for _, tt := range []struct {
		name    string
		content []byte
		next    bool
		most    time.Duration
	}{
		{"it may go on", pieces[0], false, defaultSettle + breath},
		{"it says that it ends", append(bytes.Clone(pieces[0]), mfra...), false, breath},
		{"another one follows", pieces[0], true, breath},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				f := newFolder(t, dir, FolderOptions{PollOnly: true, Poll: breath})
				time.Sleep(time.Hour)
				appendTo(t, filepath.Join(dir, "part1.mp4"), tt.content)
				if tt.next {
					appendTo(t, filepath.Join(dir, "part2.mp4"), tt.content[:100])
					writeLater(t, dir, "part2.mp4", "part1.mp4")
				}
				began := time.Now()
				take(t, f, 1, 500*time.Millisecond)
				if took := time.Since(began); took > tt.most {
					t.Errorf("the first chunk came after %v, want at most %v", took, tt.most)
				}
			})
		})
	}
}

// TestFolderCut goes on behind a file whose writer has died, soon where the next one is
// there.
func TestFolderCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		f := newFolder(t, dir, FolderOptions{PollOnly: true})
		pieces := mp4boxPieces(t)
		ends := boxEnds(pieces[0])
		cut := pieces[0][:ends[len(ends)-1]-100]
		appendTo(t, filepath.Join(dir, "part1.mp4"), cut)
		appendTo(t, filepath.Join(dir, "part2.mp4"), pieces[1])
		writeLater(t, dir, "part2.mp4", "part1.mp4")
		began := time.Now()
		take(t, f, 1, 5*time.Second)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("a cut file held the next one up for %v", took)
		}
	})
}

// TestFolderHostile names once what is too large, also when it grows, and waits for nothing
// that lies about its length; what is deleted before its turn is no news.
func TestFolderHostile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var lines bytes.Buffer
		f := newFolder(t, dir, FolderOptions{PollOnly: true, Logger: slog.New(slog.NewTextHandler(&lines, nil))})
		pieces := mp4boxPieces(t)
		large := filepath.Join(dir, "a1.mp4")
		appendTo(t, large, pieces[0])
		grow := func(size int64) {
			if err := os.Truncate(large, size); err != nil {
				t.Fatal(err)
			}
		}
		grow(maxFolderFile + 1)
		appendTo(t, filepath.Join(dir, "b1.mp4"), nil)
		appendTo(t, filepath.Join(dir, "c1.mp4"), []byte("\x00\x00\x00\x01moov\xff\xff\xff\xff\xff\xff\xff\xff"))
		appendTo(t, filepath.Join(dir, "d1.mp4"), []byte("\x7f\xff\xff\xffmoov"))
		if err := os.Symlink("/dev/zero", filepath.Join(dir, "e1.mp4")); err != nil {
			t.Fatal(err)
		}
		appendTo(t, filepath.Join(dir, "f1.mp4"), pieces[0])
		deleted := filepath.Join(dir, "g1.mp4")
		appendTo(t, deleted, pieces[0][:1000])
		time.AfterFunc(time.Second, func() { _ = os.Remove(deleted); grow(maxFolderFile + 2) })
		take(t, f, 1, 3*time.Second)
		appendTo(t, filepath.Join(dir, "h1.mp4"), pieces[1])
		take(t, f, 1, 3*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		for err := error(nil); err == nil; {
			_, err = f.ReadSegment(ctx)
		}
		_ = f.Close() // it logs no more
		for name, want := range map[string]int{"a1": 1, "b1": 1, "c1": 1, "e1": 0, "g1": 0} {
			if n := strings.Count(lines.String(), "file="+name+".mp4 "); n != want {
				t.Errorf("%s.mp4 is named %d times, want %d, in\n%s", name, n, want, lines.String())
			}
		}
	})
}
