// Package wire carries segments over WebSocket connections as PROTOCOL.md says:
// [Server] is what relays and edges serve streams with, [Dialer] is what follows
// them. The sub-protocol's handshake, control frames and closing are
// coder/websocket's; data frames are written past it, because a chunk's frame is
// made once and shared by all viewers.
package wire
