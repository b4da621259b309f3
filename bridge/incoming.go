package bridge

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// EventKind says what happened on the customer's side of a conversation.
type EventKind string

const (
	TextEvent        EventKind = "text"        // a message, perhaps with attachments
	MediaEvent       EventKind = "media"       // a message without text
	UnsupportedEvent EventKind = "unsupported" // a message of which Meta tells nothing but that it exists
	EchoEvent        EventKind = "echo"        // something the page said, by us or by others
	TapEvent         EventKind = "tap"         // a button, menu entry or Get Started was tapped
	ReactionEvent    EventKind = "reaction"    // to a message, or its removal
	EditEvent        EventKind = "edit"        // of a text
	DeletionEvent    EventKind = "deletion"    // of a message
	HiddenEvent      EventKind = "hidden"      // a comment was hidden, or is shown again (Detail: hide, unhide)
	ReferralEvent    EventKind = "referral"    // the customer came back through a link or an ad
	OptinEvent       EventKind = "optin"       // to notifications, or out of them
	HandoverEvent    EventKind = "handover"    // another app got the conversation, or we did
	FeedbackEvent    EventKind = "feedback"    // an answer to a survey
	ReceivedEvent    EventKind = "received"    // the customer's devices have everything up to Watermark
	ReadEvent        EventKind = "read"        // the customer has read everything up to Watermark
	PolicyEvent      EventKind = "policy"      // Facebook warned, blocked or unblocked the page; nobody's conversation
	OtherEvent       EventKind = "other"       // something nobody said (Detail), which opens no room
	TestEvent        EventKind = "test"        // Meta tried whether events arrive (Detail: the field); nobody's conversation
	UnknownEvent     EventKind = "unknown"     // an order or a form (Detail); as it was stored before version 2 of the store, also what an OtherEvent is now
)

// Incoming is one event from a customer's side of a conversation. What is stored
// today must be readable tomorrow: fields are added, never renamed.
type Incoming struct {
	Conversation Conversation `json:"conversation"`
	Kind         EventKind    `json:"kind"`
	Mid          Mid          `json:"mid,omitempty"` // the message; of a reaction, edit or deletion the one concerned
	At           time.Time    `json:"at"`            // by Meta's clock
	Text         string       `json:"text,omitempty"`
	Attachments  []Attachment `json:"attachments,omitempty"`
	ReplyTo      Mid          `json:"replyTo,omitempty"` // the message this one answers
	Standby      bool         `json:"standby,omitempty"` // another app holds the thread
	Key          string       `json:"key"`               // the same for every repeat of this event, and for no other of its page

	Tag SendTag `json:"mark,omitzero"` // of an echo of ours, or of another bridge's (App)
	App string  `json:"app,omitempty"` // of an echo: which app wrote it
	AI  bool    `json:"ai,omitempty"`  // of a foreign echo: Meta's own AI wrote it

	Tap       *Tap      `json:"tap,omitempty"`      // of a TapEvent, or of a quick reply that a TextEvent is
	Origin    *Origin   `json:"origin,omitempty"`   // of a ReferralEvent, and of a first message or tap
	Reaction  *Reaction `json:"reaction,omitempty"` // of a ReactionEvent
	Edit      int       `json:"edit,omitempty"`     // of an EditEvent: which edit of its message it is, from 1
	Handover  *Handover `json:"handover,omitempty"` // of a HandoverEvent
	Watermark time.Time `json:"watermark,omitzero"` // of a ReceivedEvent or ReadEvent
	Detail    string    `json:"detail,omitempty"`   // of the others: what Meta calls it, in its words
	FromPage  bool      `json:"fromPage,omitempty"` // of a ReactionEvent, or a comment's EditEvent: it is the page's own
	Answers   []string  `json:"answers,omitempty"`  // of a FeedbackEvent
	Comment   *Comment  `json:"comment,omitempty"`  // of all events of a conversation of kind Comments

	Survey       *SurveyAnswer `json:"-"` // it is an answer to a survey, and opens no room
	Deleted      bool          `json:"-"` // the customer has deleted the message since
	Tries        int           `json:"-"` // how often showing it was begun before, and perhaps done in part
	New          bool          `json:"-"` // nothing of it was ever shown; false: that is not known
	PutOff       bool          `json:"-"` // showing it was refused before, more than once
	InParts      bool          `json:"-"` // its text was begun to be shown in parts, because it was too long
	ForceNewRoom bool          `json:"-"` // it comes after so long a silence that it is to have a new room
	Refusals     Refusals      `json:"-"` // how often, and for how long, the workspace has refused something of it
}

