package main

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// subBuckets is into how many steps each power of two is divided: a quantile is right
// to 6 %.
const subBuckets = 16

// histogram counts durations from a microsecond to some hours. It may be used by any
// number of goroutines at the same time.
type histogram struct {
	counts [40 * subBuckets]atomic.Int64
	most   atomic.Int64 // in microseconds
}

func (h *histogram) add(d time.Duration) {
	us := max(d.Microseconds(), 0)
	h.counts[bucket(us)].Add(1)
	for most := h.most.Load(); us > most && !h.most.CompareAndSwap(most, us); most = h.most.Load() {
	}
}

// bucket returns the index for a number of microseconds.
func bucket(us int64) int {
	if us < subBuckets {
		return int(us)
	}
	shift := bits.Len64(uint64(us)) - 5
	i := (shift+1)*subBuckets + int(us>>shift) - subBuckets
	return min(i, 40*subBuckets-1)
}

// middle returns the duration that stands for a bucket.
func middle(i int) time.Duration {
	if i < subBuckets {
		return time.Duration(i) * time.Microsecond
	}
	shift := i/subBuckets - 1
	low := int64(subBuckets+i%subBuckets) << shift
	return time.Duration(low+int64(1)<<shift/2) * time.Microsecond
}

// snapshot is a histogram at one moment.
type snapshot struct {
	counts [40 * subBuckets]int64
	n      int64
	most   time.Duration
}

// take returns what has come since the last take, and begins anew with the greatest.
func (h *histogram) take(last *snapshot) (now, since *snapshot) {
	now, since = new(snapshot), new(snapshot)
	for i := range h.counts {
		now.counts[i] = h.counts[i].Load()
		since.counts[i] = now.counts[i]
		if last != nil {
			since.counts[i] -= last.counts[i]
		}
		now.n += now.counts[i]
		since.n += since.counts[i]
	}
	since.most = time.Duration(h.most.Swap(0)) * time.Microsecond
	now.most = since.most
	if last != nil {
		now.most = max(now.most, last.most)
	}
	return now, since
}

// quantile returns the duration that the share q of all does not exceed; zero where there
// is none.
func (s *snapshot) quantile(q float64) time.Duration {
	rank := int64(q * float64(s.n))
	for i, n := range s.counts {
		if rank < n {
			return min(middle(i), s.most)
		}
		rank -= n
	}
	return s.most
}
