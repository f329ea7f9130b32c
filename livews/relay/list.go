package relay

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// listFresh is how long a list is good for.
	listFresh = time.Second
	// listTimeout bounds the asking of all upstreams.
	listTimeout = 2 * time.Second
	// maxHops bounds the depth of a tree. In a ring of servers a stream that has
	// ended comes back in the others' lists, each time further away.
	maxHops = 16
)

// lister keeps the upstreams' list of streams for a moment. Where servers stand in
// a ring, the question comes back while it is being asked: then the last answer
// has to do.
type lister struct {
	fetch func(ctx context.Context) ([]livews.StreamInfo, error)

	mu     sync.Mutex
	asking bool
	asked  time.Time
	list   []livews.StreamInfo
	err    error
}

// get returns the list, asking for it if the last answer is too old.
func (l *lister) get(ctx context.Context) ([]livews.StreamInfo, error) {
	if !l.begin() {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.list, l.err
	}
	limited, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	list, err := l.fetch(limited)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asking = false
	if ctx.Err() == nil { // else the list lacks what the caller did not wait for
		l.asked, l.list, l.err = time.Now(), list, err
	}
	return list, err
}

// begin reports whether the caller has to ask.
func (l *lister) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asking || (!l.asked.IsZero() && time.Since(l.asked) < listFresh) {
		return false
	}
	l.asking = true
	return true
}

// List returns the streams that the upstream servers have. It asks them at most
// once a second and waits 2 s at most; in between, and while another call is
// asking, it returns the last answer. An error comes with the streams of those
// that answered. It fits [livews.Streams].Discover.
func (u *Upstream) List(ctx context.Context) ([]livews.StreamInfo, error) { return u.list.get(ctx) }

// fetchLists asks all upstreams at the same time.
func (u *Upstream) fetchLists(ctx context.Context) ([]livews.StreamInfo, error) {
	lists := make([][]livews.StreamInfo, len(u.urls))
	errs := make([]error, len(u.urls))
	var asked sync.WaitGroup
	for i, base := range u.urls {
		asked.Go(func() { lists[i], errs[i] = u.dialer.List(ctx, base) })
	}
	asked.Wait()
	var all []livews.StreamInfo
	seen := make(map[string]bool)
	for _, list := range lists {
		for _, info := range list {
			info.Hops++
			if info.Hops > maxHops || seen[info.Name] || livews.CheckName(info.Name) != nil {
				continue
			}
			seen[info.Name] = true
			all = append(all, info)
		}
	}
	return all, errors.Join(errs...)
}

// Discover fits [livews.Streams].Discover.
func (u *Upstream) Discover(ctx context.Context, id string, set func(*livews.Directory)) error {
	<-ctx.Done()
	return ctx.Err()
}
