// Package chaos breaks trees of servers and holds every hop and every viewer to the
// promises of a stream. The servers run in this process, over real loopback sockets; a
// [Proxy] stands on each link between a child and its parent and delays, holds back,
// swallows, cuts or ends what passes; a [Hop] checks each segment that a server takes in
// and that a viewer gets. Which faults come, and when, follows from a seed alone:
//
//	go test ./internal/chaos -run Chaos -chaos.seed=7 -chaos.steps=200 -chaos.topology=ring -v
//
// What is promised after the last fault, and how soon, is [Recovery].
package chaos
