package inbound

import (
	"slices"

	"messenger-bridge/bridge"
)

// What people write below a page's posts is a conversation of its own, of kind
// Comments: its customer is a commenter, whose id is of no use in Messenger. The id of
// a comment is kept wherever that of a message is, as a Mid.

// resolveConversation finds out whose conversation an event about a comment belongs to: a
// removal does not tell, and what the page wrote itself answers whoever is above it. done
// means that nobody's does, or that it is our own answer; a Refusal, that this is not
// known yet. Unlike a message, a comment that comes back tells nothing of who sent it
// but its id, which the answer to our call tells, too: until that is here, it waits.
func (o *order) resolveConversation(in *bridge.Incoming, d bridge.Delivery) (done bool, err error) {
	perhaps := mayBeOurs(in)
	age := o.age(d)
	switch {
	case perhaps && o.isOurs(in):
		return true, nil
	case perhaps && age < o.resolveWithin && o.answering(in.Conversation.Page):
		return false, deferred(age, "answers to comments are under way")
	case in.Conversation.Customer != "":
		return false, nil
	}
	waits := o.commentWaits(in) // asked first: in between it may be shown
	c, found, err := o.conversationAbove(in)
	if err != nil {
		return false, bridge.StoreRefusal(err)
	}
	if found {
		in.Conversation = c
		return false, nil
	}
	if age < orphanGrace || waits {
		return false, deferred(age, "its comment is not shown yet")
	}
	return true, nil
}

// mayBeOurs reports whether a comment, or its edit, may be an answer of ours: the page wrote it, or Meta
// does not say who did, as it may while the page lacks a permission.
func mayBeOurs(in *bridge.Incoming) bool {
	switch in.Kind {
	case bridge.EchoEvent:
		return true
	case bridge.TextEvent, bridge.MediaEvent, bridge.UnsupportedEvent, bridge.EditEvent:
		who := in.Conversation.Customer
		nameless := in.Comment.Kind == bridge.BelowPost && (who == "" || who == bridge.CustomerID(in.Mid))
		return in.Kind == bridge.EditEvent && in.FromPage || nameless
	}
	return false
}

// commentWaits reports whether what an event stands below, or what it hides or removes, came and may wait until somebody is there
// to take the room, or is just being shown. Keys outlive what they stand for: when no comment of the page waits, it is not shown
// any more.
func (o *order) commentWaits(in *bridge.Incoming) bool {
	var of []bridge.Mid
	switch in.Kind {
	case bridge.EchoEvent:
		of = []bridge.Mid{in.Comment.Parent, bridge.Mid(in.Comment.Post)} // a comment, or a visitor's post
	case bridge.HiddenEvent, bridge.DeletionEvent:
		of = []bridge.Mid{in.Mid}
	}
	came := func(m bridge.Mid) bool { return m != "" && o.eventSeen(in, bridge.MessageKey(m)) }
	return slices.ContainsFunc(of, came) && o.inbox.Look().HoldsAny(in.Conversation.Page, func(l bridge.Lane) bool {
		return l.Kind == bridge.Comments && l.Sub == bridge.Main
	})
}

// answering reports whether answers to comments of a page are under way.
func (o *order) answering(p bridge.PageID) bool {
	return o.outbox.Look().HoldsAny(p, func(l bridge.Lane) bool { return l.Kind == bridge.Comments })
}

// conversationAbove returns in whose conversation the comment is shown that an event is
// about, or the one above it, or the visitor's post they stand below.
func (o *order) conversationAbove(in *bridge.Incoming) (c bridge.Conversation, found bool, err error) {
	for _, comment := range []bridge.Mid{in.Mid, in.Comment.Parent, bridge.Mid(in.Comment.Post)} {
		room, _ := o.receipts.ShownAs(in.Conversation.Page, comment)
		if comment == "" || room == "" {
			continue
		}
		c, found, err = o.rooms.Conversation(room)
		if found || err != nil {
			return c, found, err
		}
	}
	return c, false, nil
}

// belowVisitor reports whether an event is about what stands below a visitor's post.
func (o *order) belowVisitor(in *bridge.Incoming) bool {
	return in.Comment.Post != "" && o.eventSeen(in, bridge.MessageKey(bridge.Mid(in.Comment.Post)))
}

// setReplyTarget notes that a comment is about to be shown, or is shown, as the one that
// answers go to which quote none. Before it is shown only the very first counts:
// nobody can mean another.
func (i *Inbound) setReplyTarget(in *bridge.Incoming, shown bool) {
	said := in.Kind == bridge.TextEvent || in.Kind == bridge.MediaEvent || in.Kind == bridge.UnsupportedEvent
	if in.Conversation.Kind != bridge.Comments || !said || in.Deleted {
		return
	}
	i.States.ChangeState(in.Conversation, func(s *bridge.ConversationState) {
		if s.Reply.Comment == "" || shown && !in.At.Before(s.Reply.At) {
			s.Reply = bridge.ReplyTarget{Comment: in.Mid, At: in.At.UTC()}
		}
	})
}
