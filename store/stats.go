package store

import (
	"time"

	"go.etcd.io/bbolt"

	"messenger-bridge/store/audit"
)

// Stats are figures for metrics. Counters begin with Open.
type Stats struct {
	Commits    uint64        // transactions
	Ops        uint64        // calls they answered
	Entries    uint64        // entries they stored; Entries/Commits is the mean group
	CommitTime time.Duration // in all of them together

	Inbox, Outbox, Notices QueueStats

	Failed     int   // given up and kept
	Remembered int   // keys of entries
	FileSize   int64 // bytes in use, free pages included
	Free       int64 // bytes of it in free pages
}

// QueueStats are figures of one queue.
type QueueStats struct {
	Waiting int
	Oldest  time.Time // when the oldest was accepted; zero if nothing waits
}

func (s *Stats) queue(q *Queue) *QueueStats {
	switch q.number {
	case inbox:
		return &s.Inbox
	case outbox:
		return &s.Outbox
	}
	return &s.Notices
}

// Stats returns figures as of the last commit, from memory.
func (s *Store) Stats() Stats {
	stats := *s.stats.Load()
	file := s.db.Stats()
	stats.Free = int64(file.FreePageN+file.PendingPageN) * s.pageSize
	return stats
}

// publish shows the writer's figures to others.
func (s *file) publish() {
	stats := s.writer.counts
	s.stats.Store(&stats)
}

func (s *Store) loadCounts(tx *bbolt.Tx) {
	c := &s.writer.counts
	for _, q := range s.queues {
		b := tx.Bucket(q.bucket)
		*c.queue(q) = QueueStats{Waiting: b.Stats().KeyN, Oldest: audit.Oldest(b)}
	}
	failed := tx.Bucket(bucketFailed)
	c.Failed = failed.Stats().KeyN
	_, s.writer.failedFrom = audit.OldestFailure(failed.Cursor(), s.now())
	c.Remembered = s.seen.Len()
	c.FileSize = tx.Size()
}
