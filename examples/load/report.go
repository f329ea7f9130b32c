package main

import (
	"fmt"
	"strings"
	"time"
)

// report is what is said in the end; times are in milliseconds.
type report struct {
	Viewers    int     `json:"viewers"`
	Joined     int64   `json:"joined"`
	Live       int64   `json:"live"`
	Refused    int64   `json:"refused"`
	Refusal    string  `json:"refusal,omitempty"` // why the first was
	Cut        int64   `json:"cut"`
	Seconds    float64 `json:"seconds"`
	Chunks     int64   `json:"chunks"`
	Bytes      int64   `json:"bytes"`
	LatencyP50 float64 `json:"latencyP50Ms"`
	LatencyP99 float64 `json:"latencyP99Ms"`
	LatencyMax float64 `json:"latencyMaxMs"`
	FirstP50   float64 `json:"firstChunkP50Ms"`
	FirstP99   float64 `json:"firstChunkP99Ms"`
	Skips      int64   `json:"skips"`
	Gaps       int64   `json:"gaps"`
	Duplicates int64   `json:"duplicates"`
	Holes      int64   `json:"holes"` // that nobody has told of
	Server     *used   `json:"server,omitempty"`
}

// report sums up.
func (c *crowd) report(m *meter) *report {
	latency, _ := c.latency.take(c.last)
	first, _ := c.first.take(nil)
	r := &report{
		Viewers: c.n, Joined: c.joined.Load(), Live: c.live.Load(), Refused: c.failed.Load(), Cut: c.cut.Load(),
		Seconds: time.Since(c.began).Seconds(), Chunks: c.chunks.Load(), Bytes: c.bytes.Load(),
		LatencyP50: ms(latency.quantile(0.5)), LatencyP99: ms(latency.quantile(0.99)), LatencyMax: ms(latency.most),
		FirstP50: ms(first.quantile(0.5)), FirstP99: ms(first.quantile(0.99)),
		Skips: c.skips.Load(), Gaps: c.gaps.Load(), Duplicates: c.duplicates.Load(), Holes: c.holes.Load(),
	}
	r.Refusal, _ = c.refusal.Load().(string)
	r.Server = m.usage(r)
	return r
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// String is the report for a person.
func (r *report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "viewers     %d of %d joined, %d live at the end, %d cut, %d refused\n", r.Joined, r.Viewers, r.Live, r.Cut, r.Refused)
	if r.Refusal != "" {
		fmt.Fprintf(&b, "refused     %s\n", r.Refusal)
	}
	fmt.Fprintf(&b, "received    %d chunks, %.1f MB in %.1f s\n", r.Chunks, float64(r.Bytes)/1e6, r.Seconds)
	fmt.Fprintf(&b, "latency     p50 %.2f ms, p99 %.2f ms, max %.2f ms from the ingress's clock\n", r.LatencyP50, r.LatencyP99, r.LatencyMax)
	fmt.Fprintf(&b, "first chunk p50 %.2f ms, p99 %.2f ms after the upgrade request\n", r.FirstP50, r.FirstP99)
	fmt.Fprintf(&b, "missed      %d skips, %d gaps, %d duplicates, %d holes without notice\n", r.Skips, r.Gaps, r.Duplicates, r.Holes)
	if s := r.Server; s != nil {
		fmt.Fprintf(&b, "server      %.2f s of CPU, %.2f s per GB, %.1f us per chunk and viewer; %.1f MB, %.1f KB more per viewer\n",
			s.CPU, s.CPUPerGB, s.CPUPerChunk*1e6, float64(s.RSS)/1e6, s.PerViewer/1e3)
	}
	return b.String()
}
