package wire

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

var (
	footprintViewers = flag.Int("footprint", 0, "`number` of idle viewers whose memory TestFootprint measures; 0: none")
	footprintProfile = flag.String("footprintprofile", "", "`file` for the heap profile of TestFootprint")
)

const (
	// footprintURL has the child process of TestFootprint connect to it.
	footprintURL = "LIVEWS_FOOTPRINT_URL"
	// footprintTime is long enough for three pings of each viewer and their answers.
	footprintTime = 3*pingAfter + pingAfter/2
	// footprintBudget bounds what a viewer may take.
	footprintBudget = 12 << 10
)

// TestFootprint measures what a viewer costs the server that gets one chunk of 8 KB a
// second, answers pings, and is otherwise idle: the viewers are in another process.
//
//	go test -run TestFootprint -footprint 10000 ./livews/internal/wire
//
// It takes two file descriptors for each, one in either process (see ulimit -n).
func TestFootprint(t *testing.T) {
	if u := os.Getenv(footprintURL); u != "" {
		watchAll(t, u, *footprintViewers)
		return
	}
	if *footprintViewers == 0 {
		t.Skip("-footprint is not set")
	}
	server := &Server{Streams: new(livews.Streams)}
	u, stop := listenAndServe(t, server)
	defer stop()
	sink, unpublish := feed(t, server.Streams, "cam1")
	defer unpublish()
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Chunks: 1 << 20, Size: 8 << 10})
	write(t, sink, src, 2)
	alone := weigh(t)
	leave := startViewers(t, u, server)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for range int(footprintTime / time.Second) {
		<-tick.C
		write(t, sink, src, 1)
	}
	raw, err := readRSS()
	if err != nil {
		t.Fatal(err)
	}
	crowd := weigh(t)
	writeProfile(t)
	if got := server.sessions.count(); got != *footprintViewers {
		t.Errorf("%d viewers are there, want %d", got, *footprintViewers)
	}
	leave()
	n := *footprintViewers
	each := crowd.minus(alone).by(n)
	t.Logf("each of %d viewers: %d B heap, %d B stack, %.2f goroutines, %d B RSS; %d B RSS before the garbage was collected",
		n, each.heap, each.stack, float64(crowd.goroutines-alone.goroutines)/float64(n), each.rss, (raw-alone.rss)/n)
	if each.rss > footprintBudget {
		t.Errorf("%d B for each viewer, want %d at the most", each.rss, footprintBudget)
	}
}

// listenAndServe serves as the programs do, with no more around it than net/http.
func listenAndServe(t *testing.T, server *Server) (u string, stop func()) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { server.ServeStream(w, r, "cam1") })}
	var served sync.WaitGroup
	served.Go(func() { _ = h.Serve(ln) })
	return "http://" + ln.Addr().String(), func() {
		_ = server.Streams.Close()
		_ = h.Close()
		served.Wait()
	}
}

// startViewers starts the process of the viewers and returns when all are there.
func startViewers(t *testing.T, u string, server *Server) (leave func()) {
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestFootprint$", "-footprint="+strconv.Itoa(*footprintViewers))
	cmd.Env = append(os.Environ(), footprintURL+"="+u)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); server.listed() < *footprintViewers; {
		if time.Now().After(deadline) {
			t.Errorf("only %d viewers have come", server.listed())
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return func() {
		cancel()
		_ = cmd.Wait() // it was killed
	}
}

// watchAll is the process of the viewers.
func watchAll(t *testing.T, u string, n int) {
	d := NewDialer(nil, nil)
	var failed atomic.Int64
	var viewers sync.WaitGroup
	gate := make(chan struct{}, 50)
	for range n {
		viewers.Go(func() {
			gate <- struct{}{}
			s, err := d.Dial(t.Context(), u, "cam1", nil)
			<-gate
			for err == nil {
				_, err = s.ReadSegment(t.Context())
			}
			if failed.Add(1) == 1 {
				fmt.Fprintln(os.Stderr, "the first viewer ends:", err)
			}
		})
	}
	viewers.Wait()
}

// weight is what a process has, in bytes.
type weight struct{ heap, stack, rss, goroutines int }

// weigh returns what this process has without garbage.
func weigh(t *testing.T) weight {
	t.Helper()
	runtime.GC()
	runtime.GC() // what pools and finalizers have held is free after the second
	debug.FreeOSMemory()
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	rss, err := readRSS()
	if err != nil {
		t.Fatal(err)
	}
	return weight{
		heap: int(samples[0].Value.Uint64()), stack: int(samples[1].Value.Uint64()),
		rss: rss, goroutines: runtime.NumGoroutine(),
	}
}

func (w weight) minus(v weight) weight {
	return weight{w.heap - v.heap, w.stack - v.stack, w.rss - v.rss, w.goroutines - v.goroutines}
}

func (w weight) by(n int) weight { return weight{w.heap / n, w.stack / n, w.rss / n, w.goroutines / n} }

// readRSS returns the resident memory of this process in bytes (proc(5)).
func readRSS() (int, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(status, []byte("VmRSS:"))
	kb, _, _ := strings.Cut(strings.TrimSpace(string(rest)), " ")
	n, err := strconv.Atoi(kb)
	return n << 10, err
}

func writeProfile(t *testing.T) {
	if *footprintProfile == "" {
		return
	}
	f, err := os.Create(*footprintProfile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := pprof.Lookup("heap").WriteTo(f, 0); err != nil {
		t.Fatal(err)
	}
}
