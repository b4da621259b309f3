package wire

import (
	"slices"

	"messenger-bridge/bridge"
)

// inOrder puts what was said in each conversation into the order of Meta's times: neither the entries of a call nor what
// stands in them comes in order (messenger.md 2.1). What has no time stays at its place; so does what becomes of a
// message: it has a lane of its own, waits there for its message, and edits have numbers.
func (d *Decoded) inOrder() {
	if len(d.Events) < 2 {
		return
	}
	places := map[bridge.Lane][]int{}
	for i := range d.Events {
		in := &d.Events[i]
		if _, undated := slices.BinarySearch(d.undated, i); !undated && !in.AboutMessage() {
			places[in.Lane()] = append(places[in.Lane()], i)
		}
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
