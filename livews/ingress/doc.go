// Package ingress takes live video in: from a reader of fragmented MP4, from a program
// like ffmpeg, from a clip that is built in. What it gives are sources whose segments
// have their positions ([Stamp]), ready to be published:
//
//	src, err := ingress.Open("webcam", nil)
//	...
//	err = streams.Publish(ctx, "cam1", src)
package ingress
