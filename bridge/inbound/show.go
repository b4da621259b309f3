package inbound

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/outbound"
)

// Deliver shows the event that is the oldest of its lane in its room. The room takes our
// message id, so an attempt that may have arrived is simply made again.
func (i *Inbound) Deliver(ctx context.Context, seq bridge.Seq) error {
	d, err := i.Lanes.Store.Delivery(seq)
	if err != nil {
		return bridge.AckedOrRetry(err)
	}
	in, err := eventOf(&d)
	if err != nil {
		return i.Lanes.SetAside(d, err)
	}
	d.Subject = bridge.Subject{What: string(in.Kind), ID: string(in.Mid)}
	page, err := i.Pages.Page(in.Conversation.Page)
	if err == nil && page.Doubted() { // where to, nobody knows
		return &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.PageLost, Gate: bridge.GatePage(page.ID), After: time.Hour}
	}
	if done, err := i.order.ready(&in, d); err != nil {
		return err
	} else if done {
		return i.conclude(d)
	}
	if in.Survey, err = i.Automatic.Survey.Answer(&in); err != nil {
		return bridge.StoreRefusal(err)
	}
	in.Tries, in.ForceNewRoom = i.begun.begin(d), wantsNewRoom(&in, page.Settings, i.States)
	in.New = in.New && in.Tries == 0
	if d.History.Tries > 0 {
		in.PutOff = d.History.Tries > 1
		in.Refusals = i.Lanes.Look().Refusals(d.Lane)
	}
	if shown, was := i.begun.givenUp(seq); was {
		return i.shown(ctx, d, &in, shown)
	}
	i.setReplyTarget(&in, false)
	in.InParts = d.Progress.Part > 0
	shown, err := i.Rooms.Deliver(ctx, in, bridge.Before{
		Room:       func(room bridge.NewRoom) error { return i.roomOpened(ctx, &in, room) },
		Parts:      func() error { return bridge.StoreRefusal(i.Lanes.Store.Save(seq, inParts)) }, // also of the failure, if it becomes one
		Correction: func() bool { return !i.order.deleted(&in) },
	})
	if shown.Waits {
		i.tellAbsent(ctx, &in)
	}
	if err != nil {
		return i.refused(ctx, d, &in, bridge.RefusalOf(err))
	}
	return i.shown(ctx, d, &in, shown)
}

// inParts is the progress of an event of whose text a part may be shown: the whole is not shown any more.
var inParts = bridge.Progress{Part: 1}

// shownSince is for how long the keys of events are remembered at least: what came twice
// within it was accepted once.
const shownSince = 3 * 24 * time.Hour

// eventOf returns the event of a delivery. What has just come for the first time is new.
func eventOf(d *bridge.Delivery) (bridge.Incoming, error) {
	if d.Event == nil {
		var in bridge.Incoming
		err := json.Unmarshal(d.Body, &in)
		return in, err
	}
	in := *d.Event
	in.New = d.Accepted.Sub(in.At) < shownSince
	return in, nil
}

// roomOpened says what follows from a new room, before anybody can write there.
func (i *Inbound) roomOpened(ctx context.Context, in *bridge.Incoming, room bridge.NewRoom) error {
	var err error
	switch {
	case room.Unattended:
		err = i.Automatic.Texts.Unattended(ctx, *in, room.ID)
	case room.Unverified:
		err = i.Automatic.Texts.Unverified(ctx, room.ID)
	}
	if err != nil {
		i.Lanes.Log.Warn("nobody is told of a room that nobody serves", "page", in.Conversation.Page, "room", room.ID, "err", err)
	}
	return i.Automatic.Texts.RoomOpened(ctx, in.Conversation, room.ID)
}

// tellAbsent tells the customer that nobody is there.
func (i *Inbound) tellAbsent(ctx context.Context, in *bridge.Incoming) {
	if err := i.Automatic.Texts.NobodyThere(ctx, *in); err != nil {
		i.Lanes.Log.Warn("the customer is not told that nobody is there", "page", in.Conversation.Page, "err", err)
	}
}

