// Package relay passes streams on: [Upstream] follows servers nearer the camera,
// and [Handler] serves those further down, and any other client of the protocol.
// Between the two stands a [livews.Streams], which opens a stream at the upstream
// when the first subscriber asks for it, once however many there are, and closes
// it a while after the last has gone:
//
//	up, err := relay.NewUpstream(&relay.UpstreamOptions{URLs: []string{"ws://camera:8010"}})
//	...
//	streams := &livews.Streams{Open: up.Open, Discover: up.Discover}
//	http.ListenAndServe(":8011", &relay.Handler{Streams: streams})
//
// Where there are several servers, each stream is taken from the best one, and the next
// best stands by: when the first is lost, silent, going away, or no longer has a way
// to the ingress, the stream goes on there after the last chunk that has come.
//
// Where no server can dial the source, the source dials a server: see [Push].
//
// Relays are combined freely, to any depth, in rings too, and never open a box of the
// media.
package relay
