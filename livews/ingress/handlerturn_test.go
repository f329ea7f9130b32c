package ingress

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

func TestHandlerAuthorizesFolderBelowStream(t *testing.T) {
	video, _ := parts(t)
	s := newSite(t, &Handler{Authorize: func(r *http.Request, name string) error {
		if name == r.URL.Query().Get("may") {
			return nil
		}
		return errors.New("not yours")
	}})
	s.put(t, "/cam/init.mp4?may=cam", video.init)
	if status, _ := s.do(t, "PUT", "/cam/bob/init.mp4?may=cam/bob", bytes.NewReader(video.init)); status != http.StatusForbidden {
		t.Errorf("who may publish cam/bob writes into cam: %d, want 403", status)
	}
	if status, _ := s.do(t, "DELETE", "/cam/480p/1.m4s?may=cam", nil); status != http.StatusNoContent {
		t.Errorf("DELETE in a folder = %d, want 204", status)
	}
}

func TestCancelledTurnPublishesNothing(t *testing.T) {
	h := &Handler{Streams: &livews.Streams{}}
	h.mu.Lock()
	turn, err := h.claimLocked(t.Context(), "cam", false)
	h.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	init := &livews.Segment{Type: livews.TypeInit, Track: 1, Position: livews.Position{Epoch: 7}, Info: &livews.Track{Number: 1}}
	src := livews.SourceFunc(func(ctx context.Context) (*livews.Segment, error) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		turn.cancel(errTakenOver)
		return init, nil
	})
	if err := turn.publish(src); !errors.Is(err, errTakenOver) {
		t.Errorf("publish = %v, want errTakenOver", err)
	}
	if _, ok := h.Streams.Info("cam"); ok {
		t.Error("a turn that was over has begun a stream")
	}
	turn.end()
}

// TestTurnWaits takes a name over from one whose stream comes only then, in the same second:
// the epoch of that counts.
func TestTurnWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &Handler{Streams: new(livews.Streams)}
		defer h.Streams.Close()
		claim := func() *turn {
			h.mu.Lock()
			defer h.mu.Unlock()
			turn, err := h.claimLocked(t.Context(), "cam", true)
			if err != nil {
				t.Fatal(err)
			}
			return turn
		}
		first, second, third := claim(), claim(), claim()
		begun := make(chan error, 1)
		go func() { begun <- third.begin() }()
		go func() {
			if err := second.begin(); !errors.Is(err, errTakenOver) {
				t.Errorf("the second begins with %v, want errTakenOver", err)
			}
			second.end()
		}()
		synctest.Wait()
		select {
		case err := <-begun:
			t.Errorf("the third begins before the first has ended: %v", err)
		default:
		}
		src := livewstest.NewSource(&livewstest.SourceOptions{Epoch: 7, Pace: true})
		published := make(chan error)
		ctx, end := context.WithCancel(t.Context())
		go func() { published <- h.Streams.Publish(ctx, "cam", src) }()
		synctest.Wait()
		first.end()
		if err := <-begun; err != nil || third.lastEpoch != 7 {
			t.Errorf("the third begins with %v behind epoch %d, want 7", err, third.lastEpoch)
		}
		third.end()
		end()
		<-published
	})
}
