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
	plans      []plan // the first is in use
	log        *slog.Logger
	keepTrying bool
	silence    time.Duration
	listens    bool // waits for a publisher before it writes

	backoff  backoff.Backoff
	given    bool     // a run has given a segment
	fits     bool     // this run has, or the last one if there is none
	process  *process // nil between runs
	splitter *dash.Splitter
	again    bool              // this run is not the first to give segments
	checked  []*livews.Segment // to be given: the init segments of a run, and what follows
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
		if r.replan(err) {
			continue
		}
		if !r.given && (!r.keepTrying || isFinal(err)) {
			return nil, err
		}
		r.report(err)
		if err := r.backoff.Wait(ctx); err != nil {
			return nil, err
		}
	}
}

// report says why a run has ended. A publisher that leaves is no fault.
func (r *runs) report(err error) {
	if r.listens && r.given {
		r.log.Info("publisher has left, another one may come", "err", err)
		return
	}
	r.log.Warn("program has ended and is started again", "err", err)
}

// replan goes on to another plan after err, if that is why this one cannot be kept to.
func (r *runs) replan(err error) bool {
	if len(r.plans) < 2 {
		return false
	}
	m := asMisfit(err)
	if m == nil || r.fits && m.kind == "" { // what has worked and become bad is no fault of the plan
		return false
	}
	r.plans = r.plans[m.next(r.plans):]
	r.log.Warn("source is taken another way: "+r.plans[0].what, "err", err)
	return true
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
	if len(r.checked) == 0 {
		if err := r.fill(ctx); err != nil {
			err = r.process.fail(ctx, err)
			r.backoff.Lived(time.Since(r.process.began))
			r.process, r.splitter, r.checked = nil, nil, nil
			return nil, err
		}
	}
	seg := r.checked[0]
	r.checked = r.checked[1:]
	r.given, r.fits = true, true
	return seg, nil
}

// fill reads the next segment, and with an init segment all that follow up to a chunk:
// they are given only if all of them fit the plan.
func (r *runs) fill(ctx context.Context) error {
	defer context.AfterFunc(ctx, r.process.interrupt)()
	for {
		seg, err := r.splitter.ReadSegment(ctx)
		if err != nil {
			return err
		}
		if seg.Type == livews.TypeInit {
			if err := r.plans[0].check(seg.Info); err != nil {
				return err
			}
			seg = r.mark(seg)
		}
		r.checked = append(r.checked, seg)
		if seg.Type != livews.TypeInit || len(r.checked) == dash.MaxTracks {
			return nil
		}
	}
}

// mark returns an init segment that says whether the program has started again.
func (r *runs) mark(seg *livews.Segment) *livews.Segment {
	if !r.again {
		return seg
	}
	return &livews.Segment{
		Type: seg.Type, Flags: seg.Flags | livews.FlagDiscontinuity, Track: seg.Track,
		WallClock: seg.WallClock, Info: seg.Info, Payload: seg.Payload,
	}
}

func (r *runs) start(ctx context.Context) error {
	first := r.silence
	if r.listens {
		first = 0
	}
	p, err := startProcess(ctx, r.plans[0].argv, first, r.silence)
	if err != nil {
		return err
	}
	r.process, r.again, r.fits = p, r.given, false
	r.splitter = dash.NewSplitter(p, &dash.SplitterOptions{Logger: r.log})
	return nil
}

// stop ends the run, if there is one.
func (r *runs) stop() {
	if r.process == nil {
		return
	}
	r.process.stop()
	r.process, r.splitter, r.checked = nil, nil, nil
}
