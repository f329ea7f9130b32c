package chaos

import (
	"context"
	"fmt"
	"time"
)

// Kind is what is done to a link, a node or a viewer.
type Kind string

// The kinds of faults. The first word says what is hit.
const (
	LinkDelay     Kind = "link delay"
	LinkRate      Kind = "link rate"
	LinkStall     Kind = "link stall"
	LinkDeaf      Kind = "link blackhole up"
	LinkMute      Kind = "link blackhole down"
	LinkBlackhole Kind = "link blackhole"
	LinkReset     Kind = "link reset"
	LinkFinish    Kind = "link finish"
	LinkCutUp     Kind = "link cut up"
	LinkCutDown   Kind = "link cut down"
	LinkRefuse    Kind = "link refuse"

	NodeKill   Kind = "node kill"
	NodeStop   Kind = "node stop"
	NodeDrain  Kind = "node drain"
	NodeFreeze Kind = "node freeze"

	IngressKill   Kind = "ingress kill"
	IngressStop   Kind = "ingress stop"
	IngressFreeze Kind = "ingress freeze"

	ViewerLeave Kind = "viewer leave"
	ViewerPause Kind = "viewer pause"
)

// Silent are the faults after which a connection is dead and neither side is told.
var Silent = []Kind{LinkDeaf, LinkMute, LinkBlackhole}

// Told are the faults that lose no chunk where every window is long enough: of the links,
// and of the servers that can ask another again for what they had.
var Told = []Kind{
	LinkDelay, LinkRate, LinkStall, LinkReset, LinkFinish, LinkCutUp, LinkCutDown, LinkRefuse,
	NodeKill, NodeStop, NodeDrain, NodeFreeze, IngressFreeze,
}

// Losing are the faults that may cost chunks: a camera begins anew, or a reader is late or
// does.
var Losing = []Kind{IngressKill, IngressStop, ViewerLeave, ViewerPause}

// Fault is one step of a [Schedule].
type Fault struct {
	Kind Kind
	// Target is the name of a link, a node or a viewer.
	Target string
	// At is when it begins after the beginning of its round, For how long it lasts.
	At, For time.Duration
	// N is a number of bytes, or of bytes in a second, as the kind has it.
	N int
	// End is how a cut ends the connection.
	End End
}

func (f Fault) String() string {
	s := fmt.Sprintf("%5d ms: %s %s for %d ms", f.At.Milliseconds(), f.Kind, f.Target, f.For.Milliseconds())
	switch f.Kind {
	case LinkRate, LinkDelay:
		s += fmt.Sprintf(" (%d)", f.N)
	case LinkCutUp, LinkCutDown:
		s += fmt.Sprintf(" (%v after %d bytes)", f.End, f.N)
	}
	return s
}

// Strike begins the fault. A drain blocks until it is over.
func (w *World) Strike(ctx context.Context, f Fault) {
	switch {
	case w.links[f.Target] != nil:
		f.strikeLink(w.links[f.Target])
	case w.Node(f.Target) != nil:
		w.strikeNode(ctx, f)
	default:
		w.strikeViewer(f)
	}
}

// Mend ends the fault.
func (w *World) Mend(ctx context.Context, f Fault) error {
	switch {
	case w.links[f.Target] != nil:
		w.links[f.Target].Heal()
	case f.Kind == NodeFreeze || f.Kind == IngressFreeze:
		for _, p := range w.LinksOf(f.Target) {
			p.Heal()
		}
	case w.Node(f.Target) != nil:
		return w.Node(f.Target).Start()
	default:
		v := w.viewer(f.Target)
		v.Resume()
		v.Come(ctx)
	}
	return nil
}

func (w *World) viewer(name string) *Viewer {
	for _, v := range w.Viewers {
		if v.Name == name {
			return v
		}
	}
	return nil
}

func (f Fault) strikeLink(p *Proxy) {
	switch f.Kind {
	case LinkDelay:
		d := time.Duration(f.N) * time.Millisecond
		p.Set(Up, Weather{Delay: d / 2, Jitter: d})
		p.Set(Down, Weather{Delay: d / 2, Jitter: d})
	case LinkRate:
		p.Set(Down, Weather{Rate: f.N})
	case LinkStall:
		p.Set(Up, Weather{Stall: true})
		p.Set(Down, Weather{Stall: true})
	case LinkDeaf:
		p.Set(Up, Weather{Blackhole: true})
	case LinkMute:
		p.Set(Down, Weather{Blackhole: true})
	case LinkBlackhole:
		p.Set(Up, Weather{Blackhole: true})
		p.Set(Down, Weather{Blackhole: true})
	case LinkReset:
		p.EndAll(Reset)
	case LinkFinish:
		p.EndAll(Finish)
	case LinkCutUp:
		p.CutAfter(Up, f.N, f.End)
		p.EndAll(Reset) // little goes up but handshakes
	case LinkCutDown:
		p.CutAfter(Down, f.N, f.End)
	case LinkRefuse:
		p.Refuse()
		p.EndAll(Reset)
	}
}

func (w *World) strikeNode(ctx context.Context, f Fault) {
	n := w.Node(f.Target)
	switch f.Kind {
	case NodeKill, IngressKill:
		n.Kill()
	case NodeStop, IngressStop:
		n.Stop()
	case NodeDrain:
		n.Drain(ctx)
	case NodeFreeze, IngressFreeze:
		for _, p := range w.LinksOf(f.Target) {
			p.Set(Up, Weather{Stall: true})
			p.Set(Down, Weather{Stall: true})
		}
	}
}

func (w *World) strikeViewer(f Fault) {
	v := w.viewer(f.Target)
	if f.Kind == ViewerPause {
		v.Pause()
	} else {
		v.Leave()
	}
}
