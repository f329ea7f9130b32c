package ingress

import (
	"io"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// NewReader returns a Source of the fragmented MP4 that r gives, with positions and on
// one continuous timeline. ReadSegment blocks in r.Read, whatever its context: to end
// it, close r. It gives io.EOF at the end of r, and errors of package dash.
func NewReader(r io.Reader, opts *Options) livews.Source {
	log := opts.logger()
	return Stamp(dash.Timeline(dash.NewSplitter(r, nil), &dash.TimelineOptions{Logger: log}), nil)
}
