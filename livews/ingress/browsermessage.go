package ingress

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// browserHeader is the size of the header of a frame.
	browserHeader = 16
	// maxBrowserText bounds a text message.
	maxBrowserText = 4 << 10
	// maxBrowserTracks bounds the tracks of a browser.
	maxBrowserTracks = 4
	// maxTimestamp bounds timestamps in microseconds: 126 years.
	maxTimestamp = 4e15
)

// browserMessage is any text message of a browser: its type says which fields it has.
type browserMessage struct {
	Type string `json:"type"`

	// start
	Tracks []browserTrack `json:"tracks"`

	// clock
	Timestamp *float64 `json:"timestamp"` // microseconds
	Wall      *float64 `json:"wall"`      // Unix milliseconds
}

// browserTrack is a track as start announces it. What the frames say of themselves, and
// what nobody needs, is not looked at.
type browserTrack struct {
	Track     uint8   `json:"track"`
	Kind      string  `json:"kind"`
	Codec     string  `json:"codec"`
	FrameRate float64 `json:"frameRate"`
	Channels  uint16  `json:"channels"`
	Bitrate   float64 `json:"bitrate"`
}

// parseBrowserMessage reads a text message.
func parseBrowserMessage(text []byte) (*browserMessage, error) {
	if len(text) > maxBrowserText {
		return nil, violation("text message of %d bytes, at most %d", len(text), maxBrowserText)
	}
	m := new(browserMessage)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, violation("text message: %v", err)
	}
	switch m.Type {
	case "start":
		return m, checkBrowserTracks(m.Tracks)
	case "clock":
		if m.Timestamp == nil || m.Wall == nil || math.Abs(*m.Timestamp) > maxTimestamp || math.Abs(*m.Wall) > maxTimestamp {
			return nil, violation("clock without a timestamp and a time that can be")
		}
	}
	return m, nil
}

// checkBrowserTracks checks what start announces.
func checkBrowserTracks(tracks []browserTrack) error {
	if len(tracks) == 0 || len(tracks) > maxBrowserTracks {
		return violation("start with %d tracks, want 1 to %d", len(tracks), maxBrowserTracks)
	}
	var seen [256]bool
	var kinds [2]int
	for _, t := range tracks {
		switch {
		case t.Track == 0 || seen[t.Track]:
			return violation("start names track %d twice, or a track 0", t.Track)
		case t.Kind == livews.KindVideo:
			kinds[0]++
		case t.Kind == livews.KindAudio:
			kinds[1]++
		default:
			return violation("track %d is of kind %.20q, want video or audio", t.Track, t.Kind)
		}
		seen[t.Track] = true
	}
	if kinds[0] > 1 || kinds[1] > 1 {
		return violation("start with %d video and %d audio tracks, at most one of each", kinds[0], kinds[1])
	}
	return nil
}

// browserFrame is a binary message: an encoded frame.
type browserFrame struct {
	track     uint8
	duration  time.Duration // zero: not known
	timestamp int64         // microseconds
	payload   []byte        // within the message
}

// parseBrowserFrame reads a binary message. That a frame is a key frame is seen in the
// frame itself.
func parseBrowserFrame(msg []byte) (browserFrame, error) {
	if len(msg) <= browserHeader {
		return browserFrame{}, violation("frame of %d bytes with its header of %d", len(msg), browserHeader)
	}
	f := browserFrame{
		track:     msg[1],
		duration:  time.Duration(binary.BigEndian.Uint32(msg[4:])) * time.Microsecond,
		timestamp: int64(binary.BigEndian.Uint64(msg[8:])),
		payload:   msg[browserHeader:],
	}
	if f.timestamp > maxTimestamp || f.timestamp < -maxTimestamp {
		return f, violation("timestamp %d", f.timestamp)
	}
	return f, nil
}
