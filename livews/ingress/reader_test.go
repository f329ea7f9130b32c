package ingress

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

func TestReaderContract(t *testing.T) {
	for _, tt := range []struct {
		name string
		r    io.Reader
		n    int
	}{
		{"to the end", bytes.NewReader(clip1), 10000},
		{"a part", bytes.NewReader(clip1), 100},
		{"one byte at a time", iotest.OneByteReader(bytes.NewReader(clip2)), 10000},
		{"two files, one timeline", io.MultiReader(bytes.NewReader(clip1), bytes.NewReader(clip1)), 10000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := livewstest.TestSource(t.Context(), NewReader(tt.r, nil), tt.n); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReaderErrors(t *testing.T) {
	broken := errors.New("cable cut")
	for _, tt := range []struct {
		name string
		r    io.Reader
		want error
	}{
		{"end", bytes.NewReader(clip1), io.EOF},
		{"cut", bytes.NewReader(clip1[:len(clip1)-100]), io.ErrUnexpectedEOF},
		{"broken", io.MultiReader(bytes.NewReader(clip1[:5000]), iotest.ErrReader(broken)), broken},
		{"other", bytes.NewReader([]byte("GIF89a, and some more of it")), dash.ErrUnsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := drain(t.Context(), NewReader(tt.r, nil))
			if !errors.Is(err, tt.want) || (tt.want == io.EOF) != (err == io.EOF) {
				t.Errorf("ReadSegment = %v, want %v", err, tt.want)
			}
		})
	}
}

// TestReaderEndsWithItsContext reads from a connection on which nothing comes.
func TestReaderEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := net.Pipe()
		defer in.Close()
		defer out.Close()
		go func() { _, _ = out.Write(clip1[:100_000]) }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		n, err := drain(ctx, NewReader(in, nil))
		if !errors.Is(err, context.DeadlineExceeded) || n == 0 {
			t.Errorf("after %d segments: %v, want some and %v", n, err, context.DeadlineExceeded)
		}
		if d := time.Since(began); d != time.Minute {
			t.Errorf("it took %v, want a minute", d)
		}
	})
}

// TestStdin reads from stdin, as Open("-") does: a pipe on which nothing comes any more,
// a file, something that is neither.
func TestStdin(t *testing.T) {
	stdin := os.Stdin
	defer func() { os.Stdin = stdin }()

	t.Run("pipe", func(t *testing.T) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
		os.Stdin = r
		src := openAndRead(t, func() { _, _ = w.Write(clip1[:50_000]) })
		if _, ok := src.(io.Closer); !ok {
			t.Error("the source is no io.Closer")
		}
	})
	t.Run("file", func(t *testing.T) {
		f, err := os.Open("clips/clip1.mp4")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		os.Stdin = f
		src, err := Open("-", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := livewstest.TestSource(t.Context(), src, 10000); err != nil {
			t.Error(err)
		}
	})
	t.Run("device", func(t *testing.T) {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		os.Stdin = f
		wantOpenError(t, "-", `source "-": stdin is no pipe and no file: pipe fragmented MP4 into it`)
	})
}

// openAndRead opens stdin, reads a chunk, and ends the context while a read blocks.
func openAndRead(t *testing.T, feed func()) livews.Source {
	t.Helper()
	src, err := Open("-", nil)
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := src.(io.Closer); ok {
		defer c.Close()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		feed()
	}()
	defer func() { <-done }()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	readUntil(ctx, t, src, isChunk)
	ended := make(chan error)
	go func() {
		_, err := drain(ctx, src)
		ended <- err
	}()
	time.Sleep(50 * time.Millisecond) // most likely it blocks by then; it need not
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("ReadSegment = %v, want %v", err, context.Canceled)
		}
	case <-time.After(patience):
		t.Fatal("ReadSegment is still blocked though its context has ended")
	}
	return src
}

// TestPump is what stdin is read with where pipes have no deadlines.
func TestPump(t *testing.T) {
	conn := pump(bytes.NewReader(clip1))
	defer conn.Close()
	if err := livewstest.TestSource(t.Context(), NewReader(conn, nil), 10000); err != nil {
		t.Error(err)
	}
}
