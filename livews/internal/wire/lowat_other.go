//go:build !linux && !darwin

package wire

// setNotsentLowat does nothing: the system has no such option.
func setNotsentLowat(uintptr, int) error { return nil }
