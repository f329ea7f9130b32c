package ingress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// quick makes tests of folders short.
var quick = FolderOptions{Settle: 30 * time.Millisecond, Poll: 50 * time.Millisecond}

// mp4boxPieces are files that MP4Box wrote: 3 s of 30 pictures a second, and sound.
func mp4boxPieces(t *testing.T) [][]byte {
	t.Helper()
	var pieces [][]byte
	for n := range 2 {
		b, err := os.ReadFile(filepath.Join("..", "dash", "testdata", fmt.Sprintf("mp4box-%d.mp4", n)))
		if err != nil {
			t.Fatal(err)
		}
		pieces = append(pieces, b)
	}
	return pieces
}

// appear writes a file that is whole at once.
func appear(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	temporary := filepath.Join(dir, "."+name)
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// checkedFolder is a Folder whose segments are checked.
type checkedFolder struct {
	*Folder
	check livewstest.Checker
}

func newFolder(t *testing.T, dir string, opts FolderOptions) *checkedFolder {
	t.Helper()
	f, err := NewFolder(dir, &opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return &checkedFolder{Folder: f}
}

// take reads segments until those chunks of the track have come that last so long in all.
func take(t *testing.T, f *checkedFolder, track uint16, want time.Duration) []*livews.Segment {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var (
		segs  []*livews.Segment
		media time.Duration
	)
	for media < want-time.Millisecond {
		seg, err := f.ReadSegment(ctx)
		if err != nil {
			t.Fatalf("after %v of %v: %v", media, want, err)
		}
		if err := f.check.WriteSegment(ctx, seg); err != nil {
			t.Fatal(err)
		}
		if seg.Track == track {
			media += seg.Duration
		}
		segs = append(segs, seg)
	}
	return segs
}

// TestFolderPieces joins many pieces of MP4Box: pictures without a hole, sound that stays
// in step with them, and one init segment for each track.
func TestFolderPieces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := newFolder(t, dir, quick)
	pieces := mp4boxPieces(t)
	const n = 100
	for i := range n {
		appear(t, dir, fmt.Sprintf("webcam_part%d_dashinit.mp4", i), pieces[i%2])
	}
	segs := take(t, f, 1, n*3*time.Second)
	inits := 0
	ends := make(map[uint16]time.Duration)
	for _, seg := range segs {
		if seg.Type == livews.TypeInit {
			inits++
			continue
		}
		end, begun := ends[seg.Track]
		hole := seg.DecodeTime - end
		switch {
		case seg.Gap != nil:
			t.Errorf("track %d at %v: %+v", seg.Track, seg.DecodeTime, seg.Gap)
		case begun && seg.Track == 1 && hole.Abs() > 50*time.Microsecond:
			t.Errorf("pictures have a hole of %v at %v", hole, seg.DecodeTime)
		case begun && seg.Track == 2 && (hole > time.Millisecond || hole < -22*time.Millisecond):
			t.Errorf("sound has a hole of %v at %v", hole, seg.DecodeTime)
		}
		ends[seg.Track] = seg.DecodeTime + seg.Duration
	}
	if inits != 2 {
		t.Errorf("%d init segments, want 2", inits)
	}
	// The last chunk of pictures has half a second.
	if apart := ends[2] - ends[1]; apart.Abs() > 550*time.Millisecond {
		t.Errorf("after %d pieces sound ends %v after the pictures", n, apart)
	}
}

// TestFolderOrder takes files in their natural order however they come, and each once.
func TestFolderOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	opts := quick
	opts.Settle = time.Second // all come within that
	f := newFolder(t, dir, opts)
	pieces := mp4boxPieces(t)
	var names []string
	f.feed.opened = func(name string) { names = append(names, name) }
	for _, n := range []int{100, 11, 10, 9, 8} {
		appear(t, dir, fmt.Sprintf("part%d.mp4", n), pieces[0])
	}
	take(t, f, 1, 5*3*time.Second)
	if want := []string{"part8.mp4", "part9.mp4", "part10.mp4", "part11.mp4", "part100.mp4"}; !slices.Equal(names, want) {
		t.Errorf("files %v, want %v", names, want)
	}
	appear(t, dir, "part8.mp4", append(pieces[1], "\x00\x00\x00\x08free"...))
	take(t, f, 1, 3*time.Second)
	if names[len(names)-1] != "part8.mp4" {
		t.Errorf("the last file is %s, want part8.mp4, which has come again", names[len(names)-1])
	}
}

// TestFolderOld leaves out what was there before, or does not.
func TestFolderOld(t *testing.T) {
	t.Parallel()
	for _, old := range []bool{false, true} {
		dir := t.TempDir()
		pieces := mp4boxPieces(t)
		appear(t, dir, "part1.mp4", pieces[0])
		opts := quick
		opts.Old = old
		f := newFolder(t, dir, opts)
		var names []string
		f.feed.opened = func(name string) { names = append(names, name) }
		appear(t, dir, "part2.mp4", pieces[1])
		want := []string{"part2.mp4"}
		if old {
			want = []string{"part1.mp4", "part2.mp4"}
		}
		take(t, f, 1, time.Duration(len(want))*3*time.Second)
		if !slices.Equal(names, want) {
			t.Errorf("Old %v: files %v, want %v", old, names, want)
		}
	}
}

