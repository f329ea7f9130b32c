// Package ingress takes live video in. [Open] makes a source of what a user types:
//
//	src, err := ingress.Open("webcam", nil)
//	...
//	err = streams.Publish(ctx, "cam1", src)
//
// Behind it stand the sources themselves: [NewClip] has clips that are built in,
// [NewReader] reads fragmented MP4 from any reader, and [Command] from a program like
// ffmpeg, which it starts, watches, and starts again. [Devices] lists what can be
// captured, and [Options] say in which size, codec and renditions. All give segments with
// their positions. A source of one's own, which gives segments as a [dash.Splitter]
// does, gets its positions from [Stamp].
package ingress
