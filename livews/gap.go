package livews

// The reasons of a [Gap].
const (
	// GapSlow: the reader fell behind its lag bound and was moved to the
	// newest group start.
	GapSlow = "slow"
	// GapLost: the chunks never reached the server that says so.
	GapLost = "lost"
	// GapEvicted: the chunks had left the window before the reader came.
	GapEvicted = "evicted"
	// GapRestart: the position asked for belongs to another epoch than the
	// one that the server has.
	GapRestart = "restart"
)

// Gap is the notice that a reader does not get some chunks of one track: those
// after From and before To. Each hole is covered by exactly one Gap, which
// comes with the chunk at To, a group start.
type Gap struct {
	// From is the last position that the reader has, or zero.
	From Position
	// To is the position of the chunk that carries the notice.
	To Position
	// Reason is one of the Gap constants. Readers treat one that they do not
	// know as GapLost.
	Reason string
}