// TestFolderGrowing waits for the end of a file that is written slowly, and takes all of it.
func TestFolderGrowing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	opts := quick
	opts.Settle = 300 * time.Millisecond
	f := newFolder(t, dir, opts)
	whole := mp4boxPieces(t)[0]
	file, err := os.Create(filepath.Join(dir, "part1.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	go func() {
		for part := range slices.Chunk(whole, len(whole)/5+1) {
			_, _ = file.Write(part)
			time.Sleep(60 * time.Millisecond)
		}
	}()
	take(t, f, 1, 3*time.Second)
}

// TestFolderBad names what cannot be read, and goes on.
func TestFolderBad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var lines bytes.Buffer
	opts := quick
	opts.Logger = slog.New(slog.NewTextHandler(&lines, nil))
	f := newFolder(t, dir, opts)
	pieces := mp4boxPieces(t)
	garbled := bytes.Clone(pieces[0])
	for i := 2000; i < len(garbled); i += 7 {
		garbled[i] ^= 0x55
	}
	for name, content := range map[string][]byte{
		"part1.mp4":        pieces[0],
		"part2.mp4":        []byte("<html>no, not this</html>"),
		"part3.mp4":        garbled,
		"part4.mp4":        pieces[1],
		"webcam.mpd":       []byte("<MPD/>"),
		"part5.mp4.tmp":    pieces[0],
		".part6.mp4":       pieces[0],
		"part7.mp4~":       pieces[0],
		"chunk-1-0001.m4s": pieces[0][bytes.Index(pieces[0], []byte("moof"))-4:],
	} {
		appear(t, dir, name, content)
	}
	if err := os.Mkdir(filepath.Join(dir, "part0.mp4"), 0o700); err != nil {
		t.Fatal(err)
	}
	take(t, f, 1, 2*3*time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for err := error(nil); err == nil; {
		_, err = f.ReadSegment(ctx)
	}
	for _, name := range []string{"part2.mp4", "part3.mp4", "chunk-1-0001.m4s"} {
		if n := strings.Count(lines.String(), "file="+name+" "); n != 1 {
			t.Errorf("%s is named %d times in\n%s", name, n, lines.String())
		}
	}
	if n := strings.Count(lines.String(), "\n"); n > 4 {
		t.Errorf("%d lines:\n%s", n, lines.String())
	}
}

// TestFolderVanishes takes up a folder that comes back.
func TestFolderVanishes(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "video")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f := newFolder(t, dir, quick)
	pieces := mp4boxPieces(t)
	appear(t, dir, "part1.mp4", pieces[0])
	take(t, f, 1, 3*time.Second)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	for err := error(nil); err == nil; {
		_, err = f.ReadSegment(ctx)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	appear(t, dir, "part1.mp4", pieces[1])
	take(t, f, 1, 3*time.Second)
}

func TestFolderErrors(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, file + "-that-is-not-there"} {
		if _, err := NewFolder(path, nil); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("NewFolder(%s) = %v", path, err)
		}
	}
	f := newFolder(t, t.TempDir(), quick)
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(errors.New("terminated")) })
	if _, err := f.ReadSegment(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadSegment of a context that has ended = %v", err)
	}
	time.AfterFunc(50*time.Millisecond, func() { _ = f.Close() })
	if _, err := f.ReadSegment(t.Context()); !errors.Is(err, livews.ErrClosed) {
		t.Errorf("ReadSegment of a closed folder = %v", err)
	}
}

func TestNaturalOrder(t *testing.T) {
	sorted := []string{"", "a", "a01", "a1", "a2b", "a2c", "a10", "a10b", "b", "b1-2", "b1-10", "b2-1"}
	for i, a := range sorted {
		for j, b := range sorted {
			got := compareNatural(a, b)
			if want := i - j; got < 0 != (want < 0) || got > 0 != (want > 0) {
				t.Errorf("compareNatural(%q, %q) = %d", a, b, got)
			}
		}
	}
}

func TestSplitName(t *testing.T) {
	for name, want := range map[string][2]string{
		"chunk-stream0-00012.m4s":     {"chunk-stream0-#.m4s", "00012"},
		"webcam_part002_dashinit.mp4": {"webcam_part#_dashinit.mp4", "002"},
		"part7":                       {"part#", "7"},
		"none.mp4":                    {"none.mp4", ""},
		"":                            {"", ""},
	} {
		kind, number := splitName(name)
		if got := [2]string{kind, number}; got != want {
			t.Errorf("splitName(%q) = %q, want %q", name, got, want)
		}
	}
}

// FuzzSurvey must end, whatever a file holds.
func FuzzSurvey(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x08ftyp\x00\x00\x00\x08moov\x00\x00\x00\x08moof\x00\x00\x00\x08mdat"))
	f.Add([]byte("\x00\x00\x00\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Add([]byte("\x00\x00\x00\x00mdat"))
	f.Fuzz(func(t *testing.T, content []byte) {
		size := int64(len(content))
		c, err := survey(bytes.NewReader(content), size)
		if err != nil || c.end < 0 || c.end > size || c.moov < 0 || c.moov > size || c.whole && size == 0 {
			t.Errorf("survey of %d bytes: %+v, %v", size, c, err)
		}
	})
}
