package outbound

import (
	"regexp"
	"strconv"
	"strings"

	"messenger-bridge/bridge"
)

// What stays in the room, and what is said about it (docs/decisions/036-kept-in-the-room.md).

var (
	// command is what people type to us or to Rocket.Chat, never to a customer.
	command = regexp.MustCompile(`^\s*(/\S|(?i:!facebook)\b)`)
	// colleagues begins a note among colleagues.
	colleagues = regexp.MustCompile(`^\s*(?i:!note)\b`)
)

// whyKept says why a message is no matter of the customer's; "" if it is one.
func whyKept(m *bridge.AgentMessage, c bridge.Conversation, s bridge.Settings) bridge.Reason {
	switch {
	case m.Nature != bridge.ForCustomer:
		return natures[m.Nature]
	case command.MatchString(m.Text):
		return bridge.CommandText
	case colleagues.MatchString(m.Text):
		return bridge.NoteText
	case c.Kind != bridge.Comments && privately.MatchString(m.Text):
		return bridge.PrivateOutside
	case m.Thread != "" && s.ThreadsInternal:
		return bridge.ThreadInternal
	case m.Colleague && !s.MentionsSend:
		return bridge.MentionInternal
	}
	return ""
}

// natures are why a message is kept that is none for the customer.
var natures = map[bridge.Nature]bridge.Reason{
	bridge.BotOrder: bridge.OrderText, bridge.ServerVoice: bridge.ServerText, bridge.CallInvite: bridge.CallText,
	bridge.Encrypted: bridge.SecretText, bridge.UnknownType: bridge.TypeUnknown, bridge.Unkeepable: bridge.CannotKeep,
}

// keepBack returns whether a message stays in the room, why, and what its author is told then. why
// is empty for one that stays only because its room was closed: it is no note, and files behind it
// belong to none (follow). Seen again, a message is what it was; a note stays one, whatever it is
// edited to.
func (b *batch) keepBack(c bridge.Conversation, m *bridge.AgentMessage, known bool) (kept bool, why bridge.Reason, told []bridge.Notice) {
	if m.Gone {
		return false, "", nil
	}
	about := aboutMessage(m)
	why = whyKept(m, c, b.o.style(c.Page).settings)
	if why == "" && m.Thread != "" && b.o.isNote(m.Thread) {
		why = bridge.NoteText
	}
	if why == "" && !known && b.o.ofNote(m) {
		why = bridge.WithNote
	}
	switch {
	case b.o.isNote(m.ID):
		return true, bridge.NoteText, nil
	case known && (why == "" || m.Edited.IsZero()):
		return false, "", nil
	case known && b.o.edits.hasAny(m.ID): // the customer has an earlier version
		n := about(bridge.NotDelivered, why)
		n.Edit = m.Edited.UnixMilli()
		return true, why, []bridge.Notice{n}
	case why != "":
		return true, why, tellKept(m, about, why)
	}
	late := about(bridge.NotDelivered, bridge.RoomOver)
	if b.afterClosing(c, m) || b.o.Notices.Told(late) {
		return true, "", []bridge.Notice{late}
	}
	return false, "", nil
}

// takeBack has what a message said before not go out, as far as it waits: it is withdrawn like one that was deleted.
// Whether the customer has it, and the author is to be told so, is certain only in its turn (endKept).
func (b *batch) takeBack(c bridge.Conversation, m *bridge.AgentMessage, why bridge.Reason) error {
	key := changeKey(m, b.o.composer.textHash(m))
	if m.Edited.IsZero() || b.seen(key) {
		return nil
	}
	b.here[key] = struct{}{}
	return b.append(key, Outgoing{Conversation: c, Message: m.ID, Room: m.Room, Author: m.Author, At: m.Edited, Edit: m.Edited.UnixMilli(), Gone: true, Kept: why})
}

