package outbound

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/choices"
)

// What people write below a page's posts is a conversation of kind bridge.Comments. What
// an agent writes there is an answer to one comment: below it, or, with !private, in
// Messenger.

var privately = regexp.MustCompile(`^\s*(?i:!private)\b\s*`)

// composeReply cuts an agent's message into answers to a comment. Only texts can be one.
func composeReply(by style, out Outgoing, m *bridge.AgentMessage, limit int) Outgoing {
	out.Quote = nil
	text := m.Text
	if at := privately.FindStringIndex(text); at != nil {
		text, out.Private = text[at[1]:], true
	}
	text = repeating(m) + shown(text)
	if len(m.Buttons) > 0 {
		text += "\n" + choices.ButtonsAsText(m.Buttons)
	}
	out.Parts = append(out.Parts, by.texts(text, limit)...)
	return out
}

// answerable says why an answer can go to no comment; "" if it can.
func (out Outgoing) answerable() bridge.Reason {
	texts := 0
	for _, p := range out.Parts {
		if p.File == nil {
			texts++
		}
	}
	switch {
	case out.Conversation.Kind != bridge.Comments:
		return ""
	case out.Comment == "":
		return bridge.NoComment
	case out.Comment.Unanswerable():
		return bridge.ReviewClosed
	case out.Private && texts > 1: // Facebook takes no second one before the customer answers
		return bridge.PrivateTooLong
	}
	return ""
}

// partsOf returns what its readers have of an answer to a comment, in order. Files are left out, so the first may be any part.
func partsOf(a *attempt) (mids []bridge.Mid) {
	last := bridge.Mid("")
	for part := 0; part <= bridge.MostAttached || last != ""; part++ {
		last = a.o.Memory.Receipts.MidOf(bridge.SendTag{Message: a.out.Message, Part: part})
		if last != "" && !slices.Contains(mids, last) {
			mids = append(mids, last)
		}
	}
	return mids
}

// moved says why a newer version of an answer to a comment is not sent: an earlier one was published and this one is private,
// or the other way round, and what is there would stay. "" if it goes where the earlier one is, or there is none.
func moved(a *attempt) bridge.Reason {
	if a.out.Conversation.Kind != bridge.Comments || a.out.Edit == 0 {
		return ""
	}
	had := partsOf(a)
	published := slices.ContainsFunc(had, func(mid bridge.Mid) bool {
		_, shown := a.o.Memory.Receipts.ShownAs(a.out.Conversation.Page, mid) // what becomes of it at Facebook is told there
		return mid.Published() || slices.Contains(shown, a.out.Message)
	})
	switch {
	case len(had) == 0 || published != a.out.Private:
		return ""
	case a.out.Private:
		return bridge.NowPrivate
	}
	return bridge.NowPublic
}

// partsLeft tells the author that a newer version of a published answer has fewer parts than an earlier one: what was in
// the others still stands there. It is told once of each number of parts.
func partsLeft(a *attempt) error {
	parts := len(a.out.Parts)
	if a.out.Conversation.Kind != bridge.Comments || !a.out.Corrects || len(partsOf(a)) <= parts {
		return nil
	}
	n := a.out.notice(bridge.StillSeen, 0)
	n.Edit, n.Topic, n.Reason = 0, fmt.Sprintf("parts/%s/%d", a.out.Message, parts), bridge.PartsLeft
	if err := a.o.Notices.Tell(context.Background(), a.out.Conversation, n); err != nil {
		return bridge.StoreRefusal(err)
	}
	return nil
}

// replyForm is the only form of a part of an answer.
func replyForm(out Outgoing, i int) form {
	f := form{Part: out.Parts[i], comment: out.Comment, private: out.Private}
	if i == out.firstText() {
		f.Text = heading(out) + f.Text
	}
	return f
}

// whyNoReply words a refusal of an answer to a comment, after a number of attempts of
// which nobody knew whether they arrived. That a private answer is used up may be our own
// doing.
func whyNoReply(r *bridge.Refusal, attempts int) bridge.Reason {
	switch {
	case r.Reason == bridge.PrivateUsed && attempts > 0:
		return bridge.Unclear
	case r.Reason == bridge.WindowClosed:
		return bridge.PrivateUsed
	}
	return r.Reason
}
