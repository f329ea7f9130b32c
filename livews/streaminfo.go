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
	Tracks []*Track `json:"tracks"`
	// Epoch is that of the newest chunk, and Newest the position of the newest
	// chunk of each track. They are zero and empty where nothing has come yet.
	Epoch  uint32              `json:"epoch"`
	Newest map[uint16]Position `json:"newest"`
	// Viewers counts those who have joined here: browsers and servers alike.
	Viewers int `json:"viewers"`
	// BytesSent counts the bytes handed to them since the stream was opened.
	BytesSent int64 `json:"bytesSent"`
}

// List returns the streams that are open, and those that Discover knows of, by
// name. An error of Discover comes with the streams that are open.
func (s *Streams) List(ctx context.Context) ([]StreamInfo, error) {
	list := s.open()
	var err error
	if s.Discover != nil {
		var known []StreamInfo
		known, err = s.Discover(ctx)
		for _, info := range known {
			if !slices.ContainsFunc(list, func(o StreamInfo) bool { return o.Name == info.Name }) {
				list = append(list, StreamInfo{Name: info.Name, State: StateIdle, Tracks: info.Tracks})
			}
		}
	}
	slices.SortFunc(list, func(a, b StreamInfo) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

// open returns the streams that are open.
func (s *Streams) open() []StreamInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []StreamInfo
	for _, st := range s.streams {
		select {
		case <-st.opened:
			list = append(list, st.info())
		default:
		}
	}
	return list
}

func (st *stream) info() StreamInfo {
	stats := st.relay.Stats()
	info := StreamInfo{
		Name: st.name, State: StateLive, Tracks: stats.Tracks, Newest: stats.Newest,
		Viewers: st.viewers, BytesSent: stats.Sent,
	}
	for _, p := range stats.Newest {
		info.Epoch = max(info.Epoch, p.Epoch)
	}
	return info
}
