package queue

import (
	"slices"

	"messenger-bridge/bridge"
)

// Note says what becomes of a delivery.
func Note(l *Lanes, d bridge.Delivery, s bridge.Step) {
	if l.Happened == nil {
		return
	}
	s.At, s.Direction, s.Delivery, s.Accepted = l.Clock(), l.Direction, d.Seq, d.Accepted
	l.Happened(d, s)
}

// tell is Note for a delivery of which only the number is at hand.
func tell(l *Lanes, seq bridge.Seq, s bridge.Step) {
	if l.Happened == nil {
		return
	}
	d, err := l.Store.Delivery(seq)
	if err != nil || d.History.Reason == s.Reason && s.Tries&(s.Tries-1) != 0 { // the same again: the 1st, 2nd, 4th, 8th… is told
		return
	}
	Note(l, d, s)
}

// ids are the messages that receipts tell of, at Facebook and in Rocket.Chat.
func ids(receipts []bridge.Receipt) (all []string) {
	for _, r := range receipts {
		all = slices.Grow(all, 1+len(r.Shown))
		if r.Mid != "" {
			all = append(all, string(r.Mid))
		}
		for i, shown := range r.Shown {
			if !slices.Contains(r.Shown[:i], shown) {
				all = append(all, string(shown))
			}
		}
	}
	return all
}
