package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/bridge"
)

// keepFailed is how long a delivery that was given up can be tried again.
const keepFailed = 7 * 24 * time.Hour

// A failed record keeps the record of its queue as it was, sealed for its place
// there; the header says which place that was:
//
//	version 1 | queue 1 | sequence there 8 | at 8 | reason length 1 | reason | record
const failedVersion = 1

// Failure is a delivery that was given up.
type Failure struct {
	Seq      bridge.Seq // among failures: later ones have larger numbers
	Queue    string     // inbox, outbox or notices
	Lane     bridge.Lane
	Reason   bridge.Reason
	Accepted time.Time
	At       time.Time       // given up
	Progress bridge.Progress // parts before Progress.Part reached the customer
	Body     []byte          // from Failure only
}

// Fail implements bridge.Queue; ErrConcluded if the delivery is gone.
func (q *Queue) Fail(seq bridge.Seq, reason bridge.Reason) error {
	if len(reason) > 255 {
		return errors.New("reason is longer than 255 bytes")
	}
	var gone error
	err := q.s.do(context.Background(), &op{apply: func(g *group) {
		record := g.take(g.bucket(q.bucket), seqKey(uint64(seq)))
		if record == nil {
			gone = bridge.ErrConcluded
			return
		}
		g.left(q)
		v := make([]byte, 0, 19+len(reason)+len(record))
		v = append(v, failedVersion, q.number)
		v = binary.BigEndian.AppendUint64(v, uint64(seq))
		v = binary.BigEndian.AppendUint64(v, nanos(g.now))
		v = append(appendShort(v, string(reason)), record...)
		b := g.bucket(bucketFailed)
		g.put(b, seqKey(g.next(b)), v)
		g.after.counts.Failed++
		if g.after.failedFrom.IsZero() {
			g.after.failedFrom = g.now
		}
	}})
	return errors.Join(err, gone)
}

// Failed lists what was given up within the last 7 days, newest first, at most
// limit (0: all), without bodies.
func (s *Store) Failed(limit int) ([]Failure, error) {
	var list []Failure
	err := s.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketFailed).Cursor()
		for k, v := c.Last(); k != nil && (limit == 0 || len(list) < limit); k, v = c.Prev() {
			f, _, _ := s.parseFailure(k, v) // as far as it can be read
			if s.now().Sub(f.At) < keepFailed {
				list = append(list, f)
			}
		}
		return nil
	})
	return list, err
}

// Failure returns one of them with its body; ErrNotFound if it is not there, or
// no longer.
func (s *Store) Failure(seq bridge.Seq) (Failure, error) {
	var f Failure
	err := s.view(func(tx *bbolt.Tx) error {
		key := seqKey(uint64(seq))
		v := tx.Bucket(bucketFailed).Get(key)
		if v == nil {
			return ErrNotFound
		}
		var sealed sealedAt
		var err error
		if f, sealed, err = s.parseFailure(key, v); err != nil {
			return err
		}
		if s.now().Sub(f.At) >= keepFailed {
			return ErrNotFound
		}
		f.Body, err = s.seal.open(sealed.bucket, sealed.key, sealed.text)
		return err
	})
	if err != nil {
		return Failure{}, fmt.Errorf("read failed delivery %d: %w", seq, err)
	}
	return f, nil
}

// sealedAt is a body and the place for which it was sealed.
type sealedAt struct{ bucket, key, text []byte }

func (s *Store) parseFailure(key, v []byte) (Failure, sealedAt, error) {
	if len(v) < 19 || v[0] != failedVersion || v[1] < 1 || v[1] > 3 {
		return Failure{}, sealedAt{}, errShort
	}
	q := s.queues()[v[1]-1]
	f := Failure{Seq: seqOf(key), Queue: string(q.bucket), At: fromNanos(v[10:])}
	reason, record, err := cutShort(v[18:])
	if err != nil {
		return f, sealedAt{}, err
	}
	f.Reason = bridge.Reason(reason)
	d, lane, text, err := parseRecord(record)
	f.Lane, f.Accepted, f.Progress = bridge.Lane(lane), d.Accepted, d.Progress
	return f, sealedAt{bucket: q.bucket, key: v[2:10], text: text}, err
}

// expireFailed lets go of the oldest.
func (g *group) expireFailed() {
	const atOnce = 16
	if from := g.after.failedFrom; from.IsZero() || g.now.Sub(from) < keepFailed {
		return
	}
	c := g.bucket(bucketFailed).Cursor()
	k, v := c.First()
	for n := 0; k != nil && n < atOnce && g.now.Sub(failedAt(v)) >= keepFailed; n++ {
		g.keep(c.Delete())
		g.after.counts.Failed--
		k, v = c.First()
	}
	g.after.failedFrom = time.Time{}
	if k != nil {
		g.after.failedFrom = failedAt(v)
	}
}

func failedAt(v []byte) time.Time {
	if len(v) < 18 {
		return time.Time{} // long ago
	}
	return fromNanos(v[10:])
}
