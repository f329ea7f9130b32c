package wire

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// maxNotice bounds a text message of a watch.
	maxNotice = 64 << 10
	// maxWatched bounds the streams of one.
	maxWatched = 4096
)

// notice is any text message of a watch: its type says which fields it has.
type notice struct {
	Type string `json:"type"`

	// node
	ID       string `json:"id,omitempty"`
	Viewers  int    `json:"viewers,omitempty"`
	Complete bool   `json:"complete,omitempty"`

	// stream
	Stream *livews.StreamInfo `json:"stream,omitempty"`

	// gone
	Name string `json:"name,omitempty"`
}

// The types of notices.
const (
	typeNode   = "node"
	typeStream = "stream"
	typeGone   = "gone"
	typeSynced = "synced"
)

// frame returns n as a frame.
func (n *notice) frame() []byte {
	text, err := json.Marshal(n)
	if err != nil {
		panic(err) // all fields marshal
	}
	return append(livews.AppendFrameHeader(nil, livews.OpText, len(text)), text...)
}

// streamFrame returns the notice of info; nil where there is no room for it.
func streamFrame(info *livews.StreamInfo) []byte {
	told := steady(*info)
	frame := (&notice{Type: typeStream, Stream: &told}).frame()
	if len(frame) > maxNotice {
		return nil
	}
	return frame
}

// steady returns info without what changes all the time: a watch does not tell that.
func steady(info livews.StreamInfo) livews.StreamInfo {
	info.Newest, info.BytesSent = nil, 0
	return info
}

// sameNotice reports whether a and b are the same to somebody who watches.
func sameNotice(a, b *livews.StreamInfo) bool {
	return a.State == b.State && a.Epoch == b.Epoch && a.Hops == b.Hops && slices.Equal(a.Path, b.Path) &&
		slices.EqualFunc(a.Tracks, b.Tracks, func(t, u *livews.Track) bool { return *t == *u })
}

// parseNotice reads a text message of a watch.
func parseNotice(text []byte) (*notice, error) {
	n := new(notice)
	if err := json.Unmarshal(text, n); err != nil {
		return nil, fmt.Errorf("%w: %w", livews.ErrMessage, err)
	}
	return n, nil
}

// validStream reports whether n has a stream that can be taken.
func (n *notice) validStream() bool {
	return livews.CheckName(n.Stream.Name) == nil && validNodes(n.Stream.Path) &&
		len(n.Stream.Tracks) <= maxListed && !slices.Contains(n.Stream.Tracks, nil)
}
