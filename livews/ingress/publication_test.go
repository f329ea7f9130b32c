package ingress

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// cmaf is one track of a clip, as packagers write it: by itself, with track_ID 1.
type cmaf struct {
	init   []byte
	chunks []*livews.Segment
}

// parts returns the tracks of a clip.
func parts(t *testing.T) (video, audio cmaf) {
	t.Helper()
	for seg, err := range livews.All(t.Context(), dash.NewSplitter(bytes.NewReader(clip1), nil)) {
		if err != nil {
			t.Fatal(err)
		}
		one, err := dash.Renumber(seg, 1)
		if err != nil {
			t.Fatal(err)
		}
		to := &video
		if seg.Track == 2 {
			to = &audio
		}
		if seg.Type == livews.TypeInit {
			to.init = one.Payload
		} else {
			to.chunks = append(to.chunks, one)
		}
	}
	return video, audio
}

// between returns the media of the time from one second to another.
func (c cmaf) between(from, to time.Duration) []byte {
	b := []byte("\x00\x00\x00\x18stypmsdh\x00\x00\x00\x00msdhmsix")
	for _, seg := range c.chunks {
		if seg.DecodeTime >= from && seg.DecodeTime < to {
			b = append(b, seg.Payload...)
		}
	}
	return b
}

func (s *site) put(t *testing.T, path string, body []byte) {
	t.Helper()
	if status, says := s.do(t, "PUT", path, bytes.NewReader(body)); status != http.StatusOK {
		t.Fatalf("PUT %s = %d %s, want 200", path, status, says)
	}
}

