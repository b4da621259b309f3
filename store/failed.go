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
	"messenger-bridge/store/audit"
	"messenger-bridge/store/layout"
	"messenger-bridge/store/marks"
	"messenger-bridge/store/proof"
	"messenger-bridge/store/seal"
)

// keepFailed is how long a delivery that was given up can be tried again.
const keepFailed = 7 * 24 * time.Hour

// A failed record keeps the record of its queue as it was, sealed for its place
// there; the header says which place that was:
//
//	version 1 | queue 1 | sequence there 8 | at 8 | reason length 1 | reason | tag 16 | record
//
// A detail stands behind the reason, after a NUL.
const failedVersion = 1

// FailureTable is what was given up.
type FailureTable struct{ *file }

var _ bridge.Failures = FailureTable{}

// Fail implements bridge.Queue; ErrConcluded if the delivery is gone.
func (q *Queue) Fail(seq bridge.Seq, reason bridge.Reason, detail string) error {
	why := string(reason)
	if detail != "" {
		why += "\x00" + detail
	}
	why = why[:min(len(why), 255)]
	var gone error
	err := q.file.do(context.Background(), &op{apply: func(g *group) {
		q.file.fresh.Forget(place{Queue: q.number, Seq: seq})
		key := seqKey(uint64(seq))
		record := g.Take(g.Bucket(q.bucket), key)
		if record == nil {
			gone = bridge.ErrConcluded
			return
		}
		g.left(q)
		if h, is := g.histories[place{Queue: q.number, Seq: seq}]; is {
			if newer, err := q.withHistory(key, record, h); err == nil {
				record = newer
			}
		}
		v := make([]byte, 0, 19+len(why)+seal.TagLen+len(record))
		v = append(v, failedVersion, q.number)
		v = binary.BigEndian.AppendUint64(v, uint64(seq))
		v = binary.BigEndian.AppendUint64(v, layout.Nanos(g.now))
		b := g.Bucket(bucketFailed)
		at := seqKey(g.Next(b))
		v = proof.Head(g.file.seal, layout.AppendShort(v, why), bucketFailed, at)
		g.PutWhole(b, at, append(v, record...))
		g.after.counts.Failed++
		if g.after.failedFrom.IsZero() || g.after.failedFrom.After(g.now) {
			g.after.failedFrom = g.now
		}
	}})
	return errors.Join(err, gone)
}

// Failed implements bridge.Failures.
func (s FailureTable) Failed(each func(bridge.Failure) bool) error {
	return allFailures{s}.Failed(func(f bridge.Failure) bool { return s.over(f) || each(f) })
}

func (s FailureTable) over(f bridge.Failure) bool { return s.now().Sub(f.At) >= keepFailed }

// Failure implements bridge.Failures.
func (s FailureTable) Failure(seq bridge.Seq) (bridge.Failure, error) {
	f, err := allFailures{s}.Failure(seq)
	if err == nil && s.over(f) {
		return bridge.Failure{}, fmt.Errorf("read failed delivery %d: %w", seq, bridge.ErrNoFailure)
	}
	return f, err
}

// AllFailures implements bridge.Failures.
func (s FailureTable) AllFailures() bridge.Failures { return allFailures{s} }

// allFailures are also those that are over and not removed yet.
type allFailures struct{ FailureTable }

// Failed implements bridge.Failures.
func (s allFailures) Failed(each func(bridge.Failure) bool) error {
	return s.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketFailed).Cursor()
		for k, v := c.Last(); k != nil; k, v = c.Prev() {
			if f, _, _ := s.parse(k, v); !each(f) { // as far as it can be read
				return nil
			}
		}
		return nil
	})
}

