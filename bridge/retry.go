package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"messenger-bridge/metrics"
)

// ErrNoFailure says that nothing of this number was given up, or that it is longer
// ago than failures are kept.
var ErrNoFailure = errors.New("no such failed delivery")

// Failure is a delivery that was given up.
type Failure struct {
	Seq       Seq    // among failures: later ones have larger numbers
	Direction string // metrics.In, Out or Notice
	Lane      Lane
	Reason    Reason
	Accepted  time.Time
	At        time.Time // given up
	Progress  Progress  // parts before Progress.Part reached the customer
	Doubtful  bool      // another store, of which this is a copy, may have tried it again
	Body      []byte
}

// Page returns the page it concerns, or "" if it is a notice.
func (f Failure) Page() PageID {
	if f.Direction == metrics.Notice {
		return ""
	}
	return f.Lane.Page()
}

// Retried is what became of an order to try something again.
type Retried uint8

const (
	TriedAgain Retried = iota // it is in its lane again
	TriedTwice                // it was there already
	NotKept                   // there is no such failure, or no longer
	Unreadable                // it is kept, and cannot be read
)

// Retry puts failed deliveries back into their lanes, behind what waits there.
// Whether a message of unknown outcome arrived is found out before it is sent
// again; with anyway, because a person says so, it is not. Stopped here, each is…
//
//  1. among the failures only: nothing was done.
//  2. in its lane, and still among the failures: it goes out. Its key is known, so
//     that ordering it again adds nothing and only removes the failure.
//  3. in its lane only: a delivery like any other. Should it fail again, it is a
//     new failure with another number.
func (b *Bridge) Retry(ctx context.Context, anyway bool, seqs ...Seq) ([]Retried, error) {
	became := make([]Retried, len(seqs))
	entries := map[string][]Entry{}
	var back []Seq
	for i, seq := range seqs {
		f, err := b.Failures.Failure(seq)
		known := b.retried(seq)
		var entry Entry
		if err == nil && !known {
			entry, err = again(f, anyway)
		}
		switch {
		case known:
			became[i] = TriedTwice
			back = append(back, seq)
			continue
		case errors.Is(err, ErrNoFailure):
			became[i] = NotKept
			continue
		case err != nil:
			b.Log.Error("a failed delivery cannot be read", "delivery", seq, "err", err)
			became[i] = Unreadable
			continue
		}
		entries[f.Direction] = append(entries[f.Direction], entry)
		back = append(back, seq)
	}
	for direction, some := range entries {
		queue, schedule := b.lanesOf(direction)
		if _, err := queue.Append(ctx, some, schedule.add); err != nil {
			return nil, &Refusal{Verdict: Again, Reason: StoreFailed, Err: fmt.Errorf("put %d deliveries back: %w", len(some), err)}
		}
		b.Metrics.Retried.WithLabelValues(direction).Add(float64(len(some)))
	}
	if len(back) > 0 {
		if err := b.Failures.TakeBack(ctx, back...); err != nil {
			return nil, &Refusal{Verdict: Again, Reason: StoreFailed, Err: fmt.Errorf("take %d failures back: %w", len(back), err)}
		}
	}
	return became, nil
}

// RetryAll does the same with all that a page's customers or agents did not get,
// oldest first, and returns how many were put back.
func (b *Bridge) RetryAll(ctx context.Context, page PageID) (n int, err error) {
	const atOnce = 100
	var all []Seq
	err = b.Failures.Failed(func(f Failure) bool {
		if f.Page() == page && !b.retried(f.Seq) {
			all = append(all, f.Seq)
		}
		return true
	})
	if err != nil {
		return 0, fmt.Errorf("list what failed: %w", err)
	}
	slices.Reverse(all)
	for some := range slices.Chunk(all, atOnce) {
		became, err := b.Retry(ctx, false, some...)
		if err != nil {
			return n, err
		}
		for _, r := range became {
			if r == TriedAgain {
				n++
			}
		}
	}
	return n, nil
}

// lanesOf returns the queue of a direction and what schedules it.
func (b *Bridge) lanesOf(direction string) (Queue, *schedule) {
	switch direction {
	case metrics.In:
		return b.Inbox, b.inbound
	case metrics.Out:
		return b.Outbox, b.outbound
	}
	return b.Notices, b.notices
}

// retried reports whether a failure was put back into its lane.
func (b *Bridge) retried(seq Seq) bool {
	key := retryKey(seq)
	return b.Outbox.Seen(key) || b.Inbox.Seen(key) || b.Notices.Seen(key)
}

