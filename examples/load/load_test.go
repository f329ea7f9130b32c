package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/edge"
	"github.com/livews/websocketlivestream/livews/ingress"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// TestRun lets a crowd watch a real edge, some of it without reading.
func TestRun(t *testing.T) {
	clip, err := ingress.NewClip(1)
	if err != nil {
		t.Fatal(err)
	}
	streams := new(livews.Streams)
	ctx, cancel := context.WithCancel(t.Context())
	published := make(chan error, 1)
	go func() { published <- streams.Publish(ctx, "cam1", clip) }()
	server := httptest.NewServer(&edge.Handler{Streams: streams})
	defer func() {
		cancel()
		streams.Close()
		<-published
		server.Close()
	}()
	for streams.List(t.Context()) == nil {
		time.Sleep(time.Millisecond)
	}
	u, _ := url.Parse("ws" + strings.TrimPrefix(server.URL, "http") + "/live/cam1")
	for _, plain := range []bool{false, true} {
		o := &options{n: 20, ramp: 100 * time.Millisecond, duration: 1500 * time.Millisecond, slow: 0.25, plain: plain, pid: os.Getpid(), json: true, url: u}
		var out bytes.Buffer
		if err := o.run(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		var r report
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.Joined != 20 || r.Live != 20 || r.Refused+r.Cut+r.Duplicates+r.Holes != 0 {
			t.Errorf("plain %v: report %s", plain, &out)
		}
		// 15 viewers, 1.5 s at least, 30 frames and 46 chunks of sound a second: about 1700
		// where the machine is not busy.
		if r.Chunks < 15*10 || r.Bytes < 50_000 {
			t.Errorf("plain %v: %d chunks with %d bytes", plain, r.Chunks, r.Bytes)
		}
		if !plain && (r.LatencyP50 <= 0 || r.LatencyP50 > r.LatencyP99 || r.LatencyP99 > r.LatencyMax || r.FirstP50 <= 0) {
			t.Errorf("latency p50 %v p99 %v max %v, first %v", r.LatencyP50, r.LatencyP99, r.LatencyMax, r.FirstP50)
		}
		if r.Server == nil || r.Server.RSS < 1<<20 {
			t.Errorf("server %+v", r.Server)
		}
	}
}

// TestRefused names the server's reason where nobody can join.
func TestRefused(t *testing.T) {
	server := httptest.NewServer(&edge.Handler{Streams: new(livews.Streams)})
	defer server.Close()
	u, _ := url.Parse("ws" + strings.TrimPrefix(server.URL, "http") + "/live/nope")
	o := &options{n: 3, duration: 2 * time.Second, url: u, json: true}
	err := o.run(t.Context(), new(bytes.Buffer))
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("run = %v, want a status 404", err)
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		o    options
		args []string
		ok   bool
	}{
		{options{n: 1}, []string{"ws://a:1/live/x"}, true},
		{options{n: 1}, nil, false},
		{options{n: 1}, []string{"a:1/live/x"}, false},
		{options{n: 1}, []string{"http://a:1/live/x"}, false},
		{options{n: 0}, []string{"ws://a:1/live/x"}, false},
		{options{n: 1, slow: 2}, []string{"ws://a:1/live/x"}, false},
	} {
		if err := tt.o.check(tt.args); (err == nil) != tt.ok {
			t.Errorf("check(%+v, %q) = %v, want ok %v", tt.o, tt.args, err, tt.ok)
		}
	}
}

// TestHistogram holds quantiles against a sorted list.
func TestHistogram(t *testing.T) {
	var h histogram
	var all []time.Duration
	r := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		d := time.Duration(r.ExpFloat64()*float64(3*time.Millisecond)) + 100*time.Microsecond
		all = append(all, d)
		h.add(d)
	}
	slices.Sort(all)
	last, s := h.take(nil)
	if s.n != 10_000 || s.most != all[9999].Truncate(time.Microsecond) {
		t.Errorf("n %d, most %v; want 10000, %v", s.n, s.most, all[9999])
	}
	for _, q := range []float64{0.01, 0.5, 0.9, 0.99} {
		got, want := s.quantile(q), all[int(q*10_000)]
		if f := float64(got) / float64(want); f < 0.94 || f > 1.06 {
			t.Errorf("quantile(%v) = %v, want %v", q, got, want)
		}
	}
	h.add(time.Hour)
	if _, since := h.take(last); since.n != 1 || since.quantile(0.5) < 57*time.Minute {
		t.Errorf("since then %d, %v", since.n, since.quantile(0.5))
	}
	for us := int64(0); us < 1<<20; us += 1 + us/7 {
		got := middle(bucket(us)).Microseconds()
		if got < us-us/16-1 || got > us+us/16+1 {
			t.Fatalf("middle(bucket(%d)) = %d", us, got)
		}
	}
}

