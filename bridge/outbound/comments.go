package outbound

import (
	"regexp"

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