// endKept concludes the withdrawal of what is none for the customer any more, and tells the author if the customer
// has it.
func endKept(a *attempt) error {
	if !a.o.edits.hasAny(a.out.Message) {
		return a.o.endings.skip(a)
	}
	return endUnsent(a, a.out.Kept)
}

// endUnsent concludes a newer version that is not sent, although the customer has an earlier one, and tells the author.
func endUnsent(a *attempt, why bridge.Reason) error {
	if err := a.o.reports.tell(a, bridge.NotDelivered, why); err != nil {
		return err
	}
	has, _ := a.o.has(a.out.Message) // from this version on, none before it is sent (overtaken)
	return a.o.endings.drop(a, bridge.Receipt{Page: a.out.Conversation.Page, Tag: bridge.SendTag{Message: a.out.Message}, TextHash: has + bridge.VersionSign + strconv.FormatInt(a.out.Edit, 36)})
}

// isNote reports whether a message was kept as a note.
func (c *Config) isNote(id bridge.MessageID) bool {
	return c.Notices.Told(bridge.Notice{Kind: bridge.Note, Message: id})
}

// wasHeld reports whether an earlier version of a message was kept until it is edited.
func (c *Config) wasHeld(id bridge.MessageID) bool {
	return c.Notices.Told(bridge.Notice{Kind: bridge.HeldBack, Message: id}) || c.Notices.Told(bridge.Notice{Kind: bridge.Private, Message: id})
}

// aboutMessage makes notices about a message.
func aboutMessage(m *bridge.AgentMessage) func(bridge.NoticeKind, bridge.Reason) bridge.Notice {
	return func(kind bridge.NoticeKind, why bridge.Reason) bridge.Notice {
		return bridge.Notice{Kind: kind, Room: m.Room, Message: m.ID, To: m.Author, Reason: why}
	}
}

// tellKept returns what is told of a message that is kept.
func tellKept(m *bridge.AgentMessage, about func(bridge.NoticeKind, bridge.Reason) bridge.Notice, why bridge.Reason) []bridge.Notice {
	switch why {
	case bridge.CommandText, bridge.PrivateOutside:
		return []bridge.Notice{about(bridge.Private, why)}
	case bridge.CallText, bridge.SecretText, bridge.CannotKeep:
		return []bridge.Notice{about(bridge.NotDelivered, why)}
	case bridge.TypeUnknown:
		n := once(about(bridge.Convention, why))
		n.Text = m.Left[0]
		n.Topic += "/" + n.Text
		return []bridge.Notice{about(bridge.Note, why), n}
	case bridge.NoteText, bridge.OrderText:
		return []bridge.Notice{about(bridge.Note, why)}
	}
	return []bridge.Notice{about(bridge.Note, why), once(about(bridge.Convention, why))}
}

// once has a notice told once in each room.
func once(n bridge.Notice) bridge.Notice {
	n.Topic = string(n.Reason) + "/" + string(n.Room)
	if n.Reason == bridge.ServerText {
		n.To = bridge.Author{} // nobody reads what it is told
	}
	return n
}

// sentNotices returns what is told of a message that goes to the customer, besides.
func (b *batch) sentNotices(m *bridge.AgentMessage, out Outgoing) (told []bridge.Notice) {
	about := aboutMessage(m)
	if m.Thread != "" {
		told = append(told, once(about(bridge.Convention, bridge.ThreadSent)))
	}
	if m.Colleague {
		told = append(told, once(about(bridge.Convention, bridge.MentionSent)))
	}
	if len(m.Left) > 0 && len(out.Parts) > 0 {
		n := about(bridge.PartLeft, bridge.Unsupported)
		n.Text = strings.Join(m.Left, ", ")
		told = append(told, n)
	}
	if m.TooMany > 0 {
		n := about(bridge.PartLeft, bridge.TooManyFiles)
		n.Topic, n.Text = "files/"+string(m.ID), strconv.Itoa(m.TooMany)
		told = append(told, n)
	}
	if b.o.wasHeld(m.ID) {
		told = append(told, about(bridge.Released, ""))
	}
	return told
}
