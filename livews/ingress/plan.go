package ingress

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// plan is one way to get a source's media. Where there are several, they are tried one
// after the other until one fits.
type plan struct {
	what string // it does, for logs
	argv []string
	// kinds are those that are copied; picky says that only what browsers play may be.
	kinds []string
	picky bool
}

// plans returns the ways to get what an input gives, the best one first.
func plans(in *input, o *Options) []plan {
	var all []plan
	// A microphone alone gives no sound that is worth a copy.
	if in.video != "" && (o.Codec == copied || o.Codec == "" && in.copies && !o.changes()) {
		picky := o.Codec == ""
		// Some versions call FLAC in MP4 an experiment.
		copySound := []string{"-c:v", "copy", "-map", in.audio + "?", "-c:a", "copy", "-strict", "experimental"}
		copyPicture := slices.Concat([]string{"-c:v", "copy"}, soundArgs(in))
		if in.transport {
			copySound = slices.Concat(copySound, []string{"-bsf:a", "aac_adtstoasc"}, lateInit)
		}
		all = append(all,
			plan{
				what: "picture and sound as they come", picky: picky, kinds: []string{livews.KindVideo, livews.KindAudio},
				argv: copyArgs(in, copySound, o),
			},
			plan{
				what: "the picture as it comes, the sound encoded", picky: picky, kinds: []string{livews.KindVideo},
				argv: copyArgs(in, copyPicture, o),
			},
		)
	}
	for ; in != nil; in = in.other {
		all = append(all, plan{what: "picture and sound encoded", argv: encodeArgs(in, o)})
	}
	return all
}

func copyArgs(in *input, tracks []string, o *Options) []string {
	return slices.Concat(quiet, in.args, []string{"-map", in.video + "?"}, tracks, muxer(o.Chunk))
}

// misfit is the error for media that a plan cannot give.
type misfit struct {
	kind  string // of the track, or "" where it is not known
	cause error
}

func (m *misfit) Error() string { return m.cause.Error() }
func (m *misfit) Unwrap() error { return m.cause }

// check returns an error if the track is copied and must not be.
func (p *plan) check(t *livews.Track) error {
	if !p.picky || !slices.Contains(p.kinds, t.Kind) || isPlayed(t.Codec) {
		return nil
	}
	return &misfit{t.Kind, fmt.Errorf("browsers do not play %s everywhere", t.Codec)}
}

// played are the starts of the codec strings that every browser plays: H.264 up to its
// profile High, VP9, AV1, AAC, Opus and FLAC.
var played = []string{"avc1.42", "avc1.4D", "avc1.58", "avc1.64", "vp09.00", "av01.0", "mp4a.40.", "opus", "flac"}

func isPlayed(codec string) bool {
	return slices.ContainsFunc(played, func(start string) bool { return strings.HasPrefix(codec, start) })
}

// refusals are what ffmpeg says if MP4 cannot hold a codec, a sound is not the AAC that
// was expected, or a camera does not have the format that it was asked for.
var refusals = []string{
	"codec not currently supported in container", "Could not write header",
	"bitstream filter", "Cannot find a proper format",
}

// asMisfit returns err as the error of a plan that does not fit, if that is what it
// says, else nil.
func asMisfit(err error) *misfit {
	if m := (*misfit)(nil); errors.As(err, &m) {
		return m
	}
	refused := slices.ContainsFunc(refusals, func(words string) bool { return strings.Contains(err.Error(), words) })
	if refused || errors.Is(err, dash.ErrUnsupported) || errors.Is(err, dash.ErrMalformed) {
		return &misfit{cause: err}
	}
	return nil
}

// next returns how many plans to go on: more than one where the next has the same fault.
func (m *misfit) next(rest []plan) int {
	n := 1
	for m.kind != "" && n < len(rest)-1 && slices.Contains(rest[n].kinds, m.kind) {
		n++
	}
	return n
}

// incurable are what ffmpeg says if it was built without what is needed.
var incurable = []string{"Protocol not found", "Unknown input format", "Unknown encoder", "Unrecognized option"}

// isFinal reports whether it is of no use to start ffmpeg again.
func isFinal(err error) bool {
	return slices.ContainsFunc(incurable, func(words string) bool { return strings.Contains(err.Error(), words) })
}
