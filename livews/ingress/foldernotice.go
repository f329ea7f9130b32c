package ingress

import (
	"context"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// breath is the shortest time between two looks at a folder: a file that grows is
	// told of with each write.
	breath = 20 * time.Millisecond
	// maxNotices is how many names are kept until they are looked at. If there are more,
	// all of the folder is.
	maxNotices = 1024
)

// notice is what the system tells of a folder. The zero notice is one that tells nothing.
type notice struct {
	watch *fsnotify.Watcher // nil where the system tells nothing
	names map[string]bool   // of files that have changed
	lost  bool              // not all names are known
}

// follow begins to listen.
func (n *notice) follow(dir string) error {
	w, err := fsnotify.NewBufferedWatcher(64)
	if err != nil {
		return err
	}
	if err := w.Add(dir); err != nil {
		_ = w.Close() // nothing was written
		return err
	}
	n.watch, n.names = w, make(map[string]bool)
	return nil
}

// works reports whether the system tells anything.
func (n *notice) works() bool { return n.watch != nil }

// died reports whether the system tells nothing any more, as the folder was another one.
func (n *notice) died() bool { return n.watch != nil && len(n.watch.WatchList()) == 0 }

func (n *notice) close() {
	if n.watch != nil {
		_ = n.watch.Close() // nothing was written
		n.watch = nil
	}
}

// take returns the files that have changed since it was called last, and whether others may
// have, too.
func (n *notice) take() (names []string, lost bool) {
	n.drain()
	for name := range n.names {
		names = append(names, name)
	}
	lost, n.lost = n.lost, false
	clear(n.names)
	return names, lost
}

// wait blocks until something has changed, or for so long.
func (n *notice) wait(ctx context.Context, most time.Duration) error {
	timer := time.NewTimer(most)
	defer timer.Stop()
	var (
		events   chan fsnotify.Event
		failures chan error
	)
	if n.watch != nil {
		events, failures = n.watch.Events, n.watch.Errors
	}
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case event, ok := <-events:
		n.note(event, ok)
	case <-failures:
		n.lost = true
	}
	return pause(ctx, breath)
}

// drain notes what has been told meanwhile.
func (n *notice) drain() {
	for n.watch != nil {
		select {
		case event, ok := <-n.watch.Events:
			if n.note(event, ok); !ok {
				return
			}
		case <-n.watch.Errors:
			n.lost = true
		default:
			return
		}
	}
}

func (n *notice) note(event fsnotify.Event, ok bool) {
	switch {
	case !ok || len(n.names) == maxNotices:
		n.lost = true
	default:
		n.names[filepath.Base(event.Name)] = true
	}
}
