package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

const (
	// shortest and longest bound what a fault lasts.
	shortest = 20 * time.Millisecond
	longest  = 1500 * time.Millisecond
	// calm is the least time between the end of a fault and the next at the same place.
	calm = 50 * time.Millisecond
	// drainTime bounds a drain.
	drainTime = 600 * time.Millisecond
)

// Schedule is a round of faults, some at the same time, after which all is mended but what
// stands.
type Schedule struct {
	Faults []Fault
	// Standing last until the round has been judged: those who have another way have
	// to live with them.
	Standing []Fault
}

// NewSchedule draws a round of n faults for a world. It follows from rng alone.
func NewSchedule(rng *rand.Rand, w *World, n int, kinds []Kind) *Schedule {
	targets := w.targets()
	free := make(map[string]time.Duration)
	s := new(Schedule)
	var at time.Duration
	for len(s.Faults) < n {
		at += time.Duration(10+rng.IntN(110)) * time.Millisecond
		f := drawFault(rng, kinds, targets)
		f.At = at
		if at < free[f.Target] || s.under(at) > len(w.Nodes)/2 {
			continue
		}
		busy := f.At + f.For + calm
		if f.Kind == NodeDrain {
			busy += drainTime
		}
		free[f.Target] = busy
		s.Faults = append(s.Faults, f)
	}
	if rng.IntN(2) == 0 {
		s.stand()
	}
	return s
}

// under returns how many faults are under way at a time.
func (s *Schedule) under(at time.Duration) int {
	n := 0
	for _, f := range s.Faults {
		if f.At+f.For > at {
			n++
		}
	}
	return n
}

// standing are the kinds that may stand.
var standing = []Kind{LinkStall, LinkDeaf, LinkMute, LinkBlackhole, LinkRefuse, NodeKill, NodeStop, NodeFreeze, IngressKill}

// stand lets the last fault that can do so stand.
func (s *Schedule) stand() {
	for i, f := range slices.Backward(s.Faults) {
		if slices.Contains(standing, f.Kind) {
			s.Faults = slices.Delete(s.Faults, i, i+1)
			s.Standing = append(s.Standing, f)
			return
		}
	}
}

// targets returns the names of all that a fault can hit, by the kind's first word. An
// ingress is no "node".
func (w *World) targets() map[string][]string {
	targets := make(map[string][]string)
	for name := range w.links {
		targets["link"] = append(targets["link"], name)
	}
	slices.Sort(targets["link"])
	for _, n := range w.Nodes {
		what := "node"
		if n.Role == Ingress {
			what = "ingress"
		}
		targets[what] = append(targets[what], n.Name)
	}
	for _, v := range w.Viewers {
		targets["viewer"] = append(targets["viewer"], v.Name)
	}
	return targets
}

func drawFault(rng *rand.Rand, kinds []Kind, targets map[string][]string) Fault {
	f := Fault{Kind: kinds[rng.IntN(len(kinds))]}
	var what string
	if _, err := fmt.Sscan(string(f.Kind), &what); err != nil {
		panic(err) // the kinds are ours
	}
	of := targets[what]
	f.Target = of[rng.IntN(len(of))]
	// Short ones are the more frequent.
	x := rng.Float64()
	f.For = shortest + time.Duration(x*x*float64(longest-shortest)).Truncate(time.Millisecond)
	f.End = End(rng.IntN(2))
	switch f.Kind {
	case LinkDelay:
		f.N = 5 + rng.IntN(150)
	case LinkRate:
		f.N = 10_000 + rng.IntN(50_000)
	case LinkCutUp:
		f.N = rng.IntN(400)
	case LinkCutDown:
		f.N = rng.IntN(5000)
	}
	return f
}

// Play plays the round and returns when all is mended but what stands, with a line to log
// for each step.
func (s *Schedule) Play(ctx context.Context, w *World, log func(format string, args ...any)) error {
	var (
		playing sync.WaitGroup
		places  = make(map[string]*sync.Mutex) // a fault that takes longer than planned holds up the next there
		mu      sync.Mutex
		failed  error
	)
	begin := time.Now()
	for _, f := range slices.Concat(s.Faults, s.Standing) {
		place := places[f.Target]
		if place == nil {
			place = new(sync.Mutex)
			places[f.Target] = place
		}
		stands := slices.Contains(s.Standing, f)
		playing.Go(func() {
			if sleep(ctx, time.Until(begin.Add(f.At))) != nil {
				return
			}
			place.Lock()
			defer place.Unlock()
			log("%v", f)
			if err := w.play(ctx, f, stands); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = err
			}
		})
	}
	playing.Wait()
	return failed
}

// play plays one fault.
func (w *World) play(ctx context.Context, f Fault, stands bool) error {
	drain, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	w.Strike(drain, f)
	if stands {
		return nil
	}
	_ = sleep(ctx, f.For) // mended in any case
	return w.Mend(ctx, f)
}
