package store

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
)

// Queue is a durable list of deliveries; a bridge.Queue.
type Queue struct {
	s         *Store // these are set by Open, never changed
	bucket    []byte
	number    byte   // 1 to 3; stands in failed records
	direction string // as metrics name it
	lazy      bool   // done marks ride with the next commit
}

var _ bridge.Queue = (*Queue)(nil)

// added is an entry that a transaction stores.
type added struct {
	lane bridge.Lane
	seq  bridge.Seq
}

// Append implements bridge.Queue. It fails at once with ErrBehind or ErrDiskFull
// when nothing new can be taken, and otherwise with ErrNotStored. ctx ends the
// waiting only while the writer has not taken the entries.
func (q *Queue) Append(ctx context.Context, entries []bridge.Entry, stored func(bridge.Lane, bridge.Seq)) (repeats int, err error) {
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
	if err := q.s.refusal(); err != nil {
		return 0, err
	}
	hashes := make([]hash, len(entries))
	for i := range entries {
		hashes[i] = hashOf(q.bucket, entries[i].Key)
	}
	o := &op{size: size, apply: func(g *group) {
		news := make([]added, 0, len(entries))
		for i := range entries {
			if !g.firstSeen(hashes[i]) {
				repeats++
				continue
			}
			news = append(news, added{entries[i].Lane, g.insert(q, &entries[i])})
		}
		if stored == nil || len(news) == 0 {
			return
		}
		g.then(func() {
			for _, n := range news {
				stored(n.lane, n.seq)
			}
		})
	}}
	if err := q.s.do(ctx, o); err != nil {
		return 0, err
	}
	return repeats, nil
}

func checkEntry(e *bridge.Entry) error {
	switch {
	case e.Key == "":
		return errors.New("entry without a key")
	case len(e.Key) > maxKey:
		return fmt.Errorf("key of an entry is longer than %d bytes", maxKey)
	case len(e.Lane) > maxLane:
		return fmt.Errorf("lane is longer than %d bytes", maxLane)
	case len(e.Body) > maxBody:
		return fmt.Errorf("body of an entry is larger than %d bytes", maxBody)
	}
	return nil
}

// Delivery implements bridge.Queue. A record that cannot be read, because the
// file was damaged or changed, comes without a body, so that it is set aside and
// does not hold up its lane for ever.
func (q *Queue) Delivery(seq bridge.Seq) (bridge.Delivery, error) {
	if q.lazy && q.s.lazy.left(place{q.number, seq}) {
		return bridge.Delivery{}, bridge.ErrConcluded
	}
	d := bridge.Delivery{Seq: seq}
	var damage error
	err := q.s.view(func(tx *bbolt.Tx) error {
		key := seqKey(uint64(seq))
		record := tx.Bucket(q.bucket).Get(key)
		if record == nil {
			return bridge.ErrConcluded
		}
		d, damage = q.s.delivery(record, q.bucket, key)
		d.Seq = seq
		return nil
	})
	if damage != nil {
		q.s.log.Error("a stored delivery cannot be read", "queue", string(q.bucket), "delivery", seq, "err", damage)
	}
	return d, err
}

// delivery reads a record that was sealed for a place in a queue.
func (s *Store) delivery(record, bucket, key []byte) (bridge.Delivery, error) {
	d, lane, sealed, err := parseRecord(record)
	if err != nil {
		return d, err
	}
	d.Lane = bridge.Lane(lane)
	d.Body, err = s.seal.open(bucket, key, sealed)
	return d, err
}

// Save implements bridge.Queue; ErrConcluded if the delivery is gone.
func (q *Queue) Save(seq bridge.Seq, p bridge.Progress, receipts ...bridge.Receipt) error {
	if err := checkReceipts(receipts); err != nil {
		return err
	}
	var gone error
	err := q.s.do(context.Background(), &op{apply: func(g *group) {
		b, key := g.bucket(q.bucket), seqKey(uint64(seq))
		record := b.Get(key)
		if len(record) < headerLen {
			gone = bridge.ErrConcluded
			return
		}
		g.put(b, key, withProgress(record, p))
		g.saveReceipts(receipts)
	}})
	return errors.Join(err, gone)
}

// Conclude implements bridge.Queue. What is concluded already stays so.
func (q *Queue) Conclude(seq bridge.Seq, receipts ...bridge.Receipt) error {
	if err := checkReceipts(receipts); err != nil {
		return err
	}
	if q.lazy {
		return q.s.lazy.conclude(doneMark{q, seq, receipts})
	}
	return q.s.do(context.Background(), &op{apply: func(g *group) { g.conclude(q, seq, receipts) }})
}

// Waiting implements bridge.Queue. It holds a read transaction: for the start only.
func (q *Queue) Waiting(each func(bridge.Delivery)) error {
	lanes := map[string]bridge.Lane{} // one string for all deliveries of a lane
	return q.s.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(q.bucket).Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			d, lane, _, _ := parseRecord(v) // unreadable: Delivery tells
			name, known := lanes[string(lane)]
			if !known {
				name = bridge.Lane(lane)
				lanes[string(name)] = name
			}
			d.Lane, d.Seq = name, seqOf(k)
			each(d)
		}
		return nil
	})
}

// Seen implements bridge.Queue.
func (q *Queue) Seen(key string) bool { return q.s.seen.has(hashOf(q.bucket, key)) }

func (g *group) insert(q *Queue, e *bridge.Entry) bridge.Seq {
	b := g.bucket(q.bucket)
	seq := g.next(b)
	key := seqKey(seq)
	record := make([]byte, 0, headerLen+len(e.Lane)+len(e.Body)+overhead)
	record = appendHeader(record, e.Lane, g.now, e.Progress)
	g.put(b, key, g.s.seal.seal(record, q.bucket, key, e.Body))
	g.after.counts.queue(q).Waiting++
	g.touched[q.number] = true
	return bridge.Seq(seq)
}

func (g *group) conclude(q *Queue, seq bridge.Seq, receipts []bridge.Receipt) {
	if g.drop(g.bucket(q.bucket), seqKey(uint64(seq))) {
		g.left(q)
	}
	g.saveReceipts(receipts)
}

// left counts an entry that left its queue.
func (g *group) left(q *Queue) {
	g.after.counts.queue(q).Waiting--
	g.touched[q.number] = true
}
