package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/Eyevinn/mp4ff/avc"
	"github.com/Eyevinn/mp4ff/hevc"
	"github.com/Eyevinn/mp4ff/mp4"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// codecFiles are files of package dash with one track each.
var codecFiles = []string{
	"frames-h264", "frames-hvc1", "frames-hev1", "frames-vp9", "frames-av1", "frames-aac", "frames-opus", "frames-flac",
	"hvc1", "hev1", "hvc1ten", "av1", "av1ten", "flac", "opus2",
}

func codecFile(name string) string {
	return filepath.Join("..", "..", "livews", "dash", "testdata", name+".mp4")
}

// describe returns what the splitter says of the first track of a file, and its init
// segment.
func describe(t *testing.T, path string) (*livews.Track, []byte) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seg, err := dash.NewSplitter(bytes.NewReader(file), nil).ReadSegment(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return seg.Info, seg.Payload
}

// TestCodecStrings holds our codec strings against those of mp4ff, which makes them for
// H.264 and H.265 from the parameter sets, and of ffmpeg's DASH muxer, which makes them
// for all others.
func TestCodecStrings(t *testing.T) {
	need(t, "ffmpeg")
	for _, name := range codecFiles {
		t.Run(name, func(t *testing.T) {
			info, init := describe(t, codecFile(name))
			want, err := mp4ffCodec(init)
			if err != nil {
				t.Fatalf("mp4ff: %v", err)
			}
			if want == "" {
				want = dashCodec(t, codecFile(name))
			}
			if info.Codec != want {
				t.Errorf("codec = %s, another implementation says %s", info.Codec, want)
			}
		})
	}
}

// mp4ffCodec returns the codec string of an init segment, or "" if mp4ff makes none.
func mp4ffCodec(init []byte) (string, error) {
	file, err := mp4.DecodeFile(bytes.NewReader(init))
	if err != nil {
		return "", err
	}
	stsd := file.Init.Moov.Trak.Mdia.Minf.Stbl.Stsd
	switch {
	case stsd.AvcX != nil:
		sps, err := avc.ParseSPSNALUnit(stsd.AvcX.AvcC.SPSnalus[0], false)
		if err != nil {
			return "", err
		}
		return avc.CodecString(stsd.AvcX.Type(), sps), nil
	case stsd.HvcX != nil:
		sets := stsd.HvcX.HvcC.GetNalusForType(hevc.NALU_SPS)
		if len(sets) == 0 {
			return "", fmt.Errorf("no SPS in hvcC")
		}
		sps, err := hevc.ParseSPSNALUnit(sets[0])
		if err != nil {
			return "", err
		}
		return hevc.CodecString(stsd.HvcX.Type(), sps), nil
	}
	return "", nil
}

var codecsAttribute = regexp.MustCompile(`codecs="([^"]*)"`)

// dashCodec returns the codec string that ffmpeg writes into an MPD.
func dashCodec(t *testing.T, path string) string {
	t.Helper()
	mpd := filepath.Join(t.TempDir(), "x.mpd")
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-c", "copy", "-strict", "experimental", "-f", "dash", mpd)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	text, err := os.ReadFile(mpd)
	if err != nil {
		t.Fatal(err)
	}
	m := codecsAttribute.FindSubmatch(text)
	if m == nil {
		t.Fatalf("no codecs in the MPD:\n%s", text)
	}
	return string(m[1])
}

// TestCodecsInBrowser asks Chromium whether it plays what the files say they are. AAC and
// H.265 it plays only in builds that have them; Debian's has AAC.
func TestCodecsInBrowser(t *testing.T) {
	edge := startCDN(t)
	b := newBrowser(t, "chromium")
	b.open(t, "http://"+edge+"/")
	for _, name := range codecFiles {
		info, _ := describe(t, codecFile(name))
		mime, err := json.Marshal(info.MIMEType())
		if err != nil {
			t.Fatal(err)
		}
		var plays bool
		value := b.do(t, command{Do: "evaluate", Expression: "MediaSource.isTypeSupported(" + string(mime) + ")"}).Value
		if err := json.Unmarshal(value, &plays); err != nil {
			t.Fatal(err)
		}
		want := !strings.HasPrefix(info.Codec, "hvc1") && !strings.HasPrefix(info.Codec, "hev1")
		if plays != want {
			t.Errorf("%s: Chromium plays %s: %v, want %v", name, mime, plays, want)
		}
	}
	for _, nonsense := range []string{"avc1.ZZZZZZ", "vp09.00", "av01.0", "nosuch"} {
		value := b.do(t, command{Do: "evaluate", Expression: `MediaSource.isTypeSupported('video/mp4; codecs="` + nonsense + `"')`}).Value
		if string(value) != "false" {
			t.Errorf("Chromium plays %s: %s", nonsense, value)
		}
	}
}
