#!/bin/sh
# Makes the files named frames-*: a chunk for each frame, and two groups. The bytes
# depend on the encoders' versions; what the tests want of them does not.
set -eu
cd "$(dirname "$0")"

# cut NAME ARGUMENTS... makes a file of one frame or sound packet in each chunk.
cut() {
	name=$1
	shift
	ffmpeg -y -hide_banner -loglevel error "$@" \
		-movflags +cmaf+frag_keyframe+separate_moof+skip_trailer -frag_duration 1 -f mp4 "frames-$name.mp4"
}
picture="-f lavfi -i testsrc2=s=160x90:r=10 -t 1 -pix_fmt yuv420p"
sound="-f lavfi -i sine=r=48000 -t 0.3 -ac 2"

# shellcheck disable=SC2086
{
	cut h264 $picture -c:v libx264 -g 5 -bf 2 -sc_threshold 0 -b:v 40k
	cut hvc1 $picture -c:v libx265 -g 5 -b:v 40k -tag:v hvc1 -x265-params log-level=error:scenecut=0:keyint=5:min-keyint=5
	# Parameter sets in front of each key frame, as many cameras send them.
	cut hev1 $picture -c:v libx265 -g 5 -b:v 40k -tag:v hev1 -x265-params log-level=error:scenecut=0:keyint=5:min-keyint=5:repeat-headers=1
	cut vp9 $picture -c:v libvpx-vp9 -g 5 -deadline realtime -cpu-used 8 -lag-in-frames 0 -b:v 40k
	cut av1 $picture -c:v libaom-av1 -g 5 -usage realtime -cpu-used 8 -lag-in-frames 0 -b:v 40k -movflags +delay_moov -use_editlist 0
	cut aac $sound -c:a aac -b:a 48k -metadata:s:a:0 language=fra
	cut flac $sound -c:a flac -sample_fmt s32 -ar 96000 -strict experimental
	# With an edit list that takes away what the encoder adds in front.
	ffmpeg -y -hide_banner -loglevel error $sound -c:a libopus -b:a 48k \
		-movflags +frag_keyframe+empty_moov+delay_moov+default_base_moof -frag_duration 1 -f mp4 frames-opus.mp4
}
