package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
	"messenger-bridge/store/marks"
	"messenger-bridge/store/proof"
	"messenger-bridge/store/receipt"
	"messenger-bridge/store/seal"
	"messenger-bridge/store/seen"
)

// Queue is a durable list of deliveries; a bridge.Queue.
type Queue struct {
	file      *file // these are set by Open, never changed
	bucket    []byte
	number    byte // stands in failed records
	direction bridge.Direction
	lazy      bool // done marks ride with the next commit
}

var _ bridge.Queue = (*Queue)(nil)

const (
	maxKey  = 4096
	maxBody = 16 << 20
)

// The queues by their numbers.
const (
	inbox   = 1
	outbox  = 2
	notices = 3
)

func newQueues(f *file) [3]*Queue {
	return [3]*Queue{
		{file: f, bucket: bucketInbox, number: inbox, direction: bridge.In, lazy: true},
		{file: f, bucket: bucketOutbox, number: outbox, direction: bridge.Out},
		{file: f, bucket: bucketNotices, number: notices, direction: bridge.ToAgents, lazy: true},
	}
}

func (q *Queue) at(seq bridge.Seq) place { return place{Queue: q.number, Seq: seq} }

// added is an entry that a transaction stores.
type added struct {
	entry *bridge.Entry
	seq   bridge.Seq
}

// Append implements bridge.Queue. It fails at once with ErrBehind or ErrDiskFull
// when nothing new can be taken, and otherwise with ErrNotStored. ctx ends the
// waiting only while the writer has not taken the entries. They are not to be changed
// afterwards.
func (q *Queue) Append(ctx context.Context, entries []bridge.Entry, stored func(*bridge.Entry, bridge.Seq)) (repeats int, err error) {
	size := 0
	for i := range entries {
		if err := checkEntry(&entries[i]); err != nil {
			return 0, err
		}
		size += len(entries[i].Body)
	}
	if len(entries) == 0 {
		return 0, nil
	}
	if err := q.file.refusal(); err != nil {
		return 0, err
	}
	hashes := make([]seen.Hash, len(entries))
	for i := range entries {
		hashes[i] = seen.HashOf(q.bucket, entries[i].Key)
	}
	o := &op{size: size, apply: func(g *group) {
		news := make([]added, 0, len(entries))
		for i := range entries {
			if !g.fresh.First(&q.file.seen, hashes[i]) {
				repeats++
				continue
			}
			news = append(news, added{&entries[i], g.insert(q, &entries[i])})
		}
		if stored == nil || len(news) == 0 {
			return
		}
		accepted := layout.Nanos(g.now)
		g.then(func() {
			for _, n := range news {
				q.file.fresh.Add(place{Queue: q.number, Seq: n.seq}, n.entry, len(entries) > 1, accepted)
				stored(n.entry, n.seq)
			}
		})
	}}
	if err := q.file.do(ctx, o); err != nil {
		return 0, err
	}
	return repeats, nil
}

func checkEntry(e *bridge.Entry) error {
	switch {
	case e.Key == "":
		return fmt.Errorf("%w: entry without a key", bridge.ErrUnstorable)
	case len(e.Key) > maxKey, strings.Contains(e.Key, "\x00"): // what follows from it has room for less, and ends with a zero
		return fmt.Errorf("%w: key of an entry is longer than %d bytes, or holds a zero", bridge.ErrUnstorable, maxKey)
	case len(e.Body) > maxBody:
		return fmt.Errorf("%w: body of an entry is larger than %d bytes", bridge.ErrUnstorable, maxBody)
	}
	if err := layout.CheckLane(e.Lane); err != nil {
		return fmt.Errorf("%w: %w", bridge.ErrUnstorable, err)
	}
	return nil
}