// wantNoTurns waits until no name is held any more.
func (s *site) wantNoTurns(t *testing.T) {
	t.Helper()
	n := 0
	for range patience / (10 * time.Millisecond) {
		s.mu.Lock()
		n = len(s.turns)
		s.mu.Unlock()
		if n == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d names are held", n)
}

// collect reads until the stream ends.
func collect(t *testing.T, src livews.Source) []*livews.Segment {
	t.Helper()
	var got []*livews.Segment
	for {
		seg, err := src.ReadSegment(t.Context())
		if err == io.EOF {
			return got
		}
		if err != nil {
			t.Fatalf("after %d segments: %v", len(got), err)
		}
		got = append(got, seg)
	}
}

// wantTrack checks that the stream has all of a track from its beginning, once, on a
// continuous timeline and in aligned groups.
func wantTrack(t *testing.T, got []*livews.Segment, number uint16, want cmaf, until time.Duration) {
	t.Helper()
	var n int
	for _, seg := range got {
		if seg.Track != number || seg.Type != livews.TypeChunk {
			continue
		}
		if n >= len(want.chunks) || seg.DecodeTime != want.chunks[n].DecodeTime {
			t.Fatalf("track %d: chunk %d has decode time %v, want %v", number, n, seg.DecodeTime, want.chunks[n].DecodeTime)
		}
		if group := uint32((seg.DecodeTime + 30*time.Millisecond) / (2 * time.Second)); seg.Position.Group > group || seg.Position.Group+1 < group {
			t.Errorf("track %d: decode time %v is in group %d", number, seg.DecodeTime, seg.Position.Group)
		}
		if seg.Flags.Has(livews.FlagDiscontinuity) {
			t.Errorf("track %d: discontinuity at %v", number, seg.DecodeTime)
		}
		n++
	}
	all := slices.IndexFunc(want.chunks, func(seg *livews.Segment) bool { return seg.DecodeTime >= until })
	if all < 0 {
		all = len(want.chunks)
	}
	if n != all {
		t.Errorf("track %d has %d chunks, want %d", number, n, all)
	}
}

func TestObjects(t *testing.T) {
	video, audio := parts(t)
	s := newSite(t, &Handler{})
	s.put(t, "/cam/init-stream0.m4s", video.init)
	s.put(t, "/cam/init-stream1.m4s", audio.init)
	for i := range 4 {
		from, to := time.Duration(2*i)*time.Second, time.Duration(2*i+2)*time.Second
		// Sound first: it has to wait for the picture's groups.
		s.put(t, fmt.Sprintf("/cam/chunk-stream1-%05d.m4s", i+1), audio.between(from, to))
		s.put(t, fmt.Sprintf("/cam/chunk-stream0-%05d.m4s", i+1), video.between(from, to))
		if i == 1 { // an encoder that is not sure
			s.put(t, fmt.Sprintf("/cam/chunk-stream0-%05d.m4s", i+1), video.between(from, to))
			s.put(t, "/cam/init-stream0.m4s", video.init)
		}
		s.put(t, "/cam/manifest.mpd", []byte(`<MPD type="dynamic"><Period/></MPD>`))
		s.put(t, "/cam/master.m3u8", []byte("#EXTM3U"))
	}
	sub := s.watch(t, "cam")
	if status, _ := s.do(t, "DELETE", "/cam/chunk-stream0-00001.m4s", nil); status != http.StatusNoContent {
		t.Errorf("DELETE of a segment = %d, want 204", status)
	}
	if status, _ := s.do(t, "DELETE", "/cam/manifest.mpd", nil); status != http.StatusNoContent {
		t.Errorf("DELETE of the MPD = %d, want 204", status)
	}
	got := collect(t, sub)
	wantTrack(t, got, 1, video, time.Hour)
	wantTrack(t, got, 2, audio, time.Hour)
	if got[0].Type != livews.TypeInit || got[1].Type != livews.TypeInit {
		t.Errorf("the stream begins with %v and %v, want both init segments", got[0].Type, got[1].Type)
	}
	if status, _ := s.do(t, "DELETE", "/cam/manifest.mpd", nil); status != http.StatusNotFound {
		t.Errorf("DELETE after the end = %d, want 404", status)
	}
}

func TestObjectsEndWithStaticManifest(t *testing.T) {
	video, _ := parts(t)
	s := newSite(t, &Handler{})
	s.put(t, "/cam/init.mp4", video.init)
	s.put(t, "/cam/1.m4s", video.between(0, 2*time.Second))
	sub := s.watch(t, "cam")
	s.put(t, "/cam/manifest.mpd", []byte(`<MPD type="static"/>`))
	wantTrack(t, collect(t, sub), 1, video, 2*time.Second)
}

func TestObjectsOfTracks(t *testing.T) {
	video, audio := parts(t)
	s := newSite(t, &Handler{})
	if status, _ := s.do(t, "POST", "/cam/Streams(video.cmfv)", nil); status != http.StatusOK {
		t.Errorf("a probe gets %d, want 200", status)
	}
	end := []byte("\x00\x00\x00\x08mfra")
	v, vs := s.publishing(t, "/cam/Streams(video.cmfv)")
	a, as := s.publishing(t, "/cam/Streams(audio.cmfa)")
	_, _ = v.Write(append(slices.Clone(video.init), video.between(0, 4*time.Second)...))
	_, _ = a.Write(append(slices.Clone(audio.init), audio.between(0, 4*time.Second)...))
	sub := s.watch(t, "cam")
	// The connection of the picture is cut in the middle of a chunk, and made again.
	_, _ = v.Write(video.between(4*time.Second, 6*time.Second)[:5000])
	_ = v.CloseWithError(errors.New("the cable is cut"))
	<-vs
	v, vs = s.publishing(t, "/cam/Streams(video.cmfv)")
	_, _ = v.Write(append(slices.Clone(video.init), video.between(4*time.Second, 8*time.Second)...))
	_, _ = a.Write(audio.between(4*time.Second, 8*time.Second))
	_, _ = v.Write(end)
	_, _ = a.Write(end)
	_, _ = v.Close(), a.Close()
	if v, a := <-vs, <-as; v != http.StatusOK || a != http.StatusOK {
		t.Errorf("publishers get %d and %d, want 200", v, a)
	}
	got := collect(t, sub)
	for _, init := range got[:2] { // in the order in which the requests came
		part := video
		if init.Info.Kind == livews.KindAudio {
			part = audio
		}
		wantTrack(t, got, init.Track, part, time.Hour)
	}
}

func TestObjectsPassChunksAtOnce(t *testing.T) {
	video, _ := parts(t)
	s := newSite(t, &Handler{})
	s.put(t, "/cam/init.mp4", video.init)
	w, _ := s.publishing(t, "/cam/1.m4s")
	_, _ = w.Write(video.between(0, time.Second))
	sub := s.watch(t, "cam")
	readChunks(t, sub, 30, 1) // and the request goes on
	next := video.between(time.Second, time.Second+40*time.Millisecond)
	_, _ = w.Write(next)
	readChunks(t, sub, 1, 1)
}

func TestObjectsRefused(t *testing.T) {
	video, audio := parts(t)
	s := newSite(t, &Handler{})
	for _, tt := range []struct {
		path   string
		body   []byte
		status int
	}{
		{"/a/1.m4s", video.between(0, time.Second), 412},
		{"/a/init.mp4", []byte("<html>this is no film at all</html>"), 415},
		{"/a/init.mp4", video.init[:len(video.init)-10], 400},
		{"/a/1.ts", bytes.Repeat([]byte("\x47\x40\x11\x10"), 100), 415},
		{"/a/manifest.mpd", []byte("<MPD"), 400},
		{"/a/manifest.mpd", bytes.Repeat([]byte(" "), maxManifest+1), 413},
		{"/a/init.mp4", append([]byte("\x7f\xff\xff\xffmoov"), make([]byte, 64<<10)...), 413},
	} {
		if status, says := s.do(t, "PUT", tt.path, bytes.NewReader(tt.body)); status != tt.status {
			t.Errorf("PUT %s = %d %q, want %d", tt.path, status, says, tt.status)
		}
	}
	s.wantNoTurns(t)
	// What is wrong with an object does not harm those around it.
	s.put(t, "/b/init-v.mp4", video.init)
	s.put(t, "/b/init-a.mp4", audio.init)
	s.put(t, "/b/v-1.m4s", video.between(0, 2*time.Second))
	s.put(t, "/b/a-1.m4s", audio.between(0, 2*time.Second))
	for _, bad := range [][]byte{
		[]byte("\x00\x00\x00\x18styp garbage that is no box at all"),
		append(video.between(2*time.Second, 3*time.Second)[:3000:3000], "garbage"...),
	} {
		if status, _ := s.do(t, "PUT", "/b/v-2.m4s", bytes.NewReader(bad)); status < 400 {
			t.Errorf("garbage = %d, want an error", status)
		}
	}
	s.put(t, "/b/v-2.m4s", video.between(2*time.Second, 4*time.Second))
	s.put(t, "/b/a-2.m4s", audio.between(2*time.Second, 4*time.Second))
	sub := s.watch(t, "b")
	if status, _ := s.do(t, "DELETE", "/b", nil); status != http.StatusNoContent {
		t.Errorf("DELETE = %d, want 204", status)
	}
	got := collect(t, sub)
	wantTrack(t, got, 1, video, 4*time.Second)
	wantTrack(t, got, 2, audio, 4*time.Second)
}

func TestObjectsFallSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		video, _ := parts(t)
		s := newMemorySite(t, &Handler{Streams: &livews.Streams{Linger: 50 * time.Millisecond}})
		s.put(t, "/cam/init.mp4", video.init)
		s.put(t, "/cam/1.m4s", video.between(0, 2*time.Second))
		sub := s.watch(t, "cam")
		for {
			if _, err := sub.ReadSegment(t.Context()); err == io.EOF {
				t.Fatal("a publisher that vanishes ends cleanly")
			} else if err != nil {
				return
			}
		}
	})
}

