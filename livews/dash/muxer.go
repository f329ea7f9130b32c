package dash

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// MaxFrame is the size of the largest frame that a [Muxer] takes, so that a message
	// can carry its chunk.
	MaxFrame = MaxChunk - 64<<10
	// maxFrameDuration is the longest duration of a frame that is believed.
	maxFrameDuration = 10 * time.Second
	// maxGuess and maxSteadyGuess bound a duration that is taken from the frames before;
	// the latter where the last two were alike.
	maxGuess       = 100 * time.Millisecond
	maxSteadyGuess = time.Second
	// defaultFrameRate is that of video which nobody knows the rate of.
	defaultFrameRate = 30
)

// TrackConfig says what frames a [Muxer] gets.
type TrackConfig struct {
	// Track is the number of the track and its track_ID; 1 or more.
	Track uint16
	// Codec is a codec string (RFC 6381), of which only the part in front of the first
	// dot counts: avc1 or avc3 (H.264), hvc1 or hev1 (H.265), vp09, av01, opus, mp4a
	// (AAC). The profile is taken from the frames.
	Codec string
	// Config is the decoder configuration, where there is one apart from the frames.
	//
	//   - H.264, H.265: avcC or hvcC without the box's header (ISO/IEC 14496-15, 5.3.3.1
	//     and 8.3.3.1). Frames then have NAL units with length prefixes. Empty: frames
	//     are in Annex B form, with the parameter sets in front of key frames.
	//   - AAC: the AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1), which is needed.
	//   - Opus: an identification header (OpusHead; RFC 7845, 5.1), which is needed for
	//     more than two channels.
	//   - VP9, AV1: is not looked at.
	Config []byte
	// Channels are those of Opus without Config; zero means 2.
	Channels uint16
	// FrameRate is in frames per second. Zero: what H.264 or AV1 say of themselves, where
	// they do, or else what the duration of the first frame says.
	FrameRate float64
	// Bitrate is in bits per second, for the track's description only; zero: not known.
	Bitrate uint32
}

// Frame is one encoded picture, or the packet of sound that an encoder gives at a time.
type Frame struct {
	// Time is the decode time since the zero of the track's clock, not negative.
	// Fractions of a unit of the track's timescale are rounded for each frame anew, so
	// that no error adds up.
	Time time.Duration
	// Offset is the presentation time less the decode time: zero where pictures are shown
	// in the order in which they are decoded.
	Offset time.Duration
	// Duration is the time until the next frame. Zero: as long as Opus and AAC say of
	// themselves, or as the picture before.
	Duration time.Duration
	// Payload is the frame, which itself says whether it is a key frame: of H.264 and H.265 see TrackConfig.Config; a frame or
	// superframe of VP9; a temporal unit of AV1 in the low-overhead form; a packet of
	// Opus; a raw_data_block of AAC without ADTS. It is not kept.
	Payload []byte
	// WallClock is the time of capture, if it is known, for the chunk.
	WallClock time.Time
}

// A Muxer makes segments out of the encoded frames of one track, as a hardware encoder,
// WebCodecs or RTP gives them: an init segment as soon as the decoder configuration is
// known, and from then on each frame as a chunk of its own, at once. The segments are as
// a [Splitter] gives them: they have no Position yet, and go through [Timeline] and
// ingress.Stamp, where the tracks come together.
//
// Video has a timescale of 90000, Opus of 48000, and AAC of its sample rate. Parameter
// sets, delimiters and padding are taken out of the samples of H.264, H.265 and AV1, as
// ISO/IEC 14496-15, 5.4.2.1 and the AV1 binding have it, but for the sequence headers of
// AV1. A decoder configuration that changes gives a new init segment, with the next key
// frame.
//
// A Muxer is used by one goroutine at a time.
type Muxer struct {
	config    TrackConfig
	codec     elementary
	timescale uint32

	info     *livews.Track // of the init segment in force
	broken   bool          // pictures are left out up to the next key frame
	sequence uint32
	begun    bool
	last     time.Duration // of the frame before
	interval time.Duration // to it, from the one before
	length   time.Duration // of the frame before, where that was told
	at       time.Duration // of the chunk before
	start    int64         // its decode time in units of the timescale
}

