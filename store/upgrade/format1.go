// Package upgrade brings stores of older formats up to date.
package upgrade

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/store/layout"
)

// What a store of format 1 holds is read here. This changes only with what it is read into.

// parseRecord reads what waits in a queue. Lane and body are parts of it:
//
//	version 1 | state 1, its highest bit: tagged | part 2 | attempts 2 | accepted 8 | tried 8 | lane length 2 | lane | body
//
// The lane is left to parseLane, the body to the key it is sealed with.
func parseRecord(record []byte) (d bridge.Delivery, lane, body []byte, err error) {
	const header, tagged = 24, 0x80
	if len(record) < header {
		return d, nil, nil, layout.ErrShort
	}
	if record[0] != 1 {
		return d, nil, nil, fmt.Errorf("record has version %d, not 1", record[0])
	}
	end := header + int(binary.BigEndian.Uint16(record[22:]))
	if len(record) < end {
		return d, nil, nil, layout.ErrShort
	}
	d.Progress = bridge.Progress{
		State:    bridge.State(record[1] &^ tagged),
		Tagged:   record[1]&tagged != 0,
		Part:     int(binary.BigEndian.Uint16(record[2:])),
		Attempts: int(binary.BigEndian.Uint16(record[4:])),
		Tried:    layout.FromNanos(record[14:]),
	}
	d.Accepted = layout.FromNanos(record[6:])
	return d, record[header:end], record[end:], nil
}

// failed takes a failure apart: what stands before the record of its queue, whether that
// was the one of notices, and the record as it was there.
//
//	version 1 | queue 1 | sequence there 8 | at 8 | reason length 1 | reason | record
func failed(v []byte) (before []byte, notice bool, record []byte, err error) {
	const reason, notices = 18, 3
	if len(v) <= reason || len(v) <= reason+int(v[reason]) {
		return nil, false, nil, layout.ErrShort
	}
	if v[0] != 1 {
		return nil, false, nil, fmt.Errorf("failure has version %d, not 1", v[0])
	}
	end := reason + 1 + int(v[reason])
	return v[:end], v[1] == notices, v[end:], nil
}

// parseLane reads a lane of what goes to rooms or to customers:
//
//	page/kind/customer
//	page/kind/customer/about    events about messages that exist
//	page/c/comment/id           events about a comment that do not tell whose it is
//
// What is none of these keeps its order in a lane of its own.
func parseLane(text string) bridge.Lane {
	part := strings.SplitN(text, "/", 4)
	switch {
	case len(part) == 4 && part[1] == string(bridge.Comments) && part[2] == "comment":
		return bridge.CommentLane(bridge.PageID(part[0]), bridge.Mid(part[3]))
	case len(part) == 4 && part[3] == "about":
		return conversation(part).MessageEvents()
	case len(part) == 3 && part[2] != "":
		return conversation(part).Lane()
	}
	return bridge.Lane{Sub: bridge.Unfiled, Of: text}
}

// parseNoticeLane reads a lane of notices. of returns the conversation of a room.
//
//	page/kind/customer    how far the customer is
//	command/user          what one person types to the bot
//	announcements         what the setup channel is told
//	room                  what agents are told in it
func parseNoticeLane(text string, of func(bridge.RoomID) (bridge.Conversation, bool)) bridge.Lane {
	part := strings.SplitN(text, "/", 3)
	switch {
	case text == "announcements":
		return bridge.AnnouncementLane()
	case len(part) == 2 && part[0] == "command":
		return bridge.CommandLane(bridge.UserID(part[1]))
	case len(part) == 3 && part[2] != "":
		return conversation(part).ReceiptMarks()
	}
	if c, known := of(bridge.RoomID(text)); known {
		return c.Lane()
	}
	return bridge.Lane{Sub: bridge.Unfiled, Of: text}
}

func conversation(part []string) bridge.Conversation {
	return bridge.Conversation{Page: bridge.PageID(part[0]), Kind: bridge.Kind(part[1]), Customer: bridge.CustomerID(part[2])}
}

// talk is how a conversation went.
type talk struct {
	Heard          time.Time         `json:"heard"` // of comments: when the latest was written
	Told           bridge.WindowNote `json:"told"`
	Spoke          time.Time         `json:"spoke"`
	Closed         time.Time         `json:"closed"`
	ClosedRoom     bridge.RoomID     `json:"closedRoom"`
	Before         [2]bridge.Closed  `json:"before"`
	Welcomed       time.Time         `json:"welcomed"`
	Received       time.Time         `json:"received"`
	Read           time.Time         `json:"read"`
	Commenting     time.Time         `json:"commenting"`
	CommentingRoom bridge.RoomID     `json:"commentingRoom"`
	Commented      string            `json:"commented"`
	Comment        bridge.Mid        `json:"comment"`
}

// parseTalk reads how a conversation of one kind went.
func parseTalk(kind bridge.Kind, text []byte) (s bridge.ConversationState, err error) {
	var t talk
	if err := json.Unmarshal(text, &t); err != nil {
		return s, fmt.Errorf("read how a conversation went: %w", err)
	}
	s = bridge.ConversationState{
		Silence:    bridge.Silence{Since: t.Spoke},
		Closings:   bridge.Closings{Last: bridge.Closed{Room: t.ClosedRoom, At: t.Closed}, Before: t.Before},
		Welcome:    bridge.Welcome{At: t.Welcomed},
		Watermarks: bridge.Watermarks{Received: t.Received, Read: t.Read},
		Survey:     bridge.SurveyComment{Since: t.Commenting, Room: t.CommentingRoom, Key: t.Commented},
	}
	s.Window.Told, s.Reply.Comment = t.Told, t.Comment
	if kind == bridge.Comments {
		s.Reply.At = t.Heard
	} else {
		s.Window.Heard = t.Heard
	}
	return s, nil
}
