// Package dash reads and writes fragmented MP4: it turns the bytes of an
// encoder into the segments that livews carries, and it says what those
// segments hold.
//
// A [Splitter] is a livews.Source over an io.Reader. Out of
//
//	ftyp moov (styp sidx prft moof mdat)* mfra
//
// whatever the number of tracks and the size of the reads, it makes one init
// segment per track (ftyp and moov with one trak; ISO/IEC 23000-19 CMAF, 7.3.1)
// and single-track CMAF chunks (moof and mdat; 23000-19, 7.3.2.3):
//
//	init v, init a, chunk v, chunk a, chunk v, ...
//
// A moof of several tracks is split by traf, and one that holds several groups
// of pictures before each group. Decode times are 64 bit (tfdt version 1) and
// data offsets are relative to the moof (default-base-is-moof); chunks that
// come in that form pass byte for byte. What is not fragmented MP4 is refused
// with an error that says what was found instead.
//
// A [Timeline] makes one continuous timeline of a source that starts again: an
// encoder that is restarted, or self-initialising files one after the other.
//
// A [Muxer] makes such segments, a chunk for each frame, of what encoders give that write no
// MP4: H.264 and H.265 in Annex B form, VP9, AV1, Opus and AAC.
//
// [ParseInit] and [ParseChunk] look into segments, [MergeInits] makes one init
// segment for several tracks, and [ShiftChunk] moves a chunk in time. Codec
// strings (RFC 6381) are made from the decoder configuration alone: avcC and
// hvcC (ISO/IEC 14496-15), av1C, vpcC, esds (14496-1 and -3), dOps, dfLa.
//
// Nothing that the input claims is believed before it is checked: counts
// against the size of their box and a named bound, sizes against the bytes
// that really arrive. A stream of n bytes never takes more memory than a small
// multiple of n, and boxes that nobody needs are passed over without being
// held.
//
// The box structure is that of ISO/IEC 14496-12; the clauses stand with the
// functions.
package dash
