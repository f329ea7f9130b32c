package ingress

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// simTrack is a track of a simulated encoder. Times are real ones, since the start, unless
// they say something else.
type simTrack struct {
	id        uint32
	sound     bool
	timescale uint32
	samples   int           // in a chunk
	sample    time.Duration // each
	uneven    bool          // frames last half as long, and half as long again, in turn
	group     int           // chunks from one sync sample to the next
	from      time.Duration
	pauses    [2]time.Duration // from and to
	// clock returns what the encoder's clock shows at a time; nil is the time itself.
	clock  func(time.Duration) time.Duration
	wraps  bool    // decode times have 32 bits
	lies   float64 // by how much durations are too long
	offset int32   // composition offset of the pictures in turn, and its negative
}

func (tr *simTrack) units(d time.Duration) uint64 {
	return uint64(math.Round(float64(d) * float64(tr.timescale) / float64(time.Second)))
}

// simChunk is a chunk in the order in which it is written: when its last sample is there.
type simChunk struct {
	tr *simTrack
	n  int
	at time.Duration
}

func (c simChunk) end() time.Duration { return c.at + time.Duration(c.tr.samples)*c.tr.sample }

// simBox makes a box.
func simBox(typ string, parts ...[]byte) []byte {
	b := append(make([]byte, 4, 256), typ...)
	for _, part := range parts {
		b = append(b, part...)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

func simWords(words ...uint32) []byte {
	b := make([]byte, 0, 4*len(words))
	for _, w := range words {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	return b
}

// bytes returns the chunk. Its media data begin with the real time.
func (c simChunk) bytes() []byte {
	tr := c.tr
	shown := c.at
	if tr.clock != nil {
		shown = tr.clock(c.at)
	}
	samples := make([]uint32, 0, 4*tr.samples)
	for i := range tr.samples {
		// Of the borders, so that nothing adds up.
		d := tr.units(shown+time.Duration(i+1)*tr.sample) - tr.units(shown+time.Duration(i)*tr.sample)
		if tr.uneven {
			d = d * uint64(1+2*(i%2)) / 2
		}
		flags := uint32(0x01010000)
		if tr.sound || i == 0 && c.n%tr.group == 0 {
			flags = 0x02000000
		}
		offset := tr.offset
		if i%2 == 1 {
			offset = -offset
		}
		samples = append(samples, uint32(float64(d)*(1+tr.lies)), 8, flags, uint32(offset))
	}
	tfdt := binary.BigEndian.AppendUint64(simWords(1<<24), tr.units(shown))
	if tr.wraps {
		tfdt = simWords(0, uint32(tr.units(shown)))
	}
	moof := simBox("moof", simBox("mfhd", simWords(0, 1)), simBox("traf",
		simBox("tfhd", simWords(0x020000, tr.id)), simBox("tfdt", tfdt),
		simBox("trun", simWords(1<<24|0xf01, uint32(tr.samples), 0), simWords(samples...))))
	offset := moof[bytes.Index(moof, []byte("trun"))+12:]
	binary.BigEndian.PutUint32(offset, uint32(len(moof)+8))
	media := bytes.Repeat(binary.BigEndian.AppendUint64(nil, uint64(c.at)), tr.samples)
	return append(moof, simBox("mdat", media)...)
}

// simInit is the init segment of the tracks: one of H.264 and one of Opus.
func simInit(tracks []*simTrack) []byte {
	var traks, trexs [][]byte
	for _, tr := range tracks {
		handler, entry := "vide", simBox("avc1", make([]byte, 7), []byte{1}, make([]byte, 16), simWords(640<<16|360), make([]byte, 50),
			simBox("avcC", []byte{1, 0x4d, 0x40, 0x1e, 0xff, 0xe0, 0}))
		if tr.sound {
			handler, entry = "soun", simBox("Opus", make([]byte, 7), []byte{1}, make([]byte, 8), simWords(2<<16|16, 0, 48000<<16),
				simBox("dOps", []byte{0, 2, 1, 56, 0, 0, 0xbb, 0x80, 0, 0, 0}))
		}
		traks = append(traks, simBox("trak", simBox("tkhd", simWords(3, 0, 0, tr.id), make([]byte, 68)), simBox("mdia",
			simBox("mdhd", simWords(0, 0, 0, tr.timescale, 0, 0)),
			simBox("hdlr", simWords(0, 0), []byte(handler), make([]byte, 13)),
			simBox("minf", simBox("stbl", simBox("stsd", simWords(0, 1), entry), simBox("stsz", simWords(0, 0, 0)))))))
		trexs = append(trexs, simBox("trex", simWords(0, tr.id, 1, 0, 0, 0)))
	}
	moov := simBox("moov", simBox("mvhd", simWords(0, 0, 0, 1000, 0), make([]byte, 80)), bytes.Join(traks, nil), simBox("mvex", trexs...))
	return append(simBox("ftyp", []byte("iso6"), simWords(0), []byte("iso6")), moov...)
}

// simulate returns what the encoder writes for so long. Where it is restarted it writes its
// init segment again.
func simulate(long, restart time.Duration, tracks ...*simTrack) []byte {
	out := bytes.NewBuffer(simInit(tracks))
	next := make([]int, len(tracks))
	for {
		var first simChunk
		for i, tr := range tracks {
			length := time.Duration(tr.samples) * tr.sample
			c := simChunk{tr: tr, n: next[i], at: tr.from + time.Duration(next[i])*length}
			for c.at >= tr.pauses[0] && c.at < tr.pauses[1] {
				next[i]++
				c.n, c.at = c.n+1, c.at+length
			}
			if first.tr == nil || c.end() < first.end() {
				first = c
			}
		}
		if first.at >= long {
			return out.Bytes()
		}
		if restart > 0 && first.at >= restart {
			out.Write(simInit(tracks))
			restart = 0
		}
		for i, tr := range tracks {
			if tr == first.tr {
				next[i]++
			}
		}
		out.Write(first.bytes())
	}
}

// shownAt returns the real time of a chunk.
func shownAt(t *testing.T, seg *livews.Segment) time.Duration {
	t.Helper()
	i := bytes.Index(seg.Payload, []byte("mdat"))
	if i < 0 {
		t.Fatal("a chunk has no mdat")
	}
	return time.Duration(binary.BigEndian.Uint64(seg.Payload[i+4:]))
}

// steps returns a clock that is wrong by given times from given moments on: at, by, at, by.
func steps(steps ...time.Duration) func(time.Duration) time.Duration {
	return func(at time.Duration) time.Duration {
		wrong := time.Duration(0)
		for i := 0; i < len(steps); i += 2 {
			if at >= steps[i] {
				wrong = steps[i+1]
			}
		}
		return at + wrong
	}
}

// simTests are encoders, and what becomes of them.
var simTests = []struct {
	name         string
	video, audio simTrack
	restart      time.Duration
	breaks       int           // at the most, of each track
	stretch      time.Duration // by how much more than an hour the output may last
	except       time.Duration // where tracks may be out of step, until a second and a half later
	drift        time.Duration // that is the encoder's
}{
	{name: "a good encoder"},
	{name: "timescales of 44100 and 12800", video: simTrack{timescale: 12800}, audio: simTrack{timescale: 44100}},
	{name: "timescales of 1000 and 10000000", video: simTrack{timescale: 1000}, audio: simTrack{timescale: 10_000_000}},
	{name: "a frame in each chunk", video: simTrack{samples: 1, group: 60}, audio: simTrack{samples: 1}},
	{name: "negative composition offsets", video: simTrack{offset: -3000}},
	{name: "a variable frame rate", video: simTrack{uneven: true}},
	{name: "audio begins half a second before video", video: simTrack{from: 500 * time.Millisecond}},
	{name: "video begins half a second before audio", audio: simTrack{from: 500 * time.Millisecond}},
	{name: "audio pauses for 30 s", audio: simTrack{pauses: [2]time.Duration{time.Minute, 90 * time.Second}}},
	{name: "video pauses for 30 s", video: simTrack{pauses: [2]time.Duration{time.Minute, 90 * time.Second}}},
	{
		name:  "both pause for 30 s",
		video: simTrack{pauses: [2]time.Duration{time.Minute, 90 * time.Second}},
		audio: simTrack{pauses: [2]time.Duration{time.Minute, 90 * time.Second}}, breaks: 2, stretch: -30 * time.Second, except: 90 * time.Second,
	},
	{
		name:  "32-bit decode times wrap, at different moments",
		video: simTrack{wraps: true, clock: steps(0, 46000*time.Second)}, audio: simTrack{wraps: true, clock: steps(0, 88000*time.Second)},
		drift: 42000 * time.Second,
	},
	{
		name:  "both clocks jump ahead by an hour",
		video: simTrack{clock: steps(20*time.Minute, time.Hour)}, audio: simTrack{clock: steps(20*time.Minute, time.Hour)}, breaks: 2,
	},
	{
		name:  "both clocks jump back by 10 minutes, audio 0.7 s later",
		video: simTrack{clock: steps(20*time.Minute, -10*time.Minute)}, audio: simTrack{clock: steps(20*time.Minute+700*time.Millisecond, -10*time.Minute)}, breaks: 2,
		except: 20 * time.Minute,
	},
	{
		name:  "both clocks are set back by half a second",
		video: simTrack{clock: steps(20*time.Minute, -500*time.Millisecond)}, audio: simTrack{clock: steps(20*time.Minute, -500*time.Millisecond)}, breaks: 2,
		stretch: time.Second,
	},
	{
		name:  "both clocks are set back by 90 ms, video in long chunks",
		video: simTrack{clock: steps(20*time.Minute, -90*time.Millisecond)}, audio: simTrack{samples: 1, clock: steps(20*time.Minute, -90*time.Millisecond)}, breaks: 2,
		stretch: time.Second, except: 20 * time.Minute,
	},
	{
		name:  "both clocks are set again and again",
		video: simTrack{clock: pendulum}, audio: simTrack{clock: pendulum}, breaks: 130, stretch: 4 * time.Minute, except: -1,
	},
	{
		name:  "video's clock is wrong by an hour for one chunk",
		video: simTrack{clock: steps(20*time.Minute, time.Hour, 20*time.Minute+500*time.Millisecond, 0)}, breaks: 2, except: 20 * time.Minute,
	},
	{
		name: "video's clock is wrong by an hour for one chunk each minute",
		video: simTrack{clock: func(at time.Duration) time.Duration {
			if at%time.Minute/(500*time.Millisecond) == 60 {
				return at + time.Hour
			}
			return at
		}}, breaks: 120, except: -1,
	},
	{
		name: "audio's clock is 0 for one chunk each minute",
		audio: simTrack{clock: func(at time.Duration) time.Duration {
			if at > time.Minute && at%time.Minute < 480*time.Millisecond {
				return 0
			}
			return at
		}}, breaks: 180, except: -1,
	},
	{
		name:  "video's clock is wrong by 5 s for one chunk",
		video: simTrack{clock: steps(20*time.Minute, 5*time.Second, 20*time.Minute+500*time.Millisecond, 0)}, breaks: 2,
		stretch: 6 * time.Second, except: 20 * time.Minute,
	},
	{
		name:  "video's clock is wrong by -5 s for one chunk",
		video: simTrack{clock: steps(20*time.Minute, -5*time.Second, 20*time.Minute+500*time.Millisecond, 0)}, breaks: 2,
		stretch: 6 * time.Second, except: 20 * time.Minute,
	},
	{
		name:  "audio's clock jumps back alone, for good",
		audio: simTrack{clock: steps(20*time.Minute, -10*time.Minute)}, breaks: 1,
	},
	{
		name:  "video's clock jumps ahead alone, for good, and later audio's",
		video: simTrack{clock: steps(20*time.Minute, time.Hour)}, audio: simTrack{clock: steps(40*time.Minute, time.Hour)}, breaks: 2,
	},
	{
		name:  "starts again at 0, with its init segment",
		video: simTrack{clock: steps(20*time.Minute, -20*time.Minute)}, audio: simTrack{clock: steps(20*time.Minute, -20*time.Minute)},
		restart: 20 * time.Minute, breaks: 2, stretch: time.Second,
	},
	{
		name:  "starts again at 0 each minute, without an init segment",
		video: simTrack{clock: eachMinute}, audio: simTrack{clock: eachMinute},
		breaks: 120, stretch: time.Minute, except: -1,
	},
	{
		name:  "audio's clock is fast by 100 ppm",
		audio: simTrack{clock: func(at time.Duration) time.Duration { return at + at/10000 }}, drift: 360 * time.Millisecond,
	},
	{name: "durations 13 % too long", video: simTrack{lies: 0.13, samples: 32, group: 1}, audio: simTrack{lies: 0.13, samples: 32}, stretch: time.Second},
	{name: "durations 13 % too short", video: simTrack{lies: -0.13, samples: 32, group: 1}, audio: simTrack{lies: -0.13, samples: 32}},
}

func eachMinute(at time.Duration) time.Duration { return at % time.Minute }

// pendulum is a clock that is set back by 2 s each other minute, and ahead by 2 s.
func pendulum(at time.Duration) time.Duration {
	return at - 2*time.Second*(at/time.Minute%2)
}

// TestSimulatedHour sends an hour of each encoder through all that makes a timeline.
func TestSimulatedHour(t *testing.T) {
	t.Parallel()
	for _, tt := range simTests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			video, audio := tt.video, tt.audio
			video.id, video.sample = 1, time.Second/16
			video.timescale, video.samples, video.group = or(video.timescale, 90000), or(video.samples, 8), or(video.group, 4)
			audio.id, audio.sound, audio.sample = 2, true, 60*time.Millisecond
			audio.timescale, audio.samples, audio.group = or(audio.timescale, 48000), or(audio.samples, 8), 1
			sim := &simulation{t: t, breaks: tt.breaks, drift: tt.drift}
			if tt.except != 0 {
				sim.except = append(sim.except, tt.except)
			}
			sim.run(simulate(time.Hour, tt.restart, &video, &audio))
			if got := sim.seen[1].end - time.Hour - video.clockAt(0); tt.drift == 0 && (got > tt.stretch+600*time.Millisecond || got < min(tt.stretch, 0)-600*time.Millisecond) {
				t.Errorf("an hour takes %v more, want at most %v", got, tt.stretch)
			}
		})
	}
}

