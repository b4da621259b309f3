package bridge

import (
	"encoding/json"
	"slices"
	"strconv"
)

// What agents change after writing is a delivery of its own, behind what they wrote:
// a newer version, or that the message was deleted. Before a message is tried, those
// behind it are looked at, so that the customer gets the newest version only, or
// nothing. After that, a newer version goes out as a correction, and of a deletion
// the agent learns that it is too late.

// version returns the key of a change, unique among the keys of agents' messages. Of
// what is edited twice within a millisecond, the text tells the versions apart.
func (m AgentMessage) version(print string) string {
	if m.Gone {
		return "deleted/" + string(m.ID)
	}
	return "edited/" + string(m.ID) + "/" + strconv.FormatInt(m.Edited.UnixMilli(), 10) + "/" + print
}

// changes finds what waits behind a message and changes it. It guards nothing itself.
type changes map[MessageID][]Seq

func (c changes) add(id MessageID, seq Seq) {
	if !slices.Contains(c[id], seq) {
		c[id] = append(c[id], seq)
	}
}

func (c changes) remove(id MessageID, seq Seq) {
	if c[id] = slices.DeleteFunc(c[id], func(s Seq) bool { return s == seq }); len(c[id]) == 0 {
		delete(c, id)
	}
}

// findChanges fills changes with what an earlier run left. Where one message waits
// alone, nothing can change it.
func (b *Bridge) findChanges() {
	for _, seqs := range b.outbound.all() {
		for _, seq := range seqs[1:] {
			d, err := b.Outbox.Delivery(seq)
			var out Outgoing
			if err == nil && json.Unmarshal(d.Body, &out) == nil && out.changes() {
				b.changes.add(out.Message, seq)
			}
		}
	}
}

// changes reports whether this is no message, but a change of an earlier one.
func (out Outgoing) changes() bool { return out.Gone || out.Edit > 0 }

// change is a change that waits.
type change struct {
	seq Seq
	out Outgoing
}

// behindOf returns what waits behind a delivery and changes its message, in order.
func (b *Bridge) behindOf(s *shipment) (all []change) {
	b.mu.Lock()
	seqs := slices.Clone(b.changes[s.out.Message])
	b.mu.Unlock()
	for _, seq := range seqs {
		if seq <= s.d.Seq {
			continue
		}
		d, err := b.Outbox.Delivery(seq)
		var out Outgoing
		if err == nil && json.Unmarshal(d.Body, &out) == nil && out.Message == s.out.Message && out.changes() {
			all = append(all, change{seq, out})
		}
	}
	slices.SortFunc(all, func(a, b change) int { return int(a.seq) - int(b.seq) })
	return all
}

// revise decides what of a message is to be sent, if anything: done means that the
// delivery is concluded.
func (b *Bridge) revise(s *shipment) (done bool, err error) {
	p := s.d.Progress
	untried := p.Part == 0 && p.Attempts == 0 && p.State != Unsure
	later := b.behindOf(s)
	deleted := slices.ContainsFunc(later, func(c change) bool { return c.out.Gone })
	switch {
	case s.out.Gone:
		return true, b.tooLate(s)
	case untried && deleted:
		return true, b.withdraw(s)
	case s.out.Edit > 0 && untried && len(later) > 0:
		return true, b.leave(s) // the newer version is what counts
	case s.out.Edit > 0:
		return b.correct(s, untried)
	case untried && len(later) > 0:
		newest := later[len(later)-1]
		if b.nextTo(s, later) { // nothing lies between: it takes this one's place anyway
			return true, b.leave(s)
		}
		// The place in the conversation stays. With one part, there is no other that
		// could be of another version.
		if len(s.out.Parts) == 1 && len(newest.out.Parts) == 1 {
			s.out.Parts, s.out.Print, s.out.Quote = newest.out.Parts, newest.out.Print, newest.out.Quote
			s.out.Comment, s.out.Private = newest.out.Comment, newest.out.Private
		}
	}
	return false, nil
}

// nextTo reports whether nothing but changes of the message itself lies between it
// and the newest of them.
func (b *Bridge) nextTo(s *shipment, later []change) bool {
	between := b.outbound.after(s.d.Lane, s.d.Seq)
	for i, c := range later {
		if i >= len(between) || between[i] != c.seq {
			return false
		}
	}
	return true
}

// hasAny reports whether the customer has some version of a message, or a part of one.
func (b *Bridge) hasAny(id MessageID) bool {
	return b.Receipts.PrintOf(id) != "" || b.Receipts.MidOf(Mark{Message: id}) != ""
}

// correct makes an edited message a correction, if the customer has an earlier
// version with another text. If not, it is a message like any other.
func (b *Bridge) correct(s *shipment, untried bool) (done bool, err error) {
	if !b.hasAny(s.out.Message) {
		return false, nil
	}
	page, err := b.Pages.Page(s.out.Conversation.Page)
	same := s.out.Print != "" && s.out.Print == b.Receipts.PrintOf(s.out.Message)
	if untried && (same || err == nil && page.Settings.KeepEdits) {
		return true, b.leave(s)
	}
	s.out.Corrects, s.out.Quote = true, nil
	s.out.Parts = slices.DeleteFunc(s.out.Parts, func(p Part) bool { return p.File != nil })
	if len(s.out.Parts) == 0 {
		return true, b.leave(s)
	}
	return false, nil
}

// withdraw concludes a message that was deleted before it was tried.
func (b *Bridge) withdraw(s *shipment) error {
	if b.told(s.out, StillWaiting, s.out.Round) {
		if err := b.tellAbout(s, NotDelivered, Withdrawn); err != nil {
			return err
		}
	}
	return b.leave(s)
}

// tooLate tells the agent that the customer has what was deleted.
func (b *Bridge) tooLate(s *shipment) error {
	if b.hasAny(s.out.Message) {
		if err := b.tellAbout(s, StillSeen, ""); err != nil {
			return err
		}
	}
	return b.leave(s)
}

// leave concludes a delivery of which nothing was sent.
func (b *Bridge) leave(s *shipment) error {
	if err := b.Outbox.Conclude(s.d.Seq); err != nil {
		return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
	}
	b.forgetChange(s)
	b.forget(s.d.Seq)
	return nil
}

func (b *Bridge) forgetChange(s *shipment) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changes.remove(s.out.Message, s.d.Seq)
}
