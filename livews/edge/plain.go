package edge

import (
	"io"
	"net"
	"slices"
	"sync"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// plainEncoder makes messages of plain fragmented MP4 for one viewer: an init
// segment for all tracks, then chunks.
type plainEncoder struct {
	merged  *mergedInits
	inits   []*livews.Segment // the newest of each track
	changed bool              // since they were sent
	sent    []*livews.Segment // what the viewer has
}

// Encode holds init segments back until the first chunk that needs them: by then
// those of all tracks have come. It ends the connection where the viewer cannot
// follow: when a track comes, goes or gets another codec.
func (p *plainEncoder) Encode(bufs net.Buffers, seg *livews.Segment) (net.Buffers, error) {
	if seg.Type == livews.TypeInit {
		p.put(seg)
		return bufs, nil
	}
	if p.changed {
		p.dropOld()
		if p.sent != nil && !slices.EqualFunc(p.sent, p.inits, sameCodec) {
			return bufs, io.EOF
		}
		init, err := p.merged.get(p.inits)
		if err != nil {
			return bufs, err
		}
		bufs = appendFrame(bufs, init)
		p.sent, p.changed = slices.Clone(p.inits), false
	}
	return appendFrame(bufs, seg.Payload), nil
}

// put notes an init segment, in the order of the tracks' numbers.
func (p *plainEncoder) put(seg *livews.Segment) {
	p.changed = true
	i, found := slices.BinarySearchFunc(p.inits, seg, func(a, b *livews.Segment) int { return int(a.Track) - int(b.Track) })
	if found {
		p.inits[i] = seg
		return
	}
	p.inits = slices.Insert(p.inits, i, seg)
}

// dropOld forgets the tracks that the newest epoch does not have any more.
func (p *plainEncoder) dropOld() {
	var newest uint32
	for _, seg := range p.inits {
		newest = max(newest, seg.Position.Epoch)
	}
	p.inits = slices.DeleteFunc(p.inits, func(seg *livews.Segment) bool { return seg.Position.Epoch < newest })
}

func sameCodec(a, b *livews.Segment) bool {
	return a.Track == b.Track && a.Info.Codec == b.Info.Codec
}

// appendFrame appends payload as a binary frame. The payload is shared, so that
// its frame header is a buffer of its own.
func appendFrame(bufs net.Buffers, payload []byte) net.Buffers {
	return append(bufs, livews.AppendFrameHeader(nil, livews.OpBinary, len(payload)), payload)
}

// maxMerged bounds the init segments that are kept.
const maxMerged = 64

// mergedInits keeps merged init segments, so that one is made for each stream and
// not for each viewer.
type mergedInits struct {
	mu      sync.Mutex
	entries []mergedInit // the newest last
}

type mergedInit struct {
	of    []*livews.Segment
	bytes []byte
}

// get returns one init segment for the tracks of all inits.
func (m *mergedInits) get(inits []*livews.Segment) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.entries {
		if slices.Equal(e.of, inits) {
			return e.bytes, nil
		}
	}
	payloads := make([][]byte, len(inits))
	for i, seg := range inits {
		payloads[i] = seg.Payload
	}
	merged, err := dash.MergeInits(payloads...)
	if err != nil {
		return nil, err
	}
	if len(m.entries) == maxMerged {
		m.entries = slices.Delete(m.entries, 0, 1)
	}
	m.entries = append(m.entries, mergedInit{of: slices.Clone(inits), bytes: merged})
	return merged, nil
}
