package wire

import (
	"strings"
	"testing"

	"github.com/livews/websocketlivestream/livews"
)

// TestGapText holds the text of a gap against PROTOCOL.md.
func TestGapText(t *testing.T) {
	gap := livews.Gap{From: livews.Position{Epoch: 1, Group: 2, Chunk: 3}, To: livews.Position{Epoch: 1, Group: 5}, Reason: livews.GapSlow}
	text := string(gapText(1, &gap))
	if want := `{"type":"gap","track":1,"from":"1.2.3","to":"1.5.0","reason":"slow"}`; text != want {
		t.Errorf("gapText = %s, want %s", text, want)
	}
	c, err := parseControl([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.gap(); err != nil || got == nil || *got != gap || c.Track != 1 {
		t.Errorf("gap of %s = %+v, %v", text, got, err)
	}
	if got, want := string((&control{Type: typeEnd}).text()), `{"type":"end"}`; got != want {
		t.Errorf("end = %s, want %s", got, want)
	}
}

func TestParseControl(t *testing.T) {
	for _, text := range []string{`{}`, `{"type":"later","x":[1]}`, `{"type":"gap","track":1}`, `{"type":"select","tracks":[]}`} {
		c, err := parseControl([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if gap, err := c.gap(); gap != nil || err != nil {
			t.Errorf("%s is the gap %v, %v", text, gap, err)
		}
	}
	for _, text := range []string{``, `x`, `[]`, `"gap"`, `{"type":1}`, `{"type":"gap","track":-1}`} {
		if c, err := parseControl([]byte(text)); err == nil {
			t.Errorf("%s gives %+v, want an error", text, c)
		}
	}
}

// TestGapReason keeps what is passed on within the bound of a text message, whatever the
// server above gives as a reason.
func TestGapReason(t *testing.T) {
	long := strings.Repeat("<", maxControl/2)
	c, err := parseControl([]byte(`{"type":"gap","track":1,"from":"1.2.3","to":"1.5.0","reason":"` + long + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	gap, err := c.gap()
	if err != nil {
		t.Fatal(err)
	}
	if got := len(gapText(1, gap)); got > maxControl {
		t.Errorf("gap of %d bytes, at most %d", got, maxControl)
	}
}
