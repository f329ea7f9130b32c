package ingress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// TestFolderTimes takes files whatever the clock says of when they were written, and with
// polling alone.
func TestFolderTimes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		skew time.Duration
		opts FolderOptions
	}{
		{"now, polled", 0, FolderOptions{PollOnly: true}},
		{"a day ahead", 24 * time.Hour, quick},
		{"a year ago", -365 * 24 * time.Hour, quick},
		{"a year ago, polled", -365 * 24 * time.Hour, FolderOptions{PollOnly: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			f := newFolder(t, dir, tt.opts)
			for i, piece := range mp4boxPieces(t) {
				name := fmt.Sprintf("part%d.mp4", i)
				appear(t, dir, name, piece)
				at := time.Now().Add(tt.skew)
				if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
					t.Fatal(err)
				}
			}
			take(t, f, 1, 6*time.Second)
		})
	}
}

// TestFolderLinks takes what a link leads to, if that is a file, and nothing of what it may
// lead to otherwise.
func TestFolderLinks(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	pieces := mp4boxPieces(t)
	appear(t, elsewhere, "a.mp4", pieces[0])
	f := newFolder(t, dir, quick)
	for name, target := range map[string]string{
		"part1.mp4": filepath.Join(elsewhere, "a.mp4"), "part2.mp4": elsewhere,
		"part3.mp4": filepath.Join(elsewhere, "gone.mp4"), "part4.mp4": "part4.mp4", "part5.mp4": "/dev/zero",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	take(t, f, 1, 3*time.Second)
	appear(t, dir, "part6.mp4", pieces[1])
	take(t, f, 1, 3*time.Second)
}

// TestFolderManyOld begins soon beside ten thousand files that were there before.
func TestFolderManyOld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pieces := mp4boxPieces(t)
	for i := range 10_000 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("part%05d.mp4", i)), pieces[0][:3000], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := newFolder(t, dir, quick)
	var names []string
	f.feed.opened = func(name string) { names = append(names, name) }
	appear(t, dir, "part10000.mp4", pieces[1])
	take(t, f, 1, 3*time.Second)
	if len(names) != 1 {
		t.Errorf("%d files are read, want 1", len(names))
	}
}

// TestFolderUnreadable goes on behind a file that may not be read, and takes it when it may.
func TestFolderUnreadable(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may read all")
	}
	dir := t.TempDir()
	var lines bytes.Buffer
	opts := quick
	opts.Logger = slog.New(slog.NewTextHandler(&lines, nil))
	f := newFolder(t, dir, opts)
	pieces := mp4boxPieces(t)
	if err := os.WriteFile(filepath.Join(dir, "part1.mp4"), pieces[0], 0o000); err != nil {
		t.Fatal(err)
	}
	appear(t, dir, "part2.mp4", pieces[1])
	take(t, f, 1, 3*time.Second)
	if !strings.Contains(lines.String(), "part1.mp4") {
		t.Errorf("the log does not name part1.mp4:\n%s", lines.String())
	}
}

// TestFolderReadsOn goes on reading after contexts that have ended at any moment, in both
// forms, and loses nothing.
func TestFolderReadsOn(t *testing.T) {
	t.Parallel()
	pieces := mp4boxPieces(t)
	names, content := dashFiles(t)
	for form, write := range map[string]func(dir string){
		"pieces": func(dir string) {
			appear(t, dir, "part1.mp4", pieces[0])
			appear(t, dir, "part2.mp4", pieces[1])
		},
		"segments": func(dir string) {
			for _, name := range names {
				appear(t, dir, name, content[name])
			}
		},
	} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			f := newFolder(t, dir, quick)
			write(dir)
			media := time.Duration(0)
			want := 4 * time.Second
			if form == "pieces" {
				want = 6 * time.Second
			}
			for began := time.Now(); media < want-50*time.Millisecond && time.Since(began) < patience; {
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Millisecond)
				seg, err := f.ReadSegment(ctx)
				cancel()
				switch {
				case errors.Is(err, context.DeadlineExceeded):
					continue
				case err != nil:
					t.Fatal(err)
				}
				if err := f.check.WriteSegment(t.Context(), seg); err != nil {
					t.Fatal(err)
				}
				if seg.Track == 1 {
					media += seg.Duration
				}
			}
			if media < want-50*time.Millisecond {
				t.Errorf("%v of pictures, want %v", media, want)
			}
		})
	}
}

// TestFolderClosedUnread closes a folder of which too much was written to be held, and leaves
// no file open.
func TestFolderClosedUnread(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	names, content := dashFiles(t)
	for _, name := range names {
		appear(t, dir, name, content[name])
	}
	opts := quick
	opts.Old = true
	f := newFolder(t, dir, opts)
	if _, err := f.ReadSegment(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.feed.segments.mu.Lock() // as if nobody read
	f.feed.segments.bytes += maxAssemblyBytes
	f.feed.segments.mu.Unlock()
	closed := make(chan error)
	go func() { closed <- f.Close() }()
	select {
	case <-closed:
	case <-time.After(patience):
		t.Fatal("Close blocks")
	}
	if _, err := f.ReadSegment(t.Context()); !errors.Is(err, livews.ErrClosed) {
		t.Errorf("ReadSegment = %v, want %v", err, livews.ErrClosed)
	}
	if open := openIn(dir); len(open) > 0 {
		t.Errorf("open are still %v", open)
	}
}

// openIn returns the files of a folder that this process has open, where the system tells.
func openIn(dir string) (open []string) {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil
	}
	for _, fd := range fds {
		if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(target, dir) {
			open = append(open, target)
		}
	}
	return open
}

// TestFolderPackagerAgain has a packager that deletes old segments and starts again, with the
// same names and from time 0: the stream goes on.
func TestFolderPackagerAgain(t *testing.T) {
	t.Parallel()
	for _, changed := range []bool{false, true} {
		t.Run(fmt.Sprintf("init changed %v", changed), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			f := newFolder(t, dir, quick)
			names, content := dashFiles(t)
			for _, name := range names {
				appear(t, dir, name, content[name])
			}
			segs := takeAll(t, f)
			checkDash(t, segs)
			epoch := segs[0].Position.Epoch
			for _, name := range names {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range names {
				b := bytes.Clone(content[name])
				if strings.HasPrefix(name, "chunk") {
					// Other media: what is the same would be taken for sent again.
					for i := bytes.Index(b, []byte("mdat")) + 300; i < len(b)-8; i += 997 {
						b[i] ^= 1
					}
					b[len(b)-1] ^= 0xff
				} else if changed && name == "init-stream0.m4s" {
					i := bytes.Index(b, []byte("avcC")) + 6 // compatibility flags
					b[i] ^= 0x20
				}
				appear(t, dir, name, b)
			}
			media := make(map[uint16]time.Duration)
			for _, seg := range takeAll(t, f) {
				if seg.Position.Epoch != epoch {
					t.Fatalf("epoch %d, want %d", seg.Position.Epoch, epoch)
				}
				media[seg.Track] += seg.Duration
			}
			for track := uint16(1); track <= 3; track++ {
				if media[track] < 3*time.Second {
					t.Errorf("track %d has %v of media behind the start, want 4s", track, media[track])
				}
			}
		})
	}
}
