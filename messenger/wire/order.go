package wire

import (
	"slices"

	"messenger-bridge/bridge"
)

// inOrder puts what was said in each conversation into the order of Meta's times: neither the entries of a call nor what
// stands in them comes in order (messenger.md 2.1). What has no time stays at its place. What becomes of a message has a lane
// of its own and waits there for its message; of that, what replaces one another is put into order, as reactions to one message.
func (d *Decoded) inOrder() {
	if len(d.Events) < 2 {
		return
	}
	type turn struct {
		lane bridge.Lane
		kind bridge.EventKind // of what becomes of a message
		mid  bridge.Mid
	}
	places := map[turn][]int{}
	for i := range d.Events {
		in := &d.Events[i]
		if _, undated := slices.BinarySearch(d.undated, i); undated {
			continue
		}
		t := turn{lane: in.Lane()}
		if in.AboutMessage() {
			t.kind, t.mid = in.Kind, in.Mid
		}
		places[t] = append(places[t], i)
	}
	for _, of := range places {
		said := make([]bridge.Incoming, len(of))
		for n, i := range of {
			said[n] = d.Events[i]
		}
		slices.SortStableFunc(said, func(a, b bridge.Incoming) int { return a.At.Compare(b.At) })
		for n, i := range of {
			d.Events[i] = said[n]
		}
	}
}
