package ingress

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

const (
	// keyInterval is how often a browser is asked for a key frame of a track.
	keyInterval = time.Second
	// uselessAfter is how long all that a browser sends may be of no use.
	uselessAfter = 15 * time.Second
	// ratePeriod is over which frames and faults are counted, so that what had to wait
	// for the network may come at once.
	ratePeriod = 10 * time.Second
	// maxFrames, maxFrameBytes, maxTexts and maxFaults bound what comes in that time:
	// 600 frames and 25 MB a second.
	maxFrames     = 6000
	maxFrameBytes = 250 << 20
	maxTexts      = 100
	maxFaults     = 20
)

// browserConn is the connection of a browser, as far as it is needed.
type browserConn interface {
	ReadMessage(ctx context.Context) (text bool, msg []byte, err error)
	WriteText(ctx context.Context, text []byte) error
}

// browserUplink is the browserConn of a real one.
type browserUplink struct{ *wire.Uplink }

func (b browserUplink) ReadMessage(ctx context.Context) (text bool, msg []byte, err error) {
	text, msg, err = b.Uplink.ReadMessage(ctx, closing(ctx, b.Uplink))
	if err != nil {
		err = endOf(ctx, b.Uplink, err)
	}
	return text, msg, err
}

// newBrowserSource returns the source, with positions, of what a browser sends by u in
// the turn t.
func newBrowserSource(u *wire.Uplink, t *turn) livews.Source {
	b := newBrowser(browserUplink{u})
	b.account = t.account
	return &announced{src: t.stampedFrames(b), browser: b}
}

// announced is the source of a browser that is told when its stream is there.
type announced struct {
	src     livews.Source
	browser *browser
	epoch   uint32 // of the newest chunk
	told    uint32
}

// ReadSegment returns the next segment. When it is called, the last one has been published.
func (a *announced) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	if a.told != a.epoch {
		a.told = a.epoch
		if err := a.browser.say(ctx, &browserReply{Type: "live", Epoch: a.epoch}); err != nil {
			return nil, err
		}
	}
	seg, err := a.src.ReadSegment(ctx)
	if err == nil && seg.Type == livews.TypeChunk {
		a.epoch = seg.Position.Epoch
	}
	return seg, err
}

// browser is the livews.Source, without positions, of what a browser sends by the
// protocol livews.publish.1 (PROTOCOL.md): encoded frames.
type browser struct {
	conn    browserConn
	clock   browserClock
	set     *browserSet       // of the last start; nil before the first
	account *account          // of what the set holds; nil where it is nobody's
	paid    int               // by it
	ready   []*livews.Segment // to be given
	useful  time.Time         // the last frame that was of use

	period                       time.Time
	frames, bytes, texts, faults int
	err                          error
}

func newBrowser(conn browserConn) *browser { return &browser{conn: conn, useful: time.Now()} }

// ReadSegment returns the next segment. Every error is final.
func (b *browser) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	for len(b.ready) == 0 {
		if b.err != nil {
			return nil, b.err
		}
		b.err = b.step(ctx)
		b.pay()
	}
	seg := b.ready[0]
	b.ready[0] = nil
	b.ready = b.ready[1:]
	return seg, nil
}

// pay has the account pay for what the set holds now.
func (b *browser) pay() {
	if b.set != nil {
		b.account.keep(b.set.bytes - b.paid)
		b.paid = b.set.bytes
	}
}

// step takes a message.
func (b *browser) step(ctx context.Context) error {
	text, msg, err := b.conn.ReadMessage(ctx)
	if err != nil {
		if b.set != nil {
			b.ready = append(b.ready, b.set.flush()...)
		}
		return err
	}
	now := time.Now()
	if err := b.count(now, text, len(msg)); err != nil {
		return err
	}
	if !text {
		return b.takeFrame(ctx, msg, now)
	}
	if err := b.takeText(msg); err != nil {
		return err
	}
	return b.checkUse(now)
}