// TestOrder holds the judgement of the order against a stream with faults.
func TestOrder(t *testing.T) {
	src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1, Chunks: 3})
	o := order{last: make(map[uint16]livews.Position), told: make(map[uint16]bool)}
	for n := range 12 {
		seg, err := src.ReadSegment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b, err := seg.Message()
		if err != nil {
			t.Fatal(err)
		}
		m := parseHeader(b)
		if m.kind != seg.Type || m.track != seg.Track || m.position != seg.Position {
			t.Fatalf("parseHeader = %+v, want %v", m, seg.Position)
		}
		if m.kind == livews.TypeInit || n == 5 { // a chunk in the middle of a group is lost
			continue
		}
		want := follows
		if n == 6 {
			want = hole
		}
		if got := o.chunk(m.track, m.position); got != want {
			t.Errorf("chunk %v: %v, want %v", m.position, got, want)
		}
		if got := o.chunk(m.track, m.position); got != duplicate {
			t.Errorf("chunk %v again: %v, want a duplicate", m.position, got)
		}
	}
	o.told[1] = true
	if got := o.chunk(1, livews.Position{Epoch: 1, Group: 9}); got != follows {
		t.Errorf("after a notice: %v", got)
	}
	if got := o.chunk(1, livews.Position{Epoch: 1, Group: 12}); got != hole {
		t.Errorf("without a further notice: %v, want a hole", got)
	}
}

// TestScanner finds the frames of a stream that comes in pieces of any size.
func TestScanner(t *testing.T) {
	var stream []byte
	lengths := []int{0, 1, 31, 32, 125, 126, 65535, 65536, 100_000}
	for i, n := range lengths {
		stream = append(livews.AppendFrameHeader(stream, livews.OpBinary, n), slices.Repeat([]byte{byte(i)}, n)...)
		stream = append(livews.AppendFrameHeader(stream, livews.OpText, 5), "hello"...)
	}
	for _, piece := range []int{1, 2, 3, 41, 1000, 64 << 10, len(stream)} {
		var got []int
		texts := 0
		s := &scanner{
			binary: func(length uint64, head []byte) error {
				if want := slices.Repeat([]byte{byte(len(got))}, min(int(length), livews.HeaderSize)); !bytes.Equal(head, want) {
					t.Errorf("pieces of %d: message %d begins with %v", piece, len(got), head)
				}
				got = append(got, int(length))
				return nil
			},
			small: func(op byte, p []byte) error {
				if op == opText && string(p) == "hello" {
					texts++
				}
				return nil
			},
		}
		for p := range slices.Chunk(stream, piece) {
			if err := s.feed(slices.Clone(p)); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(got, lengths) || texts != len(lengths) || s.skip != 0 || len(s.part) != 0 {
			t.Errorf("pieces of %d: messages of %v and %d texts, %d and %d bytes left", piece, got, texts, s.skip, len(s.part))
		}
	}
}

// TestNoFrame refuses what no server of this kind sends.
func TestNoFrame(t *testing.T) {
	for _, b := range []string{"\x02\x00", "\x82\x80", "\x81\x7f\x00\x00\x01\x00\x00\x00\x00\x00"} {
		if err := new(scanner).feed([]byte(b)); err == nil {
			t.Errorf("feed(%q) gives no error", b)
		}
	}
}

func TestParseStat(t *testing.T) {
	stat := "42 (a (b) c) S 1 1 1 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 9 0 12345 1000000 25 18446744073709551615 1 1"
	cpu, rss, err := parseStat([]byte(stat))
	if err != nil || cpu != 2 || rss != int64(25*os.Getpagesize()) {
		t.Errorf("parseStat = %v, %v, %v, want 2 s and 25 pages", cpu, rss, err)
	}
	if _, _, err := parseStat([]byte("42 (x) S 1")); err == nil {
		t.Error("a short line gives no error")
	}
	if m, err := newMeter(0); m != nil || err != nil || m.usage(&report{}) != nil {
		t.Error("no process is measured")
	}
}
