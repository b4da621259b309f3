package outbound

import (
	"context"

	"messenger-bridge/bridge"
)

// conclude ends a message of which the customer has every part.
func (a *attempt) conclude() error {
	if err := a.store(); err != nil {
		a.o.progress.remember(a.d.Seq, a.d.Progress, a.receipts...)
		return err
	}
	a.o.endings.forget(a)
	a.o.reports.correct(a)
	if !a.out.Automatic {
		bridge.NoteSpoken(a.o.Memory.States, a.o.Memory.Pages, a.out.Conversation, a.o.Now())
		a.o.Hooks.Delivered()
	}
	if err := a.o.Notices.ShowHowFar(context.Background(), a.out.Conversation); err != nil {
		a.o.Log.Debug("not shown how far the customer is", "page", a.out.Conversation.Page, "message", a.out.Message, "err", err)
	}
	return nil
}

// store takes back what the author was told meanwhile, then concludes the delivery.
func (a *attempt) store() error {
	if err := a.o.reports.takeBack(a); err != nil {
		return err
	}
	if err := partsLeft(a); err != nil {
		return err
	}
	for i := range a.receipts {
		a.receipts[i].TextHash = a.out.arrivedAs()
	}
	a.o.Hooks.Active(a.d.Lane.Page)
	return a.o.Lanes.Conclude(a.d, a.receipts...)
}