func or[T comparable](a, b T) T {
	var zero T
	if a == zero {
		return b
	}
	return a
}

func (tr *simTrack) clockAt(at time.Duration) time.Duration {
	if tr.clock == nil {
		return at
	}
	return tr.clock(at)
}

// simulation watches what becomes of an encoder's media.
type simulation struct {
	t      *testing.T
	breaks int
	except []time.Duration // moments around which tracks may be out of step; -1: see excused
	drift  time.Duration

	check  livewstest.Checker
	newest time.Duration // real time up to which has been read
	seen   map[uint16]*simSeen
}

// simSeen is what has come of a track.
type simSeen struct {
	chunks, breaks int
	shown, at, end time.Duration // of the newest: its real time, and that given out
	behind         time.Duration // the longest that a chunk was held
}

func (s *simulation) run(b []byte) {
	s.seen = map[uint16]*simSeen{1: {at: -1}, 2: {at: -1}}
	timeline := dash.Timeline(dash.NewSplitter(bytes.NewReader(b), nil), nil)
	src := Stamp(livews.SourceFunc(func(ctx context.Context) (*livews.Segment, error) {
		seg, err := timeline.ReadSegment(ctx)
		if err == nil && seg.Type == livews.TypeChunk {
			s.newest = max(s.newest, shownAt(s.t, seg))
		}
		return seg, err
	}), nil)
	for {
		seg, err := src.ReadSegment(s.t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			s.t.Fatal(err)
		}
		if err := s.check.WriteSegment(s.t.Context(), seg); err != nil {
			s.t.Fatal(err)
		}
		if seg.Type == livews.TypeChunk {
			s.see(seg)
		}
	}
	for track, seen := range s.seen {
		if seen.breaks > s.breaks {
			s.t.Errorf("track %d has %d breaks, want at most %d", track, seen.breaks, s.breaks)
		}
		if seen.behind > 2*time.Second {
			s.t.Errorf("track %d was silent for %v", track, seen.behind)
		}
	}
	if s.breaks > 0 && s.seen[1].breaks+s.seen[2].breaks == 0 {
		s.t.Error("no chunk has a discontinuity")
	}
}