// Delivery implements bridge.Queue. A record that cannot be read, because the
// file was damaged or changed, comes without a body, so that it is set aside and
// does not hold up its lane for ever.
func (q *Queue) Delivery(seq bridge.Seq) (bridge.Delivery, error) {
	left, h, postponed := q.file.lazy.Of(q.at(seq))
	if left {
		return bridge.Delivery{}, bridge.ErrConcluded
	}
	if d, is := q.file.fresh.Take(q.at(seq)); is && !postponed {
		d.Seq = seq
		return d, nil
	}
	d := bridge.Delivery{Seq: seq}
	var damage error
	err := q.file.look(func(tx *bbolt.Tx) error {
		key := seqKey(uint64(seq))
		record := tx.Bucket(q.bucket).Get(key)
		if record == nil {
			return bridge.ErrConcluded
		}
		if d, damage = openDelivery(q.file.seal, record, q.bucket, key); damage != nil {
			q.file.tables.Changed(q.bucket, key)
		}
		d.Seq = seq
		return nil
	})
	if q.lazy && d.Unproven != nil { // done again, it does nothing
		d.Body, d.Unproven = d.Unproven, nil
	}
	if damage != nil {
		q.file.log.Error("a stored delivery cannot be read", "queue", string(q.bucket), "delivery", seq, "err", damage)
	}
	if postponed {
		d.History = h
	}
	return d, err
}

// Accepted implements bridge.Queue.
func (q *Queue) Accepted(seqs []bridge.Seq, each func(bridge.Seq, time.Time)) {
	when := make([]time.Time, len(seqs))
	_ = q.file.look(func(tx *bbolt.Tx) error { // closed: nothing waits any more
		b := tx.Bucket(q.bucket)
		for i, seq := range seqs {
			when[i], _ = layout.Accepted(b.Get(seqKey(uint64(seq))))
		}
		return nil
	})
	for i, seq := range seqs {
		if !when[i].IsZero() {
			each(seq, when[i])
		}
	}
}

// openDelivery reads a record that was sealed for a place in a queue. Of one that is not
// as it was written, nothing is believed.
func openDelivery(s *seal.Sealer, record, bucket, key []byte) (d bridge.Delivery, err error) {
	lane, rest, err := layout.ParseRecord(record, &d)
	if err != nil {
		return bridge.Delivery{}, err
	}
	sealed, err := proof.Sealed(s, bucket, key, record[:len(record)-len(rest)], rest)
	if err != nil {
		body, _ := s.Open(bucket, key, rest[min(seal.TagLen, len(rest)):])
		return bridge.Delivery{Unproven: body}, err
	}
	if d.Lane, err = layout.ParseLane(string(lane)); err != nil {
		return bridge.Delivery{}, err
	}
	d.Body, err = s.Open(bucket, key, sealed)
	return d, err
}

// Save implements bridge.Queue; ErrConcluded if the delivery is gone.
func (q *Queue) Save(seq bridge.Seq, p bridge.Progress, receipts ...bridge.Receipt) error {
	receipts = receipt.Storable(receipts)
	var refused error
	err := q.file.do(context.Background(), &op{apply: func(g *group) {
		b, key := g.Bucket(q.bucket), seqKey(uint64(seq))
		record := b.Bucket.Get(key)
		if len(record) < layout.HeaderLen {
			refused = bridge.ErrConcluded
			return
		}
		q.file.fresh.Forget(q.at(seq))
		progressed := func(record []byte) ([]byte, error) { return layout.WithProgress(record, p), nil }
		if record, refused = proof.Rewrite(q.file.seal, q.bucket, key, record, progressed); refused == nil {
			g.PutWhole(b, key, record)
			g.saveReceipts(receipt.Pairs(receipts))
		}
	}})
	return errors.Join(err, refused)
}

// Postpone implements bridge.Queue. It is durable with the next commit, a second later
// at most, or when Close returns.
func (q *Queue) Postpone(seq bridge.Seq, h bridge.History) {
	q.file.fresh.Forget(q.at(seq))
	q.file.lazy.Postpone(q.at(seq), h)
}

// Conclude implements bridge.Queue. What is concluded already stays so.
func (q *Queue) Conclude(seq bridge.Seq, receipts ...bridge.Receipt) error {
	said := receipt.Pairs(receipt.Storable(receipts))
	if q.lazy {
		if !q.file.lazy.Conclude(marks.Done{Place: q.at(seq), Said: said}) {
			return ErrClosed
		}
		return nil
	}
	return q.file.do(context.Background(), &op{apply: func(g *group) { g.conclude(q, seq, said) }})
}

