package outbound

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"messenger-bridge/bridge"
)

// reports tell the authors of messages what becomes of them.
type reports struct {
	*Config
	undelivered undelivered // guarded by one
	one         *sync.Mutex // held from the look at what was told to the commit of what is told: of "it waits" and "it was not delivered" only one is left
}

// tell stores a notice about the message for its author, if it has one. The error is a
// Refusal.
func (r reports) tell(a *attempt, kind bridge.NoticeKind, reason bridge.Reason) error {
	if a.out.Survey != "" && kind == bridge.NotDelivered {
		if err := r.Notices.SurveySkipped(context.Background(), a.out.Conversation, a.out.Survey, reason); err != nil {
			return bridge.StoreRefusal(err)
		}
	}
	if a.out.Automatic {
		return nil
	}
	return r.store(a, a.out.notice(kind, a.out.RetryNo), reason)
}

// store stores a notice about the message for its author.
func (r reports) store(a *attempt, n bridge.Notice, reason bridge.Reason) error {
	n.Reason, n.Status, n.Code, n.Part, n.Parts = reason, a.status, a.code, a.d.Progress.Part, len(a.out.Parts)
	r.one.Lock()
	defer r.one.Unlock()
	n.Waited = r.told(a.out, bridge.StillWaiting, a.out.RetryNo)
	switch n.Kind {
	case bridge.NotDelivered:
		n.Part = bridge.ArrivedParts(r.Memory.Receipts, a.mark())
	case bridge.Revised:
		n.Found, n.Earlier, n.Marked = a.found, r.earlier(a.out), r.marked(a.out)
		for retryNo := range a.out.RetryNo + 1 {
			_, since := r.filesLeft(a.out, retryNo)
			n.Earlier = append(n.Earlier, since...)
		}
	}
	if err := r.Notices.Tell(context.Background(), a.out.Conversation, n); err != nil {
		return bridge.StoreRefusal(err)
	}
	switch n.Kind {
	case bridge.NotDelivered:
		r.undelivered.add(n.Message, n.Edit, missesFiles(a.out, a.d.Progress.Part))
	case bridge.Revised:
		r.undelivered.remove(n.Message, n.Edit)
	}
	return nil
}

// keeps tells of messages that stay in the room.
func (r reports) keeps(ctx context.Context, c bridge.Conversation, told []bridge.Notice) error {
	r.one.Lock()
	defer r.one.Unlock()
	if err := r.Notices.Tell(ctx, c, told...); err != nil {
		return err
	}
	for _, n := range told {
		if n.Kind == bridge.NotDelivered {
			r.undelivered.add(n.Message, n.Edit, false)
		}
	}
	return nil
}

// waits tells the author that a message still waits, unless they were told that it was not delivered.
func (r reports) waits(ctx context.Context, out Outgoing, n bridge.Notice) (told bool, err error) {
	r.one.Lock()
	defer r.one.Unlock()
	if r.told(out, bridge.NotDelivered, out.RetryNo) {
		return false, nil
	}
	err = r.Notices.Tell(ctx, out.Conversation, n)
	return err == nil, err
}

// skipped tells the author of a delivery that is not sent, and that they were told of, what becomes of it: changes
// wait behind it, one of which says everything; or the customer reads already what it says, or something newer; or the
// page sends no corrections.
func (r reports) skipped(a *attempt, later []change) error {
	has, _ := r.has(a.out.Message)
	same := len(a.out.Parts) == 0 || a.out.TextHash == "" || a.out.TextHash == has
	waits := r.told(a.out, bridge.StillWaiting, a.out.RetryNo)
	switch {
	case a.out.Automatic || a.out.Gone:
		return nil
	case len(later) == 0 && same:
		return r.takeBack(a)
	case len(later) == 0 && a.out.Edit > 0 && r.style(a.out.Conversation.Page).settings.KeepEdits:
		if waits || has == "" { // or not all of it has arrived, which its author was told, perhaps to change it
			return r.tell(a, bridge.NotDelivered, bridge.EditsKept)
		}
		return nil
	}
	if waits {
		n := a.out.notice(bridge.Corrected, a.out.RetryNo)
		n.Newer = true
		n.Marked = slices.ContainsFunc(later, func(c change) bool { return r.told(c.out, bridge.StillWaiting, c.out.RetryNo) })
		if err := r.store(a, n, ""); err != nil {
			return err
		}
	}
	if len(later) > 0 {
		return nil
	}
	return r.takeBackVersion(a, a.out.Edit)
}

// correct tells once more what takeBack tells: the author may have been told that the message waits while it was
// being concluded. Whoever told it saw the delivery still there.
func (r reports) correct(a *attempt) {
	if a.out.Gone || !r.told(a.out, bridge.StillWaiting, a.out.RetryNo) || r.told(a.out, bridge.Corrected, a.out.RetryNo) || r.told(a.out, bridge.NotDelivered, a.out.RetryNo) {
		return
	}
	if err := r.tell(a, bridge.Corrected, ""); err != nil {
		r.Log.Warn("a notice that a message waits is not corrected", "page", a.out.Conversation.Page, "delivery", a.d.Seq, "err", err)
	}
}

// fileLeft tells that the message goes out without its current part, a file.
func (r reports) fileLeft(a *attempt, reason bridge.Reason) error {
	n := a.out.notice(bridge.FileLeft, a.out.RetryNo)
	n.Reason, n.Status, n.Part, n.Text = reason, a.status, a.d.Progress.Part, a.out.Parts[a.d.Progress.Part].File.Name
	if err := r.Notices.Tell(context.Background(), a.out.Conversation, n); err != nil {
		return bridge.StoreRefusal(fmt.Errorf("tell of a file: %w", err))
	}
	return nil
}

// told reports whether the agent was told something about the message at one of its
// retries.
func (r reports) told(out Outgoing, kind bridge.NoticeKind, retryNo int) bool {
	return r.Notices.Told(out.notice(kind, retryNo))
}

// earlier returns the keys of the notices that said, before this retry or in it, that the message
// was not delivered.
func (r reports) earlier(out Outgoing) (keys []bridge.NoticeKey) {
	rounds := out.RetryNo
	if r.told(out, bridge.NotDelivered, rounds) {
		rounds++
	}
	for retryNo := range rounds {
		kind := bridge.NotDelivered
		if r.told(out, bridge.StillWaiting, retryNo) { // that one was rewritten to say so
			kind = bridge.StillWaiting
		}
		keys = append(keys, out.notice(kind, retryNo).Key())
	}
	return keys
}
