package bridge

import (
	"context"
	"strconv"
	"time"
)

// Notice is something an agent is told about a message of a room, or administrators
// about a page.
type Notice struct {
	Kind    NoticeKind  `json:"kind"`
	Room    RoomID      `json:"room"`
	Message MessageID   `json:"message,omitempty"` // the message concerned, if it is about one
	Topic   string      `json:"topic,omitempty"`   // what it is about otherwise; the same for the same matter
	To      Author      `json:"to"`                // who wrote it
	Reason  Reason      `json:"reason,omitempty"`
	Status  int         `json:"status,omitempty"`  // of HTTP, of a file that is not handed out
	Code    string      `json:"code,omitempty"`    // of Meta, with subcode
	Waited  bool        `json:"waited,omitempty"`  // StillWaiting was told before, and is now over
	Part    int         `json:"part,omitempty"`    // so many reached the customer; of a FileLeft: which it is
	Parts   int         `json:"parts,omitempty"`   // of how many
	Edit    int64       `json:"edit,omitempty"`    // the version of the message, as in SendTag
	RetryNo int         `json:"round,omitempty"`   // the message was given up and tried again
	Found   bool        `json:"found,omitempty"`   // of a Revised: an earlier round had sent it
	Earlier []NoticeKey `json:"earlier,omitempty"` // of a Revised: of what was told in those
	Newer   bool        `json:"newer,omitempty"`   // of a Corrected or Revised: by a newer version, which takes this one's place
	Marked  bool        `json:"marked,omitempty"`  // likewise: something else that was told still holds, so the mark stays
	At      time.Time   `json:"at"`
	Until   time.Time   `json:"until,omitzero"` // of a window note: the end of the plain window
	Later   time.Time   `json:"later,omitzero"` // likewise: until when people may answer; zero: not after Until

	Text      string     `json:"text,omitempty"`      // of an Answer or Announcement; of FileLeft, the file's name
	Shortcuts []Shortcut `json:"shortcuts,omitempty"` // of an Answer
	Command   *Command   `json:"command,omitempty"`   // of a CommandReceived

	Aside    bool   `json:"-"` // the room refuses it: it is told by direct message
	Sentence string `json:"-"` // what the agent reads, in the language of the day; made when it is told
}

// NoticeKey is the same for every telling of a notice, and for no other. Ids of messages
// are made from it, so it never changes.
type NoticeKey string

// Key returns the notice's: what an agent is told of one matter in one round.
func (n Notice) Key() NoticeKey {
	kind := string(n.Kind)
	if n.RetryNo > 0 {
		kind += "-" + strconv.Itoa(n.RetryNo)
	}
	if n.Edit > 0 {
		kind += "-" + strconv.FormatInt(n.Edit, 36)
	}
	if n.Kind == FileLeft {
		kind += "-" + strconv.Itoa(n.Part)
	}
	if n.Topic != "" {
		return NoticeKey(kind + "/" + n.Topic)
	}
	return NoticeKey(kind + "/" + string(n.Message))
}

// NoticeKind says what a notice does in the room.
type NoticeKind string

const (
	NotDelivered    NoticeKind = "not-delivered" // a sentence and a mark on the message
	StillWaiting    NoticeKind = "waiting"       // the same, until Corrected
	FileLeft        NoticeKind = "file-left"     // the same about file number Part of a message, which went out otherwise
	StillSeen       NoticeKind = "still-seen"    // a sentence about a message that was deleted too late
	Corrected       NoticeKind = "corrected"     // what StillWaiting said is over: it went out
	Revised         NoticeKind = "revised"       // what NotDelivered said, in earlier rounds or of an earlier version, is over: the customer has it
	PartLeft        NoticeKind = "part-left"     // the same about what nobody can read in a message, which went out otherwise: Text
	Private         NoticeKind = "private"       // kept from the customer: a direct message to the author, and a mark on the message
	Note            NoticeKind = "note"          // kept from the customer for good: a mark on the message
	HeldBack        NoticeKind = "held-back"     // kept from the customer until it is edited: the same mark
	LeftOverText    NoticeKind = "left-over"     // why a text was held back: a sentence about the message. Text: what stands there
	Released        NoticeKind = "released"      // what was held back has been edited and goes out: the mark is taken off
	Convention      NoticeKind = "convention"    // which rule a message fell under: a sentence, once in a room
	HasArrived      NoticeKind = "arrived"       // a mark on the message: the customer has it
	WasRead         NoticeKind = "read"          // likewise: and has read it
	CommandReceived NoticeKind = "ordered"       // not told at all: a command to be carried out
	Answer          NoticeKind = "answer"        // to a command: in Room, or by direct message if that is empty
	AnsweredAside   NoticeKind = "answered"      // a mark on a command that was answered by direct message
	Announcement    NoticeKind = "announcement"  // in the setup channel

	WindowEndsSoon NoticeKind = "window-ending"  // in the room, for whoever works there
	WindowHasEnded NoticeKind = "window-ended"   // likewise
	SurveySkipped  NoticeKind = "survey-skipped" // likewise: the customer was not asked how it was
)

// Notifier tells people. Telling the same notice again is harmless. The error is a Refusal.
type Notifier interface {
	Notify(context.Context, Notice) error
}

// Standing shows a text to administrators under an id, in place of what was shown there
// before. Calls for one id do not overlap.
type Standing func(ctx context.Context, id, text string) error