// Opens reports whether an event lets the page answer for 24 hours (messenger.md 8).
func (in Incoming) Opens() bool {
	switch in.Kind {
	case TextEvent, MediaEvent, UnsupportedEvent, TapEvent, ReferralEvent:
		return in.Conversation.Kind == Messages
	case ReactionEvent:
		return in.Conversation.Kind == Messages && !in.FromPage
	}
	return false
}

// UnheardOf is the name of what has none: an event in which there is nothing.
const UnheardOf = "nothing"

// Wordless reports whether nothing is known of an event but what its kind is called (Detail).
// It opens no room, and in a room it is named once.
func (in Incoming) Wordless() bool {
	switch in.Kind {
	case UnknownEvent:
		return in.Detail != "order" && in.Detail != "form"
	case OtherEvent:
		return in.Text == "" || in.Detail != "response_feedback" && in.Detail != "template"
	}
	return false
}

// AboutMessage reports whether the event is about a message that came before.
func (in Incoming) AboutMessage() bool {
	return in.Kind == ReactionEvent || in.Kind == EditEvent || in.Kind == DeletionEvent || in.Kind == HiddenEvent
}

// Lane returns where the event travels. What customers do to a message that exists
// travels in a lane of its own: Meta may tell of it before it tells of the message; then
// it waits, and the message need not wait behind it.
func (in Incoming) Lane() Lane {
	if in.Conversation.Customer == "" && in.Comment != nil {
		return CommentLane(in.Conversation.Page, in.Mid)
	}
	if in.AboutMessage() {
		return in.Conversation.MessageEvents()
	}
	return in.Conversation.Lane()
}

// EntryKey makes a key of an event of its page unique beyond the page.
func (in Incoming) EntryKey(key string) string { return string(in.Conversation.Page) + "/" + key }

// The keys of some events can be made without them, so that one can be asked for.

// MessageKey is the key of a customer's message.
func MessageKey(m Mid) string { return "m/" + string(m) }

// EchoKey is the key of a message of the page's that came as an echo.
func EchoKey(m Mid) string { return "e/" + string(m) }

// EditKey is the key of the n-th edit of a message.
func EditKey(m Mid, n int) string { return "edit/" + string(m) + "/" + strconv.Itoa(n) }

// DeletionKey is the key of a message's deletion.
func DeletionKey(m Mid) string { return "deletion/" + string(m) }

// PageInbox stands for Facebook's own inbox among the apps.
const PageInbox = "page-inbox"

// Tap is a button, menu entry or quick reply that a customer tapped.
type Tap struct {
	Title   string `json:"title,omitempty"`
	Payload string `json:"payload,omitempty"` // what the button means to whoever made it
	Quick   bool   `json:"quick,omitempty"`   // a quick reply
}

// SendToMessenger is the source of who came through a Send to Messenger button; Meta has
// no name for it.
const SendToMessenger = "SEND_TO_MESSENGER"

// Origin says how a customer came into the conversation.
type Origin struct {
	Source  string `json:"source,omitempty"` // as Meta calls it: ADS, SHORTLINK, …
	Ref     string `json:"ref,omitempty"`    // what stands in the link
	Ad      string `json:"ad,omitempty"`
	Title   string `json:"title,omitempty"` // of the ad
	Post    string `json:"post,omitempty"`
	Product string `json:"product,omitempty"`
	URL     string `json:"url,omitempty"` // of the web page with the link
}

// Reaction is what a customer thinks of a message.
type Reaction struct {
	Name    string `json:"name,omitempty"`  // as Meta calls it: love, smile, …
	Emoji   string `json:"emoji,omitempty"` // the character
	Removed bool   `json:"removed,omitempty"`
}

// Handover says which app a conversation belongs to from now on.
type Handover struct {
	What string `json:"what"`           // pass, take or request
	From string `json:"from,omitempty"` // app that had it
	To   string `json:"to,omitempty"`   // app that has it, or asks for it
}

// MessageID returns the id under which the event is shown in its room. It depends
// on page and event alone, so that showing it again changes nothing.
func (in Incoming) MessageID() MessageID {
	var room [256]byte
	return MessageID(in.appendID(room[:0]))
}

// IsShownAs reports whether MessageID returns that id.
func (in Incoming) IsShownAs(id MessageID) bool {
	var room [256]byte
	return string(in.appendID(room[:0])) == string(id)
}

func (in Incoming) appendID(room []byte) []byte {
	sum := sha256.Sum256(append(append(append(room, in.Conversation.Page...), '/'), in.Key...))
	return hex.AppendEncode(append(room, "fb"...), sum[:12])
}