func TestParseManifest(t *testing.T) {
	m, err := parseManifest([]byte(`<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic"><Period>
<AdaptationSet contentType="video"><SegmentTemplate initialization="init-stream$RepresentationID$.m4s"/>
<Representation id="0" mimeType="video/mp4" bandwidth="398576"/><Representation id="1" bandwidth="x"/></AdaptationSet>
<AdaptationSet lang="deu"><Representation id="2" mimeType="audio/mp4" bandwidth="69000"><SegmentTemplate initialization="$RepresentationID$/init.mp4"/></Representation></AdaptationSet>
<AdaptationSet contentType="text"><Representation id="3"/></AdaptationSet></Period></MPD>`), ".")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]hint{"stream 0": {bitrate: 398576}, "stream 1": {}, "2/": {69000, "deu"}}
	if m.ended || fmt.Sprint(m.hints) != fmt.Sprint(want) {
		t.Errorf("manifest = %+v, want %v", m, want)
	}
}

func TestObjectKeys(t *testing.T) {
	for _, tt := range []struct{ init, media string }{
		{"init-stream0.m4s", "chunk-stream0-00012.m4s"},
		{"init.mp4", "12.m4s"},
		{"init.mp4", "segment_12.m4s"},
		{"480p/init.mp4", "480p/12.m4s"},
		{"video_dashinit.mp4", "video_dash12.m4s"},
		{"video_1080p.init", "video_1080p-900000.m4v"},
		{"video.header", "video-12.m4s"},
		{"v1-init.mp4", "v1-12.cmfv"},
	} {
		full, _ := objectKeys(tt.init)
		_, short := objectKeys(tt.media)
		if full != short {
			t.Errorf("%s is of %q, %s of %q, want the same", tt.init, full, tt.media, short)
		}
	}
}

