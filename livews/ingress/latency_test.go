package ingress

import (
	"slices"
	"testing"
	"time"
)

// TestChunkLatency measures over loopback how long after its last byte was written a chunk
// is at a subscriber. It fails only where chunks wait for something that they need not wait
// for: the figures are for `go test -v`.
func TestChunkLatency(t *testing.T) {
	for _, path := range []string{"/cam", "/cam/video.cmfv"} {
		video, _ := parts(t)
		s := newSite(t, &Handler{})
		w, _ := s.publishing(t, path)
		_, _ = w.Write(video.init)
		_, _ = w.Write(video.chunks[0].Payload)
		sub := s.watch(t, "cam")
		readChunks(t, sub, 1, 1)
		var took []time.Duration
		for _, chunk := range video.chunks[1:] {
			time.Sleep(5 * time.Millisecond) // as encoders do
			at := time.Now()
			_, _ = w.Write(chunk.Payload)
			readChunks(t, sub, 1, 1)
			took = append(took, time.Since(at))
		}
		slices.Sort(took)
		p50, p95 := took[len(took)/2], took[len(took)*95/100]
		t.Logf("%s: from the last byte to a subscriber p50 %v, p95 %v", path, p50, p95)
		if p50 > minPause/2 { // on a machine however slow
			t.Errorf("%s: p50 = %v, want no wait for another chunk or track", path, p50)
		}
	}
}
