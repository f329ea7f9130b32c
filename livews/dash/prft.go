package dash

import (
	"math"
	"time"
)

// ntpEpoch is the zero of NTP time, 1900, in Unix seconds, and ntpEra how long
// its 32-bit seconds last (RFC 5905, section 6).
const (
	ntpEpoch = -2208988800
	ntpEra   = 1 << 32
)

// producerTime is a prft: the wall clock at which a track's next chunk was
// captured or encoded (ISO/IEC 14496-12, 8.16.5).
type producerTime struct {
	track uint32
	time  time.Time
}

// parsePrft parses a prft. A time of 0 is taken for unknown.
func parsePrft(b box) (producerTime, error) {
	_, _, body, err := fullBox(b, 16)
	if err != nil {
		return producerTime{}, err
	}
	in := fields{b: body}
	return producerTime{track: in.u32(), time: ntpTime(in.u64())}, nil
}

// ntpTime converts a 64-bit NTP timestamp. Seconds that would lie before 1968
// belong to the era that begins in 2036.
func ntpTime(ntp uint64) time.Time {
	if ntp == 0 {
		return time.Time{}
	}
	seconds := int64(ntp >> 32)
	if seconds <= math.MaxInt32 {
		seconds += ntpEra
	}
	nanoseconds := ((ntp&math.MaxUint32)*uint64(time.Second) + 1<<31) >> 32
	return time.Unix(seconds+ntpEpoch, int64(nanoseconds))
}
