package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// Recovery is promise P7 in figures: how long after the last fault every viewer to which
	// some way leads may take to be live again. It is the time after which a silent
	// connection is given up where there is no other server to ask (15 s), that of a
	// handshake that goes nowhere (5 s), and the longest wait between attempts of somebody
	// who has failed often (10 s). Where there is another server it is 1 s of silence.
	Recovery = 30 * time.Second
	// Farewell bounds how long a server keeps connections that have died without a word
	// (15 s), and then its own upstream (linger), again with 4 s for a slow machine.
	Farewell = 15*time.Second + linger + 4*time.Second

	// roundSteps are played before all is mended and judged.
	roundSteps = 20
	// worldRounds are played in one world before the next is made.
	worldRounds = 3
)

// Run is a number of fault steps, in rounds, in one world after the other.
type Run struct {
	// Seed decides everything that is left to chance.
	Seed uint64
	// Steps is the number of faults; zero means one round.
	Steps int
	// Topology is one of Topologies.
	Topology string
	// Kinds are the faults to draw from; empty means all.
	Kinds []Kind
	// Lossless demands that no chunk is missing anywhere. Nothing stands, then: an outage
	// ends before a window does. And groups are of 2 s, as is usual: a server that begins
	// anew for one reader begins a group earlier than that needs, for slower ones.
	Lossless bool
	// Log gets a line for each step; nil discards.
	Log func(format string, args ...any)
}

// Report says what a Run has seen.
type Report struct {
	Steps, Rounds, Worlds int
	// Chunks have come to viewers; Lost have not.
	Chunks, Lost int
	// Slowest is the longest time from the last fault to the last viewer's being live.
	Slowest time.Duration
}

// String is one line.
func (r *Report) String() string {
	return fmt.Sprintf("%d steps in %d rounds and %d worlds; viewers got %d chunks and missed %d; the slowest was live again after %v",
		r.Steps, r.Rounds, r.Worlds, r.Chunks, r.Lost, r.Slowest.Round(time.Millisecond))
}

// Preview returns the first round of a run, without playing it.
func Preview(r *Run) (string, error) {
	rng := rand.New(rand.NewPCG(r.Seed, 0))
	t, err := NewTopology(r.Topology, rng)
	if err != nil {
		return "", err
	}
	w, err := NewWorld(t)
	if err != nil {
		return "", err
	}
	defer w.Close()
	s := NewSchedule(rng, w, min(max(r.Steps, 1), roundSteps), r.kinds())
	return fmt.Sprintf("%v\n%v\n%v", t, s.Faults, s.Standing), nil
}

// Do plays the run and returns an error with all that was found, and how to reproduce it,
// as soon as a round has broken a promise.
func (r *Run) Do(ctx context.Context) (*Report, error) {
	report := new(Report)
	rng := rand.New(rand.NewPCG(r.Seed, 0))
	for left := max(r.Steps, 1); left > 0; {
		steps := min(left, roundSteps*worldRounds)
		left -= steps
		if err := r.world(ctx, rng, steps, report); err != nil {
			return report, fmt.Errorf("%w\nreproduce: go test ./internal/chaos -run %s -chaos.seed=%d -chaos.steps=%d -chaos.topology=%s -v",
				err, r.test(), r.Seed, max(r.Steps, 1), r.Topology)
		}
	}
	return report, nil
}

// test is the name of the test that plays such a run.
func (r *Run) test() string {
	if r.Lossless {
		return "NoHole$"
	}
	return "Chaos$"
}

