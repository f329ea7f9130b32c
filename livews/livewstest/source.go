package livewstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// patience is how long a call may take after its context has ended.
const patience = 5 * time.Second

// TestSource reads up to n segments from src, or to its end, and returns an error if
// it breaks the contract of [livews.Source] or what a [Checker] holds a stream to.
// Afterwards it reads with a context that has ended. It does not close src.
//
// ctx bounds the test: a source that gives less than n segments until then fails.
func TestSource(ctx context.Context, src livews.Source, n int) error {
	var c Checker
	for i := range n {
		seg, err := src.ReadSegment(ctx)
		if err != nil {
			return checkEnd(ctx, src, i, err)
		}
		if seg == nil {
			return fmt.Errorf("segment %d: nil without an error", i)
		}
		if err := c.WriteSegment(ctx, seg); err != nil {
			return fmt.Errorf("segment %d: %w", i, err)
		}
		if err := checkMessage(seg); err != nil {
			return fmt.Errorf("segment %d: %w", i, err)
		}
	}
	return checkCancelled(ctx, func(ctx context.Context) error {
		_, err := src.ReadSegment(ctx)
		return err
	})
}

// checkEnd checks the end of a source after i segments.
func checkEnd(ctx context.Context, src livews.Source, i int, err error) error {
	if errors.Is(err, io.EOF) && err != io.EOF {
		return fmt.Errorf("after %d segments: io.EOF is wrapped: %w", i, err)
	}
	if err != io.EOF {
		return fmt.Errorf("after %d segments: %w", i, err)
	}
	if seg, again := src.ReadSegment(ctx); again == nil {
		return fmt.Errorf("segment %v after io.EOF", seg.Position)
	}
	return nil
}

// checkMessage checks that a segment survives the wire.
func checkMessage(seg *livews.Segment) error {
	msg, err := seg.Message()
	if err != nil {
		return err
	}
	back, err := livews.ParseMessage(msg)
	if err != nil {
		return fmt.Errorf("its message does not parse: %w", err)
	}
	if back.Position != seg.Position || back.Track != seg.Track || back.Flags != seg.Flags || !bytes.Equal(back.Payload, seg.Payload) {
		return fmt.Errorf("its message parses to another segment: %v", back.Position)
	}
	return nil
}

// checkCancelled checks that call returns soon when its context has ended.
func checkCancelled(ctx context.Context, call func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	done := make(chan error, 1)
	go func() { done <- call(ctx) }()
	select {
	case <-done:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("still blocked %v after its context ended", patience)
	}
}
