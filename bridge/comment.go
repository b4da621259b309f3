package bridge

import (
	"context"
	"errors"
	"regexp"
	"time"
)

// What people write below a page's posts is a conversation of its own, of kind
// Comments: its customer is a commenter, whose id is of no use in Messenger. The id of
// a comment is kept wherever that of a message is, as a Mid.

// Comment is where a comment stands.
type Comment struct {
	Post   string `json:"post,omitempty"`
	Parent Mid    `json:"parent,omitempty"` // the comment it stands below; empty: it stands below the post
	Name   string `json:"name,omitempty"`   // of who wrote it
	Link   string `json:"link,omitempty"`   // where people see it
}

// commentLane is where an event travels that does not say whose comment it is about.
func commentLane(p PageID, comment Mid) Lane { return Lane(commentLanes(p) + string(comment)) }

// commentLanes is what the names of all of those begin with.
func commentLanes(p PageID) string { return string(p) + "/" + string(Comments) + "/comment/" }

// unwantedComment says why an event is not shown; "" if it is, or is about no comment.
func (b *Bridge) unwantedComment(in *Incoming) string {
	if in.Conversation.Kind != Comments {
		return ""
	}
	page, err := b.Pages.Page(in.Conversation.Page)
	switch {
	case err != nil || !page.Settings.Comments:
		return "comments-off"
	case in.Kind == EchoEvent && in.Comment.Parent == "":
		return "page-comment" // on its own post: it answers nobody
	case in.Kind == EditEvent && in.FromPage && b.isOurs(in):
		return "own-echo"
	}
	return ""
}

// place finds out whose conversation an event about a comment belongs to: a removal
// does not tell, and what the page wrote itself answers whoever is above it. done
// means that nobody's does, or that it is our own answer; a Refusal, that this is not
// known yet. Unlike a message, a comment that comes back tells nothing of who sent it
// but its id, which the answer to our call tells, too: until that is here, it waits.
func (b *Bridge) place(in *Incoming, d Delivery) (done bool, err error) {
	byPage := in.Kind == EchoEvent || in.Kind == EditEvent && in.FromPage
	age := b.age(d)
	switch {
	case byPage && b.isOurs(in):
		return true, nil
	case byPage && age < b.SettleFor && b.outbound.holdsBelow(string(in.Conversation.Page)+"/"+string(Comments)+"/"):
		return false, notYet(age, "answers to comments are under way")
	case in.Conversation.Customer != "":
		return false, nil
	}
	for _, comment := range []Mid{in.Mid, in.Comment.Parent} {
		room, _ := b.Receipts.ShownAs(in.Conversation.Page, comment)
		if comment == "" || room == "" {
			continue
		}
		c, ours, err := b.Rooms.Conversation(room)
		if err != nil {
			return false, &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
		}
		if ours {
			in.Conversation = c
			return false, nil
		}
	}
	// What is answered may wait until somebody is there to take the room.
	if age < early || in.Kind == EchoEvent && b.heardOf(in, MessageKey(in.Comment.Parent)) {
		return false, notYet(age, "its comment is not shown yet")
	}
	return true, nil
}

// notYet has an event wait for something that mostly takes a moment.
func notYet(age time.Duration, why string) error {
	after := 250 * time.Millisecond
	if age > early {
		after = early
	}
	return &Refusal{Verdict: Again, Reason: Settling, After: after, Err: errors.New(why)}
}

// offer notes that a comment is about to be shown, or is shown, as the one that
// answers go to which quote none. Before it is shown only the very first counts:
// nobody can mean another.
func (b *Bridge) offer(in *Incoming, shown bool) {
	said := in.Kind == TextEvent || in.Kind == MediaEvent || in.Kind == UnsupportedEvent
	if in.Conversation.Kind != Comments || !said || in.Deleted || b.Talks == nil {
		return
	}
	b.Talks.ChangeTalk(in.Conversation, func(t *Talk) {
		if t.Comment == "" || shown && !in.At.Before(t.Heard) {
			t.Comment, t.Heard = in.Mid, in.At.UTC()
		}
	})
}

var privately = regexp.MustCompile(`^\s*(?i:!private)\b\s*`)

// reply cuts an agent's message into answers to a comment: the quoted one, or the
// latest. Only texts can be one.
func (b *Bridge) reply(out Outgoing, m AgentMessage, limit int) Outgoing {
	out.Comment, out.Quote = b.talk(out.Conversation).Comment, nil
	if m.Quote != nil {
		out.Comment = b.Receipts.MidOf(Mark{Message: m.Quote.Message})
	}
	text := m.Text
	if at := privately.FindStringIndex(text); at != nil {
		text, out.Private = text[at[1]:], true
	}
	if len(m.Buttons) > 0 {
		text += "\n" + buttonsAsText(m.Buttons)
	}
	out.Parts = append(out.Parts, b.Sender.Cut(text, limit)...)
	return out
}

// answerable says why an answer can go to no comment; "" if it can.
func (o Outgoing) answerable() Reason {
	texts := 0
	for _, p := range o.Parts {
		if p.File == nil {
			texts++
		}
	}
	switch {
	case o.Conversation.Kind != Comments:
		return ""
	case o.Comment == "":
		return NoComment
	case o.Private && texts > 1: // Facebook takes no second one before the customer answers
		return PrivateTooLong
	}
	return ""
}

// replyForm is the only form of a part of an answer. A newer version takes the place
// of the public one.
func (b *Bridge) replyForm(out Outgoing, i int) form {
	f := form{Part: out.Parts[i], comment: out.Comment, private: out.Private}
	if i == out.firstText() {
		f.Text = b.heading(out) + f.Text
	}
	if out.Corrects && !out.Private {
		f.edits = b.Receipts.MidOf(Mark{Message: out.Message, Part: i})
	}
	return f
}

// settlePrivate decides about a private answer of which nobody knows whether it
// arrived, and which no echo has proven: Facebook takes only one for each comment, so
// it may be sent again.
func (b *Bridge) settlePrivate(s *shipment) error {
	p := &s.d.Progress
	if p.Attempts >= maxAttempts {
		return b.giveUpPart(s, Unclear, errors.New("no attempt told what became of it"))
	}
	p.State, p.Attempts = Waiting, max(p.Attempts, 1)
	return b.save(s)
}

// whyNoReply words a refusal of an answer to a comment. That a private answer is used
// up may be our own doing.
func (s *shipment) whyNoReply(r *Refusal) Reason {
	switch {
	case r.Reason == PrivateUsed && s.d.Progress.Attempts > 0:
		return Unclear
	case r.Reason == WindowClosed:
		return PrivateUsed
	}
	return r.Reason
}

// lookFor reads what may show that a part has arrived: the thread, or what stands below
// the comment that it answers.
func (b *Bridge) lookFor(ctx context.Context, s *shipment, since time.Time) (Sighting, error) {
	if s.out.Conversation.Kind == Comments {
		return b.Sender.LookBelow(ctx, s.page, s.out.Comment, b.looksOf(s), since)
	}
	return b.Sender.Look(ctx, s.page, s.out.Conversation.Customer, b.looksOf(s), since)
}
