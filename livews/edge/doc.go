// Package edge serves streams to browsers: the player page, what it is made of, and
// the media, over the protocol livews.1 or as plain fragmented MP4. [Handler] mounts
// under any prefix of a server that one has already:
//
//	mux.Handle("/video/", http.StripPrefix("/video", &edge.Handler{Streams: streams}))
//
// The streams come from upstream servers (see package relay), from sources in the
// same process ([livews.Streams.Publish]), or both.
package edge
