package relay

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/queue"
)

// traces finds what waits or failed of one conversation, in whatever lane.
type traces struct {
	*Eraser
	c     bridge.Conversation
	rooms []bridge.RoomID
	ids   *regexp.Regexp      // the customer's and the rooms', in what people are told
	mids  map[bridge.Mid]bool // what the customer wrote and is not shown yet
}

func newTraces(e *Eraser, c bridge.Conversation, rooms []bridge.RoomID) *traces {
	ids := []string{regexp.QuoteMeta(string(c.Customer))}
	for _, r := range rooms {
		ids = append(ids, regexp.QuoteMeta(string(r)))
	}
	return &traces{Eraser: e, c: c, rooms: rooms, mids: map[bridge.Mid]bool{},
		ids: regexp.MustCompile(`(^|[^0-9A-Za-z])(` + strings.Join(ids, "|") + `)($|[^0-9A-Za-z])`)}
}

// hold holds the conversation's lanes: first those to its room, of which main is held
// already, then the others. Of both, the first is the one of its messages. They are to be
// let go even after an error.
func (t *traces) hold(main *queue.Held) (in, others []*queue.Held, err error) {
	in = []*queue.Held{main, t.Inbox.Hold(t.c.MessageEvents())}
	others = []*queue.Held{t.Outbox.Hold(t.c.Lane()), t.Notices.Hold(t.c.Lane()), t.Notices.Hold(t.c.ReceiptMarks())}
	for _, r := range t.rooms {
		others = append(others, t.Notices.Hold(bridge.Lane{Sub: bridge.Unfiled, Of: string(r)}))
	}
	for _, seq := range in[0].Waiting() {
		if d, err := t.Inbox.Store.Delivery(seq); err == nil {
			t.note(d.Body)
		}
	}
	if _, err = t.failed(); err != nil { // for what of it the customer wrote
		return in, others, err
	}
	for lane, seqs := range t.Inbox.Look().Of(t.c.Page, t.ofComment) {
		if t.anyConcerns(seqs) {
			in = append(in, t.Inbox.Hold(lane))
		}
	}
	return in, others, nil
}

// ofComment tells the lanes of events about a comment of the page's that do not tell
// whose it is.
func (t *traces) ofComment(l bridge.Lane) bool {
	return l.Sub == bridge.CommentEvents && l.Page == t.c.Page
}

// note remembers what a customer wrote.
func (t *traces) note(body []byte) {
	var in bridge.Incoming
	if json.Unmarshal(body, &in) == nil && in.Mid != "" {
		t.mids[in.Mid] = true
	}
}

// anyConcerns reports whether what waits in a lane of events about one comment concerns
// the customer: all of it does, or nothing.
func (t *traces) anyConcerns(seqs []bridge.Seq) bool {
	return slices.ContainsFunc(seqs, func(seq bridge.Seq) bool {
		d, err := t.Inbox.Store.Delivery(seq)
		return err == nil && t.concerns(d.Body)
	})
}

// concerns reports whether an event is about what the customer wrote, or answers it.
func (t *traces) concerns(body []byte) bool {
	var in bridge.Incoming
	if json.Unmarshal(body, &in) != nil {
		return false
	}
	about := []bridge.Mid{in.Mid}
	if in.Comment != nil {
		about = append(about, in.Comment.Parent)
	}
	return slices.ContainsFunc(about, func(mid bridge.Mid) bool {
		room, _ := t.Receipts.ShownAs(t.c.Page, mid)
		return t.mids[mid] || room != "" && slices.Contains(t.rooms, room)
	})
}

// erase removes what failed, and what people have not been told yet, for as long as it
// is known whose it is.
func (t *traces) erase(ctx context.Context) error {
	for _, seqs := range t.Notices.Look().All() {
		for _, seq := range seqs {
			d, err := t.Notices.Store.Delivery(seq)
			if err != nil || !t.names(d.Body, bridge.CommandReceived) { // one may be the very command that is being carried out
				continue
			}
			if err := t.Notices.Store.Conclude(seq); err != nil {
				return err
			}
		}
	}
	failed, err := t.failed()
	if err != nil || len(failed) == 0 {
		return err
	}
	return t.Failures.TakeBack(ctx, failed...)
}

// names reports whether a notice, unless it is of one kind, names the customer or a room.
func (t *traces) names(body []byte, but bridge.NoticeKind) bool {
	var n bridge.Notice
	if json.Unmarshal(body, &n) != nil || n.Kind == but {
		return false
	}
	said := []string{n.Text, n.Topic, string(n.Message), string(n.Room)}
	for _, s := range n.Shortcuts {
		said = append(said, s.Types)
	}
	if n.Command != nil {
		said = append(said, n.Command.Words)
	}
	return slices.ContainsFunc(said, t.ids.MatchString)
}

// failed returns which failures are the conversation's, however old.
func (t *traces) failed() (seqs []bridge.Seq, err error) {
	var all []bridge.Failure
	if err := t.Failures.AllFailures().Failed(func(f bridge.Failure) bool { all = append(all, f); return true }); err != nil {
		return nil, err
	}
	slices.Reverse(all) // what the customer wrote before what is about it
	for _, f := range all {
		if t.has(f) {
			seqs = append(seqs, f.Seq)
		}
	}
	return seqs, nil
}

// has reports whether a failure is the conversation's.
func (t *traces) has(f bridge.Failure) bool {
	if of, some := f.Lane.Conversation(); some && of == t.c || f.Lane.Sub == bridge.Unfiled && slices.Contains(t.rooms, bridge.RoomID(f.Lane.Of)) {
		if full, err := t.Failures.AllFailures().Failure(f.Seq); err == nil && f.Direction == bridge.In && f.Lane.Sub == bridge.Main {
			t.note(full.Body)
		}
		return true
	}
	about := f.Direction == bridge.In && t.ofComment(f.Lane)
	if !about && f.Direction != bridge.ToAgents {
		return false
	}
	full, err := t.Failures.AllFailures().Failure(f.Seq)
	return err == nil && (about && t.concerns(full.Body) || !about && t.names(full.Body, ""))
}