// Attachment is a link to a file, or to something else on the web, with its kind;
// never the bytes.
type Attachment struct {
	Kind    string   `json:"kind"` // image, video, audio, file, sticker, location, fallback, share, template, choices, reel, post, …
	URL     string   `json:"url"`
	Name    string   `json:"name,omitempty"`
	Type    string   `json:"type,omitempty"`  // media type, if known
	Size    int64    `json:"size,omitempty"`  // in bytes, if known
	Title   string   `json:"title,omitempty"` // of a link, post, template or place
	Text    string   `json:"text,omitempty"`  // below the title
	Place   *Place   `json:"place,omitempty"` // of a location
	Buttons []string `json:"buttons,omitempty"`
	Sticker string   `json:"sticker,omitempty"` // its id
	Facts   []Fact   `json:"facts,omitempty"`   // of a template or an order
	Booking *Booking `json:"booking,omitempty"` // of an appointment_booking
	Own     bool     `json:"own,omitempty"`     // of an agent's message: it names the file among its own
}

// MostAttached is how much one message may hold, in either direction. Facebook's own apps
// attach less at once; more than that would be fetched and shown by nobody's wish.
const MostAttached = 50

// MoreAttached is the kind of an attachment that stands for Size others, which were left out.
const MoreAttached = "more-attached"

// Fact is a value with the name of what it is: one of the Fact… constants, or a word of
// whoever made the template.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// The names of facts that are said in the language of the workspace.
const (
	FactCode     = "code"
	FactOrder    = "order"
	FactFor      = "for"
	FactAddress  = "address"
	FactPayment  = "payment"
	FactSubtotal = "subtotal"
	FactShipping = "shipping"
	FactTax      = "tax"
	FactTotal    = "total"
	FactNote     = "note"
)

// Booking is an appointment. A time that Meta writes in a way we cannot read is zero, and
// stands in the attachment's text as it is written.
type Booking struct {
	Status string    `json:"status,omitempty"` // as Meta calls it: requested, confirmed, declined, cancelled
	Start  time.Time `json:"start,omitzero"`
	End    time.Time `json:"end,omitzero"`
}

// Place is a point on the map.
type Place struct {
	Lat  float64 `json:"lat"`
	Long float64 `json:"long"`
}

// CommentKind says what somebody wrote in public.
type CommentKind string

const (
	BelowPost CommentKind = ""       // a comment, below a post or another comment
	OnPage    CommentKind = "post"   // a visitor's own post on the page
	Review    CommentKind = "review" // of the page, with Advice
)

// Advice is whether a review recommends the page.
type Advice string

const (
	NoAdvice Advice = ""
	Advised  Advice = "yes"
	Warned   Advice = "no"
)

// reviewMids begin what stands for the id of a review that Facebook gives none that could be
// answered.
const reviewMids = "review/"

// ReviewMid stands for the id of such a review.
func ReviewMid(c CustomerID, at time.Time) Mid {
	return Mid(reviewMids + string(c) + "/" + strconv.FormatInt(at.Unix(), 10))
}

// Unanswerable reports whether nothing can be published below what has this id.
func (m Mid) Unanswerable() bool { return strings.HasPrefix(string(m), reviewMids) }

// Published reports whether it is the id of what everybody can read on a page: a comment's has digits only. Those of messages
// begin with letters.
func (m Mid) Published() bool { return m != "" && strings.Trim(string(m), "0123456789_") == "" }

// PostOf reports whether it is the id of a post on a page; comments' ids begin otherwise.
func (m Mid) PostOf(p PageID) bool { return strings.HasPrefix(string(m), string(p)+"_") }

// Comment is where something stands that somebody wrote in public.
type Comment struct {
	Kind   CommentKind `json:"kind,omitempty"`
	Advice Advice      `json:"advice,omitempty"`
	Post   string      `json:"post,omitempty"`
	Parent Mid         `json:"parent,omitempty"` // the comment it stands below; empty: it stands below the post
	Name   string      `json:"name,omitempty"`   // of who wrote it
	Link   string      `json:"link,omitempty"`   // where people see it
}

// SurveyAnswer is what a customer said of a conversation that is over.
type SurveyAnswer struct {
	Room    RoomID // the conversation's
	Rating  int    // from 1 to 5, the best; 0: none
	Comment string // in the customer's words; empty: none
	Begins  bool   // the customer wants to comment: the next message will be it
}

// FileKind is the kind of an attachment that is neither image, audio nor video.
const FileKind = "file"
