package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// recorder is a Sink that writes fragmented MP4: one init segment for all tracks, then
// the chunks as they come.
type recorder struct {
	path  string
	files int
	file  *os.File
	inits []*livews.Segment // the newest of each track
	stale bool              // they differ from those in the file
}

// WriteSegment holds init segments back until the first chunk, when all are there.
func (r *recorder) WriteSegment(_ context.Context, seg *livews.Segment) error {
	if seg.Type == livews.TypeInit {
		r.put(seg)
		return nil
	}
	if r.stale {
		if err := r.next(); err != nil {
			return err
		}
	}
	_, err := r.file.Write(seg.Payload)
	return err
}

// put notes an init segment in place of the track's last, and forgets the tracks of
// older epochs when there is a new one.
func (r *recorder) put(seg *livews.Segment) {
	same := slices.IndexFunc(r.inits, func(old *livews.Segment) bool {
		return old.Track == seg.Track && bytes.Equal(old.Payload, seg.Payload)
	})
	if same >= 0 {
		r.inits[same] = seg // as after each reconnection, and perhaps of a later epoch
		return
	}
	r.inits = slices.DeleteFunc(r.inits, func(old *livews.Segment) bool {
		return old.Track == seg.Track || old.Position.Epoch < seg.Position.Epoch
	})
	r.inits = append(r.inits, seg)
	r.stale = true
}

// next begins the next file.
func (r *recorder) next() error {
	if err := r.Close(); err != nil {
		return err
	}
	path := r.path
	if r.files++; r.files > 1 {
		ext := filepath.Ext(path)
		path = fmt.Sprintf("%s.%d%s", strings.TrimSuffix(path, ext), r.files, ext)
	}
	var payloads [][]byte
	for _, seg := range r.inits {
		payloads = append(payloads, seg.Payload)
	}
	init, err := dash.MergeInits(payloads...)
	if err != nil {
		return err
	}
	if r.file, err = os.Create(path); err != nil {
		return err
	}
	r.stale = false
	_, err = r.file.Write(init)
	return err
}

// Close closes the file.
func (r *recorder) Close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}
