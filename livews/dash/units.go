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

// units returns d in units of 1/timescale second, rounded to the nearest. The
// result fits: it is below 2^63 for every timescale up to 2^30, and saturates
// beyond.
func units(d time.Duration, timescale uint32) int64 {
	negative := d < 0
	abs := uint64(d)
	if negative {
		abs = -abs
	}
	hi, lo := bits.Mul64(abs, uint64(timescale))
	lo, carry := bits.Add64(lo, uint64(time.Second)/2, 0)
	n, _ := bits.Div64(hi+carry, lo, uint64(time.Second))
	n = min(n, math.MaxInt64)
	if negative {
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
