package relay

import (
	"slices"
	"time"
)

const (
	// healthyFor is how long a better server has to be there before the stream is taken
	// back to it, and healthySpread up to how much longer: two nodes that prefer each other
	// must not change at the same group border again and again.
	healthyFor    = 30 * time.Second
	healthySpread = 15 * time.Second
	// leadFor is how long another server has to have a higher epoch, or the active one a
	// lower one than the reader.
	leadFor = time.Second
)

// reason says why a standby is started beside the active link.
type reason int

const (
	none    reason = iota
	silent         // nothing comes
	leaving        // the server goes away
	wayless        // the server has no way to the stream
	higher         // the other has a higher epoch
	worse          // the other is to be preferred
)

func (r reason) String() string {
	return [...]string{"none", "silent", "leaving", "wayless", "higher epoch", "preferred"}[r]
}

// reason returns why the standby should take over.
func (f *follower) reason() reason {
	l := f.active
	switch {
	case !l.leaveAt.IsZero() && f.due(l.leaveAt):
		return leaving
	case !l.hasWay():
		return wayless
	case f.hasLead() && f.standbyLeads():
		return higher
	case f.due(f.heard.Add(f.pace.patience())):
		return silent
	case f.isWorse():
		return worse
	}
	return none
}

// hasLead reports whether another server has had a higher epoch for long enough.
func (f *follower) hasLead() bool {
	if !f.isLed() {
		f.lead = time.Time{}
		return false
	}
	if f.lead.IsZero() {
		f.lead = f.now
	}
	return f.due(f.lead.Add(leadFor))
}

// isLed reports whether another server has a higher epoch than the active one.
func (f *follower) isLed() bool { return slices.ContainsFunc(f.candidates, f.leads) }

// standbyLeads reports whether the standby is one with a higher epoch: if not, such a
// one is dialled in its place, and may not be had.
func (f *follower) standbyLeads() bool {
	c, ok := f.candidate(f.standby)
	return ok && f.leads(c)
}

// leads reports whether c is known to have a higher epoch than the active server.
func (f *follower) leads(c candidate) bool {
	if c.stream != has || f.active != nil && c.parent == f.active.parent {
		return false
	}
	present := f.given.epoch
	if a, _ := f.candidate(f.active); a.stream == has {
		present = max(present, a.epoch)
	}
	return present > 0 && c.epoch > present
}

// isWorse reports whether a standby that is to be preferred has been there for long
// enough, at a group border.
func (f *follower) isWorse() bool {
	a, ok := f.candidate(f.active)
	s, there := f.candidate(f.standby)
	if !ok || !there || !f.standby.hasWay() || !f.wanted().prefers(s, a) {
		return false
	}
	return f.due(f.standby.ready.Add(f.standby.healthy)) && f.border
}
