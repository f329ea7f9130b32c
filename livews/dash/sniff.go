package dash

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// firstBoxes are the boxes with which MP4 of any kind may begin.
var firstBoxes = map[fourCC]bool{
	boxFtyp: true, boxStyp: true, boxMoov: true, boxMoof: true, boxMdat: true,
	boxSidx: true, boxPrft: true, boxEmsg: true, boxFree: true, boxSkip: true,
	boxWide: true, boxUUID: true, cc("pdin"): true, cc("meta"): true,
}

// isFirstBox reports whether b, which has smallHeader bytes, can begin MP4.
func isFirstBox(b []byte) bool {
	return firstBoxes[fourCC(binary.BigEndian.Uint32(b[4:]))]
}

// signatures are the first bytes of what people feed to a splitter by mistake.
var signatures = []struct{ prefix, name string }{
	{"\x1aE\xdf\xa3", "WebM or Matroska"},
	{"FLV", "FLV"},
	{"OggS", "Ogg"},
	{"RIFF", "RIFF (AVI or WAV)"},
	{"ID3", "MP3"},
	{"fLaC", "FLAC"},
	{"\x00\x00\x01\xba", "MPEG program stream"},
	{"\x00\x00\x00\x01", "an elementary stream (H.264 or H.265)"},
	{"\x00\x00\x01", "an elementary stream (H.264, H.265 or MPEG-2)"},
	{"#EXTM3U", "an HLS playlist"},
	{"HTTP/", "an HTTP response"},
	{"\x1f\x8b", "gzip"},
	{"\x89PNG", "PNG"},
	{"\xff\xd8\xff", "JPEG"},
}

// tsPacket is the size of a packet of an MPEG transport stream, and the
// distance of its sync bytes.
const tsPacket = 188

// sniff names what b is the beginning of, which is no MP4.
func sniff(b []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(b, []byte(s.prefix)) {
			return s.name
		}
	}
	if b[0] == 'G' && (len(b) <= tsPacket || b[tsPacket] == 'G') && !isText(b) {
		return "an MPEG transport stream"
	}
	if b[0] == 0xff && len(b) > 1 && b[1]&0xe0 == 0xe0 {
		return "an MPEG audio stream (AAC or MP3)"
	}
	start := b[:min(len(b), 24)]
	if !isText(start) {
		return fmt.Sprintf("bytes %x", start[:min(len(start), 8)])
	}
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(start, []byte("\ufeff")))
	switch {
	case bytes.HasPrefix(trimmed, []byte("<")):
		return fmt.Sprintf("HTML or XML (%.24q)", trimmed)
	case bytes.HasPrefix(trimmed, []byte("{")), bytes.HasPrefix(trimmed, []byte("[")):
		return fmt.Sprintf("JSON (%.24q)", trimmed)
	}
	return fmt.Sprintf("text (%.24q)", trimmed)
}

// isText reports whether b may be UTF-8 text without control characters.
func isText(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
