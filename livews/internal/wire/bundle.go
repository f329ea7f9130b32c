package wire

import (
	"net"
	"slices"

	"github.com/livews/websocketlivestream/livews"
)

// typeBundle is the first byte of a message with several in it (PROTOCOL.md).
const typeBundle = 3

// encodeBundle is encode for a viewer that has asked for bundles, as long as there is a
// backlog: a browser takes half a millisecond for each message, and of a long group it gets
// hundreds when it comes. They go on as the frames that they are for everybody.
func (s *session) encodeBundle(bufs net.Buffers, segments []*livews.Segment) (net.Buffers, error) {
	s.bundles = !caughtUp(segments)
	first := len(bufs)
	bufs, err := s.encode(append(bufs, nil), segments)
	inner := bufs[first+1:]
	total := 1 + size(inner)
	if len(inner) < 2 || total > livews.MaxMessage {
		return slices.Delete(bufs, first, first+1), err
	}
	bufs[first] = append(livews.AppendFrameHeader(nil, livews.OpBinary, total), typeBundle)
	return bufs, err
}

// caughtUp reports whether segments, which a subscription has just given, were all that lay
// ready. Init segments alone may have come before the first group.
func caughtUp(segments []*livews.Segment) bool {
	return len(segments) < maxBatch && wireSize(segments) < maxBatchBytes && segments[len(segments)-1].Type == livews.TypeChunk
}
