package chaos

import "time"

// Way is a direction of a link.
type Way int

// The ways of a link.
const (
	// Up is from the child to the parent: requests, and little else.
	Up Way = iota
	// Down is from the parent to the child: the media.
	Down
)

func (w Way) String() string { return [...]string{"up", "down"}[w] }

// End is how a connection is ended from outside.
type End int

// The ends of a connection.
const (
	// Reset is a RST to both sides.
	Reset End = iota
	// Finish is a FIN to both sides, without a word of the protocol above.
	Finish
)

func (e End) String() string { return [...]string{"reset", "finish"}[e] }

// Weather is what a link does to the bytes of one way. The zero Weather is fair.
type Weather struct {
	// Delay, and a random part of Jitter, is what each byte takes; the order stays.
	Delay, Jitter time.Duration
	// Rate is the greatest number of bytes in a second; 0 sets no bound.
	Rate int
	// Stall holds the bytes back until it is over, as when the other side is stopped or a
	// cable is pulled for a while: nothing is lost.
	Stall bool
	// Blackhole swallows the bytes. As no byte stream goes on after a hole, a connection
	// that has lost some stays silent in this way for ever, also when the weather is
	// fair again; neither side is told.
	Blackhole bool
}