// elementary knows the frames of one codec.
type elementary interface {
	// scan looks at a frame, which the next appendSample is about. The error wraps
	// ErrMalformed or ErrUnsupported.
	scan(f *Frame) (scanned, error)
	// appendSample appends the sample that the frame scanned last makes, of the size that
	// scan has told.
	appendSample(dst []byte) []byte
	// entry describes the frames from the one scanned last on.
	entry() sampleEntry
}

// scanned is what is known of a frame.
type scanned struct {
	size     int           // of the sample
	sync     bool          // it is a sync sample
	renewed  bool          // entry has changed since it was last asked for
	duration time.Duration // where the frame itself says
}

// NewMuxer returns a Muxer for the frames that config describes. The error wraps
// [ErrUnsupported] or [ErrMalformed].
func NewMuxer(config *TrackConfig) (*Muxer, error) {
	m := &Muxer{config: *config, timescale: 90000, broken: true}
	if config.Track == 0 {
		return nil, malformed("track 0")
	}
	if !(config.FrameRate >= 0 && config.FrameRate <= 1000) {
		return nil, malformed("track %d: frame rate %v", config.Track, config.FrameRate)
	}
	m.config.Config = nil // the codec has it
	var err error
	family, _, _ := strings.Cut(config.Codec, ".")
	switch strings.ToLower(family) {
	case "avc1", "avc3":
		m.codec, err = newAVC(config.Config)
	case "hvc1", "hev1":
		m.codec, err = newHEVC(config.Config)
	case "vp09":
		m.codec = new(vp9Frames)
	case "av01":
		m.codec = new(av1Frames)
	case "opus":
		m.timescale = opusRate
		m.codec, err = newOpus(config.Config, config.Channels)
	case "mp4a":
		m.codec, m.timescale, err = newAAC(config.Config)
	default:
		err = unsupported("codec %.40q: want avc1, hvc1, vp09, av01, opus or mp4a", config.Codec)
	}
	if err != nil {
		return nil, fmt.Errorf("track %d: %w", config.Track, err)
	}
	return m, nil
}

// Mux returns the chunk that f makes, and in front of that a new init segment, where one
// is due: with the first chunk, and when the decoder configuration has changed. Both are
// nil for a picture that cannot be decoded: one ahead of the first key frame, or behind
// one that was wrong, up to the next key frame.
//
// The error wraps [ErrMalformed], or [ErrUnsupported] where the frame is of a kind that
// livews cannot carry. The Muxer can be used on after it.
func (m *Muxer) Mux(f *Frame) (init, chunk *livews.Segment, err error) {
	s, err := m.scan(f)
	if err != nil {
		m.broken = true
		return nil, nil, fmt.Errorf("track %d at %v: %w", m.config.Track, f.Time, err)
	}
	if s.renewed && m.info != nil && !s.sync {
		m.broken = true // it needs what no init segment says
	}
	if s.size == 0 || m.broken && !s.sync {
		return nil, nil, nil
	}
	lasts := m.duration(f, s)
	if m.info == nil || s.renewed {
		if init, err = m.init(f.Duration); err != nil {
			m.broken = true
			return nil, nil, fmt.Errorf("track %d: %w", m.config.Track, err)
		}
	}
	m.broken = false
	return init, m.chunk(f, s, lasts), nil
}

// Lost says that a frame did not come: pictures are left out up to the next key frame.
func (m *Muxer) Lost() { m.broken = true }

