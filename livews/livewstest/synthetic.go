package livewstest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// SourceOptions say what stream [NewSource] makes.
type SourceOptions struct {
	// Tracks is the number of tracks: the first is video, the others are audio.
	// Zero means 2.
	Tracks int
	// Groups is the number of groups before the end. Zero means no end.
	Groups int
	// Chunks is the number of chunks of a track in a group. Zero means 10.
	Chunks int
	// ChunkDuration is the media time of a chunk. Zero means 100 ms.
	ChunkDuration time.Duration
	// Size is the size of a chunk's payload. Zero means 64 bytes, which is the
	// least.
	Size int
	// Epoch is the epoch of all positions. Zero means 1.
	Epoch uint32
	// Pace makes the stream live: each chunk comes at its decode time, counted from the
	// first one, with that moment as its wall clock. One who reads late gets what is
	// overdue at once. Without it ReadSegment never waits and there is no wall clock.
	Pace bool
}

// Source is a stream whose payloads are no media but prove their own position; see
// [Proof].
type Source struct {
	o     SourceOptions
	inits int       // handed out
	n     int       // chunks handed out, in all tracks
	began time.Time // with the first chunk, where the source is paced
}

// NewSource returns a source whose stream begins now; opts may be nil.
func NewSource(opts *SourceOptions) *Source {
	var o SourceOptions
	if opts != nil {
		o = *opts
	}
	o.Tracks = cmp.Or(o.Tracks, 2)
	o.Chunks = cmp.Or(o.Chunks, 10)
	o.ChunkDuration = cmp.Or(o.ChunkDuration, 100*time.Millisecond)
	o.Size = max(o.Size, 64)
	o.Epoch = cmp.Or(o.Epoch, 1)
	return &Source{o: o}
}

// ReadSegment returns the next segment: the init segments, then the tracks' chunks in
// turn. Nothing is lost where ctx ends while it waits for a paced chunk.
func (s *Source) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.inits < s.o.Tracks {
		s.inits++
		return s.init(uint16(s.inits)), nil
	}
	step := s.n / s.o.Tracks
	group, chunk := step/s.o.Chunks, step%s.o.Chunks
	if s.o.Groups > 0 && group >= s.o.Groups {
		return nil, io.EOF
	}
	track := uint16(1 + s.n%s.o.Tracks)
	at, err := s.pace(ctx, time.Duration(step)*s.o.ChunkDuration)
	if err != nil {
		return nil, err
	}
	s.n++
	p := livews.Position{Epoch: s.o.Epoch, Group: uint32(group), Chunk: uint32(chunk)}
	seg := &livews.Segment{
		Type: livews.TypeChunk, Track: track, Position: p,
		DecodeTime: time.Duration(step) * s.o.ChunkDuration, Duration: s.o.ChunkDuration,
		WallClock: at, Payload: Proof(track, p, s.o.Size),
	}
	if chunk == 0 {
		seg.Flags = livews.FlagSync | livews.FlagFirst
	}
	return seg, nil
}

// pace waits until the chunk of this decode time is due, and returns that moment.
func (s *Source) pace(ctx context.Context, decode time.Duration) (time.Time, error) {
	if !s.o.Pace {
		return time.Time{}, nil
	}
	if s.began.IsZero() {
		s.began = time.Now().Truncate(time.Microsecond)
	}
	at := s.began.Add(decode)
	wait := time.Until(at)
	if wait <= 0 {
		return at, nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return at, nil
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
}

func (s *Source) init(track uint16) *livews.Segment {
	info := &livews.Track{Number: track, Kind: livews.KindAudio, Codec: "mp4a.40.2", Timescale: 48000, SampleRate: 48000, Channels: 2}
	if track == 1 {
		info = &livews.Track{Number: track, Kind: livews.KindVideo, Codec: "avc1.42C01F", Timescale: 90000, Width: 640, Height: 360}
	}
	return &livews.Segment{
		Type: livews.TypeInit, Track: track, Position: livews.Position{Epoch: s.o.Epoch},
		Info: info, Payload: initProof(track, s.o.Epoch),
	}
}

func initProof(track uint16, epoch uint32) []byte {
	return fmt.Appendf(nil, "init of track %d in epoch %d", track, epoch)
}

// Proof returns the payload, of at least 64 bytes, that a synthetic chunk has: its
// track and position, then bytes that follow from them.
func Proof(track uint16, p livews.Position, size int) []byte {
	b := make([]byte, max(size, 64))
	n := copy(b, fmt.Sprintf("%d:%v ", track, p))
	for i := n; i < len(b); i++ {
		b[i] = byte(i) ^ byte(p.Chunk) ^ byte(p.Group<<3)
	}
	return b
}

// CheckProof returns an error unless the payload of a synthetic segment is what its
// track and position say, to the byte.
func CheckProof(seg *livews.Segment) error {
	want := Proof(seg.Track, seg.Position, len(seg.Payload))
	if seg.Type == livews.TypeInit {
		want = initProof(seg.Track, seg.Position.Epoch)
	}
	if !bytes.Equal(seg.Payload, want) {
		return fmt.Errorf("track %d: %v: payload begins with %.32q, want %.32q", seg.Track, seg.Position, seg.Payload, want)
	}
	return nil
}
