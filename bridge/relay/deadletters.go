package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/outbound"
	"messenger-bridge/bridge/queue"
)

// DeadLetters are the deliveries that were given up, for people who look at them or want
// them tried again.
type DeadLetters struct {
	Failures  bridge.Failures
	overtaken func(bridge.Failure) bool // its author has deleted or replaced it since
	receipts  bridge.Receipts
	lanes     map[bridge.Direction]*queue.Lanes
	alone     alone // of a customer who is being erased, nothing is put back
}

// Retry puts failed deliveries back into their lanes, behind what waits there.
// Whether a message of unknown outcome arrived is found out before it is sent
// again; with anyway, because a person says so, it is not. What its author has deleted or replaced
// since is let go: the customer is to have what is there now. While a customer is erased,
// it waits. Stopped here, each is…
//
//  1. among the failures only: nothing was done.
//  2. in its lane, and still among the failures: it goes out. Its key is known, so
//     that ordering it again adds nothing and only removes the failure.
//  3. in its lane only: a delivery like any other. Should it fail again, it is a
//     new failure with another number.
func (d *DeadLetters) Retry(ctx context.Context, anyway bool, seqs ...bridge.Seq) ([]bridge.RetryResult, error) {
	newest, err := d.newest(seqs)
	if err != nil {
		return nil, bridge.StoreRefusal(err)
	}
	return d.retry(ctx, anyway, newest, seqs)
}

func (d *DeadLetters) retry(ctx context.Context, anyway bool, newest versions, seqs []bridge.Seq) ([]bridge.RetryResult, error) {
	if err := d.alone.begin(ctx); err != nil {
		return nil, bridge.StoreRefusal(err)
	}
	defer d.alone.end()
	became := make([]bridge.RetryResult, len(seqs))
	entries := map[bridge.Direction][]bridge.Entry{}
	var back []bridge.Seq
	for i, seq := range seqs {
		var entry bridge.Entry
		var to bridge.Direction
		became[i], entry, to = d.entry(seq, anyway, newest)
		switch became[i] {
		case bridge.TriedAgain:
			entries[to] = append(entries[to], entry)
			back = append(back, seq)
		case bridge.TriedTwice, bridge.Overtaken:
			back = append(back, seq)
		}
	}
	for to, some := range entries {
		if err := d.lanes[to].PutBack(ctx, some); err != nil {
			return nil, bridge.StoreRefusal(fmt.Errorf("put %d deliveries back: %w", len(some), err))
		}
	}
	if len(back) > 0 {
		if err := d.Failures.TakeBack(ctx, back...); err != nil {
			return nil, bridge.StoreRefusal(fmt.Errorf("take %d failures back: %w", len(back), err))
		}
	}
	return became, nil
}

// versions are the newest versions that failed of agents' messages, as in SendTag; of those that were edited.
type versions map[bridge.MessageID]int64

