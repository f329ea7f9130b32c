package e2e

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// filmSeconds is how long a film is: a whole number of frames of picture, AAC and Opus.
const filmSeconds = 8

// A film is a picture with sound that repeats for ever, with a sync sample every second and
// chunks of one frame.
type film struct {
	inits  []*livews.Segment
	chunks []*livews.Segment // by the end of their media
	scale  map[uint16]uint32
}

// newFilm makes a film of this size with these encoders of ffmpeg: a test picture and a tone.
func newFilm(t *testing.T, size string, encoders ...string) *film {
	t.Helper()
	return newFilmOf(t, "testsrc2=size="+size+":rate=30", "sine=frequency=440:sample_rate=48000", encoders...)
}

// newLadder makes a film with the picture in two renditions: track 1 has 640x360 and 1.5 Mbit/s,
// track 3 has 160x90 and 100 kbit/s. Track 2 is the sound.
func newLadder(t *testing.T) *film {
	t.Helper()
	return newFilmOf(t, "testsrc2=size=640x360:rate=30", "sine=frequency=440:sample_rate=48000",
		"-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30:duration="+strconv.Itoa(filmSeconds), "-map", "0:v", "-map", "1:a", "-map", "2:v",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-b:v:0", "1500k", "-maxrate:v:0", "1500k", "-bufsize:v:0", "750k",
		"-b:v:1", "100k", "-maxrate:v:1", "100k", "-bufsize:v:1", "50k", "-c:a", "aac")
}

// newFilmOf makes a film of what these sources of ffmpeg give.
func newFilmOf(t *testing.T, picture, sound string, encoders ...string) *film {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film.mp4")
	seconds := strconv.Itoa(filmSeconds)
	args := []string{
		"-loglevel", "error", "-nostdin",
		"-f", "lavfi", "-t", seconds, "-i", picture,
		"-f", "lavfi", "-t", seconds, "-i", sound,
	}
	args = append(args, encoders...)
	args = append(args, "-g", "30", "-keyint_min", "30", "-pix_fmt", "yuv420p", "-use_editlist", "0",
		"-movflags", "+cmaf+frag_every_frame+separate_moof+skip_trailer", "-f", "mp4", path)
	if out, err := exec.Command(need(t, "ffmpeg"), args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := &film{scale: make(map[uint16]uint32)}
	for seg, err := range livews.All(t.Context(), dash.NewSplitter(bytes.NewReader(file), nil)) {
		switch {
		case err != nil:
			t.Fatal(err)
		case seg.Type == livews.TypeInit:
			f.inits = append(f.inits, seg)
			f.scale[seg.Track] = seg.Info.Timescale
		case seg.DecodeTime+seg.Duration <= filmSeconds*time.Second:
			f.chunks = append(f.chunks, seg)
		}
	}
	slices.SortStableFunc(f.chunks, func(a, b *livews.Segment) int {
		return cmp.Compare(a.DecodeTime+a.Duration, b.DecodeTime+b.Duration)
	})
	return f
}

// source gives the film in real time from now on.
func (f *film) source() livews.Source {
	start, n := time.Now(), 0
	return livews.SourceFunc(func(ctx context.Context) (*livews.Segment, error) {
		defer func() { n++ }()
		if n < len(f.inits) {
			return f.inits[n], nil
		}
		i := n - len(f.inits)
		seg := f.chunks[i%len(f.chunks)]
		round := i / len(f.chunks)
		moved, err := f.shift(seg, time.Duration(round*filmSeconds)*time.Second)
		if err != nil {
			return nil, err
		}
		due := start.Add(moved.DecodeTime + moved.Duration)
		moved.WallClock = due.Round(0)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Until(due)):
			return moved, nil
		}
	})
}

// shift returns a chunk later by a whole number of seconds.
func (f *film) shift(seg *livews.Segment, by time.Duration) (*livews.Segment, error) {
	scale := f.scale[seg.Track]
	payload, err := dash.ShiftChunk(seg.Payload, int64(by/time.Second)*int64(scale), scale)
	if err != nil {
		return nil, err
	}
	moved := altered(seg, payload)
	moved.DecodeTime += by
	return moved, nil
}

// altered returns seg with another payload.
func altered(seg *livews.Segment, payload []byte) *livews.Segment {
	return &livews.Segment{
		Type: seg.Type, Flags: seg.Flags, Track: seg.Track, Position: seg.Position, DecodeTime: seg.DecodeTime,
		Duration: seg.Duration, WallClock: seg.WallClock, Info: seg.Info, Payload: payload,
	}
}
