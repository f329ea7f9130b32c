package livews

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
)

// list returns a source of these segments, then err.
func list(err error, segs ...*Segment) Source {
	return SourceFunc(func(context.Context) (*Segment, error) {
		if len(segs) == 0 {
			return nil, err
		}
		seg := segs[0]
		segs = segs[1:]
		return seg, nil
	})
}

// collect appends what is written to *to.
func collect(to *[]*Segment) Sink {
	return SinkFunc(func(_ context.Context, seg *Segment) error {
		*to = append(*to, seg)
		return nil
	})
}

func TestCopy(t *testing.T) {
	segs := []*Segment{{Track: 1}, {Track: 2}, {Track: 3}}
	broken := errors.New("broken")
	for _, tt := range []struct{ end, want error }{{io.EOF, nil}, {broken, broken}, {io.ErrUnexpectedEOF, io.ErrUnexpectedEOF}} {
		var got []*Segment
		if err := Copy(t.Context(), collect(&got), list(tt.end, segs...)); err != tt.want {
			t.Errorf("Copy from a source that ends with %v = %v, want %v", tt.end, err, tt.want)
		}
		if !slices.Equal(got, segs) {
			t.Errorf("copied %v, want %v", got, segs)
		}
	}
	full := SinkFunc(func(context.Context, *Segment) error { return broken })
	if err := Copy(t.Context(), full, list(io.EOF, segs...)); err != broken {
		t.Errorf("Copy to a broken sink = %v, want %v", err, broken)
	}
}

func TestTee(t *testing.T) {
	segs := []*Segment{{Track: 1}, {Track: 2}}
	var got, side []*Segment
	if err := Copy(t.Context(), collect(&got), Tee(list(io.EOF, segs...), collect(&side))); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, segs) || !slices.Equal(side, segs) {
		t.Errorf("got %v and %v, want twice %v", got, side, segs)
	}
	broken := errors.New("broken")
	full := SinkFunc(func(context.Context, *Segment) error { return broken })
	if _, err := Tee(list(io.EOF, segs...), full).ReadSegment(t.Context()); err != broken {
		t.Errorf("error = %v, want %v", err, broken)
	}
}

func TestAll(t *testing.T) {
	segs := []*Segment{{Track: 1}, {Track: 2}, {Track: 3}}
	var got []*Segment
	for seg, err := range All(t.Context(), list(io.EOF, segs...)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, seg)
	}
	if !slices.Equal(got, segs) {
		t.Errorf("got %v, want %v", got, segs)
	}

	broken := errors.New("broken")
	var errs []error
	for seg, err := range All(t.Context(), list(broken, segs...)) {
		if (seg == nil) != (err != nil) {
			t.Errorf("pair %v, %v", seg, err)
		}
		errs = append(errs, err)
	}
	if !slices.Equal(errs, []error{nil, nil, nil, broken}) {
		t.Errorf("errors = %v", errs)
	}

	src := list(io.EOF, segs...)
	for range All(t.Context(), src) {
		break
	}
	if seg, err := src.ReadSegment(t.Context()); err != nil || seg != segs[1] {
		t.Errorf("after an early break ReadSegment = %v, %v, want the second segment", seg, err)
	}
}