// world plays some steps in a world of its own.
func (r *Run) world(ctx context.Context, rng *rand.Rand, steps int, report *Report) error {
	t, err := NewTopology(r.Topology, rng)
	if err != nil {
		return err
	}
	w, err := NewWorld(t)
	if err != nil {
		return err
	}
	defer w.Close()
	if r.Lossless {
		w.Feeds.Chunks = int(2 * time.Second / w.Feeds.Step)
	}
	report.Worlds++
	history := &history{to: r.Log}
	history.add("world %d: %v", report.Worlds, t)
	err = r.judge(ctx, w, rng, steps, report, history.add)
	lines := w.Findings.Lines()
	for _, v := range w.Viewers {
		tally := v.Tally()
		report.Chunks += tally.Chunks
		report.Lost += tally.Lost
	}
	if r.Lossless {
		lines = append(lines, w.holes()...)
	}
	if len(lines) > 0 {
		err = errors.Join(err, fmt.Errorf("broken promises:\n%s", strings.Join(lines, "\n")))
	}
	if err != nil {
		err = fmt.Errorf("%w\nafter:\n%s", err, history.String())
	}
	return err
}

// judge plays the rounds of a world and holds each against P6 and P7.
func (r *Run) judge(ctx context.Context, w *World, rng *rand.Rand, steps int, report *Report, log func(string, ...any)) error {
	if err := w.Start(ctx); err != nil {
		return err
	}
	if _, err := w.AwaitLive(ctx, Recovery); err != nil {
		return fmt.Errorf("before any fault: %w", err)
	}
	for steps > 0 && len(w.Findings.Lines()) == 0 {
		n := min(steps, roundSteps)
		steps -= n
		report.Steps += n
		report.Rounds++
		s := NewSchedule(rng, w, n, r.kinds())
		if r.Lossless {
			s.Faults, s.Standing = append(s.Faults, s.Standing...), nil
		}
		if err := s.Play(ctx, w, log); err != nil {
			return err
		}
		took, err := w.AwaitLive(ctx, Recovery)
		report.Slowest = max(report.Slowest, took)
		log("%d steps: all live after %v", report.Steps, took.Round(time.Millisecond))
		if err != nil {
			return err
		}
		for _, f := range s.Standing {
			if err := w.Mend(ctx, f); err != nil {
				return err
			}
		}
	}
	return w.farewell(ctx, report, log)
}

// farewell judges P6 with all viewers there, and when all have left.
func (w *World) farewell(ctx context.Context, report *Report, log func(string, ...any)) error {
	took, err := w.AwaitLive(ctx, Recovery)
	report.Slowest = max(report.Slowest, took)
	log("all mended: all live after %v", took.Round(time.Millisecond))
	if err != nil {
		return err
	}
	if err := w.AwaitDemand(ctx, Farewell); err != nil {
		return err
	}
	for _, v := range w.Viewers {
		v.Leave()
	}
	begin := time.Now()
	err = w.AwaitNone(ctx, Farewell)
	log("nobody left after %v", time.Since(begin).Round(time.Millisecond))
	return err
}

// holes returns a line for each place at which a chunk is missing.
func (w *World) holes() []string {
	var lines []string
	note := func(where string, t Tally) {
		if t.Lost > 0 || t.Gaps > 0 {
			lines = append(lines, fmt.Sprintf("%s: %d chunks lost, %d gaps, the last %v", where, t.Lost, t.Gaps, t.Told))
		}
	}
	for _, n := range w.Nodes {
		for _, h := range n.Intakes() {
			note(h.where, h.Tally())
		}
	}
	for _, v := range w.Viewers {
		note(v.Name, v.Tally())
		if v.Opens() > 1 {
			lines = append(lines, fmt.Sprintf("%s has begun %d times", v.Name, v.Opens()))
		}
	}
	return lines
}

func (r *Run) kinds() []Kind {
	if len(r.Kinds) > 0 {
		return r.Kinds
	}
	return slices.Concat(Told, Silent, Losing)
}

// history keeps the lines of a world and passes them on.
type history struct {
	to func(format string, args ...any)

	mu    sync.Mutex
	lines []string
}

func (h *history) add(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, fmt.Sprintf(format, args...))
	if h.to != nil {
		h.to(format, args...)
	}
}

func (h *history) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.lines, "\n")
}
