package rooms

import (
	"context"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/textcut"
)

const (
	mostHistory    = 20
	longestHistory = 4000 // characters, below Rocket.Chat's Message_MaxAllowedSize
	historyWithin  = 10 * time.Second
)

// showHistory shows, folded, what was said before a customer's first room here, if the
// page wants that. The message that opened the room is shown before and does not wait. A
// conversation has one such note: an attempt after a crash says the same again.
func (r *opener) showHistory(ctx context.Context, link *stay, in bridge.Incoming) {
	if link.Begin != link.event || r.History == nil || in.Comment != nil {
		return
	}
	page, err := r.Pages.Page(link.Conversation.Page)
	if err != nil || !page.Settings.History {
		return
	}
	reading, cancel := context.WithTimeout(ctx, historyWithin)
	defer cancel()
	said, err := r.History(reading, page, link.Conversation.Customer)
	if err == nil {
		if below := r.history(said, in, page); below != "" {
			id := bridge.Incoming{Conversation: link.Conversation, Key: "history"}.MessageID()
			err = r.Changes.Note(ctx, link.Room, bridge.Post{ID: id, Text: r.Say.Say("What was said before, at Facebook"), Below: below})
		}
	}
	if err != nil {
		r.Log.Info("what was said before is not shown", "page", page.ID, "room", link.Room, "err", err)
	}
}

// history writes what was said before an event, one message in a line; of too much, the
// latest.
func (r *opener) history(said []bridge.Incoming, in bridge.Incoming, page bridge.Page) string {
	customer := r.nameOf(in.Conversation)
	var lines []string
	for _, m := range said {
		if m.Mid == in.Mid || !m.At.Before(in.At.Truncate(time.Second)) { // threads know whole seconds
			continue
		}
		what := []string{}
		if text := strings.TrimSpace(m.Text); !textcut.Blank(text) {
			what = append(what, text)
		}
		what = append(what, r.attachedLines(m)...)
		if len(what) == 0 {
			continue
		}
		who := customer
		if m.Kind == bridge.EchoEvent {
			who = page.DisplayName()
		}
		first, rest, more := strings.Cut(bridge.Spoken(strings.Join(what, "\n")), "\n")
		line := r.Say.Time(m.At) + " " + bridge.OneLine(who) + ": " + first
		if more {
			line += "\n" + bridge.Cite(rest)
		}
		lines = append(lines, line)
	}
	lines = lines[max(0, len(lines)-mostHistory):]
	for len(lines) > 1 && textcut.Units(strings.Join(lines, "\n")) > longestHistory {
		lines = lines[1:]
	}
	text := strings.Join(lines, "\n")
	return textcut.Pieces(text, longestHistory)[0]
}
