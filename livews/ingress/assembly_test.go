package ingress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

func quietAssembly() *assembly { return newAssembly(slog.New(slog.DiscardHandler)) }

// add writes an object, which must be right.
func (a *assembly) add(t *testing.T, name string, body []byte) {
	t.Helper()
	if err := a.write(t.Context(), &object{name: name, body: bytes.NewReader(body)}); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// all ends a and returns what comes out.
func (a *assembly) all(t *testing.T) []*livews.Segment {
	t.Helper()
	a.end(nil)
	return collect(t, a)
}

func TestAssemblyRestartIsNoResend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		video, _ := parts(t)
		a := quietAssembly()
		a.add(t, "init.mp4", video.init)
		// An encoder that makes the same bytes again, at its pace.
		for range 2 {
			a.add(t, "init.mp4", video.init)
			for i := range 4 {
				at := time.Duration(2*i) * time.Second
				a.add(t, fmt.Sprintf("%d.m4s", i), video.between(at, at+2*time.Second))
				time.Sleep(2 * time.Second)
			}
		}
		var again time.Duration = -1
		got := a.all(t)
		for i := 1; i < len(got); i++ {
			if got[i].DecodeTime < got[i-1].DecodeTime && again < 0 {
				again = got[i].DecodeTime
				if !got[i].Flags.Has(livews.FlagSync) {
					t.Error("what goes on does not begin with a sync sample")
				}
			}
		}
		if again < 0 || again > maxResend {
			t.Errorf("the encoder is heard again from %v on, want no later than %v", again, maxResend)
		}
	})
}

func TestAssemblyLateRepresentation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		video, audio := parts(t)
		a := quietAssembly()
		a.add(t, "v/init.mp4", video.init)
		a.add(t, "v/1.m4s", video.between(0, 2*time.Second))
		ctx, cancel := context.WithTimeout(t.Context(), 2*assemblyPatience)
		defer cancel()
		if seg, err := a.ReadSegment(ctx); err != nil || seg.Type != livews.TypeInit {
			t.Fatalf("first = %v, %v, want an init segment", seg, err)
		}
		if seg, err := a.ReadSegment(ctx); err != nil || seg.Type != livews.TypeChunk {
			t.Fatalf("second = %v, %v, want a chunk", seg, err)
		}
		a.add(t, "a/init.mp4", audio.init)
		a.add(t, "v/2.m4s", video.between(2*time.Second, 4*time.Second))
		a.add(t, "a/2.m4s", audio.between(2*time.Second, 4*time.Second))
		got := a.all(t)
		begins := slices.IndexFunc(got, func(seg *livews.Segment) bool { return seg.Track == 2 })
		if begins < 0 || got[begins].Type != livews.TypeInit {
			t.Errorf("the late track begins at %d, want it to with its init segment", begins)
		}
	})
}

func TestAssemblyWaitsForManifestsRepresentations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		video, audio := parts(t)
		a := quietAssembly()
		a.add(t, "v/init.mp4", video.init)
		a.expect(map[string]hint{"v/": {bitrate: 7}, "a/": {language: "deu"}})
		a.add(t, "v/1.m4s", video.between(0, 2*time.Second))
		a.add(t, "a/init.mp4", audio.init)
		began := time.Now()
		for _, want := range []livews.Track{{Bitrate: 0}, {Language: "deu"}} {
			seg, err := a.ReadSegment(t.Context())
			if err != nil || seg.Type != livews.TypeInit {
				t.Fatalf("got %v, %v, want an init segment", seg, err)
			}
			if want.Language != "" && seg.Info.Language != want.Language {
				t.Errorf("language %q, want %q", seg.Info.Language, want.Language)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("what was complete has waited %v", took)
		}
	})
}

func TestAssemblyDoesNotWaitForADeadTrack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		video, audio := parts(t)
		a := quietAssembly()
		a.add(t, "v/init.mp4", video.init)
		a.add(t, "a/init.mp4", audio.init)
		a.add(t, "a/0.m4s", audio.between(0, 100*time.Millisecond))
		for i, c := range video.chunks[:120] {
			a.add(t, fmt.Sprintf("v/%d.m4s", i), c.Payload)
			time.Sleep(33 * time.Millisecond)
		}
		n := 0
		for {
			seg, _, err := a.next(time.Now())
			if err != nil || seg == nil {
				break
			}
			n++
		}
		if n < 110 {
			t.Errorf("%d segments came, want nearly all of 120: the sound is dead", n)
		}
	})
}

func TestAssemblyBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		video, _ := parts(t)
		a := quietAssembly()
		var err error
		for i := range 2000 {
			err = a.write(t.Context(), &object{name: fmt.Sprintf("%d-x/init.mp4", i), body: bytes.NewReader(video.init)})
			if err != nil {
				break
			}
		}
		if !errors.Is(err, errTooMany) || len(a.reps) != maxRepresentations {
			t.Errorf("2000 representations: %v, %d are kept, want errTooMany and %d", err, len(a.reps), maxRepresentations)
		}
		// What nobody reads makes the writer wait.
		b := quietAssembly()
		b.add(t, "init.mp4", video.init)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for i := 0; err == nil || errors.Is(err, errTooMany); i++ {
			chunk, shiftErr := dash.ShiftChunk(video.chunks[0].Payload, int64(i)*100000, 15360)
			if shiftErr != nil {
				t.Fatal(shiftErr)
			}
			err = b.write(ctx, &object{name: "1.m4s", body: bytes.NewReader(chunk)})
		}
		if !errors.Is(err, context.DeadlineExceeded) || b.bytes > maxAssemblyBytes+dash.MaxChunk {
			t.Errorf("after %d bytes: %v, want to wait", b.bytes, err)
		}
	})
}

func TestAssemblyObjectThatStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		video, _ := parts(t)
		a := quietAssembly()
		a.add(t, "init.mp4", video.init)
		r, w := io.Pipe()
		done := make(chan error, 1)
		go func() {
			done <- a.write(t.Context(), &object{name: "1.m4s", body: r, interrupt: func(err error) { _ = w.CloseWithError(err) }})
		}()
		_, _ = w.Write(video.between(0, time.Second)[:200]) // and no more
		synctest.Wait()
		began := time.Now()
		a.add(t, "2.m4s", video.between(2*time.Second, 4*time.Second))
		if err := <-done; !errors.Is(err, errSuperseded) {
			t.Errorf("the object that stalled ends with %v, want errSuperseded", err)
		}
		if took := time.Since(began); took > 2*stallPatience {
			t.Errorf("the next object has waited %v", took)
		}
	})
}

func TestAssemblyMediaOfRefusedInit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		video, audio := parts(t)
		a := quietAssembly()
		a.add(t, "init-stream0.m4s", video.init)
		bad := bytes.Replace(audio.init, []byte("mp4a"), []byte("xxxx"), -1)
		if err := a.write(t.Context(), &object{name: "init-stream1.m4s", body: bytes.NewReader(bad)}); err == nil {
			t.Fatal("no error")
		}
		a.add(t, "chunk-stream0-1.m4s", video.between(0, time.Second))
		err := a.write(t.Context(), &object{name: "chunk-stream1-1.m4s", body: bytes.NewReader(audio.between(0, time.Second))})
		if !errors.Is(err, errNoInit) {
			t.Errorf("media of a refused track: %v, want errNoInit", err)
		}
	})
}

func TestAssemblyMediaBeforeItsInit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		video, audio := parts(t)
		a := quietAssembly()
		a.add(t, "init-stream0.m4s", video.init)
		done := make(chan error)
		go func() {
			done <- a.write(t.Context(), &object{name: "chunk-stream1-1.m4s", body: bytes.NewReader(audio.between(0, time.Second))})
		}()
		time.Sleep(initPatience / 2)
		a.add(t, "init-stream1.m4s", audio.init)
		if err := <-done; err != nil {
			t.Error(err)
		}
		for _, seg := range a.all(t) {
			if seg.Type == livews.TypeChunk && seg.Track == 1 {
				t.Fatal("sound comes as picture")
			}
		}
	})
}

// TestPausesForgetHiccups waits for a track that once paused for long no longer than it
// pauses usually, when some time has passed.
func TestPausesForgetHiccups(t *testing.T) {
	var p pauses
	now := time.Now()
	p.note(now, 9*time.Second)
	for range 2 * pausesFor / time.Second {
		now = now.Add(time.Second)
		p.note(now, time.Second)
		if now.Sub(p.since) == 0 && p.before == 0 {
			t.Fatal("a pause is forgotten at once")
		}
	}
	if p.most() != time.Second {
		t.Errorf("after a minute the longest pause is %v, want 1s", p.most())
	}
}
