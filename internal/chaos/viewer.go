package chaos

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/relay"
)

// retry is how soon a viewer asks again for a stream that it was told is not there.
const retry = 100 * time.Millisecond

// Viewer is a reader of one stream over the protocol, as a player is: it resumes over what
// happens to its link, and begins anew only where the stream is said to have ended or not
// to be there. Its methods may be called by any number of goroutines at the same time.
type Viewer struct {
	// Name is for messages; Stream is what is watched.
	Name, Stream string
	// Spoil, where it is set, takes the place of each Source that the viewer opens.
	Spoil func(livews.Source) livews.Source

	up       *relay.Upstream
	feeds    *Feeds
	findings *Findings
	gone     sync.WaitGroup

	mu     sync.Mutex
	leave  context.CancelFunc // nil while it is away
	paused chan struct{}      // nil: reads; else closed when it goes on
	hop    *Hop
	past   Tally // of the hops before
	opens  int
	ends   int
}

// NewViewer returns a viewer that takes its stream from the first of the servers that has it.
func NewViewer(name, stream string, urls []string, feeds *Feeds, findings *Findings) (*Viewer, error) {
	up, err := relay.NewUpstream(&relay.UpstreamOptions{URLs: urls})
	if err != nil {
		return nil, fmt.Errorf("viewer %s: %w", name, err)
	}
	return &Viewer{Name: name, Stream: stream, up: up, feeds: feeds, findings: findings}, nil
}

// Come begins to watch, until ctx ends or the viewer has to Leave.
func (v *Viewer) Come(ctx context.Context) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.leave != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	v.leave = cancel
	v.gone.Go(func() {
		for ctx.Err() == nil {
			v.watch(ctx)
			_ = sleep(ctx, retry) // the loop asks for ctx
		}
	})
}

// Leave ends the watching and waits for that.
func (v *Viewer) Leave() {
	v.mu.Lock()
	leave := v.leave
	v.leave = nil
	v.mu.Unlock()
	if leave != nil {
		leave()
	}
	v.gone.Wait()
	v.up.CloseIdle()
}

// Watching reports whether the viewer is there and reads.
func (v *Viewer) Watching() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.leave != nil && v.paused == nil
}

// Pause stops the reading until Resume: a stalled viewer.
func (v *Viewer) Pause() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.paused == nil {
		v.paused = make(chan struct{})
	}
}

// Resume ends a Pause.
func (v *Viewer) Resume() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.paused != nil {
		close(v.paused)
		v.paused = nil
	}
}

// Opens returns how often the viewer has begun, and not resumed.
func (v *Viewer) Opens() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.opens
}

// Ends returns how often the stream has come to its clean end.
func (v *Viewer) Ends() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.ends
}

// Tally returns what the viewer has got since its beginning or the last Begin, however often
// it has opened the stream.
func (v *Viewer) Tally() Tally {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tallyLocked()
}

func (v *Viewer) tallyLocked() Tally {
	if v.hop == nil {
		return v.past
	}
	return v.past.plus(v.hop.Tally())
}

// Begin sets the Tally's counters to zero.
func (v *Viewer) Begin() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.past = Tally{}
	if v.hop != nil {
		v.hop.Begin()
	}
}

// watch opens the stream and reads it to its end.
func (v *Viewer) watch(ctx context.Context) {
	src, err := v.up.Open(ctx, &livews.Request{Name: v.Stream})
	if err != nil {
		return // not there at the moment
	}
	if c, ok := src.(io.Closer); ok {
		defer c.Close()
	}
	if v.Spoil != nil {
		src = v.Spoil(src)
	}
	hop := v.begin()
	for {
		seg, err := src.ReadSegment(ctx)
		if err == io.EOF {
			v.noteEnd()
		}
		if err != nil {
			return // the stream's end, or the viewer's
		}
		_ = hop.WriteSegment(ctx, seg) // always nil
		v.rest(ctx)
	}
}

// begin makes the Hop of a stream that was opened.
func (v *Viewer) begin() *Hop {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.past = v.tallyLocked()
	v.hop = NewHop(v.Name+" views "+v.Stream, v.feeds, v.findings)
	v.hop.tally.At = v.past.At // the time between counts
	v.opens++
	return v.hop
}

func (v *Viewer) noteEnd() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ends++
}

// rest waits out a pause.
func (v *Viewer) rest(ctx context.Context) {
	v.mu.Lock()
	paused := v.paused
	v.mu.Unlock()
	if paused == nil {
		return
	}
	select {
	case <-paused:
	case <-ctx.Done():
	}
}
