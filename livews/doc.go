// Package livews moves live video as a flow of segments.
//
// A [Segment] is one init segment or one CMAF chunk of one track, immutable and
// shared. A [Source] gives segments, a [Sink] takes them, and [Copy], [Tee],
// [Pipe] and [All] join the two, as package io does for bytes. A [Relay] is a Sink
// which hands any number of subscribers a Source each. [Streams] keeps relays by
// name, and opens and closes them as they are asked for.
//
// So a server is one Copy: an ingress copies from a camera to a relay, an
// intermediate server from its upstream to a relay, and each viewer is a
// [Subscription] whose segments go out as WebSocket messages:
//
//	camera -> ingress -> relay -> ... -> relay -> edge -> browsers
//
// Every chunk has a [Position], given at the ingress and unchanged after that. A
// group begins with a sync sample: it is where readers start, resume and are moved
// to when they are too slow. Whoever misses chunks is told so by a [Gap].
//
// What a segment looks like on the wire is [Segment.Message], whose bytes are the
// same on every hop; PROTOCOL.md in the root of the module describes it.
//
// The packages around this one: [github.com/livews/websocketlivestream/livews/dash]
// makes segments of fragmented MP4, .../ingress has sources, .../relay follows
// upstream servers and serves downstream ones, .../edge serves browsers, and
// .../livewstest checks sources and sinks of one's own.
package livews
