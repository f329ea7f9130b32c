package livewstest

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/livews/websocketlivestream/livews"
)

// TestSink writes a short synthetic stream of two tracks to sink and returns an error
// if sink breaks the contract of [livews.Sink]: if it refuses a segment, changes one,
// or blocks after its context has ended. The payloads are no media, so that it is not
// for sinks that open them.
func TestSink(ctx context.Context, sink livews.Sink) error {
	src := NewSource(&SourceOptions{Groups: 3})
	for {
		seg, err := src.ReadSegment(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := writeUnchanged(ctx, sink, seg); err != nil {
			return fmt.Errorf("track %d at %v: %w", seg.Track, seg.Position, err)
		}
	}
	more := NewSource(&SourceOptions{Epoch: 2})
	seg, err := more.ReadSegment(ctx)
	if err != nil {
		return err
	}
	return checkCancelled(ctx, func(ctx context.Context) error { return sink.WriteSegment(ctx, seg) })
}

func writeUnchanged(ctx context.Context, sink livews.Sink, seg *livews.Segment) error {
	msg, err := seg.Message()
	if err != nil {
		return err
	}
	before := bytes.Clone(msg)
	payload := bytes.Clone(seg.Payload)
	if err := sink.WriteSegment(ctx, seg); err != nil {
		return err
	}
	if after, err := seg.Message(); err != nil || !bytes.Equal(before, after) || !bytes.Equal(payload, seg.Payload) {
		return fmt.Errorf("the sink has changed the segment")
	}
	return nil
}
