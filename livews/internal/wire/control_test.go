package wire

import (
	"strings"
	"testing"
	"time"

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

// TestControlTexts holds the other texts against PROTOCOL.md.
func TestControlTexts(t *testing.T) {
	after := map[uint16]livews.Position{2: {Epoch: 1, Group: 2, Chunk: 3}, 1: {Epoch: 1, Group: 2}}
	for _, tt := range []struct {
		text []byte
		want string
	}{
		{pathText([]string{"a", "b"}), `{"type":"path","nodes":["a","b"]}`},
		{pathText(nil), `{"type":"path","nodes":[]}`},
		{goawayText(1500 * time.Millisecond), `{"type":"goaway","delay":1500}`},
		{startText(after, livews.Position{Epoch: 1, Group: 2, Chunk: 9}), `{"type":"start","from":"1.2","after":"1:1.2.0,2:1.2.3"}`},
		{startText(nil, livews.Position{}), `{"type":"start"}`},
	} {
		if string(tt.text) != tt.want {
			t.Errorf("text = %s, want %s", tt.text, tt.want)
		}
	}
}

// TestStartFits keeps a start within the bound of a text message, however many tracks a
// stream has.
func TestStartFits(t *testing.T) {
	const most = 1<<32 - 1
	after := make(map[uint16]livews.Position)
	for track := range uint16(1000) {
		after[60000+track] = livews.Position{Epoch: most, Group: most, Chunk: most}
	}
	text := startText(after, livews.Position{Epoch: most, Group: most})
	if len(text) > maxControl {
		t.Errorf("start of %d bytes, at most %d", len(text), maxControl)
	}
	c, err := parseControl(text)
	if err != nil {
		t.Fatal(err)
	}
	var opts livews.SubscribeOptions
	if err := c.start(&opts); err != nil || len(opts.After) != maxListed {
		t.Errorf("start gives %d positions, %v", len(opts.After), err)
	}
}

func FuzzParseControl(f *testing.F) {
	f.Add([]byte(`{"type":"gap","track":1,"from":"1.2.3","to":"1.5.0","reason":"slow"}`))
	f.Add([]byte(`{"type":"path","nodes":["a","b"]}`))
	f.Add([]byte(`{"type":"goaway","delay":1500}`))
	f.Add([]byte(`{"type":"select","tracks":[1,2]}`))
	f.Add([]byte(`{"type":"start","from":"1.2","after":"1:1.2.0,2:1.2.3"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseControl(text)
		if err != nil {
			return
		}
		if path := c.path(); !validNodes(path) || len(pathText(path)) > maxControl {
			t.Fatalf("path %q", path)
		}
		if delay := c.delay(); delay < 0 || delay > maxGoaway {
			t.Fatalf("delay %v", delay)
		}
		var opts livews.SubscribeOptions
		if err := c.start(&opts); err == nil && len(opts.After) > maxListed {
			t.Fatalf("%d positions", len(opts.After))
		}
		if gap, err := c.gap(); err == nil && gap != nil {
			if got := gapText(c.Track, gap); len(got) > maxControl {
				t.Fatalf("gap of %d bytes", len(got))
			}
		}
	})
}
