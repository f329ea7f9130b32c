package livews

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
	// Epoch is that of the newest init segment, and Newest has the position of the
	// newest chunk of each track. They are zero and empty where nothing has come yet.
	Epoch  uint32              `json:"epoch,omitempty"`
	Newest map[uint16]Position `json:"newest,omitempty"`
	// Viewers counts those who have joined here: browsers and servers alike.
	Viewers int `json:"viewers"`
	// Hops is how many servers are above this one on Path: 0 where the stream is
	// published here, or Path is empty.
	Hops int `json:"hops"`
	// Path has the ids of the nodes by which the stream comes: this one first, the
	// ingress last. Empty where that is not known, or there is no way at the moment.
	// It is shared and must not be changed.
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

// info describes st with all that is known of it.
func (st *stream) info() StreamInfo {
	info := st.entry()
	stats := st.relay.Stats()
	info.Newest, info.Viewers, info.BytesSent = stats.Newest, st.viewers, stats.Sent
	return info
}

// entry describes st as directories do.
func (st *stream) entry() StreamInfo {
	return StreamInfo{
		Name: st.name, State: StateLive, Tracks: st.tracks, Epoch: st.epoch,
		Hops: hops(st.path), Path: st.path,
	}
}

// hops returns how many servers lie between this one and the ingress on the path.
func hops(path []string) int { return max(0, len(path)-1) }