// count refuses what comes too fast.
func (b *browser) count(now time.Time, text bool, size int) error {
	if now.Sub(b.period) >= ratePeriod {
		b.period, b.frames, b.bytes, b.texts, b.faults = now, 0, 0, 0, 0
	}
	if text {
		b.texts++
	} else {
		b.frames++
	}
	b.bytes += size
	switch {
	case b.frames > maxFrames:
		return violation("more than %d frames in %v", maxFrames, ratePeriod)
	case b.bytes > maxFrameBytes:
		return violation("more than %d bytes in %v", maxFrameBytes, ratePeriod)
	case b.texts > maxTexts:
		return violation("more than %d text messages in %v", maxTexts, ratePeriod)
	}
	return nil
}

// takeText takes a text message. Types that are not known are passed over.
func (b *browser) takeText(text []byte) error {
	m, err := parseBrowserMessage(text)
	if err != nil {
		return err
	}
	switch m.Type {
	case "start":
		return b.start(m.Tracks)
	case "clock":
		b.clock.tie(*m.Timestamp, *m.Wall)
	case "end":
		if b.set != nil {
			b.ready = append(b.ready, b.set.flush()...)
		}
		return io.EOF
	}
	return nil
}

// start begins with a new set of tracks.
func (b *browser) start(tracks []browserTrack) error {
	if b.set != nil {
		b.ready = append(b.ready, b.set.flush()...)
	}
	var err error
	b.set, err = newBrowserSet(tracks, b.set)
	return err
}

// takeFrame takes an encoded frame.
func (b *browser) takeFrame(ctx context.Context, msg []byte, now time.Time) error {
	f, err := parseBrowserFrame(msg)
	switch {
	case err != nil:
		return err
	case b.set == nil:
		return violation("frame before start")
	}
	t := b.set.tracks[f.track]
	if t == nil {
		return violation("frame of track %d, which start does not name", f.track)
	}
	frame := dash.Frame{Duration: f.duration, Payload: f.payload, WallClock: b.clock.wall(f.timestamp, now)}
	var moved, late bool
	if frame.Time, moved, late = b.clock.place(f.timestamp, t.last); late {
		t.muxer.Lost()
		return b.fault(ctx, t, now, violation("track %d: the frame of %d us is not behind the one before", f.track, f.timestamp))
	}
	if moved {
		if err := b.countFault(violation("timestamps jump to and fro: all tracks need the same clock")); err != nil {
			return err
		}
	}
	t.last = frame.Time
	init, chunk, err := t.muxer.Mux(&frame)
	if err != nil {
		return b.fault(ctx, t, now, err)
	}
	if chunk == nil {
		return b.wait(ctx, t, now)
	}
	b.useful = now
	b.ready = append(b.ready, b.set.take(t, init, chunk)...)
	return nil
}

// fault passes over a frame that is wrong, unless there are too many, and asks for a key
// frame.
func (b *browser) fault(ctx context.Context, t *browserTrackState, now time.Time, err error) error {
	if errors.Is(err, dash.ErrUnsupported) {
		return err
	}
	if err := b.countFault(err); err != nil {
		return err
	}
	return b.wait(ctx, t, now)
}

func (b *browser) countFault(err error) error {
	if b.faults++; b.faults > maxFaults {
		return err
	}
	return nil
}

// wait asks for a key frame of t, as what came cannot be decoded.
func (b *browser) wait(ctx context.Context, t *browserTrackState, now time.Time) error {
	if err := b.checkUse(now); err != nil {
		return err
	}
	if !t.isVideo() || now.Sub(t.asked) < keyInterval {
		return nil
	}
	t.asked = now
	return b.say(ctx, &browserReply{Type: "keyframe", Track: t.number})
}

// checkUse refuses one who keeps a name and sends nothing for it.
func (b *browser) checkUse(now time.Time) error {
	if now.Sub(b.useful) > uselessAfter {
		return violation("no frame could be used for %v", uselessAfter)
	}
	return nil
}

// browserReply is a text message to a browser.
type browserReply struct {
	Type  string `json:"type"`
	Epoch uint32 `json:"epoch,omitempty"`
	Track uint8  `json:"track,omitempty"`
}

func (b *browser) say(ctx context.Context, r *browserReply) error {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // all fields marshal
	}
	return b.conn.WriteText(ctx, text)
}
