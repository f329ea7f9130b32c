//go:build !unix

package ingress

func ignoreTerm() {}
