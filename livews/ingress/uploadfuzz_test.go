package ingress

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"testing"
	"testing/iotest"
)

// FuzzParseManifest parses what may be an MPD: what is kept of it is small.
func FuzzParseManifest(f *testing.F) {
	live, err := os.ReadFile("testdata/dash/live.mpd")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(live)
	f.Add([]byte(`<MPD type="static"/>`))
	f.Add([]byte(`<MPD><Period><AdaptationSet lang="deu"><SegmentTemplate initialization="$RepresentationID$/$Bandwidth$.mp4"/><Representation id="1" bandwidth="x"/></AdaptationSet></Period></MPD>`))
	f.Add(bytes.Repeat([]byte("<MPD>"), 1000))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseManifest(text, "dir")
		if err != nil {
			return
		}
		if len(m.hints) > maxRepresentations {
			t.Errorf("%d representations, want at most %d", len(m.hints), maxRepresentations)
		}
		for key := range m.hints {
			if len(key) > maxNamePart*maxNamePart {
				t.Errorf("key of %d bytes", len(key))
			}
		}
	})
}

// FuzzBoxWatch gives the same bytes at once and one by one: what is seen in them must not
// depend on that, and is bounded.
func FuzzBoxWatch(f *testing.F) {
	f.Add(clip1[:2000])
	f.Add([]byte("\x00\x00\x00\x18styplmsg\x00\x00\x00\x00msdhlmsg\x00\x00\x00\x08mfra"))
	f.Add([]byte("\x00\x00\x00\x01moov\x00\x00\x00\x00\x00\x00\x00\x14body\x00\x00\x00\x00free"))
	f.Add([]byte("\x00\x00\x00\x01moov\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		kind, err := firstBox(bufio.NewReader(bytes.NewReader(b)))
		if kind != otherBox && err != nil || len(b) == 0 && err != io.EOF {
			t.Errorf("firstBox = %v, %v", kind, err)
		}
		whole, single := &boxWatch{in: bytes.NewReader(b)}, &boxWatch{in: iotest.OneByteReader(bytes.NewReader(b))}
		for _, w := range []*boxWatch{whole, single} {
			if n, err := io.Copy(io.Discard, w); err != nil || n != int64(len(b)) || w.count.Load() != n {
				t.Errorf("read %d of %d bytes, %v", n, len(b), err)
			}
			if len(w.kept) > maxKeptInit || len(w.init()) > len(b) {
				t.Errorf("kept %d bytes, and an init segment of %d", len(w.kept), len(w.init()))
			}
		}
		if whole.ended != single.ended || !bytes.Equal(whole.init(), single.init()) {
			t.Errorf("ended %v, init of %d bytes; byte by byte %v, %d", whole.ended, len(whole.init()), single.ended, len(single.init()))
		}
	})
}

// FuzzObjectKeys makes keys of names: the short one begins in the same folder.
func FuzzObjectKeys(f *testing.F) {
	for _, name := range []string{"init-stream0.m4s", "480p/12.m4s", "", "/", "...", "Streams(x)", "\xff/1", "1.2.3"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		full, short := objectKeys(name)
		if len(short) > len(full) || len(full) > 2*len(name)+1 {
			t.Errorf("objectKeys(%q) = %q, %q", name, full, short)
		}
	})
}
