package livews

import (
	"context"
	"io"
)

// Copy writes to dst what src gives until src ends, an operation fails, or ctx
// ends. It returns nil at a clean end of src, else the first error, not
// wrapped. A running server is one Copy from its source to its [Relay].
func Copy(ctx context.Context, dst Sink, src Source) error {
	for {
		seg, err := src.ReadSegment(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := dst.WriteSegment(ctx, seg); err != nil {
			return err
		}
	}
}

// Tee returns a Source that gives what src gives and writes each segment to
// dst first. An error of dst is returned from ReadSegment.
func Tee(src Source, dst Sink) Source {
	return SourceFunc(func(ctx context.Context) (*Segment, error) {
		seg, err := src.ReadSegment(ctx)
		if err != nil {
			return nil, err
		}
		if err := dst.WriteSegment(ctx, seg); err != nil {
			return nil, err
		}
		return seg, nil
	})
}
