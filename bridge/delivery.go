package bridge

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"
)

// EventKind says what a customer did.
type EventKind string

const (
	TextEvent    EventKind = "text"
	MediaEvent   EventKind = "media"   // a message without text
	EchoEvent    EventKind = "echo"    // something the page said, by us or by others
	UnknownEvent EventKind = "unknown" // counted and left alone
)

// Incoming is one event from a customer's side of a conversation.
type Incoming struct {
	Conversation Conversation `json:"conversation"`
	Kind         EventKind    `json:"kind"`
	Mid          Mid          `json:"mid,omitempty"`
	At           time.Time    `json:"at"` // by Meta's clock
	Text         string       `json:"text,omitempty"`
	Attachments  []Attachment `json:"attachments,omitempty"`
	Standby      bool         `json:"standby,omitempty"` // another app holds the thread
	Mark         Mark         `json:"mark,omitzero"`     // of an echo of ours
	Key          string       `json:"key"`               // the same for every repeat of this event, and for no other of its page
}

// MessageID returns the id under which the event is shown in its room. It depends
// on page and event alone, so that showing it again changes nothing.
func (in Incoming) MessageID() MessageID {
	sum := sha256.Sum256([]byte(string(in.Conversation.Page) + "/" + in.Key))
	return MessageID("fb" + hex.EncodeToString(sum[:12]))
}

// Author is who wrote in a room.
type Author struct {
	ID       UserID `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name,omitempty"`
	Bot      bool   `json:"bot,omitempty"`
}

// AgentMessage is what an agent wrote in a room, as plain text.
type AgentMessage struct {
	ID          MessageID
	Room        RoomID
	Author      Author
	At          time.Time // by Rocket.Chat's clock
	Text        string
	Attachments []Attachment
}

// Attachment is a link to a file, with its kind; never the bytes.
type Attachment struct {
	Kind string `json:"kind"` // image, video, audio, file, …
	URL  string `json:"url"`
	Name string `json:"name,omitempty"`
}

// Part is one message of the Send API. An agent's message becomes one or more.
type Part struct {
	Text string      `json:"text,omitempty"`
	File *Attachment `json:"file,omitempty"`
}

// Mark identifies one part of one agent's message. It travels with what we send
// and comes back in Meta's echo, which proves that the customer has it.
type Mark struct {
	Message MessageID `json:"message"`
	Part    int       `json:"part"`
}

// Outgoing is an agent's message on its way to the customer. It is cut into
// parts when it is accepted, so that a setting changed meanwhile cannot move the
// cuts between two attempts.
type Outgoing struct {
	Conversation Conversation `json:"conversation"`
	Message      MessageID    `json:"message"`
	Room         RoomID       `json:"room"`
	Author       Author       `json:"author"`
	At           time.Time    `json:"at"`
	Parts        []Part       `json:"parts"`
	Files        int          `json:"files,omitempty"` // attachments that are not among the parts
}

// Notice is something an agent is told about a message of a room.
type Notice struct {
	Kind    NoticeKind `json:"kind"`
	Room    RoomID     `json:"room"`
	Message MessageID  `json:"message"` // the message concerned
	To      Author     `json:"to"`      // who wrote it
	Reason  Reason     `json:"reason,omitempty"`
	Waited  bool       `json:"waited,omitempty"` // StillWaiting was told before, and is now over
	Part    int        `json:"part,omitempty"`   // parts before this one reached the customer
	Parts   int        `json:"parts,omitempty"`  // of how many
	At      time.Time  `json:"at"`

	Text    string   `json:"text,omitempty"`    // of an Answer or Announcement
	Command *Command `json:"command,omitempty"` // of an Ordered
}

// NoticeKind says what a notice does in the room.
type NoticeKind string

const (
	NotDelivered NoticeKind = "not-delivered" // a sentence and a mark on the message
	StillWaiting NoticeKind = "waiting"       // the same, until Corrected
	Corrected    NoticeKind = "corrected"     // what StillWaiting said is over: it went out
	Private      NoticeKind = "private"       // a direct message to the author only
	Ordered      NoticeKind = "ordered"       // not told at all: a command to be carried out
	Answer       NoticeKind = "answer"        // to a command: in Room, or by direct message if that is empty
	Announcement NoticeKind = "announcement"  // in the setup channel
)

// Seq is the place of an entry in its queue: later entries have larger numbers.
type Seq uint64

// Entry is what is appended to a queue.
type Entry struct {
	Lane Lane
	Key  string // an entry with the key of an earlier one is a repeat and is not stored
	Body []byte // kept sealed

	Progress Progress // what it begins with; the zero value: Trying
}

// Delivery is an entry on its way.
type Delivery struct {
	Seq      Seq
	Lane     Lane
	Accepted time.Time
	Progress Progress
	Body     []byte
}

// Progress is how far a delivery has come; it is stored before an attempt is
// made. Stopped here, the delivery is…
//
//  1. Trying, and not the oldest of its lane: nothing was sent.
//  2. Trying, and the oldest: the part may have been sent. A delivery is stored
//     as Trying, so that no second commit stands between an agent and the
//     customer; whoever finds it at start settles it first (recover.go).
//  3. Waiting: the part was certainly not sent; the next attempt is free to.
//  4. Unsure: the part may have been sent, and settling has begun.
//  5. gone from the queue: it is concluded.
type Progress struct {
	State    State
	Part     int       // parts before this one reached the customer
	Attempts int       // at this part, of which nobody knew at first whether they arrived
	Tried    time.Time // when this part may have been sent last
}

// State of a delivery's current part.
type State uint8

const (
	Trying State = iota
	Waiting
	Unsure
)

// ErrConcluded says that a delivery is no longer in its queue.
var ErrConcluded = errors.New("delivery is concluded")

// Retry steps of a lane and of a gate. The first is short because most faults
// are; the last is short enough that nobody waits long after the cause is gone.
var backoff = []time.Duration{
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second,
	5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second,
}

// backoffAfter returns how long to wait after a number of failures in a row,
// jitter (0 to 1) spreads it over plus or minus a fifth.
func backoffAfter(failures int, jitter float64) time.Duration {
	step := backoff[min(max(failures, 1), len(backoff))-1]
	return step + time.Duration((jitter-0.5)*0.4*float64(step))
}
