package ingress

import (
	"bytes"
	"io"
	"os"
)

// pieceMark is how many bytes of a file are kept to know it again when it has grown.
const pieceMark = 4096

// pieceReader reads a file that may grow, as far as is known that it goes.
type pieceReader struct {
	file  *os.File // nil between what there was and what is added
	at    int64
	limit int64
	ended bool   // nothing is added any more
	mark  []byte // what stands before limit
	pause func() // ends the context of whoever reads
}

// Read reads up to the limit. There it pauses who reads, or is at the end.
func (r *pieceReader) Read(p []byte) (int, error) {
	if r.at >= r.limit {
		if r.ended {
			return 0, io.EOF
		}
		r.pause()
		return 0, nil
	}
	n, err := r.file.ReadAt(p[:min(int64(len(p)), r.limit-r.at)], r.at)
	r.at += int64(n)
	switch {
	case n > 0:
		return n, nil
	case err == io.EOF: // it has become shorter
		return 0, io.ErrUnexpectedEOF
	}
	return 0, err
}

// goesOn reports whether file, of which f tells, is what has been read so far and has grown.
// It may not: that it was written once more is seen by its bytes.
func (r *pieceReader) goesOn(file *os.File, f *shelved) bool {
	if r.ended || f.size < r.limit {
		return false
	}
	mark := make([]byte, len(r.mark))
	_, err := file.ReadAt(mark, r.limit-int64(len(mark)))
	return err == nil && bytes.Equal(mark, r.mark)
}

// extend goes on with what has been added to the file.
func (r *pieceReader) extend(file *os.File, f *shelved) {
	r.close()
	r.file, r.limit, r.ended = file, f.size, f.whole && f.ended
	mark := make([]byte, min(r.limit, pieceMark))
	n, _ := file.ReadAt(mark, r.limit-int64(len(mark))) // the error comes when it is read
	r.mark = mark[:n]
}

// close lets go of the file until it is extended.
func (r *pieceReader) close() {
	if r.file != nil {
		_ = r.file.Close() // it was only read
		r.file = nil
	}
}
