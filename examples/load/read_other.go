//go:build !unix

package main

import "net"

// readShared is readFrom: the viewers have a buffer each.
func readShared(conn *net.TCPConn, frames *scanner) error { return readFrom(conn, frames) }
