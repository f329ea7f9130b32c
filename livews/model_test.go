package livews_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

var (
	modelSeed = flag.Uint64("model.seed", 0, "seed of TestModel; 0: one at random")
	modelRuns = flag.Int("model.runs", 100, "worlds of TestModel")
)

// modelChunks is the number of chunks in a group of the model's streams.
const modelChunks = 3

// TestModel writes streams with holes and restarts to relays with small windows, lets
// readers come and go anywhere, and holds what each of them gets to the promises; one who
// reads what is there when it comes gets all that the window has.
func TestModel(t *testing.T) {
	seed := *modelSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	for run := range *modelRuns {
		synctest.Test(t, func(t *testing.T) {
			w := newModel(seed + uint64(run))
			for step := range 300 {
				if err := w.step(t); err != nil {
					t.Fatalf("step %d: %v; reproduce: go test -run Model -model.seed=%d -model.runs=1", step, err, seed+uint64(run))
				}
			}
		})
		if t.Failed() {
			return
		}
	}
}

// model is one relay with its source and its readers.
type model struct {
	rng     *rand.Rand
	relay   *livews.Relay
	src     *livewstest.Source
	epoch   uint32
	written []livews.Position // whatever the track
	readers []*modelReader
}

type modelReader struct {
	sub  *livews.Subscription
	c    livewstest.Checker
	opts livews.SubscribeOptions
}

func newModel(seed uint64) *model {
	w := &model{rng: rand.New(rand.NewPCG(seed, 7))}
	o := &livews.RelayOptions{Window: time.Duration(1+w.rng.IntN(6)) * time.Second}
	if w.rng.IntN(2) == 0 {
		o.MaxBytes = int64(1000 + w.rng.IntN(4000))
	}
	w.relay = livews.NewRelay(o)
	w.restart()
	return w
}

// restart lets a source begin in a later epoch, with other tracks.
func (w *model) restart() {
	w.epoch += uint32(1 + w.rng.IntN(2))
	w.src = livewstest.NewSource(&livewstest.SourceOptions{
		Tracks: 1 + w.rng.IntN(3), Chunks: modelChunks, ChunkDuration: 300 * time.Millisecond, Epoch: w.epoch,
	})
}

func (w *model) step(t *testing.T) error {
	switch n := w.rng.IntN(100); {
	case n < 1:
		w.restart()
	case n < 45:
		return w.write(t, 1+w.rng.IntN(12))
	case n < 60:
		time.Sleep(time.Duration(w.rng.IntN(1000)) * time.Millisecond)
	case n < 75:
		return w.join()
	case n < 80 && len(w.readers) > 0:
		i := w.rng.IntN(len(w.readers))
		w.readers = append(w.readers[:i], w.readers[i+1:]...)
	default:
		for range min(3, len(w.readers)) {
			r := w.readers[w.rng.IntN(len(w.readers))]
			if _, err := r.read(1 + w.rng.IntN(20)); err != nil {
				return err
			}
		}
	}
	return nil
}

// write writes n segments; some chunks are lost on the way, some come twice.
func (w *model) write(t *testing.T, n int) error {
	for range n {
		seg, err := w.src.ReadSegment(t.Context())
		if err != nil {
			return err
		}
		if seg.Type == livews.TypeChunk {
			w.written = append(w.written, seg.Position)
			// Only within a group can the relay find that one is missing.
			if seg.Position.Chunk == 1 && w.rng.IntN(30) == 0 {
				continue
			}
		}
		for range 1 + w.rng.IntN(2) {
			if err := w.relay.WriteSegment(t.Context(), seg); err != nil {
				return err
			}
		}
	}
	return nil
}

