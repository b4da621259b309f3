package layout

import (
	"fmt"

	"messenger-bridge/bridge"
)

// MaxLane is how many bytes all ids of a lane may have together.
const MaxLane = 512

// A lane is
//
//	sub 1 | page length 1 | page | kind length 1 | kind | customer length 1 | customer | of
func appendLane(dst []byte, l bridge.Lane) []byte {
	dst = append(dst, byte(l.Sub))
	dst = AppendShort(dst, string(l.Page))
	dst = AppendShort(dst, string(l.Kind))
	dst = AppendShort(dst, string(l.Customer))
	return append(dst, l.Of...)
}

// ParseLane reads a lane, whose ids are parts of text.
func ParseLane(text string) (bridge.Lane, error) {
	if text == "" {
		return bridge.Lane{}, ErrShort
	}
	l, rest := bridge.Lane{Sub: bridge.Sub(text[0])}, text[1:]
	var part [3]string
	for i := range part {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			return bridge.Lane{}, ErrShort
		}
		n := 1 + int(rest[0])
		part[i], rest = rest[1:n], rest[n:]
	}
	l.Page, l.Kind, l.Customer, l.Of = bridge.PageID(part[0]), bridge.Kind(part[1]), bridge.CustomerID(part[2]), rest
	return l, nil
}

// CheckLane refuses a lane that cannot be stored.
func CheckLane(l bridge.Lane) error {
	if len(l.Page) > 255 || len(l.Kind) > 255 || len(l.Customer) > 255 || len(l.Page)+len(l.Kind)+len(l.Customer)+len(l.Of) > MaxLane {
		return fmt.Errorf("ids of a lane are longer than 255 bytes, or %d together", MaxLane)
	}
	return nil
}
