package livews

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
)

func TestPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, sink := Pipe()
		segs := []*Segment{{Track: 1}, {Track: 2}, {Track: 3}}
		go func() {
			for _, seg := range segs {
				if err := sink.WriteSegment(t.Context(), seg); err != nil {
					t.Errorf("WriteSegment = %v", err)
				}
			}
			_ = sink.Close()
		}()
		for i, want := range segs {
			if seg, err := src.ReadSegment(t.Context()); seg != want || err != nil {
				t.Errorf("segment %d = %v, %v", i, seg, err)
			}
		}
		for range 2 {
			if _, err := src.ReadSegment(t.Context()); err != io.EOF {
				t.Errorf("after Close ReadSegment = %v, want io.EOF", err)
			}
		}
	})
}

func TestPipeClose(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		name        string
		close       func(*PipeSource, *PipeSink) error
		read, write error
	}{
		{"sink", func(_ *PipeSource, s *PipeSink) error { return s.Close() }, io.EOF, io.ErrClosedPipe},
		{"sink with error", func(_ *PipeSource, s *PipeSink) error { return s.CloseWithError(broken) }, broken, io.ErrClosedPipe},
		{"source", func(s *PipeSource, _ *PipeSink) error { return s.Close() }, io.ErrClosedPipe, io.ErrClosedPipe},
		{"source with error", func(s *PipeSource, _ *PipeSink) error { return s.CloseWithError(broken) }, io.ErrClosedPipe, broken},
		{"first cause wins", func(r *PipeSource, s *PipeSink) error {
			return errors.Join(s.CloseWithError(broken), s.Close(), r.Close())
		}, broken, io.ErrClosedPipe},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, sink := Pipe()
				blocked := make(chan error, 1)
				go func() { blocked <- sink.WriteSegment(t.Context(), &Segment{}) }()
				synctest.Wait()
				if err := tt.close(src, sink); err != nil {
					t.Errorf("close = %v", err)
				}
				if err := <-blocked; err != tt.write {
					t.Errorf("blocked WriteSegment = %v, want %v", err, tt.write)
				}
				if err := sink.WriteSegment(t.Context(), &Segment{}); err != tt.write {
					t.Errorf("WriteSegment = %v, want %v", err, tt.write)
				}
				if _, err := src.ReadSegment(t.Context()); err != tt.read {
					t.Errorf("ReadSegment = %v, want %v", err, tt.read)
				}
			})
		})
	}
}

func TestPipeContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, sink := Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error)
		go func() { errs <- sink.WriteSegment(ctx, &Segment{}) }()
		synctest.Wait()
		cancel()
		if err := <-errs; err != context.Canceled {
			t.Errorf("WriteSegment = %v, want context.Canceled", err)
		}
		if _, err := src.ReadSegment(ctx); err != context.Canceled {
			t.Errorf("ReadSegment = %v, want context.Canceled", err)
		}
	})
}
