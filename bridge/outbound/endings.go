package outbound

import (
	"errors"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/queue"
)

// errEnded ends the work on a message that is concluded, or kept apart.
var errEnded = errors.New("ended")

// endings end messages that the customer does not get.
type endings struct {
	*Config
	progress *progress
	failing  *failingFiles
	alone    *alone
	edits    *edits
	reports  reports
}

// deadLetterPart is deadLetter for use between parts.
func (e endings) deadLetterPart(a *attempt, reason bridge.Reason, cause error) error {
	if err := e.deadLetter(a, reason, cause); err != nil {
		return err
	}
	return errEnded
}

// deadLetter tells the agent, then keeps the message apart. Stopped between the two,
// the message is tried once more at the next start: refused again, the agent is not told
// twice; delivered, that is taken back.
func (e endings) deadLetter(a *attempt, reason bridge.Reason, cause error) error {
	e.Log.Warn("not delivered", "page", a.out.Conversation.Page, "delivery", a.d.Seq,
		"message", a.out.Message, "reason", reason, "err", cause)
	refusal := bridge.RefusalOf(cause)
	a.code = refusal.Code
	if err := e.reports.tell(a, bridge.NotDelivered, reason); err != nil {
		return err
	}
	if err := e.Lanes.DeadLetter(a.d, reason, refusal.Detail()); err != nil {
		return err
	}
	e.forget(a)
	return nil
}

// skip concludes a delivery that says nothing that the customer does not get otherwise.
func (e endings) skip(a *attempt) error {
	if err := e.reports.skipped(a, e.edits.behind(a.d.Seq, a.out.Message)); err != nil {
		return err
	}
	if err := e.drop(a); err != nil {
		return err
	}
	e.reports.correct(a)
	return nil
}

// drop concludes a delivery of which no more is sent, and all was told.
func (e endings) drop(a *attempt, receipts ...bridge.Receipt) error {
	queue.Note(e.Lanes, a.d, bridge.Step{Kind: bridge.StepSkipped})
	if err := e.Lanes.Store.Conclude(a.d.Seq, receipts...); err != nil {
		return bridge.StoreRefusal(err)
	}
	e.forget(a)
	return nil
}

// forget clears what is kept in memory of a delivery that has ended.
func (e endings) forget(a *attempt) {
	e.edits.remove(a.out.Message, a.d.Seq)
	e.progress.clearPending(a.d.Seq)
	e.failing.forget(a.d.Seq)
	e.alone.forget(a.d.Seq)
}

// withdraw concludes a message that was deleted before it was tried.
func (e endings) withdraw(a *attempt) error {
	if e.reports.told(a.out, bridge.StillWaiting, a.out.RetryNo) {
		if err := e.reports.tell(a, bridge.NotDelivered, bridge.Withdrawn); err != nil {
			return err
		}
	}
	return e.drop(a)
}

// takenBack ends a message, or a change of one, that was deleted without anybody telling.
func (e endings) takenBack(a *attempt) error {
	end := e.withdraw
	if a.out.Edit > 0 { // the customer may have an earlier version
		end = e.tooLate
	}
	if err := end(a); err != nil {
		return err
	}
	return errEnded
}

// tooLate concludes a deletion, and tells the agent if the customer has what was deleted.
func (e endings) tooLate(a *attempt) error {
	if e.edits.hasAny(a.out.Message) {
		if err := e.reports.tell(a, bridge.StillSeen, ""); err != nil {
			return err
		}
	}
	return e.drop(a)
}

// dropOutlived ends a text that nobody wrote, and that came too late.
func (e endings) dropOutlived(a *attempt) error {
	e.Log.Info("an automatic text came too late and is not sent", "page", a.out.Conversation.Page, "delivery", a.d.Seq)
	why := bridge.WindowClosed
	if e.window(a.out.Conversation).Open(e.Now(), bridge.PlainWindow) {
		why = bridge.WroteAgain
	}
	if err := e.reports.tell(a, bridge.NotDelivered, why); err != nil {
		return err
	}
	if err := e.drop(a); err != nil {
		return err
	}
	return errEnded
}

// skipFile goes on without a file, once the agent is told. Stopped in between, it is
// refused again, and the agent is not told twice.
func (e endings) skipFile(a *attempt, r *bridge.Refusal) error {
	p := &a.d.Progress
	if p.Part+1 == len(a.out.Parts) && bridge.ArrivedParts(e.Memory.Receipts, a.mark()) == 0 {
		return e.allLeft(a, r)
	}
	e.Log.Warn("a file is left out", "page", a.page.ID, "delivery", a.d.Seq, "message", a.out.Message, "reason", r.Reason, "err", r.Err)
	if err := e.reports.fileLeft(a, r.Reason); err != nil {
		return err
	}
	*p = bridge.Progress{State: bridge.InFlight, Part: p.Part + 1, Tried: e.Now()}
	if e.earlier(a) { // another bridge may have left it out, too, and gone on
		p.State, p.Tried = bridge.Doubtful, p.Tried.Add(-e.Times.EchoWait)
	}
	if p.Part < len(a.out.Parts) {
		return e.progress.save(a.d.Seq, *p)
	}
	return nil
}

// allLeft gives up a message of which nothing arrived: its last file cannot go out either, and all were left out before.
// Tried again, it begins anew.
func (e endings) allLeft(a *attempt, r *bridge.Refusal) error {
	a.d.Progress = bridge.Progress{State: bridge.Queued}
	if err := e.progress.save(a.d.Seq, a.d.Progress); err != nil {
		return err
	}
	return e.deadLetterPart(a, r.Reason, r)
}
