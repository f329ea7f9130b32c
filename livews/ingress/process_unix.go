//go:build unix

package ingress

import (
	"os/exec"
	"syscall"
)

// ownGroup puts the program in a process group of its own, so that what it starts
// ends with it, and a Ctrl-C in the terminal reaches it through us only.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}

// killGroup kills what is left of the program's group. It is called right after the
// program was waited for: its number cannot belong to another group so soon.
func killGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // mostly nobody is left
}