func TestParseManifestLongNames(t *testing.T) {
	id := strings.Repeat("9", 1<<11)
	text := `<MPD><Period><AdaptationSet><SegmentTemplate initialization="` + strings.Repeat("$RepresentationID$", 1<<11) +
		`"/><Representation id="` + id + `"/></AdaptationSet></Period></MPD>`
	m, err := parseManifest([]byte(text), ".")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for key := range m.hints {
		n += len(key)
	}
	if n > 1<<16 {
		t.Errorf("an MPD of %d bytes gives keys of %d", len(text), n)
	}
}

func TestObjectsEndThenInit(t *testing.T) {
	for _, end := range []string{"DELETE", "PUT"} {
		synctest.Test(t, func(t *testing.T) {
			video, _ := parts(t)
			s := newMemorySite(t, &Handler{})
			s.put(t, "/cam/init.mp4", video.init)
			s.put(t, "/cam/1.m4s", video.between(0, 2*time.Second))
			if end == "PUT" {
				s.put(t, "/cam/manifest.mpd", []byte(`<MPD type="static"/>`))
			} else if status, _ := s.do(t, "DELETE", "/cam", nil); status != 204 {
				t.Fatal(status)
			}
			time.Sleep(time.Millisecond)
			s.put(t, "/cam/init.mp4", video.init)
			time.Sleep(2 * endGrace)
			s.put(t, "/cam/2.m4s", video.between(2*time.Second, 4*time.Second))
		})
	}
}

// TestObjectsClosing asks for a stream that has ended before its turn has.
func TestObjectsClosing(t *testing.T) {
	h := &Handler{Streams: &livews.Streams{}}
	r := httptest.NewRequest(http.MethodDelete, "/cam", nil)
	h.turns = map[string]*turn{"cam": {files: &publication{host: hostOf(r)}}}
	if _, err := h.published(r, "cam"); err != nil {
		t.Errorf("published = %v, want the publication", err)
	}
	h.turns["cam"].files.closing = true
	if _, err := h.published(r, "cam"); !errors.Is(err, errNothingPublished) {
		t.Errorf("published of what is closing = %v, want errNothingPublished", err)
	}
}

// TestObjectsOfNoUse keeps a name with objects in which nothing is new: it becomes free.
func TestObjectsOfNoUse(t *testing.T) {
	for _, of := range []string{"nothing", "the same"} {
		synctest.Test(t, func(t *testing.T) {
			video, _ := parts(t)
			s := newMemorySite(t, &Handler{})
			s.put(t, "/cam/init.mp4", video.init)
			s.put(t, "/cam/1.m4s", video.between(0, time.Second))
			body := []byte("x")
			if of == "the same" {
				body = video.init
			}
			for began := time.Now(); s.Streams.HasSource("cam"); time.Sleep(5 * time.Second) {
				if time.Since(began) > 2*defaultPublisherSilence {
					t.Fatalf("%s: the name is held for ever", of)
				}
				_, _ = s.do(t, "PUT", "/cam/init.mp4", bytes.NewReader(body))
			}
		})
	}
}
