package ingress

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Rendition is one size of a picture that is there in several.
type Rendition struct {
	// Height is in pixels, an even number. The width follows from the picture's
	// shape. A picture that is smaller is not made larger.
	Height int
	// Bitrate is the highest, in bits per second. Zero means what is usual for that
	// height.
	Bitrate int
}

// maxLadder is how many renditions a stream may have: each costs an encoder.
const maxLadder = 8

// ParseLadder parses renditions separated by commas, each with its height and, after
// an @, its bit rate: "720p,480p,240p" or "720p@3M,240p@300k". The first is what a
// player takes that does not choose.
func ParseLadder(text string) ([]Rendition, error) {
	var ladder []Rendition
	for part := range strings.SplitSeq(text, ",") {
		r, err := parseRendition(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		ladder = append(ladder, r)
	}
	return ladder, checkLadder(&Options{Ladder: ladder})
}

func parseRendition(text string) (Rendition, error) {
	size, rate, rated := strings.Cut(text, "@")
	height, err := strconv.Atoi(strings.TrimSuffix(size, "p"))
	if err != nil {
		return Rendition{}, fmt.Errorf("rendition %q: want a height, as in 720p or 720p@3M", text)
	}
	r := Rendition{Height: height}
	if rated {
		if r.Bitrate, err = ParseBitrate(rate); err != nil {
			return Rendition{}, fmt.Errorf("rendition %q: %w", text, err)
		}
	}
	return r, nil
}

// ParseBitrate parses bits per second: "800k", "2.5M" or "2500000".
func ParseBitrate(text string) (int, error) {
	digits, unit := text, 1.0
	switch {
	case strings.HasSuffix(text, "k"), strings.HasSuffix(text, "K"):
		digits, unit = text[:len(text)-1], 1e3
	case strings.HasSuffix(text, "M"):
		digits, unit = text[:len(text)-1], 1e6
	}
	rate, err := strconv.ParseFloat(digits, 64)
	// Written so that what is not a number fails as well.
	if err != nil || !(rate*unit >= minBitrate && rate*unit <= maxBitrate) {
		return 0, fmt.Errorf("bit rate %q: want 10k to 200M", text)
	}
	return int(rate * unit), nil
}

func checkLadder(o *Options) error {
	if len(o.Ladder) == 0 {
		return nil
	}
	if o.Width+o.Height+o.Bitrate > 0 {
		return errors.New("a ladder has sizes and bit rates of its own: it goes without others")
	}
	if len(o.Ladder) > maxLadder {
		return fmt.Errorf("a ladder of %d renditions: want at most %d", len(o.Ladder), maxLadder)
	}
	seen := make(map[int]bool)
	for _, r := range o.Ladder {
		switch {
		case r.Height == 0 || !isSide(r.Height):
			return fmt.Errorf("rendition %dp: want an even height up to %d", r.Height, maxSide)
		case !isBitrate(r.Bitrate):
			return fmt.Errorf("rendition %dp: bit rate %d: want %d to %d bits per second", r.Height, r.Bitrate, minBitrate, maxBitrate)
		case seen[r.Height]:
			return fmt.Errorf("rendition %dp is there twice", r.Height)
		}
		seen[r.Height] = true
	}
	return nil
}

// usualRates are the bit rates of H.264 up to some heights.
var usualRates = [...]struct{ height, rate int }{
	{144, 200_000},
	{240, 400_000},
	{360, 800_000},
	{480, 1_400_000},
	{720, 2_800_000},
	{1080, 5_000_000},
	{1440, 9_000_000},
}

// rate returns the highest bit rate of r.
func (r Rendition) rate() int {
	for _, usual := range usualRates {
		if r.Height <= usual.height {
			return cmp.Or(r.Bitrate, usual.rate)
		}
	}
	return cmp.Or(r.Bitrate, 16_000_000)
}

// split returns the filter graph that makes the renditions v0, v1, ... of one picture.
// All have the same frames, so that the same ones become key frames.
func split(picture string, o *Options) string {
	var outs, scales strings.Builder
	for i, r := range o.Ladder {
		fmt.Fprintf(&outs, "[s%d]", i)
		fmt.Fprintf(&scales, ";[s%d]scale=-2:trunc(min(%d\\,ih)/2)*2[v%d]", i, r.Height, i)
	}
	rate := ""
	if o.FrameRate > 0 {
		rate = fmt.Sprintf("fps=%d,", o.FrameRate)
	}
	return fmt.Sprintf("[%s]%ssplit=%d%s%s", picture, rate, len(o.Ladder), outs.String(), scales.String())
}
