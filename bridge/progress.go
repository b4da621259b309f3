package bridge

import "fmt"

// save stores the progress. If the store refuses, the progress is kept in memory
// and believed: a part that may have been sent is not sent again because a disk
// was full.
func (b *Bridge) save(s *shipment, receipts ...Receipt) error {
	if err := b.Outbox.Save(s.d.Seq, s.d.Progress, receipts...); err != nil {
		b.remember(s.d.Seq, s.d.Progress, receipts...)
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: fmt.Errorf("save progress: %w", err)}
	}
	b.forget(s.d.Seq)
	return nil
}

// believe replaces stored progress by what this process knows better: progress it
// could not store, and what may have been sent without anybody writing it down.
func (b *Bridge) believe(d *Delivery) error {
	b.mu.Lock()
	known, better := b.unsaved[d.Seq]
	since, suspect := b.suspect[d.Seq]
	b.mu.Unlock()
	switch {
	case better:
		d.Progress = known.progress
		if err := b.Outbox.Save(d.Seq, known.progress, known.receipts...); err != nil {
			return &Refusal{Verdict: Again, Reason: StoreFailed, Err: fmt.Errorf("save progress: %w", err)}
		}
	case suspect && d.Progress.State == Trying:
		d.Progress.State, d.Progress.Tried = Unsure, since
	}
	return nil
}

func (b *Bridge) remember(seq Seq, p Progress, receipts ...Receipt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unsaved[seq] = unsavedAt{progress: p, receipts: append(b.unsaved[seq].receipts, receipts...)}
}

func (b *Bridge) forget(seq Seq) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.unsaved, seq)
	delete(b.suspect, seq)
}
