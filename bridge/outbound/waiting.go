package outbound

import (
	"context"
	"encoding/json"
	"errors"

	"messenger-bridge/bridge"
)

// watch tells agents about messages that wait too long.
type watch struct {
	*Config
	edits   *edits
	reports reports
	told    map[bridge.Seq]struct{} // that wait and have been told of
}

func (o *Outbound) watch() *watch {
	return &watch{Config: o.Config, edits: o.edits, reports: o.reports, told: map[bridge.Seq]struct{}{}}
}

// look stores a notice for each message that waits too long, but for those told before.
func (w *watch) look(ctx context.Context) {
	still := map[bridge.Seq]struct{}{}
	for _, seqs := range w.Lanes.Look().All() {
		for _, seq := range seqs {
			told, young := w.tell(ctx, seq)
			if young {
				break // those behind it are younger
			}
			if told {
				still[seq] = struct{}{}
			}
		}
	}
	w.told = still
}

// tell tells of a message, unless it was told of before; young means that it has not
// waited long enough yet. Nobody is told of what nobody wrote, or what is not to be sent.
func (w *watch) tell(ctx context.Context, seq bridge.Seq) (told, young bool) {
	if _, told := w.told[seq]; told {
		return true, false
	}
	d, err := w.Lanes.Store.Delivery(seq)
	if err != nil {
		return false, false
	}
	if w.Now().Sub(d.Accepted) < w.Times.TellAfter {
		return false, true
	}
	var out Outgoing
	if json.Unmarshal(d.Body, &out) != nil || out.Automatic || out.Gone || w.keeps(out) {
		return false, false // what cannot be read is set aside when its turn comes
	}
	n := out.notice(bridge.StillWaiting, out.RetryNo)
	if told, err = w.reports.waits(ctx, out, n); err != nil {
		w.Log.Debug("notice not stored", "delivery", seq, "err", err)
	}
	if told {
		w.correctIfGone(ctx, out.Conversation, n, seq)
	}
	return told, false
}

// keeps reports whether a message is a correction of what a customer has whose page sends none.
func (w *watch) keeps(out Outgoing) bool {
	return out.Edit > 0 && w.style(out.Conversation.Page).settings.KeepEdits && w.edits.hasAny(out.Message)
}

// correctIfGone corrects a notice that was stored while its message went out:
// whoever delivered it could not know of the notice yet.
func (w *watch) correctIfGone(ctx context.Context, c bridge.Conversation, n bridge.Notice, seq bridge.Seq) {
	_, err := w.Lanes.Store.Delivery(seq)
	failed := n
	if failed.Kind = bridge.NotDelivered; !errors.Is(err, bridge.ErrConcluded) || w.Notices.Told(failed) {
		return
	}
	n.Kind = bridge.Corrected
	if err := w.Notices.Tell(ctx, c, n); err != nil {
		w.Log.Debug("notice not stored", "delivery", seq, "err", err)
	}
}
