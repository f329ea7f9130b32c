package relay

import (
	"context"
	"testing"

	"github.com/livews/websocketlivestream/livews"
)

// TestListCancelled keeps the list from one who did not wait for the answer out of the
// others' way.
func TestListCancelled(t *testing.T) {
	want := []livews.StreamInfo{{Name: "cam1"}}
	l := lister{fetch: func(ctx context.Context) ([]livews.StreamInfo, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return want, nil
	}}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if list, err := l.get(gone); err == nil {
		t.Errorf("get = %v for one who is gone, want an error", list)
	}
	if list, err := l.get(t.Context()); len(list) != 1 || err != nil {
		t.Errorf("get = %v, %v, want %v", list, err, want)
	}
}
