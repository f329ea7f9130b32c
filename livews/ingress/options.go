package ingress

import "log/slog"

// Options are the options of [Open] and [NewReader]; nil means the defaults.
type Options struct {
	// Logger gets a line when a source starts again or its clock jumps; nil
	// discards.
	Logger *slog.Logger
}

func (o *Options) logger() *slog.Logger {
	if o == nil || o.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Logger
}
