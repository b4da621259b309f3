package layout

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"messenger-bridge/bridge"
)

// A record of a queue is a header, which stays readable so that a million of them
// can be put into lanes quickly, the header's tag (package proof), and the sealed body:
//
//	version 1 | state 1 | part 2 | attempts 2 | accepted 8 | tried 8 | lane length 2 | lane | history | tag 16 | body
//
// The highest bit of the state says tagged, the next one that there is a history, which
// most deliveries never have:
//
//	tries 2 | step 1 | due 8 | reason length 1 | reason
const (
	version    = 2
	taggedBit  = 0x80
	historyBit = 0x40

	// HeaderLen is the least length of a record: a header up to the lane.
	HeaderLen = 24
)

// AppendHeader appends the header of a delivery.
func AppendHeader(dst []byte, d bridge.Delivery) []byte {
	dst = append(dst, version)
	dst = appendProgress(dst, d.Progress)
	dst = binary.BigEndian.AppendUint64(dst, Nanos(d.Accepted))
	dst = binary.BigEndian.AppendUint64(dst, Nanos(d.Progress.Tried))
	length := len(dst)
	dst = appendLane(append(dst, 0, 0), d.Lane)
	binary.BigEndian.PutUint16(dst[length:], uint16(len(dst)-length-2)) // #nosec G115 -- at most MaxLane and some bytes
	if d.History == (bridge.History{}) {
		return dst
	}
	dst[length-(HeaderLen-3)] |= historyBit
	return appendHistory(dst, d.History)
}

func appendProgress(dst []byte, p bridge.Progress) []byte {
	state := byte(p.State)
	if p.Tagged {
		state |= taggedBit
	}
	dst = append(dst, state)
	dst = binary.BigEndian.AppendUint16(dst, uint16(min(p.Part, math.MaxUint16)))      // #nosec G115 -- cut off just here
	return binary.BigEndian.AppendUint16(dst, uint16(min(p.Attempts, math.MaxUint16))) // #nosec G115 -- cut off just here
}

// Written returns progress as it will be read.
func Written(p bridge.Progress) bridge.Progress {
	p.Part, p.Attempts, p.Tried = min(p.Part, math.MaxUint16), min(p.Attempts, math.MaxUint16), Time(Nanos(p.Tried))
	return p
}

func appendHistory(dst []byte, h bridge.History) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(min(h.Tries, math.MaxUint16))) // #nosec G115 -- cut off just here
	dst = append(dst, byte(min(h.Step, math.MaxUint8)))                            // #nosec G115 -- cut off just here
	dst = binary.BigEndian.AppendUint64(dst, Nanos(h.Due))
	return AppendShort(dst, string(h.Reason[:min(len(h.Reason), 255)]))
}

// Accepted reads of a record when it was accepted; false if it cannot be read.
func Accepted(record []byte) (at time.Time, ok bool) {
	if len(record) < HeaderLen || record[0] != version {
		return time.Time{}, false
	}
	return FromNanos(record[6:14]), true
}

// WithProgress returns a copy of a record with other progress.
func WithProgress(record []byte, p bridge.Progress) []byte {
	v := append([]byte(nil), record...)
	history := v[1] & historyBit
	appendProgress(v[:1], p)
	v[1] |= history
	binary.BigEndian.PutUint64(v[14:], Nanos(p.Tried))
	return v
}

// WithHistory returns a copy of a record with another history.
func WithHistory(record []byte, h bridge.History) ([]byte, error) {
	end, err := laneEnd(record)
	if err != nil {
		return nil, err
	}
	_, body, err := cutHistory(record, end)
	if err != nil {
		return nil, err
	}
	v := append(make([]byte, 0, len(record)+11+len(h.Reason)), record[:end]...)
	v[1] |= historyBit
	return append(appendHistory(v, h), body...), nil
}

// laneEnd checks the part of a header that every record has, and returns where it ends.
func laneEnd(record []byte) (int, error) {
	if len(record) < HeaderLen {
		return 0, ErrShort
	}
	if record[0] != version {
		return 0, fmt.Errorf("record has unknown version %d", record[0])
	}
	end := HeaderLen + int(binary.BigEndian.Uint16(record[HeaderLen-2:]))
	if len(record) < end {
		return 0, ErrShort
	}
	return end, nil
}

// cutHistory reads the history of a record, if it has one, and returns what is behind it.
func cutHistory(record []byte, at int) (h bridge.History, body []byte, err error) {
	rest := record[at:]
	if record[1]&historyBit == 0 {
		return h, rest, nil
	}
	if len(rest) < 11 {
		return h, nil, ErrShort
	}
	reason, body, err := CutShort(rest[11:])
	return bridge.History{
		Tries: int(binary.BigEndian.Uint16(rest)), Step: int(rest[2]), Due: FromNanos(rest[3:]), Reason: bridge.Reason(reason),
	}, body, err
}

// CutHeader returns a record's header with its history, and what is behind it.
func CutHeader(record []byte) (header, rest []byte, err error) {
	end, err := laneEnd(record)
	if err != nil {
		return nil, nil, err
	}
	_, rest, err = cutHistory(record, end)
	return record[:len(record)-len(rest)], rest, err
}

// ParseRecord reads a header into d, but for the lane; lane, which ParseLane reads, and
// body are parts of record.
func ParseRecord(record []byte, d *bridge.Delivery) (lane, body []byte, err error) {
	end, err := laneEnd(record)
	if err != nil {
		return nil, nil, err
	}
	d.History, body, err = cutHistory(record, end)
	d.Progress = bridge.Progress{
		State:    bridge.State(record[1] &^ (taggedBit | historyBit)),
		Tagged:   record[1]&taggedBit != 0,
		Part:     int(binary.BigEndian.Uint16(record[2:])),
		Attempts: int(binary.BigEndian.Uint16(record[4:])),
		Tried:    FromNanos(record[14:]),
	}
	d.Accepted = FromNanos(record[6:])
	if err != nil {
		return nil, nil, err
	}
	return record[HeaderLen:end], body, nil
}
