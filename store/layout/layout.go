// Package layout says how bytes lie in what the store keeps of deliveries. Numbers are
// big-endian.
package layout

import (
	"encoding/binary"
	"errors"
	"time"
)

// Nanos are the 8 bytes of a time: Unix nanoseconds; 0 for none.
func Nanos(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixNano())
}

// FromNanos reads a time from 8 bytes.
func FromNanos(b []byte) time.Time {
	return Time(binary.BigEndian.Uint64(b))
}

// Time is what Nanos made a number of.
func Time(nanos uint64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(nanos)) // #nosec G115 -- the very bits that Nanos wrote
}

// Day numbers days since 1970, in UTC; what is before that belongs to the first.
func Day(t time.Time) uint32 { return uint32(max(t.Unix(), 0) / (24 * 60 * 60)) } // #nosec G115 -- days since 1970

// DaysBefore returns the day that is n days before another; the first if there is none.
func DaysBefore(day, n uint32) uint32 { return max(day, n) - n }

// ErrShort says that a record ends too early.
var ErrShort = errors.New("record is too short")

// AppendShort appends a string of at most 255 bytes with its length.
func AppendShort(b []byte, s string) []byte {
	return append(append(b, byte(len(s))), s...) // #nosec G115 -- at most 255, as CheckLane and others see to
}

// CutShort takes such a string off.
func CutShort(b []byte) (s string, rest []byte, err error) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return "", nil, ErrShort
	}
	n := 1 + int(b[0])
	return string(b[1:n]), b[n:], nil
}