// join subscribes anywhere, and checks what one gets who reads at once. Another one, who
// begins in the same place, stays to read later.
func (w *model) join() error {
	opts := w.options()
	now, later := w.subscribe(opts), w.subscribe(opts)
	w.readers = append(w.readers, later)
	all := w.subscribe(livews.SubscribeOptions{Start: livews.StartOldest})
	window, err := all.read(1 << 20)
	if err != nil {
		return fmt.Errorf("oldest: %w", err)
	}
	got, err := now.read(1 << 20)
	if err != nil {
		return fmt.Errorf("%+v: %w", opts, err)
	}
	for track, chunks := range window {
		after := opts.After[track]
		if after.IsZero() {
			continue
		}
		if err := complete(got[track], chunks, after); err != nil {
			return fmt.Errorf("track %d after %v: %w", track, after, err)
		}
	}
	return nil
}

func (w *model) options() livews.SubscribeOptions {
	opts := livews.SubscribeOptions{Start: livews.Start(w.rng.IntN(2)), Lossless: w.rng.IntN(2) == 0}
	if w.rng.IntN(4) == 0 {
		opts.From = w.place()
	}
	if w.rng.IntN(3) > 0 {
		opts.After = make(map[uint16]livews.Position)
		for track := range uint16(3) {
			if p := w.place(); !p.IsZero() && w.rng.IntN(5) > 0 {
				opts.After[track+1] = p
			}
		}
	}
	return opts
}

// place returns a position that was written, mostly not long ago, or one ahead of all.
func (w *model) place() livews.Position {
	if len(w.written) == 0 || w.rng.IntN(10) == 0 {
		return livews.Position{Epoch: w.epoch + uint32(w.rng.IntN(2)), Group: uint32(w.rng.IntN(20)), Chunk: uint32(w.rng.IntN(modelChunks))}
	}
	back := min(len(w.written), 1+w.rng.IntN(60))
	return w.written[len(w.written)-back]
}

func (w *model) subscribe(opts livews.SubscribeOptions) *modelReader {
	return &modelReader{
		sub: w.relay.Subscribe(&opts), opts: opts,
		c: livewstest.Checker{Resumed: opts.After, Chunks: modelChunks, Proof: true},
	}
}

// read takes up to n segments of what is due and returns the chunks of each track.
func (r *modelReader) read(n int) (map[uint16][]*livews.Segment, error) {
	got := make(map[uint16][]*livews.Segment)
	for range n {
		seg := livews.Next(r.sub)
		if seg == nil {
			break
		}
		if err := r.c.WriteSegment(context.Background(), seg); err != nil {
			return nil, err
		}
		if r.opts.Lossless && seg.Gap != nil && seg.Gap.Reason == livews.GapSlow {
			return nil, fmt.Errorf("%v: slow, though lossless", seg.Position)
		}
		if seg.Type == livews.TypeChunk {
			got[seg.Track] = append(got[seg.Track], seg)
		}
	}
	return got, nil
}

// complete checks that one who has resumed after p has got what the window has: all that
// follows p, but where it is told that its epoch has gone.
func complete(got, window []*livews.Segment, p livews.Position) error {
	for len(window) > 0 && !window[0].Position.After(p) {
		window = window[1:]
	}
	if len(got) > 0 && got[0].Gap != nil && got[0].Gap.Reason == livews.GapRestart {
		for len(window) > 0 && window[0].Position != got[0].Position {
			window = window[1:]
		}
	}
	if len(window) == 0 || (len(got) == 0 && window[0].Position.Epoch > p.Epoch) {
		return nil // the newest group has not begun in this track
	}
	// Of a group whose start has left the window the rest is given too, if it follows.
	for len(got) > 0 && window[0].Position.After(got[0].Position) {
		got = got[1:]
	}
	if len(got) != len(window) {
		return fmt.Errorf("got %d chunks of %d in the window from %v on", len(got), len(window), window[0].Position)
	}
	for i := range window {
		if got[i].Position != window[i].Position {
			return fmt.Errorf("got %v, the window has %v", got[i].Position, window[i].Position)
		}
	}
	return nil
}
