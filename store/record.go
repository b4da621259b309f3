package store

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"messenger-bridge/bridge"
)

// A record of a queue is a header, which stays readable so that a million of them
// can be put into lanes quickly, and the sealed body:
//
//	version 1 | state 1, its highest bit: tagged | part 2 | attempts 2 | accepted 8 | tried 8 | lane length 2 | lane | body
const (
	recordVersion = 1
	headerLen     = 24
	taggedBit     = 0x80

	maxLane = 512
	maxKey  = 4096
	maxBody = 16 << 20
)

// appendHeader appends the header of a delivery.
func appendHeader(dst []byte, lane bridge.Lane, accepted time.Time, p bridge.Progress) []byte {
	dst = append(dst, recordVersion)
	dst = appendProgress(dst, p)
	dst = binary.BigEndian.AppendUint64(dst, nanos(accepted))
	dst = binary.BigEndian.AppendUint64(dst, nanos(p.Tried))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(lane)))
	return append(dst, lane...)
}

func appendProgress(dst []byte, p bridge.Progress) []byte {
	state := byte(p.State)
	if p.Tagged {
		state |= taggedBit
	}
	dst = append(dst, state)
	dst = binary.BigEndian.AppendUint16(dst, uint16(min(p.Part, math.MaxUint16)))
	return binary.BigEndian.AppendUint16(dst, uint16(min(p.Attempts, math.MaxUint16)))
}

// withProgress returns a copy of a record with other progress.
func withProgress(record []byte, p bridge.Progress) []byte {
	v := append([]byte(nil), record...)
	appendProgress(v[:1], p)
	binary.BigEndian.PutUint64(v[14:], nanos(p.Tried))
	return v
}

// parseRecord reads a header; lane and body are parts of record.
func parseRecord(record []byte) (d bridge.Delivery, lane, body []byte, err error) {
	if len(record) < headerLen {
		return d, nil, nil, errShort
	}
	if record[0] != recordVersion {
		return d, nil, nil, fmt.Errorf("record has unknown version %d", record[0])
	}
	end := headerLen + int(binary.BigEndian.Uint16(record[22:]))
	if len(record) < end {
		return d, nil, nil, errShort
	}
	d.Progress = bridge.Progress{
		State:    bridge.State(record[1] &^ taggedBit),
		Tagged:   record[1]&taggedBit != 0,
		Part:     int(binary.BigEndian.Uint16(record[2:])),
		Attempts: int(binary.BigEndian.Uint16(record[4:])),
		Tried:    fromNanos(record[14:]),
	}
	d.Accepted = fromNanos(record[6:])
	return d, record[headerLen:end], record[end:], nil
}

func nanos(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixNano())
}

func fromNanos(b []byte) time.Time {
	n := int64(binary.BigEndian.Uint64(b))
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}
