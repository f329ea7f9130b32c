package ingress

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// copied is the codec of what is not encoded.
const copied = "copy"

// Codecs returns the values of [Options].Codec.
func Codecs() []string { return []string{"h264", "h265", "av1", "vp9", copied} }

const (
	defaultFrameRate = 30
	defaultBitrate   = 4_000_000
	defaultGroup     = 2 * time.Second
)

// encoders make each codec without a frame of delay.
var encoders = map[string][]string{
	"h264": {
		"-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency",
		"-profile:v", "main", "-pix_fmt", "yuv420p", "-crf", "23", "-sc_threshold", "0",
	},
	// Apple's players want hvc1 and not hev1.
	"h265": {
		"-c:v", "libx265", "-preset", "ultrafast", "-tune", "zerolatency",
		"-pix_fmt", "yuv420p", "-crf", "26", "-forced-idr", "1",
		"-x265-params", "log-level=error:scenecut=0", "-tag:v", "hvc1",
	},
	"av1": {
		"-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8",
		"-row-mt", "1", "-lag-in-frames", "0", "-pix_fmt", "yuv420p",
	},
	"vp9": {
		"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8",
		"-row-mt", "1", "-lag-in-frames", "0", "-pix_fmt", "yuv420p",
	},
}

// late are the codecs whose encoders know what stands in the init segment only when the
// first frame has come out of them.
var late = []string{"av1"}

// aims are the codecs whose encoders want a bit rate to aim at; the others have one
// quality, and the bit rate is a bound.
var aims = []string{"av1", "vp9"}

// aacArgs are the arguments of the sound's encoder.
var aacArgs = []string{"-c:a", "aac", "-ar", "48000", "-ac", "2", "-b:a", "128k"}

// pictureArgs returns the arguments that take the picture of an input and encode it.
func pictureArgs(in *input, o *Options) []string {
	if in.video == "" {
		return nil
	}
	args := []string{"-map", in.video + "?", "-vf", scale(o)}
	rates := []int{cmp.Or(o.Bitrate, defaultBitrate)}
	if len(o.Ladder) > 0 {
		args, rates = []string{"-filter_complex", split(in.video, o)}, nil
		for i, r := range o.Ladder {
			args = append(args, "-map", fmt.Sprintf("[v%d]", i))
			rates = append(rates, r.rate())
		}
	} else if o.FrameRate > 0 {
		args = append(args, "-r", strconv.Itoa(o.FrameRate))
	}
	codec := o.encoded()
	args = append(args, encoders[codec]...)
	for i, rate := range rates {
		args = append(args, rateArgs(i, rate, slices.Contains(aims, codec))...)
	}
	// By time and not by number, because cameras change their frame rate.
	return append(args, "-force_key_frames", keyFrames(cmp.Or(o.Group, defaultGroup)), "-g", "9999")
}

// encoded is the codec of what cannot be copied.
func (o *Options) encoded() string {
	if o.Codec == copied || o.Codec == "" {
		return "h264"
	}
	return o.Codec
}

// rateArgs returns the arguments that bound the bit rate of picture number i.
func rateArgs(i, rate int, aim bool) []string {
	text := strconv.Itoa(rate)
	args := []string{fmt.Sprintf("-maxrate:v:%d", i), text, fmt.Sprintf("-bufsize:v:%d", i), text}
	if aim {
		args = append(args, fmt.Sprintf("-b:v:%d", i), text)
	}
	return args
}

// soundArgs returns the arguments that take the sound of an input and encode it.
func soundArgs(in *input) []string {
	if in.audio == "" {
		return nil
	}
	return append([]string{"-map", in.audio + "?"}, aacArgs...)
}

// scale returns the filter that gives the picture its size: 4:2:0 wants even numbers.
func scale(o *Options) string {
	switch {
	case o.Width > 0 && o.Height > 0:
		return fmt.Sprintf("scale=%d:%d", o.Width, o.Height)
	case o.Width > 0:
		return fmt.Sprintf("scale=%d:-2", o.Width)
	case o.Height > 0:
		return fmt.Sprintf("scale=-2:%d", o.Height)
	}
	return "scale=trunc(iw/2)*2:trunc(ih/2)*2"
}

// keyFrames returns the expression that is true every group. The few milliseconds less
// keep rounding from making a group longer by a frame.
func keyFrames(group time.Duration) string {
	return fmt.Sprintf("expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+%.3f))", shortened(group).Seconds())
}

// shortened returns a time a little less than d, for what is to happen with the first
// frame at which d is over.
func shortened(d time.Duration) time.Duration { return max(d-5*time.Millisecond, 0) }
