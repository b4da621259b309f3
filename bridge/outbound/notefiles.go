package outbound

import (
	"slices"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/textcut"
)

// Clients send a message for each file, and what was typed stands in the first of them. So what comes directly behind a note
// that holds files, and is nothing but files, belongs to it.

const (
	withNoteFor = time.Minute // behind it
	mostNoted   = 1000        // rooms
)

// noted is the note with files that was the last message of a room, with what belongs to it.
type noted struct {
	author bridge.UserID
	thread bridge.MessageID
	at     time.Time
	files  []bridge.Attachment
}

// holds reports whether a message belongs to the note. A file that is uploaded once more is meant for the customer.
func (n noted) holds(m *bridge.AgentMessage) bool {
	again := func(f bridge.Attachment) bool {
		return slices.ContainsFunc(n.files, func(had bridge.Attachment) bool { return had.Name == f.Name && had.Size == f.Size })
	}
	after := m.At.Sub(n.at)
	return m.Author.ID == n.author && m.Thread == n.thread && after >= 0 && after <= withNoteFor &&
		len(m.Attachments) > 0 && len(m.Buttons)+len(m.Repeats) == 0 && m.Quote == nil && textcut.Blank(strings.TrimSpace(m.Text)) &&
		!slices.ContainsFunc(m.Attachments, again)
}

// ofNote reports whether a message belongs to the note before it.
func (o *Outbound) ofNote(m *bridge.AgentMessage) bool {
	n, is := o.noted.Get(m.Room)
	return is && n.holds(m)
}

// follow notes which note with files was written last in a room, if what was written last is one.
func (o *Outbound) follow(m *bridge.AgentMessage, kept bridge.Reason) {
	before, is := o.noted.Get(m.Room)
	switch {
	case kept == "" || len(m.Attachments) == 0 || m.Nature != bridge.ForCustomer:
		if is {
			o.noted.Delete(m.Room)
		}
	case is && before.holds(m):
		before.files = append(slices.Clone(before.files), m.Attachments...)
		o.noted.Set(m.Room, before)
	default:
		o.noted.Set(m.Room, noted{author: m.Author.ID, thread: m.Thread, at: m.At, files: m.Attachments})
	}
}