func (s *simulation) see(seg *livews.Segment) {
	seen, other := s.seen[seg.Track], s.seen[3-seg.Track]
	shown := shownAt(s.t, seg)
	if seg.DecodeTime <= seen.at {
		s.t.Fatalf("track %d: decode time %v follows %v", seg.Track, seg.DecodeTime, seen.at)
	}
	seen.chunks++
	seen.shown, seen.at, seen.end = shown, seg.DecodeTime, end(seg)
	seen.behind = max(seen.behind, s.newest-shown)
	if seg.Flags.Has(livews.FlagDiscontinuity) {
		seen.breaks++
	}
	if other.chunks == 0 || (shown-other.shown).Abs() > time.Second || s.excused(shown) {
		return
	}
	if apart := (seen.at - seen.shown) - (other.at - other.shown); apart.Abs() > s.drift+20*time.Millisecond {
		s.t.Fatalf("at %v track %d is %v out of step", shown, seg.Track, apart)
	}
}

// excused reports whether the tracks may be out of step.
func (s *simulation) excused(at time.Duration) bool {
	return slices.ContainsFunc(s.except, func(jump time.Duration) bool {
		if jump < 0 { // something each minute, which is over long before its end
			return at%time.Minute < 50*time.Second || at > 59*time.Minute
		}
		return at > jump-time.Second && at < jump+3*time.Second
	})
}

