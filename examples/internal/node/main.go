package node

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// errTerminated is why the context of Main ends on a SIGTERM: there is time to drain.
var errTerminated = errors.New("terminated")

// Main is the main function of an example: it calls run with a context that ends
// on an interrupt or a SIGTERM, and exits with status 1 after printing its error. A
// second signal ends the program at once.
func Main(run func(ctx context.Context) error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		cause := context.Canceled
		if <-signals == syscall.SIGTERM {
			cause = errTerminated
		}
		signal.Stop(signals)
		cancel(cause)
	}()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Parse parses the program's flags and refuses further arguments.
func Parse() {
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(flag.CommandLine.Output(), "unexpected argument %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
}

// List splits a flag's value at its commas.
func List(s string) []string {
	var parts []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// Logger returns the programs' logger.
func Logger() *slog.Logger { return slog.New(slog.NewTextHandler(os.Stderr, nil)) }