// Failure implements bridge.Failures.
func (s allFailures) Failure(seq bridge.Seq) (bridge.Failure, error) {
	var f bridge.Failure
	err := s.view(func(tx *bbolt.Tx) error {
		key := seqKey(uint64(seq))
		v := tx.Bucket(bucketFailed).Get(key)
		if v == nil {
			return bridge.ErrNoFailure
		}
		var sealed sealedAt
		var err error
		if f, sealed, err = s.parse(key, v); err != nil {
			return err
		}
		f.Doubtful = !f.At.After(s.lazy.Cursor(bridge.CursorUsed))
		if f.Body, err = s.seal.Open(sealed.bucket, sealed.key, sealed.text); err != nil {
			s.tables.Changed(bucketFailed, key)
		}
		return err
	})
	if err != nil {
		return bridge.Failure{}, fmt.Errorf("read failed delivery %d: %w", seq, err)
	}
	return f, nil
}

// TakeBack implements bridge.Failures.
func (s FailureTable) TakeBack(ctx context.Context, seqs ...bridge.Seq) error {
	return s.do(ctx, &op{apply: func(g *group) {
		b := g.Bucket(bucketFailed)
		for _, seq := range seqs {
			if g.Drop(b, seqKey(uint64(seq))) {
				g.after.counts.Failed--
			}
		}
		_, g.after.failedFrom = audit.OldestFailure(b.Cursor(), g.now)
	}})
}

// sealedAt is a body and the place for which it was sealed.
type sealedAt struct{ bucket, key, text []byte }

func (s FailureTable) parse(key, v []byte) (bridge.Failure, sealedAt, error) {
	if len(v) < 19 || v[0] != failedVersion || v[1] < inbox || v[1] > notices {
		s.tables.Changed(bucketFailed, key)
		return bridge.Failure{Seq: seqOf(key), At: audit.FailedAt(v)}, sealedAt{}, layout.ErrShort
	}
	q := s.queues[v[1]-1]
	f := bridge.Failure{Seq: seqOf(key), Direction: q.direction, At: layout.FromNanos(v[10:])}
	reason, rest, err := layout.CutShort(v[18:])
	if err != nil {
		return f, sealedAt{}, err
	}
	record, err := proof.Sealed(s.seal, bucketFailed, key, v[:len(v)-len(rest)], rest)
	if err != nil {
		s.tables.Changed(bucketFailed, key)
		return bridge.Failure{Seq: f.Seq, At: f.At}, sealedAt{}, err
	}
	reason, f.Detail, _ = strings.Cut(reason, "\x00")
	f.Reason = bridge.Reason(reason)
	at := sealedAt{bucket: q.bucket, key: v[2:10]}
	var d bridge.Delivery
	lane, rest, err := layout.ParseRecord(record, &d)
	if err == nil {
		at.text, err = proof.Sealed(s.seal, at.bucket, at.key, record[:len(record)-len(rest)], rest)
	}
	if err != nil {
		s.tables.Changed(bucketFailed, key)
		return f, at, err
	}
	f.Accepted, f.Progress, f.History = d.Accepted, d.Progress, d.History
	f.Lane, err = layout.ParseLane(string(lane))
	return f, at, err
}

// expireFailed lets go of some of those that are over, and sees to it that the others
// follow.
func (g *group) expireFailed() {
	const atOnce = 16
	over := func(at time.Time) bool { return !at.IsZero() && g.now.Sub(at) >= keepFailed }
	if g.after.moreFailed = over(g.after.failedFrom); !g.after.moreFailed {
		return
	}
	b := g.Bucket(bucketFailed)
	c, left := b.Cursor(), atOnce
	k, at := audit.OldestFailure(c, g.now)
	for ; k != nil && g.now.Sub(at) >= keepFailed && left > 0; left-- {
		g.Remove(b, c, k)
		g.after.counts.Failed--
		k, at = audit.OldestFailure(c, g.now)
	}
	g.after.failedFrom = at
	if g.after.moreFailed = over(g.after.failedFrom); g.after.moreFailed {
		g.then(func() { g.file.lazy.Wake(marks.ForDone) })
	}
}
