//go:build !unix

package ingress

import "os/exec"

// ownGroup leaves the program as it is: there are no process groups here, and
// exec.Cmd kills the program itself.
func ownGroup(*exec.Cmd) {}

func killGroup(*exec.Cmd) {}
