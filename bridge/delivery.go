package bridge

import (
	"errors"
	"strconv"
	"time"
)

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
	Attachments []Attachment // files
	Buttons     []Button     // of bots
	Quote       *Quote       // the message this one answers
	Edited      time.Time    // last; zero: never
	Known       bool         // it was accepted before, or not to be: only a change of it is new
	Gone        bool         // it was deleted; then nothing but ID, Room and At need be known
}

// Quote is a message that another one answers.
type Quote struct {
	Message MessageID `json:"message"`
	Text    string    `json:"text,omitempty"` // as far as it is shown
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
	Automatic    bool         `json:"automatic,omitempty"` // nobody wrote it, so nobody is told of it (automatic.go)
	Until        time.Time    `json:"until,omitzero"`      // an automatic text is not sent any more
	Survey       RoomID       `json:"survey,omitempty"`    // an automatic text asks how the conversation in this room was

	Round    int       `json:"round,omitempty"` // how often it was given up and tried again
	Since    time.Time `json:"since,omitzero"`  // it may have been sent in an earlier round, not before
	Quote    *Quote    `json:"quote,omitempty"`
	Edit     int64     `json:"edit,omitempty"`    // which version it is, as in Mark
	Print    string    `json:"print,omitempty"`   // tells its text from others, and does not tell it
	Gone     bool      `json:"gone,omitempty"`    // the message was deleted (revise.go)
	Corrects bool      `json:"-"`                 // the customer has an earlier version
	Comment  Mid       `json:"comment,omitempty"` // in a conversation of kind Comments: which one it answers,
	Private  bool      `json:"private,omitempty"` // and that in Messenger
	Name     string    `json:"name,omitempty"`    // which the customer is to see; empty: the page's
}

// Notice is something an agent is told about a message of a room.
type Notice struct {
	Kind    NoticeKind `json:"kind"`
	Room    RoomID     `json:"room"`
	Message MessageID  `json:"message"` // the message concerned
	To      Author     `json:"to"`      // who wrote it
	Reason  Reason     `json:"reason,omitempty"`
	Waited  bool       `json:"waited,omitempty"`  // StillWaiting was told before, and is now over
	Part    int        `json:"part,omitempty"`    // parts before this one reached the customer
	Parts   int        `json:"parts,omitempty"`   // of how many
	Edit    int64      `json:"edit,omitempty"`    // the version of the message, as in Mark
	Round   int        `json:"round,omitempty"`   // the message was given up and tried again
	Found   bool       `json:"found,omitempty"`   // of a Revised: an earlier round had sent it
	Earlier []string   `json:"earlier,omitempty"` // of a Revised: keys of what was told in those
	At      time.Time  `json:"at"`
	Until   time.Time  `json:"until,omitzero"` // of a window note: the end of the plain window
	Later   time.Time  `json:"later,omitzero"` // likewise: until when people may answer; zero: not after Until

	Text      string     `json:"text,omitempty"`      // of an Answer or Announcement; of FileLeft, the file's name
	Shortcuts []Shortcut `json:"shortcuts,omitempty"` // of an Answer
	Command   *Command   `json:"command,omitempty"`   // of an Ordered
}

// Key is the same for every telling of a notice, and for no other: what an agent is
// told of one message in one round.
func (n Notice) Key() string {
	kind := string(n.Kind)
	if n.Round > 0 {
		kind += "-" + strconv.Itoa(n.Round)
	}
	if n.Edit > 0 {
		kind += "-" + strconv.FormatInt(n.Edit, 36)
	}
	if n.Kind == FileLeft {
		kind += "-" + strconv.Itoa(n.Part)
	}
	return kind + "/" + string(n.Message)
}

// NoticeKind says what a notice does in the room.
type NoticeKind string

const (
	NotDelivered NoticeKind = "not-delivered" // a sentence and a mark on the message
	StillWaiting NoticeKind = "waiting"       // the same, until Corrected
	FileLeft     NoticeKind = "file-left"     // the same about file number Part of a message, which went out otherwise
	StillSeen    NoticeKind = "still-seen"    // a sentence about a message that was deleted too late
	Corrected    NoticeKind = "corrected"     // what StillWaiting said is over: it went out
	Revised      NoticeKind = "revised"       // what NotDelivered said in earlier rounds is over: the customer has it
	Private      NoticeKind = "private"       // a direct message to the author only
	HasArrived   NoticeKind = "arrived"       // a mark on the message: the customer has it
	WasRead      NoticeKind = "read"          // likewise: and has read it
	Ordered      NoticeKind = "ordered"       // not told at all: a command to be carried out
	Answer       NoticeKind = "answer"        // to a command: in Room, or by direct message if that is empty
	Announcement NoticeKind = "announcement"  // in the setup channel

	WindowEndsSoon NoticeKind = "window-ending"  // in the room, for whoever works there
	WindowHasEnded NoticeKind = "window-ended"   // likewise
	SurveySkipped  NoticeKind = "survey-skipped" // likewise: the customer was not asked how it was
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
	Tagged   bool      // this part is sent with the human tag, because Meta refused it without
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

// Retry steps of a lane and of a gate, as multiples of Config.FirstRetry: 0.25, 0.5, 1,
// 2, 5, 10, 20 and 30 s. The first is short because most faults are; the last is short
// enough that nobody waits long after the cause is gone.
var backoff = []time.Duration{1, 2, 4, 8, 20, 40, 80, 120}

// backoffAfter returns how long to wait after a number of failures in a row,
// jitter (0 to 1) spreads it over plus or minus a fifth.
func backoffAfter(first time.Duration, failures int, jitter float64) time.Duration {
	step := first * backoff[min(max(failures, 1), len(backoff))-1]
	return step + time.Duration((jitter-0.5)*0.4*float64(step))
}
