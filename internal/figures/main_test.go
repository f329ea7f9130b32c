package figures_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

var figures = flag.Bool("figures", false, "measure what docs/PERFORMANCE.md says")

func TestMain(m *testing.M) {
	if order := os.Getenv(orderVariable); order != "" {
		os.Exit(runChild(order))
	}
	flag.Parse()
	code := m.Run()
	if code == 0 {
		if left := leftovers(); len(left) > 0 {
			fmt.Fprintf(os.Stderr, "%d goroutines are left:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
			code = 1
		}
	}
	os.Exit(code)
}

// leftovers returns the goroutines that do not end within 5 s.
func leftovers() []string {
	deadline := time.Now().Add(5 * time.Second)
	for {
		buf := make([]byte, 4<<20)
		buf = buf[:runtime.Stack(buf, true)]
		left := strings.Split(string(buf), "\n\n")[1:]
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// measuring skips a test that only measures, unless that is asked for.
func measuring(t *testing.T) {
	t.Helper()
	if !*figures {
		t.Skip("only with -figures")
	}
}
