package bridge

import (
	"errors"
	"strings"
	"time"
)

// Author is who wrote in a room.
type Author struct {
	ID       UserID `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name,omitempty"`
	Bot      bool   `json:"bot,omitempty"`
}

// ShownAs is what a page's customers see of an author: nothing, unless the page wants
// that and a person wrote. A bot must not look like a person.
func (a Author) ShownAs(show AgentName) string {
	switch {
	case a.Bot:
		return ""
	case show == AgentsName && a.Name != "":
		return a.Name
	case show == AgentsName, show == AgentUsername:
		return a.Username
	}
	return ""
}

// NamedAs is what a text of an administrator's calls an author: the name, and the username
// where there is none or the page shows customers only usernames. That answers show no name
// does not matter here. A bot is never named.
func (a Author) NamedAs(show AgentName) string {
	if show == NoAgentName {
		show = AgentsName
	}
	return a.ShownAs(show)
}

// AgentMessage is what an agent wrote in a room, as plain text.
type AgentMessage struct {
	ID          MessageID
	Room        RoomID
	Author      Author
	At          time.Time // by Rocket.Chat's clock
	Text        string
	Attachments []Attachment // files
	TooMany     int          // how many files more are attached, beyond what one message may hold
	Buttons     []Button     // of bots
	Quote       *Quote       // the message this one answers
	Repeats     []Quoted     // other messages that it quotes; to be repeated before its own text
	Thread      MessageID    // the message in whose thread it was written; empty: in none
	Colleague   bool         // it begins with the name of somebody of the workspace
	Nature      Nature       // what kind of message it is
	Left        []string     // what of it cannot be read, by kind; of an UnknownType, that type
	Edited      time.Time    // last; zero: never
	Known       bool         // it was accepted before, or not to be: only a change of it is new
	Gone        bool         // it was deleted; then nothing but ID, Room and At need be known
	With        Conversation // for whom the room was opened, as was just found out; zero: that is still to be asked
}

// Empty reports whether the message says and holds nothing.
func (m *AgentMessage) Empty() bool {
	return strings.TrimSpace(m.Text) == "" && len(m.Attachments)+len(m.Buttons)+len(m.Repeats)+len(m.Left) == 0
}

// Nature tells what was written for a customer from what only looks like that.
type Nature string

const (
	ForCustomer Nature = ""
	BotOrder    Nature = "order"        // to a bot: carried out, or not, elsewhere
	ServerVoice Nature = "server"       // what Rocket.Chat itself writes, and integrations in its name
	CallInvite  Nature = "call"         // to a call that the customer cannot follow
	Encrypted   Nature = "encrypted"    // so that only clients can read it
	UnknownType Nature = "unknown-type" // a system message of a type nobody knows
	Unkeepable  Nature = "unkeepable"   // no store takes it: its id is none, or it is too large
)

// longestID is how many bytes an id may have: it is a part of keys, and stands in what people read.
const longestID = 255

// IsID reports whether an id can be one: printable ASCII without blanks, backticks, and the sign
// that parts id and version in a SendTag. Everybody may choose those of messages (POST
// chat.sendMessage), and no program writes others.
func IsID(id string) bool {
	if id == "" || len(id) > longestID {
		return false
	}
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c >= '~' || c == '`' {
			return false
		}
	}
	return true
}

// StandInPrefix begins the ids by which we call messages whose own are none.
const StandInPrefix = "unkept/"

// Quote is a message that another one answers.
type Quote struct {
	Message MessageID `json:"message"`
	Text    string    `json:"text,omitempty"` // as far as it is shown
	ByBot   bool      `json:"-"`              // the bridge itself wrote it
}

// Quoted is a quote of which more than the id goes to the customer: all it says and holds.
type Quoted struct {
	Quote
	Attachments []Attachment // files
	Quotes      []Quoted     // what it quotes itself
}

// Closing is that a room was closed by somebody other than us.
type Closing struct {
	Room       RoomID
	At         time.Time
	By         Author
	ByCustomer bool // through Rocket.Chat's own API: nobody else does that in a customer's name
}

// Seq is the place of an entry in its queue: later entries have larger numbers.
type Seq uint64

// Entry is what is appended to a queue.
type Entry struct {
	Lane Lane
	Key  string // an entry with the key of an earlier one is a repeat and is not stored
	Body []byte // kept sealed

	Progress Progress // what it begins with; the zero value: InFlight

	Event  *Incoming // of which Body was just made, so that the first attempt need not read it; nil: that is not known
	Answer any       // likewise, an answer as package outbound has composed it
}

// Delivery is an entry on its way.
type Delivery struct {
	Seq      Seq
	Lane     Lane
	Accepted time.Time
	Progress Progress
	History  History
	Body     []byte
	Event    *Incoming // what Body holds; only of what was accepted in this run, and not tried yet, and not always
	Answer   any       // likewise, an answer
	// Unproven is the body of a message for a customer of which somebody else has changed how
	// far it is, or where to: it is told of and not sent, for it may have been.
	Unproven []byte
	Subject  Subject // what whoever has read the body says of it; it is not stored
}

// History is what became of a delivery so far. It is written down with the next commit
// that is made anyway: a crash may lose the last line of it.
type History struct {
	Tries  int       // attempts that were refused
	Step   int       // of backoff: how many of them the lane had in a row on its own, at no gate
	Due    time.Time // not tried before, by our clock; zero: its gate decides, or it was never refused
	Reason Reason    // of the last refusal; empty: there was none
}

// Progress is how far a delivery has come; it is stored before an attempt is
// made. Stopped here, the delivery is…
//
//  1. InFlight, and not the oldest of its lane: nothing was sent.
//  2. InFlight, and the oldest: the part may have been sent. A delivery is stored
//     as InFlight, so that no second commit stands between an agent and the
//     customer; whoever finds it at start resolves it first (outbound/resolve.go).
//  3. Queued: the part was certainly not sent; the next attempt is free to.
//  4. OutcomeUnknown: the part may have been sent, and finding out has begun.
//  5. Doubtful: this bridge has not tried the part, but another one may have sent it.
//  6. gone from the queue: it is concluded.
type Progress struct {
	State    State
	Part     int       // parts before this one reached the customer, but for files that were left out; of an event: 1 once its text is shown in parts
	Attempts int       // at this part, of which nobody knew at first whether they arrived
	Tried    time.Time // when this part may have been sent last
	Tagged   bool      // this part is sent with the human tag, because Meta refused it without
}

// Unclear reports whether the current part may have been sent, and that is to be found out.
func (p Progress) Unclear() bool { return p.State == OutcomeUnknown || p.State == Doubtful }

// State of a delivery's current part.
type State uint8

const (
	InFlight State = iota
	Queued
	OutcomeUnknown
	Doubtful
)

// ErrUnstorable says that an entry is one that no store takes, however often it comes.
var ErrUnstorable = errors.New("cannot be stored")

// ErrConcluded says that a delivery is no longer in its queue.
var ErrConcluded = errors.New("delivery is concluded")

// AutomaticPrefix begins the ids of texts that nobody wrote, which are no messages of a
// room.
const AutomaticPrefix = "fba"