// scan checks what does not depend on the codec, and then the rest.
func (m *Muxer) scan(f *Frame) (scanned, error) {
	switch {
	case f.Time < 0 || f.Time > math.MaxInt64/2:
		return scanned{}, malformed("decode time %v", f.Time)
	case f.Offset > maxFrameDuration || f.Offset < -maxFrameDuration:
		return scanned{}, malformed("composition offset %v", f.Offset)
	case len(f.Payload) == 0:
		return scanned{}, malformed("empty frame")
	case len(f.Payload) > MaxFrame:
		return scanned{}, tooLarge("frame of %d bytes, at most %d", len(f.Payload), MaxFrame)
	}
	s, err := m.codec.scan(f)
	if err == nil && s.size > MaxFrame {
		err = tooLarge("sample of %d bytes, at most %d", s.size, MaxFrame)
	}
	return s, err
}

// duration returns for how long f lasts, as far as anybody can know.
func (m *Muxer) duration(f *Frame, s scanned) time.Duration {
	before := m.interval
	if passed := f.Time - m.last; m.begun && passed > 0 {
		m.interval = passed
	}
	m.begun, m.last = true, f.Time
	switch {
	case f.Duration > 0 && f.Duration <= maxFrameDuration:
		m.length = f.Duration
		return f.Duration
	case s.duration > 0:
		return s.duration
	case m.length > 0:
		return m.length
	case m.interval == 0 && m.config.FrameRate > 0:
		return time.Duration(min(float64(time.Second)/m.config.FrameRate, float64(maxFrameDuration)))
	case m.interval == 0:
		return time.Second / defaultFrameRate
	}
	if d := m.interval - before; -m.interval/8 < d && d < m.interval/8 {
		return min(m.interval, maxSteadyGuess)
	}
	return min(m.interval, maxGuess)
}

// init makes the init segment for what the codec has found, from a frame that lasts so
// long; zero: nobody has said.
func (m *Muxer) init(lasts time.Duration) (*livews.Segment, error) {
	entry := m.codec.entry()
	entry.bitrate = m.config.Bitrate
	payload := initSegment(uint32(m.config.Track), m.timescale, &entry)
	// What the description says comes from what a player gets, in the same way as for
	// what other muxers have made.
	in, err := ParseInit(payload)
	if err != nil {
		return nil, err
	}
	info := in.Tracks[0].Info
	if info.Kind == livews.KindVideo {
		info.FrameRate = m.config.FrameRate
		if info.FrameRate == 0 {
			info.FrameRate = entry.frameRate
		}
		if info.FrameRate == 0 && lasts > 0 && lasts <= maxFrameDuration {
			info.FrameRate = math.Round(100*float64(time.Second)/float64(lasts)) / 100
		}
	}
	m.info = &info
	return &livews.Segment{Type: livews.TypeInit, Track: info.Number, Info: m.info, Payload: payload}, nil
}

// chunk makes the chunk of f (ISO/IEC 14496-12, 8.8.4 to 8.8.12).
func (m *Muxer) chunk(f *Frame, s scanned, lasts time.Duration) *livews.Segment {
	start, end := units(f.Time, m.timescale), units(f.Time+lasts, m.timescale)
	if f.Time > m.at && start <= m.start {
		start = m.start + 1 // no two chunks of times that rise have the same
	}
	m.at, m.start = f.Time, start
	end = max(end, start+1)
	one := sample{
		duration:    uint32(end - start),
		size:        uint32(s.size),
		composition: units(f.Time+f.Offset, m.timescale) - start,
		flags:       sampleIsSync,
	}
	seg := &livews.Segment{Type: livews.TypeChunk, Track: m.config.Track, WallClock: f.WallClock}
	if s.sync {
		seg.Flags = livews.FlagSync
	} else {
		one.flags = sampleDepends | sampleIsNonSync
	}
	m.sequence++
	dst := appendSampleHead(make([]byte, 0, sampleHead+s.size), m.sequence, uint32(m.config.Track), uint64(start), one)
	mdat := len(dst)
	dst = openBox(dst, boxMdat)
	dst = m.codec.appendSample(dst)
	closeBox(dst, mdat)
	seg.Payload = dst
	seg.DecodeTime, _ = duration(uint64(start), m.timescale)
	until, _ := duration(uint64(end), m.timescale)
	seg.Duration = until - seg.DecodeTime
	return seg
}
