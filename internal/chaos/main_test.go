package chaos_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

var (
	seed     = flag.Uint64("chaos.seed", 1, "decides what the faults are; 0 takes the clock")
	steps    = flag.Int("chaos.steps", 0, "number of faults; 0 plays one short round in each topology")
	topology = flag.String("chaos.topology", "", "only this one; empty plays all")
	figures  = flag.Bool("chaos.figures", false, "measure what the README says of reliability")
)

func TestMain(m *testing.M) {
	flag.Parse()
	// The tests wait for most of their time: room bounds them, not the processors.
	if err := flag.Set("test.parallel", "16"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	code := m.Run()
	if code == 0 {
		if left := leftovers(); len(left) > 0 {
			fmt.Fprintf(os.Stderr, "%d goroutines are left:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
			code = 1
		}
	}
	os.Exit(code)
}

// leftovers returns the goroutines that do not end within 20 s.
func leftovers() []string {
	deadline := time.Now().Add(20 * time.Second)
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
