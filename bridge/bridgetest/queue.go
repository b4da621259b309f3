package bridgetest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// ErrDisk is what a Queue fails with when it is told to.
var ErrDisk = errors.New("disk full")

// Queue is a bridge.Queue, made by NewQueue.
type Queue struct {
	Receipts *Receipts        // where the receipts of its conclusions go
	Now      func() time.Time // when an entry is accepted

	mu       sync.Mutex // guards all below
	keys     map[string]bool
	waiting  map[bridge.Seq]*bridge.Delivery
	failures []bridge.Failure
	broken   faults
	last     bridge.Seq
}

// NewQueue returns a queue in which nothing waits.
func NewQueue(r *Receipts, now func() time.Time) *Queue {
	return &Queue{Receipts: r, Now: now, keys: map[string]bool{}, waiting: map[bridge.Seq]*bridge.Delivery{}, broken: faults{}}
}

// Break has a method fail so many times, as if the disk were full.
func (q *Queue) Break(method string, times int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.broken[method] = times
}

// faults says how often methods are to fail, by their names.
type faults map[string]int

// next reports whether a method fails this time.
func (f faults) next(method string) bool {
	f[method]--
	return f[method] >= 0
}

// Append implements bridge.Queue.
func (q *Queue) Append(_ context.Context, entries []bridge.Entry, stored func(*bridge.Entry, bridge.Seq)) (repeats int, err error) {
	fresh, repeats, err := appendTo(q, entries)
	for _, n := range fresh {
		stored(n.entry, n.seq)
	}
	return repeats, err
}

// numbered is an entry that was new.
type numbered struct {
	entry *bridge.Entry
	seq   bridge.Seq
}

func appendTo(q *Queue, entries []bridge.Entry) (fresh []numbered, repeats int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken.next("Append") {
		return nil, 0, ErrDisk
	}
	for i := range entries {
		e := &entries[i]
		if q.keys[e.Key] {
			repeats++
			continue
		}
		q.last++
		q.keys[e.Key] = true
		q.waiting[q.last] = &bridge.Delivery{Seq: q.last, Lane: e.Lane, Accepted: q.Now(), Progress: e.Progress, Body: e.Body, Event: e.Event, Answer: e.Answer}
		fresh = append(fresh, numbered{e, q.last})
	}
	return fresh, repeats, nil
}

// Delivery implements bridge.Queue.
func (q *Queue) Delivery(seq bridge.Seq) (bridge.Delivery, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	d := q.waiting[seq]
	if d == nil {
		return bridge.Delivery{}, bridge.ErrConcluded
	}
	out := *d
	d.Event, d.Answer = nil, nil // they are handed out once
	return out, nil
}

// Accepted implements bridge.Queue.
func (q *Queue) Accepted(seqs []bridge.Seq, each func(bridge.Seq, time.Time)) {
	for _, seq := range seqs {
		if d, err := q.Delivery(seq); err == nil {
			each(seq, d.Accepted)
		}
	}
}

// Waiting implements bridge.Queue.
func (q *Queue) Waiting(each func(*bridge.Delivery, int)) error {
	numbers := map[bridge.Lane]int{}
	for _, seq := range q.Seqs() {
		d, err := q.Delivery(seq)
		if err != nil {
			continue
		}
		if _, met := numbers[d.Lane]; !met {
			numbers[d.Lane] = len(numbers)
		}
		d.Body = nil
		each(&d, numbers[d.Lane])
	}
	return nil
}

// Seen implements bridge.Queue.
func (q *Queue) Seen(key string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.keys[key]
}

// Save implements bridge.Queue.
func (q *Queue) Save(seq bridge.Seq, p bridge.Progress, receipts ...bridge.Receipt) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken.next("Save") {
		return ErrDisk
	}
	q.waiting[seq].Progress = p
	return q.Receipts.SaveReceipts(context.Background(), receipts)
}

// Postpone implements bridge.Queue.
func (q *Queue) Postpone(seq bridge.Seq, h bridge.History) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if d := q.waiting[seq]; d != nil {
		d.History = h
	}
}

// Conclude implements bridge.Queue.
func (q *Queue) Conclude(seq bridge.Seq, receipts ...bridge.Receipt) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken.next("Conclude") {
		return ErrDisk
	}
	delete(q.waiting, seq)
	return q.Receipts.SaveReceipts(context.Background(), receipts)
}

// Fail implements bridge.Queue.
func (q *Queue) Fail(seq bridge.Seq, why bridge.Reason, detail string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken.next("Fail") {
		return ErrDisk
	}
	d := q.waiting[seq]
	delete(q.waiting, seq)
	q.failures = append(q.failures, bridge.Failure{Seq: seq, Lane: d.Lane, Reason: why, Detail: detail, Accepted: d.Accepted, Progress: d.Progress, Body: d.Body})
	return nil
}

// See remembers a key, as if an entry with it had come and gone.
func (q *Queue) See(keys ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, key := range keys {
		q.keys[key] = true
	}
}

// Change changes a delivery that waits.
func (q *Queue) Change(seq bridge.Seq, change func(*bridge.Delivery)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change(q.waiting[seq])
}

// Seqs returns what waits, oldest first.
func (q *Queue) Seqs() (all []bridge.Seq) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for seq := range q.waiting {
		all = append(all, seq)
	}
	slices.Sort(all)
	return all
}

// Failures returns what was given up, oldest first.
func (q *Queue) Failures() []bridge.Failure {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.failures)
}

// Notices returns what waits in a queue of notices, oldest first.
func (q *Queue) Notices() (all []bridge.Notice) {
	for _, seq := range q.Seqs() {
		var n bridge.Notice
		if d, err := q.Delivery(seq); err == nil && json.Unmarshal(d.Body, &n) == nil {
			all = append(all, n)
		}
	}
	return all
}
