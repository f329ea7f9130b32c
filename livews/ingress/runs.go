package ingress

import (
	"context"
	"log/slog"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
	"github.com/livews/websocketlivestream/livews/internal/backoff"
)

// runs is the Source of what a program gives in all its runs. The init segments with
// which a later run begins have FlagDiscontinuity: see [Stamp].
type runs struct {
	argv       []string
	log        *slog.Logger
	keepTrying bool
	silence    time.Duration

	backoff  backoff.Backoff
	given    bool     // a run has given a segment
	process  *process // nil between runs
	splitter *dash.Splitter
	again    bool // this run is not the first to give segments
}

// ReadSegment returns the next segment of this run or the next. When ctx ends, so
// does the run, before ReadSegment returns.
func (r *runs) ReadSegment(ctx context.Context) (*livews.Segment, error) {
	for {
		seg, err := r.read(ctx)
		if err == nil {
			return seg, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !r.given && !r.keepTrying {
			return nil, err
		}
		r.log.Warn("program has ended and is started again", "err", err)
		if err := r.backoff.Wait(ctx); err != nil {
			return nil, err
		}
	}
}

// read returns the next segment of this run, which it begins if there is none and
// ends after any error.
func (r *runs) read(ctx context.Context) (*livews.Segment, error) {
	if ctx.Err() != nil {
		r.stop()
		return nil, ctx.Err()
	}
	if r.process == nil {
		if err := r.start(ctx); err != nil {
			return nil, err
		}
	}
	stop := context.AfterFunc(ctx, r.process.interrupt)
	seg, err := r.splitter.ReadSegment(ctx)
	stop()
	if err != nil {
		err = r.process.fail(ctx, err)
		r.backoff.Lived(time.Since(r.process.began))
		r.process, r.splitter = nil, nil
		return nil, err
	}
	r.given = true
	if r.again && seg.Type == livews.TypeInit {
		seg = &livews.Segment{
			Type: seg.Type, Flags: seg.Flags | livews.FlagDiscontinuity, Track: seg.Track,
			WallClock: seg.WallClock, Info: seg.Info, Payload: seg.Payload,
		}
	}
	return seg, nil
}

func (r *runs) start(ctx context.Context) error {
	p, err := startProcess(ctx, r.argv, r.silence)
	if err != nil {
		return err
	}
	r.process, r.again = p, r.given
	r.splitter = dash.NewSplitter(p, &dash.SplitterOptions{Logger: r.log})
	return nil
}

// stop ends the run, if there is one.
func (r *runs) stop() {
	if r.process == nil {
		return
	}
	r.process.stop()
	r.process, r.splitter = nil, nil
}
