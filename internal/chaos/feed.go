package chaos

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// Feeds makes the cameras of a bench, and knows what each of their segments has to look like
// at any reader, to the bit. Its fields are set before its first use. Its methods may be
// called by any number of goroutines at the same time.
type Feeds struct {
	// Tracks of each stream; NewFeeds sets 2.
	Tracks int
	// Step is the time from one chunk of a track to the next; NewFeeds sets 40 ms.
	Step time.Duration
	// Chunks is the number of chunks of a track in a group; NewFeeds sets 5.
	Chunks int
	// Size is that of a chunk's payload in bytes; NewFeeds sets 200.
	Size int

	mu     sync.Mutex
	epoch  uint32
	begins map[uint32]time.Time // by epoch
}

// NewFeeds returns Feeds without a camera.
func NewFeeds() *Feeds {
	return &Feeds{Tracks: 2, Step: 40 * time.Millisecond, Chunks: 5, Size: 200, begins: make(map[uint32]time.Time)}
}

// New returns a camera that begins now, in an epoch higher than all before it: a Source that
// gives each chunk when it is due.
func (f *Feeds) New() livews.Source {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.epoch++
	begin := time.Now().Truncate(time.Microsecond)
	f.begins[f.epoch] = begin
	return &feed{begin: begin, src: livewstest.NewSource(&livewstest.SourceOptions{
		Tracks: f.Tracks, Chunks: f.Chunks, ChunkDuration: f.Step, Size: f.Size, Epoch: f.epoch,
	})}
}

// Epoch returns the newest camera's.
func (f *Feeds) Epoch() uint32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.epoch
}

// Check compares a segment with the camera's, but for the gap: promise P3.
func (f *Feeds) Check(seg *livews.Segment) error {
	f.mu.Lock()
	begin, known := f.begins[seg.Position.Epoch]
	f.mu.Unlock()
	switch {
	case !known:
		return fmt.Errorf("track %d: no camera had the epoch of %v", seg.Track, seg.Position)
	case seg.Type == livews.TypeInit:
		want := fmt.Appendf(nil, "init of track %d in epoch %d", seg.Track, seg.Position.Epoch)
		if !bytes.Equal(seg.Payload, want) || seg.Info == nil || seg.Info.Number != seg.Track {
			return fmt.Errorf("changed init segment: %.64q, want %q", seg.Payload, want)
		}
		return nil
	case len(seg.Payload) != f.Size:
		return fmt.Errorf("track %d: chunk %v has %d bytes, want %d", seg.Track, seg.Position, len(seg.Payload), f.Size)
	}
	if err := livewstest.CheckProof(seg); err != nil {
		return fmt.Errorf("changed bytes: %w", err)
	}
	return f.checkHeader(seg, begin)
}

func (f *Feeds) checkHeader(seg *livews.Segment, begin time.Time) error {
	due := time.Duration(f.index(seg.Position)) * f.Step
	var flags livews.Flags
	if seg.Position.Chunk == 0 {
		flags = livews.FlagSync | livews.FlagFirst
	}
	if seg.DecodeTime != due || !seg.WallClock.Equal(begin.Add(due)) || seg.Flags != flags {
		return fmt.Errorf("track %d: chunk %v: changed header: flags %b, decode time %v, wall clock %v", seg.Track, seg.Position,
			seg.Flags, seg.DecodeTime, seg.WallClock)
	}
	return nil
}

// index returns the number of a chunk in its epoch.
func (f *Feeds) index(p livews.Position) int { return int(p.Group)*f.Chunks + int(p.Chunk) }

// missing returns how many chunks lie between the two of one epoch.
func (f *Feeds) missing(last, p livews.Position) int {
	if last.IsZero() || last.Epoch != p.Epoch {
		return 0
	}
	return max(0, f.index(p)-f.index(last)-1)
}

// feed is one camera.
type feed struct {
	begin time.Time
	src   *livewstest.Source

	mu    sync.Mutex
	ended bool
}

// End lets the camera end cleanly.
func (f *feed) End() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
}

func (f *feed) hasEnded() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended
}

// ReadSegment returns the next segment when it is due.
func (f *feed) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	if f.hasEnded() {
		return nil, io.EOF
	}
	seg, err := f.src.ReadSegment(ctx)
	if err != nil || seg.Type == livews.TypeInit {
		return seg, err
	}
	seg.WallClock = f.begin.Add(seg.DecodeTime)
	return seg, sleep(ctx, time.Until(seg.WallClock))
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
