package livews

// The kinds of a [Track].
const (
	KindVideo = "video"
	KindAudio = "audio"
)

// Track describes one track of a stream: one video or audio representation.
// It travels as JSON in front of every init segment (see PROTOCOL.md), and is
// made from what the init segment says, never from what an encoder was asked.
// A Track reached through a [Segment] is shared and must not be changed.
type Track struct {
	// Number tells the tracks of a stream apart; it is the number in the
	// header of every message, 1 or more.
	Number uint16 `json:"number"`
	// Kind is KindVideo or KindAudio.
	Kind string `json:"kind"`
	// Codec is the codec string of RFC 6381, as in "avc1.42C01F".
	Codec string `json:"codec"`
	// Timescale is the number of media time units in a second.
	Timescale uint32 `json:"timescale"`
	// Width and Height are the picture's size in pixels; zero for audio.
	Width  uint16 `json:"width,omitempty"`
	Height uint16 `json:"height,omitempty"`
	// FrameRate is in frames per second; zero where it is not known.
	FrameRate float64 `json:"frameRate,omitempty"`
	// SampleRate is in Hz and Channels counts the audio channels; zero for
	// video.
	SampleRate uint32 `json:"sampleRate,omitempty"`
	Channels   uint16 `json:"channels,omitempty"`
	// Language is the ISO 639-2/T code, as in "eng"; empty where it is not
	// known or undetermined.
	Language string `json:"language,omitempty"`
	// Bitrate is in bits per second; zero where it is not known.
	Bitrate uint32 `json:"bitrate,omitempty"`
}

// MIMEType returns the type that a browser's MediaSource.isTypeSupported
// takes, as in `video/mp4; codecs="avc1.42C01F"` (RFC 6381, section 3).
func (t *Track) MIMEType() string {
	return t.Kind + `/mp4; codecs="` + t.Codec + `"`
}
