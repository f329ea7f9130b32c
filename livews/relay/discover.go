package relay

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/backoff"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

const (
	// knownFor is how long the streams of a server stay known when it is gone.
	knownFor = 5 * time.Second
	// tellAfter is how long the first answer waits for servers that do not answer.
	tellAfter = 500 * time.Millisecond
)

// Discover watches the streams of all servers and calls set with them, each by its
// best way, at first and whenever something has changed. It keeps trying where a server
// does not answer, blocks until ctx ends, and returns ctx's error. While it runs,
// the sources of Open know where a stream is to be had. It fits
// [livews.Streams].Discover.
func (u *Upstream) Discover(ctx context.Context, id string, set func(*livews.Directory)) error {
	var watches sync.WaitGroup
	defer watches.Wait()
	news := make(chan struct{}, 1)
	for i := range u.parents.all {
		watches.Go(func() { u.keepWatch(ctx, i, news) })
	}
	patience := time.NewTimer(tellAfter)
	defer patience.Stop()
	for told := false; ; {
		select {
		case <-news:
			told = told || u.parents.allTold()
		case <-patience.C:
			told = true
		case <-ctx.Done():
			return ctx.Err()
		}
		if told {
			set(u.parents.directory(id))
		}
	}
}

// keepWatch watches one server until ctx ends.
func (u *Upstream) keepWatch(ctx context.Context, index int, news chan struct{}) {
	var retry backoff.Backoff
	defer u.parents.set(index, report{})
	forget := time.AfterFunc(knownFor, func() {
		u.parents.forget(index)
		wake(news)
	})
	defer forget.Stop()
	for {
		began := time.Now()
		err := u.watch(ctx, u.parents.all[index].url, func(node *wire.Node) {
			forget.Stop()
			u.parents.set(index, report{node: node, live: true, told: true})
			wake(news)
		})
		u.log.Debug("watch of upstream ends", "remote", u.parents.all[index].url, "err", err)
		if u.parents.lose(index) {
			forget.Reset(knownFor) // counts from the loss, however many attempts fail since
		}
		wake(news)
		retry.Lived(time.Since(began))
		if retry.Wait(ctx) != nil {
			return
		}
	}
}

// allTold reports whether every server has been asked.
func (ps *parents) allTold() bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return !slices.ContainsFunc(ps.reports, func(r report) bool { return !r.told })
}

// directory returns the streams of all servers for the node with this id.
func (ps *parents) directory(id string) *livews.Directory {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return merge(ps.reports, id)
}

// merge returns each stream as it comes by the best way that does not lead through the
// node with this id: of the highest epoch, then the shortest, then in order of preference.
func merge(reports []report, id string) *livews.Directory {
	d := &livews.Directory{Complete: true}
	w := wanted{via: []string{id}}
	best := make(map[string]livews.StreamInfo)
	for _, r := range reports {
		d.Complete = d.Complete && r.live && r.node.Complete
		if r.node == nil {
			continue
		}
		for _, info := range r.node.Streams {
			old, known := best[info.Name]
			if len(info.Path) > 0 && !w.leadsBack(info.Path) && livews.CheckName(info.Name) == nil && (!known || better(info, old)) {
				best[info.Name] = info
			}
		}
	}
	d.Streams = slices.SortedFunc(maps.Values(best), func(a, b livews.StreamInfo) int { return strings.Compare(a.Name, b.Name) })
	return d
}

func better(a, b livews.StreamInfo) bool {
	if a.Epoch != b.Epoch {
		return a.Epoch > b.Epoch
	}
	return len(a.Path) < len(b.Path)
}