const retryPrefix = "retry/"

func retryKey(seq Seq) string { return retryPrefix + strconv.FormatUint(uint64(seq), 10) }

// messageKey is the key of an agent's message. Clients of Rocket.Chat may choose
// ids; none can take the key of a retry or a change.
func messageKey(id MessageID) string {
	if strings.Contains(string(id), "/") {
		return "message/" + string(id)
	}
	return string(id)
}

// again makes a failure an entry of its queue. What goes to Rocket.Chat is shown
// under the id it has already; an agent's message needs more care.
func again(f Failure, anyway bool) (Entry, error) {
	e := Entry{Lane: f.Lane, Key: retryKey(f.Seq), Body: f.Body}
	if f.Direction != metrics.Out {
		return e, nil
	}
	var out Outgoing
	if err := json.Unmarshal(f.Body, &out); err != nil {
		return e, err
	}
	out.Round++
	e.Progress = Progress{State: Waiting, Part: f.Progress.Part}
	if out.Since.IsZero() && (f.Reason == Unclear || f.Doubtful) {
		out.Since = f.Accepted
		if out.At.Before(out.Since) && !out.At.IsZero() {
			out.Since = out.At
		}
	}
	switch {
	case anyway:
		out.Since = time.Time{}
	case f.Reason == Unclear || f.Doubtful:
		// Not the first attempt, so that nothing but the thread itself is believed.
		e.Progress.State, e.Progress.Tried, e.Progress.Attempts = Unsure, f.Progress.Tried, 1
	}
	var err error
	e.Body, err = json.Marshal(out)
	return e, err
}

// earlier returns the keys of the notices that said, in earlier rounds, that the
// message was not delivered.
func (b *Bridge) earlier(out Outgoing) (keys []string) {
	for round := range out.Round {
		kind := NotDelivered
		if b.told(out, StillWaiting, round) { // that one was rewritten to say so
			kind = StillWaiting
		}
		keys = append(keys, out.notice(kind, round).Key())
	}
	return keys
}

// Lost is a failure as people see it: without what was written.
type Lost struct {
	Failure              // without its body
	Written    time.Time // by the clock of the platform it was written on
	By         Author    // the agent who wrote it, or was to be told
	Customer   CustomerID
	Room       RoomID    // empty: none is known
	Message    MessageID // the agent's, in Room
	Parts      int       // of the message; 0: not known
	Round      int       // how often it was tried again before
	Unreadable bool
}

// Lost lists what was given up, newest first, at most limit: of one page, or of all
// and the notices as well if page is empty; only what is older than before, unless
// that is 0. more says how many there are beyond.
func (b *Bridge) Lost(page PageID, before Seq, limit int) (list []Lost, more int, err error) {
	var some []Failure
	err = b.Failures.Failed(func(f Failure) bool {
		switch {
		case before != 0 && f.Seq >= before, page != "" && f.Page() != page, b.retried(f.Seq):
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
		list = append(list, b.lost(f))
	}
	return list, more, nil
}

func (b *Bridge) lost(f Failure) Lost {
	l := Lost{Failure: f}
	full, err := b.Failures.Failure(f.Seq)
	switch {
	case err != nil:
	case f.Direction == metrics.In:
		var in Incoming
		err = json.Unmarshal(full.Body, &in)
		l.Written, l.Customer = in.At, in.Conversation.Customer
	case f.Direction == metrics.Out:
		var out Outgoing
		err = json.Unmarshal(full.Body, &out)
		l.Written, l.Customer, l.By, l.Room, l.Message = out.At, out.Conversation.Customer, out.Author, out.Room, out.Message
		l.Parts, l.Round = len(out.Parts), out.Round
	default:
		var n Notice
		err = json.Unmarshal(full.Body, &n)
		l.Written, l.By, l.Room, l.Message = n.At, n.To, n.Room, n.Message
	}
	l.Unreadable = err != nil
	return l
}

// LostCounts returns how much was given up, by page ("" for notices) and reason.
func (b *Bridge) LostCounts() (map[PageID]map[Reason]int, error) {
	counts := map[PageID]map[Reason]int{}
	err := b.Failures.Failed(func(f Failure) bool {
		if b.retried(f.Seq) {
			return true
		}
		if counts[f.Page()] == nil {
			counts[f.Page()] = map[Reason]int{}
		}
		counts[f.Page()][f.Reason]++
		return true
	})
	return counts, err
}
