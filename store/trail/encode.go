package trail

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
)

// A step is
//
//	version 1 | direction 1 | delivery 8 | at 8 | accepted 8 | tries 2 | kind, reason, detail, what, ids: length 1 and text each
//
// It is written for each delivery, so it is written by hand.
const (
	version = 1
	fixed   = 1 + 1 + 8 + 8 + 8 + 2
)

var errVersion = errors.New("a step of another version")

// noteOf is how a step of a conversation lies in the file.
func noteOf(c bridge.Conversation, s bridge.Step) note {
	size := len(c.Page) + len(c.Kind) + len(c.Customer) + 3 + 17 + fixed + 4 + len(s.Kind) + len(s.Reason) + len(s.Detail) + len(s.What)
	for _, id := range s.IDs {
		size += 1 + len(id)
	}
	b := append(make([]byte, 0, size), c.Page...)
	b = append(append(append(append(append(b, '/'), c.Kind...), '/'), c.Customer...), 0)
	b = binary.BigEndian.AppendUint64(append(b, s.Direction[0]), uint64(s.Delivery))
	b = binary.BigEndian.AppendUint64(b, layout.Nanos(s.At))
	key := len(b)
	b = binary.BigEndian.AppendUint64(append(b, version, s.Direction[0]), uint64(s.Delivery))
	b = binary.BigEndian.AppendUint64(b, layout.Nanos(s.At))
	b = binary.BigEndian.AppendUint64(b, layout.Nanos(s.Accepted))
	b = binary.BigEndian.AppendUint16(b, uint16(min(max(s.Tries, 0), math.MaxUint16))) // #nosec G115 -- cut off just here
	b = layout.AppendShort(b, limited(string(s.Kind)))
	b = layout.AppendShort(b, limited(string(s.Reason)))
	b = layout.AppendShort(b, limited(s.Detail))
	b = layout.AppendShort(b, limited(s.What))
	for _, id := range s.IDs {
		b = layout.AppendShort(b, limited(id))
	}
	return note{b[:key:key], b[key:]}
}

func limited(s string) string { return s[:min(len(s), math.MaxUint8)] }

// directions by their first letter.
var directions = map[byte]bridge.Direction{'i': bridge.In, 'o': bridge.Out, 'n': bridge.ToAgents}

// stepOf reads a step.
func stepOf(v []byte) (s bridge.Step, err error) {
	if len(v) < fixed {
		return s, layout.ErrShort
	}
	if v[0] != version {
		return s, errVersion
	}
	s.Direction, s.Delivery = directions[v[1]], bridge.Seq(binary.BigEndian.Uint64(v[2:]))
	s.At, s.Accepted, s.Tries = utc(layout.FromNanos(v[10:])), utc(layout.FromNanos(v[18:])), int(binary.BigEndian.Uint16(v[26:]))
	var texts []string
	for rest := v[fixed:]; len(rest) > 0; {
		var text string
		if text, rest, err = layout.CutShort(rest); err != nil {
			return s, err
		}
		texts = append(texts, text)
	}
	if len(texts) < 4 {
		return s, layout.ErrShort
	}
	s.Kind, s.Reason, s.Detail, s.What = bridge.StepKind(texts[0]), bridge.Reason(texts[1]), texts[2], texts[3]
	if len(texts) > 4 {
		s.IDs = texts[4:]
	}
	return s, nil
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}
