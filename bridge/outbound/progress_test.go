package outbound

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

var errDisk = errors.New("disk full")

// fullDisk takes nothing while err is set, and notes the rest.
type fullDisk struct {
	err      error
	progress map[bridge.Seq]bridge.Progress
	receipts []bridge.Receipt
}

func (d *fullDisk) Save(seq bridge.Seq, p bridge.Progress, receipts ...bridge.Receipt) error {
	if d.err == nil {
		d.progress[seq] = p
		d.receipts = append(d.receipts, receipts...)
	}
	return d.err
}

func TestProgress_NotStored_IsBelievedUntilItIs(t *testing.T) {
	disk := &fullDisk{err: errDisk, progress: map[bridge.Seq]bridge.Progress{}}
	p := newProgress(disk)
	one, two := bridge.Progress{State: bridge.OutcomeUnknown, Attempts: 1}, bridge.Progress{State: bridge.InFlight, Part: 1}
	a, b := bridge.Receipt{Mid: "a"}, bridge.Receipt{Mid: "b"}
	for _, step := range []struct {
		progress bridge.Progress
		receipt  bridge.Receipt
	}{{one, a}, {two, b}} {
		err := p.save(1, step.progress, step.receipt)
		if r := bridge.RefusalOf(err); !errors.Is(err, errDisk) || r.Verdict != bridge.Again || r.Reason != bridge.StoreFailed {
			t.Errorf("the error is %v", err)
		}
	}
	d := bridge.Delivery{Seq: 1}
	if err := p.believe(&d); !errors.Is(err, errDisk) || d.Progress != two {
		t.Errorf("while the disk is full: %v, believed %+v", err, d.Progress)
	}
	disk.err = nil
	d = bridge.Delivery{Seq: 1}
	if err := p.believe(&d); err != nil || d.Progress != two || disk.progress[1] != two {
		t.Errorf("then: %v, believed %+v, stored %+v", err, d.Progress, disk.progress[1])
	}
	if !reflect.DeepEqual(disk.receipts, []bridge.Receipt{a, b}) {
		t.Errorf("stored receipts: %+v", disk.receipts)
	}
	if err := p.save(1, one); err != nil || p.pending(1) {
		t.Errorf("%v; still pending: %v", err, p.pending(1))
	}
	d = bridge.Delivery{Seq: 1, Progress: one}
	if err := p.believe(&d); err != nil || d.Progress != one {
		t.Errorf("%v, believed %+v", err, d.Progress)
	}
}

func TestProgress_MaybeSent_IsUnsureUnlessTheStoreKnows(t *testing.T) {
	p := newProgress(&fullDisk{progress: map[bridge.Seq]bridge.Progress{}})
	p.mayBeSent(1, noon)
	for _, test := range []struct {
		seq          bridge.Seq
		stored, want bridge.Progress
	}{
		{1, bridge.Progress{Part: 2}, bridge.Progress{State: bridge.OutcomeUnknown, Part: 2, Tried: noon}},
		{1, bridge.Progress{State: bridge.Queued}, bridge.Progress{State: bridge.Queued}},
		{2, bridge.Progress{}, bridge.Progress{}},
	} {
		d := bridge.Delivery{Seq: test.seq, Progress: test.stored}
		if err := p.believe(&d); err != nil || d.Progress != test.want {
			t.Errorf("delivery %d, stored as %+v: %v, believed %+v", test.seq, test.stored, err, d.Progress)
		}
	}
	if p.clearPending(1); p.pending(1) {
		t.Error("still pending")
	}
}

func TestProgress_Unsent_BelongsToTheLaneButNotToWhatMayBeSent(t *testing.T) {
	p := newProgress(nil)
	lane, other := anna.Lane(), commenter.Lane()
	if p.unsent(lane, 1) {
		t.Error("known before anything was found out")
	}
	p.noteUnsent(lane)
	p.mayBeSent(2, noon)
	for _, one := range []struct {
		lane bridge.Lane
		seq  bridge.Seq
		want bool
	}{{lane, 1, true}, {lane, 2, false}, {other, 1, false}} {
		if got := p.unsent(one.lane, one.seq); got != one.want {
			t.Errorf("%v of %v is known not to have been sent: %v", one.seq, one.lane, got)
		}
	}
}

func TestProgress_Rollback_IsTheLargest(t *testing.T) {
	p := newProgress(nil)
	for _, by := range []time.Duration{time.Minute, time.Hour, time.Second} {
		p.noteRollback(by)
	}
	if p.rollback() != time.Hour {
		t.Errorf("set back by %v", p.rollback())
	}
}

func TestMarkUntried_SaysSoOfWhatNobodyTookUp(t *testing.T) {
	w := newWorld(t)
	w.says(write("a", "one"), write("b", "two"))
	seqs := w.outbox.Seqs()
	w.MarkUntried()
	if a, b := w.progressOf(seqs[0]).State, w.progressOf(seqs[1]).State; a != bridge.Queued || b != bridge.InFlight {
		t.Errorf("the states are %d and %d", a, b)
	}
	w.outbox.Change(seqs[0], func(d *bridge.Delivery) { d.Progress.State = bridge.InFlight })
	w.Panicked(seqs[0]) // perhaps after it was sent
	w.MarkUntried()
	if s := w.progressOf(seqs[0]).State; s != bridge.InFlight {
		t.Errorf("after a panic, the state is %d", s)
	}
	if w.Dropped(seqs[0]); w.progress.pending(seqs[0]) {
		t.Error("what was dropped is still pending")
	}
}
