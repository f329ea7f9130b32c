package dash

import (
	"math"
	"math/bits"
	"time"
)

// duration returns n units of 1/timescale second, rounded down to a
// nanosecond, and false where that is more than a Duration holds (292 years).
func duration(n uint64, timescale uint32) (time.Duration, bool) {
	hi, lo := bits.Mul64(n, uint64(time.Second))
	if hi >= uint64(timescale) {
		return 0, false
	}
	ns, _ := bits.Div64(hi, lo, uint64(timescale))
	return time.Duration(ns), ns <= math.MaxInt64
}

// units returns d in units of 1/timescale second, rounded to the nearest, or the
// largest number where that is more than fits.
func units(d time.Duration, timescale uint32) int64 {
	abs := uint64(d)
	if d < 0 {
		abs = -abs
	}
	n, ok := rescale(abs, uint32(time.Second), timescale)
	if !ok || n > math.MaxInt64 {
		n = math.MaxInt64
	}
	if d < 0 {
		return -int64(n)
	}
	return int64(n)
}

// rescale converts n from one timescale to another, rounded to the nearest,
// and reports whether the result fits.
func rescale(n uint64, from, to uint32) (uint64, bool) {
	hi, lo := bits.Mul64(n, uint64(to))
	lo, carry := bits.Add64(lo, uint64(from)/2, 0)
	hi += carry
	if hi >= uint64(from) {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, uint64(from))
	return q, true
}
