package bridge

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"messenger-bridge/metrics"
)

// traces finds what waits or failed of one conversation, in whatever lane.
type traces struct {
	b     *Bridge
	c     Conversation
	rooms []RoomID
	ids   *regexp.Regexp // the customer's and the rooms', in what people are told
	mids  map[Mid]bool   // what the customer wrote and is not shown yet
}

func (b *Bridge) newTraces(c Conversation, rooms []RoomID) *traces {
	ids := []string{regexp.QuoteMeta(string(c.Customer))}
	for _, r := range rooms {
		ids = append(ids, regexp.QuoteMeta(string(r)))
	}
	return &traces{b: b, c: c, rooms: rooms, mids: map[Mid]bool{},
		ids: regexp.MustCompile(`(^|[^0-9A-Za-z])(` + strings.Join(ids, "|") + `)($|[^0-9A-Za-z])`)}
}

// hold holds the conversation's lanes: first those to its room, then the others. Of
// both, the first is the one of its messages. They are to be let go even after an error.
func (t *traces) hold() (in, others []*heldLane, err error) {
	b := t.b
	in = []*heldLane{b.hold(b.Inbox, b.inbound, t.c.Lane()), b.hold(b.Inbox, b.inbound, t.c.aboutLane())}
	others = []*heldLane{b.hold(b.Outbox, b.outbound, t.c.Lane()), b.hold(b.Notices, b.notices, t.c.Lane())}
	for _, r := range t.rooms {
		others = append(others, b.hold(b.Notices, b.notices, Lane(r)))
	}
	for _, seq := range in[0].waiting {
		if d, err := b.Inbox.Delivery(seq); err == nil {
			t.note(d.Body)
		}
	}
	if _, err = t.lost(); err != nil { // for what of it the customer wrote
		return in, others, err
	}
	for lane, seqs := range b.inbound.below(commentLanes(t.c.Page)) {
		if t.areAbout(seqs) {
			in = append(in, b.hold(b.Inbox, b.inbound, lane))
		}
	}
	return in, others, nil
}

// note remembers what a customer wrote.
func (t *traces) note(body []byte) {
	var in Incoming
	if json.Unmarshal(body, &in) == nil && in.Mid != "" {
		t.mids[in.Mid] = true
	}
}

// areAbout reports whether what waits in a lane of events about one comment concerns
// the customer: all of it does, or nothing.
func (t *traces) areAbout(seqs []Seq) bool {
	return slices.ContainsFunc(seqs, func(seq Seq) bool {
		d, err := t.b.Inbox.Delivery(seq)
		return err == nil && t.concerns(d.Body)
	})
}

// concerns reports whether an event is about what the customer wrote, or answers it.
func (t *traces) concerns(body []byte) bool {
	var in Incoming
	if json.Unmarshal(body, &in) != nil {
		return false
	}
	about := []Mid{in.Mid}
	if in.Comment != nil {
		about = append(about, in.Comment.Parent)
	}
	return slices.ContainsFunc(about, func(mid Mid) bool {
		room, _ := t.b.Receipts.ShownAs(t.c.Page, mid)
		return t.mids[mid] || room != "" && slices.Contains(t.rooms, room)
	})
}

// erase removes what failed, and what people have not been told yet, for as long as it
// is known whose it is.
func (t *traces) erase(ctx context.Context) error {
	for _, seqs := range t.b.notices.all() {
		for _, seq := range seqs {
			d, err := t.b.Notices.Delivery(seq)
			if err != nil || !t.names(d.Body, Ordered) { // one may be the very command that is being carried out
				continue
			}
			if err := t.b.Notices.Conclude(seq); err != nil {
				return err
			}
		}
	}
	lost, err := t.lost()
	if err != nil || len(lost) == 0 {
		return err
	}
	return t.b.Failures.TakeBack(ctx, lost...)
}

// names reports whether a notice, unless it is of one kind, names the customer or a room.
func (t *traces) names(body []byte, but NoticeKind) bool {
	var n Notice
	if json.Unmarshal(body, &n) != nil || n.Kind == but {
		return false
	}
	said := []string{n.Text, string(n.Message), string(n.Room)}
	for _, s := range n.Shortcuts {
		said = append(said, s.Types)
	}
	if n.Command != nil {
		said = append(said, n.Command.Words)
	}
	return slices.ContainsFunc(said, t.ids.MatchString)
}

// lost returns which failures are the conversation's.
func (t *traces) lost() (seqs []Seq, err error) {
	var all []Failure
	if err := t.b.Failures.Failed(func(f Failure) bool { all = append(all, f); return true }); err != nil {
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
func (t *traces) has(f Failure) bool {
	own := f.Lane == t.c.Lane()
	if own || f.Lane == t.c.aboutLane() || f.Direction == metrics.Notice && slices.Contains(t.rooms, RoomID(f.Lane)) {
		if full, err := t.b.Failures.Failure(f.Seq); own && err == nil && f.Direction == metrics.In {
			t.note(full.Body)
		}
		return true
	}
	about := f.Direction == metrics.In && strings.HasPrefix(string(f.Lane), commentLanes(t.c.Page))
	if !about && f.Direction != metrics.Notice {
		return false
	}
	full, err := t.b.Failures.Failure(f.Seq)
	return err == nil && (about && t.concerns(full.Body) || !about && t.names(full.Body, ""))
}
