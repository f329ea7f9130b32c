package ingress

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
)

const wantedListen = "want listen:rtmp://:1935/live/KEY, listen:srt://:9000 or listen:rtsp://:8554/NAME"

// listenInput is what a publisher sends to the address of spec, a URL of RTMP, SRT or
// RTSP. ffmpeg takes one publisher at a time and does not look at the key of RTMP.
func listenInput(spec string) (*input, error) {
	address, err := listenURL(spec)
	if err != nil {
		return nil, err
	}
	s := scheme(address)
	args := slices.Concat(listeners[s], []string{"-protocol_whitelist", whitelists[s], "-i", address})
	in := one(args...)
	in.copies, in.listens, in.transport = true, true, s == "srt"
	in.check = func() error { return checkFree(address) }
	return in, nil
}

// listeners are the arguments that make ffmpeg listen.
var listeners = map[string][]string{
	"rtmp": append(slices.Clip(atOnce), "-listen", "1"),
	"rtsp": append(slices.Clip(asap), "-rtsp_transport", "tcp", "-rtsp_flags", "listen"),
	// The mode stands in the URL. A publisher begins with a key frame: no need to look
	// for one for long.
	"srt": append(slices.Clip(atOnce), "-analyzeduration", "1000000"),
}

// listenURL returns spec as ffmpeg wants it. What follows host and port stays as it is.
func listenURL(spec string) (string, error) {
	u, err := url.Parse(spec)
	if err != nil || u.Port() == "" || u.User != nil {
		return "", errors.New(wantedListen)
	}
	s := strings.ToLower(u.Scheme)
	if listeners[s] == nil {
		return "", errors.New(wantedListen)
	}
	rest := spec[strings.Index(spec, "://")+len("://"):]
	if u.Hostname() == "" {
		rest = "0.0.0.0" + rest
	}
	if s != "srt" {
		return s + "://" + rest, nil
	}
	if u.Query().Has("mode") {
		return "", errors.New("listen: SRT's mode is listener")
	}
	separator := "?"
	if strings.Contains(rest, "?") {
		separator = "&"
	}
	return s + "://" + rest + separator + "mode=listener", nil
}

// checkFree returns an error if nobody can listen on the address of a URL, which ffmpeg
// would say less clearly and again and again.
func checkFree(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New(wantedListen)
	}
	var c io.Closer
	if u.Scheme == "srt" {
		c, err = net.ListenPacket("udp", u.Host)
	} else {
		c, err = net.Listen("tcp", u.Host)
	}
	if err != nil {
		return cannotListen(err)
	}
	return c.Close()
}

// cannotListen leaves out the names of system calls.
func cannotListen(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return fmt.Errorf("listen on %v: %w", op.Addr, errors.Unwrap(op.Err))
	}
	return err
}
