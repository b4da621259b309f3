package outbound

import (
	"fmt"
	"sync"
	"time"

	"messenger-bridge/bridge"
)

// progress is what this process knows better than the store of how far messages are.
type progress struct {
	store saver

	mu            sync.Mutex                 // guards all below
	unpersisted   map[bridge.Seq]unpersisted // progress the store did not take; believed rather than the stored one
	maybeSent     map[bridge.Seq]time.Time   // possibly sent at that time by somebody who could not write it down
	inherited     map[bridge.Seq]struct{}    // of those: by another bridge, whatever is written down
	unreadable    map[bridge.Seq]time.Time   // since when it could not be found out what another bridge has sent
	looked        map[bridge.Seq]time.Time   // not found in the thread, after it was tried at that time
	knownUnsent   map[bridge.Lane]struct{}   // in which another bridge has not sent what is doubtful
	clockRollback time.Duration              // by how much the clock was set back at most, as far as it was noticed
}

// saver stores progress and receipts; bridge.Queue is one.
type saver interface {
	Save(bridge.Seq, bridge.Progress, ...bridge.Receipt) error
}

// unpersisted is progress that could not be stored, with the receipts that belong to it.
type unpersisted struct {
	progress bridge.Progress
	receipts []bridge.Receipt
}

func newProgress(store saver) *progress {
	return &progress{
		store: store, unpersisted: map[bridge.Seq]unpersisted{}, maybeSent: map[bridge.Seq]time.Time{}, inherited: map[bridge.Seq]struct{}{},
		unreadable: map[bridge.Seq]time.Time{}, looked: map[bridge.Seq]time.Time{}, knownUnsent: map[bridge.Lane]struct{}{},
	}
}

// save stores the progress of a delivery. If the store refuses, the progress is kept in
// memory and believed: a part that may have been sent is not sent again because a disk
// was full.
func (p *progress) save(seq bridge.Seq, now bridge.Progress, receipts ...bridge.Receipt) error {
	if err := p.store.Save(seq, now, receipts...); err != nil {
		p.remember(seq, now, receipts...)
		return bridge.StoreRefusal(fmt.Errorf("save progress: %w", err))
	}
	p.clearPending(seq)
	return nil
}

// believe replaces stored progress by what this process knows better: progress it
// could not store, and what may have been sent without anybody writing it down.
func (p *progress) believe(d *bridge.Delivery) error {
	p.mu.Lock()
	known, better := p.unpersisted[d.Seq]
	since, maybeSent := p.maybeSent[d.Seq]
	_, inherited := p.inherited[d.Seq]
	p.mu.Unlock()
	switch {
	case better:
		d.Progress = known.progress
		if err := p.store.Save(d.Seq, known.progress, known.receipts...); err != nil {
			return bridge.StoreRefusal(fmt.Errorf("save progress: %w", err))
		}
	case maybeSent && (d.Progress.State == bridge.InFlight || inherited && d.Progress.State == bridge.Queued): // written down, so that the next start need not begin anew
		d.Progress.State, d.Progress.Tried = bridge.OutcomeUnknown, since
		if inherited {
			d.Progress.State = bridge.Doubtful
		}
		if err := p.store.Save(d.Seq, d.Progress); err != nil {
			return bridge.StoreRefusal(fmt.Errorf("save progress: %w", err))
		}
	}
	return nil
}

// remember keeps progress that could not be stored.
func (p *progress) remember(seq bridge.Seq, now bridge.Progress, receipts ...bridge.Receipt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unpersisted[seq] = unpersisted{progress: now, receipts: append(p.unpersisted[seq].receipts, receipts...)}
}

// mayBeSent notes that a message may have been sent at that time, and nobody wrote it down.
func (p *progress) mayBeSent(seq bridge.Seq, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.maybeSent[seq] = at
}

// inherit notes that a message may have been sent by another bridge, until that time.
func (p *progress) inherit(seq bridge.Seq, until time.Time) {
	p.mayBeSent(seq, until)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inherited[seq] = struct{}{}
}

// noteUnreadable notes that it cannot be found out now what another bridge has sent, and
// returns since when.
func (p *progress) noteUnreadable(seq bridge.Seq, now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	since, known := p.unreadable[seq]
	if !known || since.After(now) {
		since = now
		p.unreadable[seq] = since
	}
	return since
}

// pending reports whether something is known of a delivery that the store does not know.
func (p *progress) pending(seq bridge.Seq) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, maybeSent := p.maybeSent[seq]
	_, unpersisted := p.unpersisted[seq]
	return maybeSent || unpersisted
}

// clearPending says that the store knows everything of a delivery.
func (p *progress) clearPending(seq bridge.Seq) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.unpersisted, seq)
	delete(p.maybeSent, seq)
	delete(p.inherited, seq)
	delete(p.unreadable, seq)
	delete(p.looked, seq)
}

// noteLook notes that a message that was tried at that time does not stand in the thread yet.
func (p *progress) noteLook(seq bridge.Seq, tried time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looked[seq] = tried
}

// hasLooked reports whether noteLook was called for this try.
func (p *progress) hasLooked(seq bridge.Seq, tried time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, looked := p.looked[seq]
	return looked && at.Equal(tried)
}

// noteRollback notes that the clock was set back since something was written down, so
// that what was written down by the earlier one is looked for from early enough on.
func (p *progress) noteRollback(by time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clockRollback = max(p.clockRollback, by)
}

// rollback returns by how much the clock was set back at most.
func (p *progress) rollback() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clockRollback
}

// noteUnsent notes that another bridge has sent neither a message nor a later one of the
// lane.
func (p *progress) noteUnsent(lane bridge.Lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.knownUnsent[lane] = struct{}{}
}

// unsent reports whether another bridge is known not to have sent this message, because noteUnsent
// was told so of an earlier one of its lane.
// Without this, each of them would cost a look into the thread.
func (p *progress) unsent(lane bridge.Lane, seq bridge.Seq) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, unsent := p.knownUnsent[lane]
	_, maybeSent := p.maybeSent[seq]
	return unsent && !maybeSent
}