// Waiting implements bridge.Queue. It holds a read transaction: for the start only.
func (q *Queue) Waiting(each func(d *bridge.Delivery, lane int)) error {
	if q.file.ahead.Waits() {
		if err := q.file.settled(context.Background()); err != nil {
			return err
		}
	}
	numbers, lanes := map[string]int{}, []bridge.Lane{} // the ids of a lane are there once for all its deliveries
	return q.file.view(func(tx *bbolt.Tx) error {
		c, d := tx.Bucket(q.bucket).Cursor(), new(bridge.Delivery)
		for k, v := c.First(); k != nil; k, v = c.Next() {
			*d = bridge.Delivery{Seq: seqOf(k)}
			raw, _, _ := layout.ParseRecord(v, d) // unreadable: Delivery tells
			lane, met := numbers[string(raw)]
			if !met {
				lane, lanes = laneNumber(raw, numbers, lanes)
			}
			d.Lane = lanes[lane]
			each(d, lane)
		}
		return nil
	})
}

// laneNumber gives a lane that was not met before the next number. Those that cannot be read
// are one.
func laneNumber(raw []byte, numbers map[string]int, lanes []bridge.Lane) (int, []bridge.Lane) {
	const unreadable = "\xff" // no lane is written so
	text := string(raw)
	parsed, err := layout.ParseLane(text)
	if err != nil {
		if known, met := numbers[unreadable]; met {
			return known, lanes
		}
		text, parsed = unreadable, bridge.Lane{}
	}
	numbers[text] = len(lanes)
	return len(lanes), append(lanes, parsed)
}

// Seen implements bridge.Queue.
func (q *Queue) Seen(key string) bool { return q.file.seen.Has(seen.HashOf(q.bucket, key)) }

func (g *group) insert(q *Queue, e *bridge.Entry) bridge.Seq {
	b := g.Bucket(q.bucket)
	seq := g.Next(b)
	key := binary.BigEndian.AppendUint64(g.Room.Make(8), seq)
	ids := len(e.Lane.Page) + len(e.Lane.Kind) + len(e.Lane.Customer) + len(e.Lane.Of)
	record := g.Room.Make(layout.HeaderLen + 4 + ids + len(e.Body) + seal.TagLen + seal.Overhead)
	record = layout.AppendHeader(record, bridge.Delivery{Lane: e.Lane, Accepted: g.now, Progress: e.Progress})
	record = proof.Head(g.file.seal, record, q.bucket, key)
	g.PutWhole(b, key, g.file.seal.Seal(record, q.bucket, key, e.Body))
	g.after.counts.queue(q).Waiting++
	g.touched[q.number] = true
	return bridge.Seq(seq)
}

func (g *group) conclude(q *Queue, seq bridge.Seq, said []receipt.Pair) {
	b := g.Bucket(q.bucket)
	if g.seekers[q.number] == nil {
		g.seekers[q.number] = b.Cursor()
	}
	if g.DropAt(b, g.seekers[q.number], binary.BigEndian.AppendUint64(g.Room.Make(8), uint64(seq))) {
		g.left(q)
	}
	q.file.fresh.Forget(q.at(seq))
	g.saveReceipts(said)
}

// left counts an entry that left its queue.
func (g *group) left(q *Queue) {
	g.after.counts.queue(q).Waiting--
	g.touched[q.number] = true
}

// postpone writes histories into the records that are still there.
func (g *group) postpone(histories map[place]bridge.History) {
	for at, h := range histories {
		q, key := g.file.queues[at.Queue-1], seqKey(uint64(at.Seq))
		b := g.Bucket(q.bucket)
		if record, err := q.withHistory(key, b.Bucket.Get(key), h); err == nil { // else it is gone, or unreadable
			g.PutWhole(b, key, record)
		}
	}
}

// withHistory returns a record of this queue with another history.
func (q *Queue) withHistory(key, record []byte, h bridge.History) ([]byte, error) {
	return proof.Rewrite(q.file.seal, q.bucket, key, record, func(record []byte) ([]byte, error) { return layout.WithHistory(record, h) })
}
