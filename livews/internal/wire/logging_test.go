package wire

import (
	"context"
	"errors"
	"log/slog"
)

// noting returns a Logger that hands on why peers leave.
func noting(ended chan<- error) *slog.Logger { return slog.New(&causes{ended: ended}) }

type causes struct {
	ended chan<- error
	warns chan<- string
}

func (c *causes) Enabled(context.Context, slog.Level) bool { return true }
func (c *causes) WithAttrs([]slog.Attr) slog.Handler       { return c }
func (c *causes) WithGroup(string) slog.Handler            { return c }

func (c *causes) Handle(_ context.Context, r slog.Record) error {
	if r.Level == slog.LevelWarn && c.warns != nil {
		select {
		case c.warns <- r.Message:
		default:
		}
	}
	if r.Message != "peer leaves" || c.ended == nil {
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		err, ok := a.Value.Any().(error)
		if a.Key != "err" || !ok {
			return true
		}
		select {
		case c.ended <- err:
			return false
		default:
			panic(errors.New("nobody reads the causes"))
		}
	})
	return nil
}
