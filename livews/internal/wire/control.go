package wire

import (
	"encoding/json"

	"github.com/livews/websocketlivestream/livews"
)

// Subprotocol is the name of the protocol with its version.
const Subprotocol = "livews.1"

const (
	// maxControl bounds a text message.
	maxControl = 4 << 10
	// maxReason bounds the reason in one, which is passed on.
	maxReason = 64
)

// The close codes of PROTOCOL.md.
const (
	codeShutdown  = 4100
	codeLost      = 4200
	codeViolation = 4300
	codeDead      = 4400
)

// control is any text message: its type says which fields it has.
type control struct {
	Type string `json:"type"`

	// gap
	Track  uint16           `json:"track,omitempty"`
	From   *livews.Position `json:"from,omitempty"`
	To     *livews.Position `json:"to,omitempty"`
	Reason string           `json:"reason,omitempty"`

	// select
	Tracks []uint16 `json:"tracks,omitempty"`
}

// The types of control messages.
const (
	typeGap    = "gap"
	typeEnd    = "end"
	typeSelect = "select"
)

func (c *control) text() []byte {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // all fields marshal
	}
	return text
}

func gapText(track uint16, g *livews.Gap) []byte {
	return (&control{Type: typeGap, Track: track, From: &g.From, To: &g.To, Reason: g.Reason}).text()
}

// gap returns the notice that c carries, or nil if it is none. A reason beyond all
// bounds is none that anybody knows.
func (c *control) gap() *livews.Gap {
	if c.Type != typeGap || c.From == nil || c.To == nil {
		return nil
	}
	if len(c.Reason) > maxReason {
		c.Reason = livews.GapLost
	}
	return &livews.Gap{From: *c.From, To: *c.To, Reason: c.Reason}
}

// parseControl reads a text message. One that is no JSON object is an error.
func parseControl(text []byte) (*control, error) {
	c := new(control)
	if err := json.Unmarshal(text, c); err != nil {
		return nil, err
	}
	return c, nil
}
