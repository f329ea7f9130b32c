package wire

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

const (
	// viewersEvery is how often the number of viewers is told.
	viewersEvery = 5 * time.Second
	// restAfter is the least time from what is told to the next: an upstream that changes
	// all the time costs those below no more than that.
	restAfter = 50 * time.Millisecond
)

// serveWatch answers an upgrade request by telling the streams and their changes.
func (s *Server) serveWatch(w http.ResponseWriter, r *http.Request) {
	if !s.allow(w, r, "") {
		return
	}
	if !offers(r, Subprotocol) {
		failProtocol(w, "")
		return
	}
	if !s.sessions.enterWatch() {
		failDraining(w, "")
		return
	}
	watch := &watcher{peer: s.newPeer(r), streams: s.Streams, viewers: s.sessions.count}
	var err error
	if watch.conn, err = accept(w, r, Subprotocol); err != nil {
		s.sessions.leaveWatch()
		return // answered
	}
	s.detach(&watch.peer, watch.run, s.sessions.leaveWatch)
}

// watcher is the connection of somebody who watches the list of streams.
type watcher struct {
	peer
	streams *livews.Streams
	viewers func() int

	// What was told last.
	node    notice
	counted time.Time // when the viewers were
	dir     livews.Directory
}

// run tells until the peer or ctx ends or the streams are closed, and says why.
func (w *watcher) run(ctx context.Context) {
	w.do(func() { w.receive(func(*control) error { return nil }) })
	err := w.send(ctx)
	var sent *sendError
	if cause := context.Cause(ctx); cause != nil && !errors.As(err, &sent) {
		err = cause
	}
	w.leave(err)
	w.close(err)
}

func (w *watcher) send(ctx context.Context) error {
	for {
		dir, err := w.next(ctx)
		if err != nil {
			return err
		}
		if changes := w.changes(dir, time.Now()); len(changes) > 0 {
			if err := w.conn.WriteAll(changes); err != nil {
				return &sendError{err}
			}
			rest(ctx)
		}
	}
}

// rest waits for restAfter or the end of ctx.
func rest(ctx context.Context) {
	select {
	case <-time.After(restAfter):
	case <-ctx.Done():
	}
}

// next returns the directory when it has changed, or the same after a while, as the
// viewers may have.
func (w *watcher) next(ctx context.Context) (*livews.Directory, error) {
	limited, cancel := context.WithTimeout(ctx, viewersEvery)
	defer cancel()
	dir, err := w.streams.Directory(limited, w.dir.Version)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		same := w.dir
		return &same, nil
	}
	return dir, err
}

// changes returns the frames that say what is other in dir than was told, and notes it.
func (w *watcher) changes(dir *livews.Directory, now time.Time) net.Buffers {
	current := *dir
	if len(current.Streams) > maxWatched {
		current.Streams, current.Complete = current.Streams[:maxWatched], false
	}
	frames := w.nodeChange(current.Complete, now)
	frames = append(frames, streamChanges(w.dir.Streams, current.Streams)...)
	w.dir = current
	if len(frames) > 0 {
		frames = append(frames, (&notice{Type: typeSynced}).frame())
	}
	return frames
}

func (w *watcher) nodeChange(complete bool, now time.Time) net.Buffers {
	node := notice{Type: typeNode, ID: w.streams.NodeID(), Viewers: w.node.Viewers, Complete: complete}
	if now.Sub(w.counted) >= viewersEvery {
		node.Viewers, w.counted = w.viewers(), now
	}
	if node == w.node {
		return nil
	}
	w.node = node
	return net.Buffers{node.frame()}
}

// streamChanges returns the frames that lead from one list, sorted by name, to another.
func streamChanges(told, current []livews.StreamInfo) net.Buffers {
	var frames net.Buffers
	for i := range current {
		info := &current[i]
		for len(told) > 0 && told[0].Name < info.Name {
			frames = append(frames, goneFrame(told[0].Name))
			told = told[1:]
		}
		if len(told) > 0 && told[0].Name == info.Name {
			same := sameNotice(&told[0], info)
			told = told[1:]
			if same {
				continue
			}
		}
		frame := streamFrame(info)
		if frame == nil {
			frame = goneFrame(info.Name)
		}
		frames = append(frames, frame)
	}
	for i := range told {
		frames = append(frames, goneFrame(told[i].Name))
	}
	return frames
}

func goneFrame(name string) []byte { return (&notice{Type: typeGone, Name: name}).frame() }

// find returns the stream of this name, or nil.
func find(dir *livews.Directory, name string) *livews.StreamInfo {
	i, ok := slices.BinarySearchFunc(dir.Streams, name, func(info livews.StreamInfo, name string) int {
		return strings.Compare(info.Name, name)
	})
	if !ok {
		return nil
	}
	return &dir.Streams[i]
}
