package wire

import (
	"net"
	"slices"

	"github.com/livews/websocketlivestream/livews"
)

// typeBundle is the first byte of a message with several in it, and flagLast, in the second
// one, says that nothing more lies ready (PROTOCOL.md).
const (
	typeBundle = 3
	flagLast   = 1
)

// encodeBundle is encode for a viewer that has asked for bundles, as long as there is a
// backlog: a browser takes half a millisecond for each message, and of a long group it gets
// hundreds when it comes. They go on as the frames that they are for everybody. What is no
// bundle says that nothing more lies ready, as flagLast does. last says that this is so.
func (s *session) encodeBundle(bufs net.Buffers, segments []*livews.Segment, last bool) (net.Buffers, error) {
	s.bundles = !last
	first := len(bufs)
	bufs, err := s.encode(append(bufs, nil), segments)
	inner := bufs[first+1:]
	total := 2 + size(inner)
	isNone := len(inner) == 0 || (len(inner) == 1 && !s.bundles)
	if isNone || total > livews.MaxMessage {
		return slices.Delete(bufs, first, first+1), err
	}
	var flags byte
	if !s.bundles {
		flags = flagLast
	}
	bufs[first] = append(livews.AppendFrameHeader(nil, livews.OpBinary, total), typeBundle, flags)
	return bufs, err
}

// caughtUp reports whether a viewer who gets segments has all that lies ready; all says
// whether they were the rest of it. Init segments alone may have come before the first group.
func caughtUp(segments []*livews.Segment, all bool) bool {
	return all && segments[len(segments)-1].Type == livews.TypeChunk
}