// newest returns the versions in the conversations of some failures.
func (d *DeadLetters) newest(of []bridge.Seq) (versions, error) {
	asked := make(map[bridge.Seq]bool, len(of))
	for _, seq := range of {
		asked[seq] = true
	}
	wanted, all := map[bridge.Lane]bool{}, map[bridge.Lane][]bridge.Seq{}
	err := d.Failures.Failed(func(f bridge.Failure) bool {
		if f.Direction == bridge.Out {
			all[f.Lane] = append(all[f.Lane], f.Seq)
			wanted[f.Lane] = wanted[f.Lane] || asked[f.Seq]
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("list what failed: %w", err)
	}
	newest := versions{}
	for lane := range wanted {
		if !wanted[lane] || len(all[lane]) == 1 { // what is alone has no newer one
			continue
		}
		for _, seq := range all[lane] {
			var out outbound.Outgoing
			if f, err := d.Failures.Failure(seq); err == nil && json.Unmarshal(f.Body, &out) == nil && out.Edit > newest[out.Message] {
				newest[out.Message] = out.Edit
			}
		}
	}
	return newest, nil
}

// entry makes a failure an entry of its queue, or says why it is none.
func (d *DeadLetters) entry(seq bridge.Seq, anyway bool, newest versions) (became bridge.RetryResult, e bridge.Entry, to bridge.Direction) {
	if d.retried(seq) {
		return bridge.TriedTwice, e, to
	}
	f, err := d.Failures.Failure(seq)
	if err == nil {
		e, err = outbound.Retry(f, anyway)
	}
	var out outbound.Outgoing
	switch {
	case err == nil && f.Direction == bridge.Out && (d.overtaken(f) || json.Unmarshal(f.Body, &out) == nil && out.Edit < newest[out.Message]):
		return bridge.Overtaken, e, to
	case errors.Is(err, bridge.ErrNoFailure):
		return bridge.NotKept, e, to
	case err != nil:
		d.lanes[bridge.Out].Log.Error("a failed delivery cannot be read", "delivery", seq, "err", err)
		return bridge.Unreadable, e, to
	}
	return bridge.TriedAgain, e, f.Direction
}

// RetryAll does the same with all that a page's customers or agents did not get,
// oldest first, and returns how many were put back, and how many their authors have deleted or
// replaced since.
func (d *DeadLetters) RetryAll(ctx context.Context, page bridge.PageID) (n, overtaken int, err error) {
	const atOnce = 100
	var all []bridge.Seq
	err = d.Failures.Failed(func(f bridge.Failure) bool {
		if f.Page() == page && !d.retried(f.Seq) {
			all = append(all, f.Seq)
		}
		return true
	})
	if err != nil {
		return 0, 0, fmt.Errorf("list what failed: %w", err)
	}
	slices.Reverse(all)
	newest, err := d.newest(all)
	if err != nil {
		return 0, 0, bridge.StoreRefusal(err)
	}
	for some := range slices.Chunk(all, atOnce) {
		became, err := d.retry(ctx, false, newest, some)
		if err != nil {
			return n, overtaken, err
		}
		for _, r := range became {
			switch r {
			case bridge.TriedAgain:
				n++
			case bridge.Overtaken:
				overtaken++
			}
		}
	}
	return n, overtaken, nil
}

// retried reports whether a failure was put back into its lane.
func (d *DeadLetters) retried(seq bridge.Seq) bool {
	key := outbound.RetryKey(seq)
	for _, lanes := range d.lanes {
		if lanes.Store.Seen(key) {
			return true
		}
	}
	return false
}

// List lists what was given up, newest first, at most limit: of one page, or of all
// and the notices as well if page is empty; only what is older than before, unless
// that is 0. more says how many there are beyond.
func (d *DeadLetters) List(page bridge.PageID, before bridge.Seq, limit int) (list []bridge.DeadLetter, more int, err error) {
	var some []bridge.Failure
	err = d.Failures.Failed(func(f bridge.Failure) bool {
		switch {
		case before != 0 && f.Seq >= before, page != "" && f.Page() != page, d.retried(f.Seq):
		case len(some) < limit:
			some = append(some, f)
		default:
			more++
		}
		return true
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list what failed: %w", err)
	}
	for _, f := range some {
		list = append(list, d.describe(f))
	}
	return list, more, nil
}

// describe reads what people may see of a failure.
func (d *DeadLetters) describe(f bridge.Failure) bridge.DeadLetter {
	l := bridge.DeadLetter{Failure: f}
	full, err := d.Failures.Failure(f.Seq)
	switch {
	case err != nil:
	case f.Direction == bridge.In:
		var in bridge.Incoming
		err = json.Unmarshal(full.Body, &in)
		l.Written, l.Customer = in.At, in.Conversation.Customer
	case f.Direction == bridge.Out:
		var out outbound.Outgoing
		err = json.Unmarshal(full.Body, &out)
		l.Written, l.Customer, l.By, l.Room, l.Message = out.At, out.Conversation.Customer, out.Author, out.Room, out.Message
		l.Parts, l.RetryNo = len(out.Parts), out.RetryNo
		l.Arrived = bridge.ArrivedParts(d.receipts, bridge.SendTag{Message: out.Message, Part: f.Progress.Part, Edit: out.Edit})
	default:
		var n bridge.Notice
		err = json.Unmarshal(full.Body, &n)
		l.Written, l.By, l.Room, l.Message = n.At, n.To, n.Room, n.Message
	}
	l.Unreadable = err != nil
	return l
}

// Counts returns how much was given up, by page ("" for notices) and reason.
func (d *DeadLetters) Counts() (map[bridge.PageID]map[bridge.Reason]int, error) {
	counts := map[bridge.PageID]map[bridge.Reason]int{}
	err := d.Failures.Failed(func(f bridge.Failure) bool {
		if d.retried(f.Seq) {
			return true
		}
		if counts[f.Page()] == nil {
			counts[f.Page()] = map[bridge.Reason]int{}
		}
		counts[f.Page()][f.Reason]++
		return true
	})
	return counts, err
}
