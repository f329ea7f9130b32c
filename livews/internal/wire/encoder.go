package wire

import (
	"net"

	"github.com/livews/websocketlivestream/livews"
)

// An Encoder turns segments into WebSocket frames for one viewer. Encode appends
// the frames of seg to bufs; they may be shared and are not changed by anybody.
// [io.EOF] ends the connection with close code 1000.
type Encoder interface {
	Encode(bufs net.Buffers, seg *livews.Segment) (net.Buffers, error)
}

// messages is the Encoder of livews.1.
type messages struct{}

func (messages) Encode(bufs net.Buffers, seg *livews.Segment) (net.Buffers, error) {
	frame, err := seg.Frame()
	if err != nil {
		return bufs, err
	}
	if seg.Gap != nil {
		text := gapText(seg.Track, seg.Gap)
		bufs = append(bufs, append(livews.AppendFrameHeader(nil, livews.OpText, len(text)), text...))
	}
	return append(bufs, frame), nil
}