// TestSimulatedJumps sets the clocks of encoders by any times at any moments, audio's up to
// 0.8 s before or after video's.
func TestSimulatedJumps(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2, 3, 34, 145, 249, 320} {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			sim := &simulation{t: t, breaks: 40}
			var video, audio []time.Duration
			for at, wrong := time.Duration(0), time.Duration(0); at < 8*time.Minute; {
				at += time.Duration(8+random.IntN(60)) * time.Second
				size := time.Duration(math.Pow(10, 1+5*random.Float64())) * time.Millisecond
				if wrong += size; random.IntN(2) == 0 && at+wrong-2*size > 2*time.Second {
					wrong -= 2 * size
				}
				later := at + time.Duration(random.IntN(1600)-800)*time.Millisecond
				video, audio = append(video, at, wrong), append(audio, later, wrong)
				sim.except = append(sim.except, at)
			}
			samples := 1 + random.IntN(8)
			sim.run(simulate(10*time.Minute, 0,
				&simTrack{id: 1, timescale: 90000, samples: 1 + random.IntN(15), sample: time.Second / 15, group: 4, clock: steps(video...)},
				&simTrack{id: 2, sound: true, timescale: 44100, samples: samples, sample: 60 * time.Millisecond, group: 1, clock: steps(audio...)}))
		})
	}
}
