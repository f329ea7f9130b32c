package ingress

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

// TestBudgetShares fills a budget by some, which does not shut out one more, and never
// takes more than one and a half of it.
func TestBudgetShares(t *testing.T) {
	b := &budget{most: 1000}
	var greedy []*account
	for range 4 {
		greedy = append(greedy, b.open())
	}
	for err := error(nil); err == nil; {
		for _, a := range greedy {
			err = errors.Join(err, a.take(10))
		}
	}
	modest := b.open()
	if err := modest.take(100); err != nil {
		t.Errorf("a tenth is refused to the fifth: %v", err)
	}
	if err := modest.take(100); !errors.Is(err, errMemory) {
		t.Errorf("more than half a share of what is used up: %v, want errMemory", err)
	}
	if b.held > b.most*3/2 {
		t.Errorf("%d are held of %d", b.held, b.most)
	}
	for _, a := range append(greedy, modest) {
		a.close()
		a.keep(10) // too late
	}
	if b.held != 0 || b.accounts != 0 {
		t.Errorf("%d of %d accounts are held at the end", b.held, b.accounts)
	}
}

// TestBudgetCountsInits lets init segments wait with the chunks that need them only as far as
// there is room for both, and has paid nothing in the end.
func TestBudgetCountsInits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		video, _ := parts(t)
		b := &budget{most: 1 << 40}
		a := quietAssembly()
		a.account = b.open()
		rep, err := a.forInit("v")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		put := func(seg *livews.Segment) {
			if err == nil {
				err = a.put(ctx, rep, seg)
			}
		}
		info := &livews.Track{Number: 1, Kind: livews.KindVideo, Codec: "avc1.4D401E", Timescale: 15360}
		for i := range 2 * maxAssemblyBytes >> 20 {
			for j := range 2 { // the first of them for nothing
				free := append([]byte("\x00\x10\x00\x00free"), make([]byte, 1<<20-8)...)
				free[8], free[9] = byte(i), byte(j)
				put(&livews.Segment{Type: livews.TypeInit, Track: 1, Info: info, Payload: append(free, video.init...)})
			}
			chunk, err := dash.ShiftChunk(video.chunks[0].Payload, int64(i)*512, 15360)
			if err != nil {
				t.Fatal(err)
			}
			put(&livews.Segment{Type: livews.TypeChunk, Flags: livews.FlagSync, Track: 1, DecodeTime: time.Duration(i) * time.Second / 30, Payload: chunk})
		}
		if !errors.Is(err, context.DeadlineExceeded) || int64(a.bytes) > maxAssemblyBytes+2<<20 || b.held < int64(a.bytes) {
			t.Errorf("init segments behind which chunks wait: %v, and %d bytes, of which %d are paid, want to wait", err, a.bytes, b.held)
		}
		a.all(t)
		if spare := rep.tracks[1].spare(); a.bytes != 0 || b.held != int64(spare) {
			t.Errorf("when all is read, %d bytes are left, and %d are paid, want %d", a.bytes, b.held, spare)
		}
	})
}

// TestBudgetCountsStamped pays for what waits for the track that the groups are taken from.
func TestBudgetCountsStamped(t *testing.T) {
	b := &budget{most: 1 << 40}
	var held []int64
	segs := script(t, "+v +a a0 a1 a2 V0 v1 v2 a3")
	s := newStamper(livews.SourceFunc(func(context.Context) (*livews.Segment, error) {
		held = append(held, b.held)
		if len(segs) == 0 {
			return nil, io.EOF
		}
		seg := segs[0]
		segs = segs[1:]
		return seg, nil
	}), nil)
	s.account = b.open()
	collect(t, s)
	if want := []int64{0, 0, 0, 2, 4, 6, 4, 2, 0, 2}; !slices.Equal(held, want) {
		t.Errorf("held before each segment: %d bytes, want %d", held, want)
	}
	if b.held != 0 {
		t.Errorf("%d bytes are held in the end", b.held)
	}
}

// TestBudgetOfSockets ends a publisher over WebSocket whose message does not end, and one
// whose frames wait for sound that does not come, when there is no room for more.
func TestBudgetOfSockets(t *testing.T) {
	for name, write := range map[string]func(context.Context, *websocket.Conn) error{
		"message": func(ctx context.Context, ws *websocket.Conn) error {
			w, err := ws.Writer(ctx, websocket.MessageBinary)
			for err == nil {
				_, err = w.Write(make([]byte, 64<<10))
			}
			return err
		},
		"frames": func(ctx context.Context, ws *websocket.Conn) error {
			err := ws.Write(ctx, websocket.MessageText, []byte(startBoth))
			for i := time.Duration(0); err == nil; i++ {
				err = ws.Write(ctx, websocket.MessageBinary, []byte(frameOf(1, i*ms, ms, append(vp9Key(64), make([]byte, 64<<10)...))))
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, &Handler{MaxMemory: 2 << 20})
			ws := s.dial(t, "/cam", publishProtocol)
			var writing sync.WaitGroup
			defer writing.Wait()
			writing.Go(func() { _ = write(t.Context(), ws) }) // until the connection is closed
			if got := closed(t, ws); got != wire.CodeLost {
				t.Errorf("close code %d, want %d", got, wire.CodeLost)
			}
		})
	}
}
