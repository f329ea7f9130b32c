package relay

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

// TestForgets has a server tell a stream once and then be gone: its streams are forgotten
// in time, however quickly or slowly the dials fail, and stay so.
func TestForgets(t *testing.T) {
	for _, failure := range []time.Duration{0, time.Second, 5 * time.Second, 7 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			told := false
			u := &Upstream{parents: newParents([]string{"ws://a"}), log: newDiscard()}
			u.watch = func(ctx context.Context, _ string, update func(*wire.Node)) error {
				if !told {
					told = true
					update(&wire.Node{ID: "a", Directory: livews.Directory{Complete: true, Streams: []livews.StreamInfo{{Name: "cam1", Path: []string{"a"}}}}})
					return errReset
				}
				select {
				case <-time.After(failure):
				case <-ctx.Done():
				}
				return errReset
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var streams atomic.Int32
			go func() {
				_ = u.Discover(ctx, "me", func(d *livews.Directory) { streams.Store(int32(len(d.Streams))) }) // ends with ctx
			}()
			for at := time.Duration(0); at < 2*time.Minute; at += 500 * time.Millisecond {
				synctest.Wait()
				if want := at < knownFor; (streams.Load() == 1) != want && at != knownFor {
					t.Errorf("dials fail after %v: %d streams %v after the loss", failure, streams.Load(), at)
					break
				}
				time.Sleep(500 * time.Millisecond)
			}
			cancel()
			synctest.Wait()
		})
	}
}
