package outbound

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"messenger-bridge/bridge"
)

// Outgoing is an agent's message on its way to the customer. It is cut into
// parts when it is accepted, so that a setting changed meanwhile cannot move the
// cuts between two attempts. What is stored today must be readable tomorrow: names in
// JSON never change.
type Outgoing struct {
	Conversation bridge.Conversation `json:"conversation"`
	Message      bridge.MessageID    `json:"message"`
	Room         bridge.RoomID       `json:"room"`
	Author       bridge.Author       `json:"author"`
	At           time.Time           `json:"at"`
	Parts        []bridge.Part       `json:"parts"`
	Automatic    bool                `json:"automatic,omitempty"` // nobody wrote it, so nobody is told of it (automatic.go)
	Until        time.Time           `json:"until,omitzero"`      // an automatic text is not sent any more
	Survey       bridge.RoomID       `json:"survey,omitempty"`    // an automatic text asks how the conversation in this room was

	RetryNo  int           `json:"round,omitempty"` // how often it was given up and tried again
	Since    time.Time     `json:"since,omitzero"`  // it may have been sent in an earlier retry, not before
	Quote    *bridge.Quote `json:"quote,omitempty"`
	Edit     int64         `json:"edit,omitempty"`    // which version it is, as in SendTag
	TextHash string        `json:"print,omitempty"`   // tells its text from others, and does not tell it
	Gone     bool          `json:"gone,omitempty"`    // the message was deleted (edits.go)
	Kept     bridge.Reason `json:"kept,omitempty"`    // with Gone: it was not deleted, but became a note or the like (keep.go)
	Corrects bool          `json:"-"`                 // the customer has an earlier version
	Comment  bridge.Mid    `json:"comment,omitempty"` // in a conversation of kind Comments: which one it answers,
	Private  bool          `json:"private,omitempty"` // and that in Messenger
	Name     string        `json:"name,omitempty"`    // which the customer is to see; empty: the page's
}

// Subject says what it is, for whoever follows its message.
func (out Outgoing) Subject() bridge.Subject {
	a := bridge.Subject{What: "answer", ID: string(out.Message)}
	switch {
	case out.Automatic:
		a.What = "automatic"
	case out.Gone:
		a.What = "deletion"
	case out.Edit > 0:
		a.What = "edit"
	}
	return a
}

// isChange reports whether this is no message, but a change of an earlier one.
func (out Outgoing) isChange() bool { return out.Gone || out.Edit > 0 }

// firstText returns the index of the first part that is a text, or -1.
func (out Outgoing) firstText() int {
	return slices.IndexFunc(out.Parts, func(p bridge.Part) bool { return p.File == nil })
}

// answers returns the message in the room that this one answers, or corrects; "" if there
// is none.
func (out Outgoing) answers() bridge.MessageID {
	switch {
	case out.Corrects:
		return out.Message
	case out.Quote != nil:
		return out.Quote.Message
	}
	return ""
}

// notice returns one about the message as it was at one of its retries.
func (out Outgoing) notice(kind bridge.NoticeKind, retryNo int) bridge.Notice {
	return bridge.Notice{Kind: kind, Room: out.Room, Message: out.Message, To: out.Author, Edit: out.Edit, RetryNo: retryNo}
}

// outlived reports whether a text that nobody wrote comes too late to be sent, if the
// customer's window is this one.
func (out Outgoing) outlived(w bridge.Window, now time.Time) bool {
	return out.Automatic && (!w.Open(now, bridge.PlainWindow) || !out.Until.IsZero() && now.After(out.Until) ||
		out.Survey != "" && w.Heard.After(out.At))
}

// messageKey is the key of an agent's message. Clients of Rocket.Chat may choose
// ids; none can take the key of a retry, a change, or a text that nobody wrote.
func messageKey(id bridge.MessageID) string {
	if strings.Contains(string(id), "/") || strings.HasPrefix(string(id), bridge.AutomaticPrefix) && len(id) == len(Automatic{}.id()) {
		return "message/" + string(id)
	}
	return string(id)
}

// changeKey returns the key of a change, unique among the keys of agents' messages. Of
// what is edited twice within a millisecond, the text tells the versions apart.
func changeKey(m *bridge.AgentMessage, textHash string) string {
	if m.Gone {
		return "deleted/" + string(m.ID)
	}
	return "edited/" + string(m.ID) + "/" + strconv.FormatInt(m.Edited.UnixMilli(), 10) + "/" + textHash
}
