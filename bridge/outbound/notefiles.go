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

// noter is who wrote a note, and where.
type noter struct {
	room   bridge.RoomID
	author bridge.UserID
}

// noted is the note with files that an agent wrote last in a room, with what belongs to it.
type noted struct {
	thread bridge.MessageID
	at     time.Time
	newest time.Time           // of the agent's messages there
	files  []bridge.Attachment // none: something else was written since
}

// holds reports whether a message belongs to the note. A file that is uploaded once more is meant for the customer.
func (n noted) holds(m *bridge.AgentMessage) bool {
	again := func(f bridge.Attachment) bool {
		return slices.ContainsFunc(n.files, func(had bridge.Attachment) bool { return had.Name == f.Name && had.Size == f.Size })
	}
	after := m.At.Sub(n.at)
	return len(n.files) > 0 && m.Thread == n.thread && after >= 0 && after <= withNoteFor &&
		len(m.Attachments) > 0 && len(m.Buttons)+len(m.Repeats) == 0 && m.Quote == nil && textcut.Blank(strings.TrimSpace(m.Text)) &&
		!slices.ContainsFunc(m.Attachments, again)
}

// ofNote reports whether a message belongs to the note before it.
func (o *Outbound) ofNote(m *bridge.AgentMessage) bool {
	n, is := o.noted.Get(noter{m.Room, m.Author.ID})
	return is && n.holds(m)
}

// follow notes which note with files an agent wrote last in a room, if what they wrote last is one. Messages come again, with
// each reaction and each sweep: those are passed over.
func (o *Outbound) follow(m *bridge.AgentMessage, kept bridge.Reason) {
	by := noter{m.Room, m.Author.ID}
	before, is := o.noted.Get(by)
	switch {
	case is && !m.At.After(before.newest):
		return
	case kept == "" || len(m.Attachments) == 0 || m.Nature != bridge.ForCustomer:
		if !is {
			return
		}
		before.files = nil
	case is && before.holds(m):
		before.files = append(slices.Clone(before.files), m.Attachments...)
	default:
		before = noted{thread: m.Thread, at: m.At, files: m.Attachments}
	}
	before.newest = m.At
	o.noted.Set(by, before)
}
