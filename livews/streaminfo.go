package livews

import (
	"context"
	"slices"
	"strings"
)

// The states of a [StreamInfo].
const (
	// StateLive: the stream is open here.
	StateLive = "live"
	// StateIdle: the stream can be opened; nobody here has asked for it.
	StateIdle = "idle"
)

// StreamInfo describes one stream of [Streams], and is an entry of the JSON list
// that servers give.
type StreamInfo struct {
	Name string `json:"name"`
	// State is StateLive or StateIdle.
	State string `json:"state"`
	// Tracks are shared and must not be changed.
	Tracks []*Track `json:"tracks,omitempty"`
	// Epoch is that of the newest chunk, and Newest the position of the newest
	// chunk of each track. They are zero and empty where nothing has come yet.
	Epoch  uint32              `json:"epoch,omitempty"`
	Newest map[uint16]Position `json:"newest,omitempty"`
	// Viewers counts those who have joined here: browsers and servers alike.
	Viewers int `json:"viewers"`
	// Hops is how many servers lie between this one and the ingress: 0 where the
	// stream is published.
	Hops int `json:"hops"`
	// Path has the ids of the nodes by which the stream comes: this one first, the
	// ingress last. Empty where that is not known, or there is no way at the moment.
	Path []string `json:"path,omitempty"`
	// BytesSent counts the bytes handed to them since the stream was opened.
	BytesSent int64 `json:"bytesSent"`
}

// Info describes the stream of this name if it is open.
func (s *Streams) Info(name string) (info StreamInfo, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[name]
	if st == nil || !st.isOpen() {
		return StreamInfo{}, false
	}
	return st.info(), true
}

// List returns the streams that are open, and those that Discover knows of, by
// name. It blocks until Discover has told for the first time, but no longer than a second.
func (s *Streams) List(ctx context.Context) []StreamInfo {
	list := s.open()
	slices.SortFunc(list, func(a, b StreamInfo) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Directory returns the streams that there are, by name, with their paths: those
// that are open, and those that Discover knows of. It blocks until there is a
// version other than seen, and returns at once for zero; its error is ctx's, or
// [ErrClosed].
func (s *Streams) Directory(ctx context.Context, seen uint64) (*Directory, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// Path returns the ids of the nodes by which the stream comes: this one first, the
// ingress last; nil while there is no way. It blocks until that is another than
// old. The error wraps [ErrNotFound] where there is no such stream, or is ctx's.
func (s *Streams) Path(ctx context.Context, name string, old []string) ([]string, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// merge adds to the open streams those that are only known.
func merge(list, known []StreamInfo) []StreamInfo {
	open := len(list)
	for _, info := range known {
		i := slices.IndexFunc(list[:open], func(o StreamInfo) bool { return o.Name == info.Name })
		if i < 0 {
			list = append(list, StreamInfo{Name: info.Name, State: StateIdle, Tracks: info.Tracks, Hops: info.Hops})
		} else if list[i].Hops > 0 {
			list[i].Hops = info.Hops
		}
	}
	return list
}

// open returns the streams that are open.
func (s *Streams) open() []StreamInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []StreamInfo
	for _, st := range s.streams {
		if st.isOpen() {
			list = append(list, st.info())
		}
	}
	return list
}

// isOpen reports whether the opening of st has come to its end.
func (st *stream) isOpen() bool {
	select {
	case <-st.opened:
		return true
	default:
		return false
	}
}

func (st *stream) info() StreamInfo {
	stats := st.relay.Stats()
	info := StreamInfo{
		Name: st.name, State: StateLive, Tracks: stats.Tracks, Newest: stats.Newest,
		Viewers: st.viewers, BytesSent: stats.Sent,
	}
	if !st.published {
		info.Hops = 1 // at least; Discover knows better
	}
	for _, p := range stats.Newest {
		info.Epoch = max(info.Epoch, p.Epoch)
	}
	return info
}
