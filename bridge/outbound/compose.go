package outbound

import (
	"slices"
	"strings"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/choices"
	"messenger-bridge/language"
	"messenger-bridge/textcut"
)

// longestCard is how long a text above buttons may be (messenger.md 3.5).
const longestCard = 640

// style is what composing depends on, beside the message.
type style struct {
	settings bridge.Settings // the page's
	say      *language.Speaker
	sender   bridge.Sender // cuts texts into parts that Messenger takes
}

// compose cuts a message into what Messenger takes. Files come first: a caption is
// a message of its own, and quick replies vanish when anything comes after them. A
// message of which nothing is left has no parts; its author is told when its turn
// comes.
func compose(by style, c bridge.Conversation, m *bridge.AgentMessage) Outgoing {
	out := Outgoing{
		Conversation: c, Message: m.ID, Room: m.Room, Author: m.Author, At: m.At,
		Quote: m.Quote, Name: m.Author.ShownAs(by.settings.AgentName), Gone: m.Gone,
	}
	for i := range m.Attachments {
		out.Parts = append(out.Parts, bridge.Part{File: &m.Attachments[i]})
	}
	limit := by.settings.Limit() - textcut.Units(heading(out))
	if c.Kind == bridge.Comments {
		return composeReply(by, out, m, limit)
	}
	out.Parts = append(out.Parts, composeTexts(by, m, limit-textcut.Units(corrected(by)))...)
	return out
}

// composeTexts cuts what a message says. The limit leaves room for what may have to stand
// before the text.
func composeTexts(by style, m *bridge.AgentMessage, limit int) []bridge.Part {
	text, quick := choices.QuickReplies(shown(m.Text))
	text = repeating(m) + text
	buttons := m.Buttons
	mayStandBefore := by.settings.Limit() - limit
	if len(buttons) > 0 && (!choices.ButtonsFit(buttons) || text == "" || textcut.Units(text) > min(limit, longestCard-mayStandBefore)) {
		text = strings.TrimSpace(text + "\n" + choices.ButtonsAsText(buttons))
		buttons = nil
	}
	texts := by.texts(text, limit)
	if len(texts) > 0 {
		last := &texts[len(texts)-1]
		last.Quick, last.Buttons = quick, buttons
	}
	return texts
}

// texts cuts a text into parts, without those that would be empty bubbles.
func (by style) texts(text string, limit int) []bridge.Part {
	return slices.DeleteFunc(by.sender.Cut(text, limit), func(p bridge.Part) bool { return textcut.Blank(p.Text) })
}

// shown is a text, or nothing if nobody would see any of it.
func shown(text string) string {
	if textcut.Blank(text) {
		return ""
	}
	return text
}

// corrected is what stands before a newer version of a message.
func corrected(by style) string { return by.say.Say("Corrected:") + " " }

// heading is what stands before the text where Messenger does not show who wrote.
func heading(out Outgoing) string {
	if out.Name == "" {
		return ""
	}
	return out.Name + ": "
}
