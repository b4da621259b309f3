package outbound

import (
	"strings"

	"messenger-bridge/bridge"
)

// What a message quotes reaches the customer in words where Messenger does not show it, and everybody below a post. So what
// customers do not get is not quoted, either (docs/decisions/036-kept-in-the-room.md).

// quoting returns a message without those of its quotes that the customer is not to read, and with the files of the others.
func (c *Config) quoting(m bridge.AgentMessage) *bridge.AgentMessage {
	if m.Quote != nil && c.conceals(m.Quote) {
		m.Quote = nil
	}
	m.Repeats = c.quotable(m.Repeats)
	files := append(filesOf(m.Repeats), m.Attachments...)
	if most := bridge.MostAttached; len(files) > most {
		m.TooMany += len(files) - most
		files = files[:most]
	}
	m.Attachments = files
	return &m
}

// quotedBefore reports whether the customer has this very version of a message with quotes: the program of before 30 November
// 2026 made other fingerprints of some.
func (c *Config) quotedBefore(m *bridge.AgentMessage) bool {
	if m.Gone || len(m.Repeats) == 0 || m.Edited.IsZero() {
		return false
	}
	_, version := c.has(m.ID)
	return version == m.Edited.UnixMilli()
}

// quotable returns those quotes that the customer may read.
func (c *Config) quotable(quotes []bridge.Quoted) (all []bridge.Quoted) {
	for _, q := range quotes {
		if !c.conceals(&q.Quote) {
			q.Quotes = c.quotable(q.Quotes)
			all = append(all, q)
		}
	}
	return all
}

// conceals reports whether a quoted message is none for the customer: it was kept, it is by its words such a one, for that
// it was kept is forgotten in time, or the bridge itself says it to agents. What of it the customer has, they may read.
func (c *Config) conceals(q *bridge.Quote) bool {
	arrived := c.Memory.Receipts.TextHashOf(q.Message) != "" // an answer, perhaps as a newer version only
	switch {
	case c.isNote(q.Message):
		return true
	case !arrived && c.Memory.Receipts.MidOf(bridge.SendTag{Message: q.Message}) == "":
		return q.ByBot || meantForNobody(q.Text) || c.wasHeld(q.Message)
	}
	return arrived && meantForNobody(q.Text) // an answer that says something else now, or said it in Messenger
}

// meantForNobody reports whether a text is, by how it begins, none that is sent, or not to everybody.
func meantForNobody(text string) bool {
	return command.MatchString(text) || colleagues.MatchString(text) || privately.MatchString(text)
}

// filesOf returns the files of quoted messages.
func filesOf(quotes []bridge.Quoted) (files []bridge.Attachment) {
	for _, q := range quotes {
		files = append(append(files, q.Attachments...), filesOf(q.Quotes)...)
	}
	return files
}

// repeating is what a message quotes and the customer does not have.
func repeating(m *bridge.AgentMessage) (words string) {
	for _, one := range m.Repeats {
		if said := allOf(one); shown(said) != "" {
			words += "“" + said + "”\n\n"
		}
	}
	return words
}

// allOf is all that a quoted message says, with what it quotes itself.
func allOf(q bridge.Quoted) string {
	said := q.Text
	for _, inner := range q.Quotes {
		said += "\n" + allOf(inner)
	}
	return strings.TrimSpace(said)
}

// excerptLength is how much of a quoted message is repeated where it cannot be quoted.
const excerptLength = 100

// inWords repeats what a message quotes, for where Messenger cannot show it.
func inWords(by style, q *bridge.Quote) string {
	if q == nil {
		return ""
	}
	parts := by.texts(strings.Join(strings.Fields(q.Text), " "), excerptLength)
	switch {
	case len(parts) == 0:
		return ""
	case len(parts) > 1:
		return "“" + parts[0].Text + "…”\n\n"
	}
	return "“" + parts[0].Text + "”\n\n"
}