// refused decides what becomes of an event that was not shown.
func (i *Inbound) refused(ctx context.Context, d bridge.Delivery, in *bridge.Incoming, r *bridge.Refusal) error {
	if r.OfItem() {
		i.Refusals.Refused(r.Answer)
	}
	if r.Verdict != bridge.Never {
		r.Verdict = bridge.Again
		return r
	}
	i.Lanes.Log.Warn("not shown to agents", "page", in.Conversation.Page, "delivery", d.Seq, "reason", r.Reason, "err", r.Err)
	if r.Reason == bridge.ContactBlocked {
		if err := i.announceBlocked(ctx, in); err != nil {
			return bridge.StoreRefusal(err)
		}
	}
	if !r.OfItem() {
		r.Answer = nil
	}
	return i.giveUp(ctx, d, r.Reason, r.Answer)
}

// giveUp keeps an event apart of which something is not shown. If the workspace refused it
// with an answer, administrators are told why.
func (i *Inbound) giveUp(ctx context.Context, d bridge.Delivery, reason bridge.Reason, a *bridge.Response) error {
	detail := ""
	if a != nil {
		if err := i.Refusals.GivenUp(ctx, a); err != nil {
			return bridge.StoreRefusal(err)
		}
		detail = a.String()
	}
	if err := i.Lanes.DeadLetter(d, reason, detail); err != nil {
		return err
	}
	if a != nil {
		i.Refusals.CountGivenUp(a)
	}
	i.begun.end(d.Seq)
	return nil
}

// shown says what follows from an event that is shown, and concludes it.
func (i *Inbound) shown(ctx context.Context, d bridge.Delivery, in *bridge.Incoming, shown bridge.Shown) error {
	if shown.Left != nil {
		i.begun.giveUp(d.Seq, shown)
	}
	i.order.noteShown(in)
	i.setReplyTarget(in, true)
	if in.Opens() && in.Survey == nil {
		bridge.NoteSpoken(i.States, i.Pages, in.Conversation, in.At)
	}
	if err := i.explainTo(ctx, in, shown.Refused); err != nil {
		return bridge.StoreRefusal(err)
	}
	if err := i.Automatic.Survey.Follow(ctx, in); err != nil {
		return bridge.StoreRefusal(err)
	}
	var receipts []bridge.Receipt
	if shown.Receipt.Mid != "" {
		receipts = []bridge.Receipt{shown.Receipt}
	}
	if shown.Left == nil {
		return i.conclude(d, receipts...)
	}
	if err := i.Receipts.SaveReceipts(ctx, receipts); err != nil {
		return bridge.StoreRefusal(err)
	}
	return i.giveUp(ctx, d, bridge.WorkspaceError, shown.Left)
}

// conclude ends an event. Until that is stored, showing it counts as begun.
func (i *Inbound) conclude(d bridge.Delivery, receipts ...bridge.Receipt) error {
	if err := i.Lanes.Conclude(d, receipts...); err != nil {
		return err
	}
	i.begun.end(d.Seq)
	return nil
}

// Dropped notes that an event does not wait any more.
func (i *Inbound) Dropped(seq bridge.Seq) { i.begun.end(seq) }

// wantsNewRoom reports whether an event comes after so long a silence that the page wants
// a new room for it.
func wantsNewRoom(in *bridge.Incoming, s bridge.Settings, states bridge.States) bool {
	after := time.Duration(s.NewRoomAfter)
	if after <= 0 || !in.Opens() || in.Survey != nil {
		return false
	}
	since := states.State(in.Conversation).Silence.Since
	return !since.IsZero() && in.At.Sub(since) > after
}

// explainTo tells a customer, in one automatic text, what of an event was refused.
func (i *Inbound) explainTo(ctx context.Context, in *bridge.Incoming, sentences []string) error {
	if len(sentences) == 0 {
		return nil
	}
	return i.Outbound.SendAutomatic(ctx, outbound.Automatic{Conversation: in.Conversation, Key: "refused/" + in.Key, Text: strings.Join(sentences, "\n")})
}

// announceBlocked says, once for each customer as far back as keys are remembered, that
// somebody who is blocked in Rocket.Chat writes.
func (i *Inbound) announceBlocked(ctx context.Context, in *bridge.Incoming) error {
	page, err := i.Pages.Page(in.Conversation.Page)
	if err != nil {
		return nil // it was deleted meanwhile
	}
	id, customer := string(page.ID), string(in.Conversation.Customer)
	text := i.Say.Say("*%s*: the customer `%s` is blocked in Rocket.Chat, so what they write is not shown. Unblock the contact there to hear them again. `/facebook block %s %s` blocks them at Facebook, too.",
		page.PlainName(), customer, id, customer)
	return i.Notices.Announce(ctx, "contact-blocked/"+in.Conversation.String(), text)
}
