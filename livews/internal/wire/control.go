package wire

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// Subprotocol is the name of the protocol with its version.
const Subprotocol = "livews.1"

const (
	// maxControl bounds a text message.
	maxControl = 4 << 10
	// maxReason bounds the reason in one, which is passed on.
	maxReason = 64
	// maxGoaway bounds the time that a server may give to its subscribers.
	maxGoaway = time.Minute
)

// The close codes of PROTOCOL.md.
const (
	codeShutdown  = 4100
	codeLost      = 4200
	codeNotFound  = 4201
	codeLoop      = 4202
	codeViolation = 4300
	codeDead      = 4400
	codeStalled   = 4401
)

// CodeStale is the close code by which a subscriber leaves a server whose stream comes
// from a publisher of a lower epoch than another one's.
const CodeStale = 4301

// control is any text message: its type says which fields it has.
type control struct {
	Type string `json:"type"`

	// gap
	Track  uint16 `json:"track,omitempty"`
	From   string `json:"from,omitempty"` // of start, too
	To     string `json:"to,omitempty"`
	Reason string `json:"reason,omitempty"`

	// path
	Nodes *[]string `json:"nodes,omitempty"`

	// goaway
	Delay int64 `json:"delay,omitempty"` // milliseconds

	// select
	Tracks  []uint16 `json:"tracks,omitempty"`
	Latency *string  `json:"latency,omitempty"` // as in the query; empty: none
	At      string   `json:"at,omitempty"`      // atGroup; anything else: at once

	// start and have
	After string `json:"after,omitempty"`
}

// The types of control messages.
const (
	typeGap    = "gap"
	typeEnd    = "end"
	typePath   = "path"
	typeGoaway = "goaway"
	typeSelect = "select"
	typeStart  = "start"
	typeHave   = "have"
)

// atGroup asks for a select at the next border of groups.
const atGroup = "group"

func (c *control) text() []byte {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // all fields marshal
	}
	return text
}

func gapText(track uint16, g *livews.Gap) []byte {
	return (&control{Type: typeGap, Track: track, From: g.From.String(), To: g.To.String(), Reason: g.Reason}).text()
}

func pathText(nodes []string) []byte {
	nodes = append([]string{}, nodes...) // no way is [] and not null
	return (&control{Type: typePath, Nodes: &nodes}).text()
}

func goawayText(delay time.Duration) []byte {
	return (&control{Type: typeGoaway, Delay: delay.Milliseconds()}).text()
}

func startText(after map[uint16]livews.Position, from livews.Position) []byte {
	c := control{Type: typeStart, After: formatAfter(after)}
	if !from.IsZero() {
		c.From = formatFrom(from)
	}
	return c.text()
}

// gap returns the notice that c carries, or nil if it lacks a part. A reason beyond all
// bounds is none that anybody knows.
func (c *control) gap() (*livews.Gap, error) {
	if c.From == "" || c.To == "" {
		return nil, nil
	}
	from, err := livews.ParsePosition(c.From)
	if err != nil {
		return nil, fmt.Errorf("gap: %w", err)
	}
	to, err := livews.ParsePosition(c.To)
	if err != nil {
		return nil, fmt.Errorf("gap: %w", err)
	}
	if len(c.Reason) > maxReason {
		c.Reason = livews.GapLost
	}
	return &livews.Gap{From: from, To: to, Reason: c.Reason}, nil
}

// path returns the nodes that c names. A list of which no loop can be told is no way.
func (c *control) path() []string {
	if c.Nodes == nil || !validNodes(*c.Nodes) {
		return nil
	}
	return *c.Nodes
}

// delay returns the time that c gives, within bounds.
func (c *control) delay() time.Duration {
	ms := min(max(c.Delay, 0), maxGoaway.Milliseconds())
	return time.Duration(ms) * time.Millisecond
}

// start sets in opts what c asks for.
func (c *control) start(opts *livews.SubscribeOptions) error {
	var err error
	if opts.After, err = parseAfter(c.After); err != nil {
		return err
	}
	opts.From, err = parseFrom(c.From)
	return err
}

// parseControl reads a text message. One that is no JSON object is an error.
func parseControl(text []byte) (*control, error) {
	c := new(control)
	if err := json.Unmarshal(text, c); err != nil {
		return nil, err
	}
	return c, nil
}
