package bridge

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Verdict answers the one question a failed attempt raises. Only the adapter
// understands codes, only the queue understands time; this word joins them.
type Verdict uint8

const (
	// Unknown: it may have been delivered (time-out, cut connection, 5xx). It is
	// the zero value, so that an error nobody classified is never blindly repeated.
	Unknown Verdict = iota
	// Again: it was provably not delivered and is worth repeating.
	Again
	// Never: it was refused for good; a person must learn of it.
	Never
)

func (v Verdict) String() string {
	switch v {
	case Again:
		return "again"
	case Never:
		return "never"
	}
	return "unknown"
}

// Reason says why something was not delivered, in one word from a short list: it
// selects the sentence for the agent and is a metric label.
type Reason string

const (
	WorkspaceDown    Reason = "workspace-down"   // Rocket.Chat cannot be reached, or we are not logged in
	WorkspaceError   Reason = "workspace-error"  // Rocket.Chat answered something we cannot work with
	NoAgent          Reason = "no-agent"         // nobody is there to take the room
	OmnichannelOff   Reason = "omnichannel-off"  // Omnichannel is switched off
	ContactBlocked   Reason = "contact-blocked"  // an agent blocked this customer in Rocket.Chat
	RoomClosed       Reason = "room-closed"      // the room was closed meanwhile
	VisitorUnknown   Reason = "visitor-unknown"  // Rocket.Chat does not know the customer (any more)
	TooLong          Reason = "too-long"         // the workspace takes no message of this length
	DepartmentGone   Reason = "department-gone"  // the department was deleted
	RateLimited      Reason = "rate-limited"     // called too often; wait
	MetaDown         Reason = "meta-down"        // the Graph API cannot be reached
	MetaError        Reason = "meta-error"       // the Graph API failed without a reason we know
	PageLost         Reason = "page-lost"        // token dead or permission gone: connect the page again
	PageGone         Reason = "page-gone"        // the page is no longer connected here
	PageOffReason    Reason = "page-off"         // the page is switched off
	PageRestricted   Reason = "page-restricted"  // Facebook restricted the page
	NotApproved      Reason = "not-approved"     // the Meta app may not do this yet
	WindowClosed     Reason = "window-closed"    // the customer wrote too long ago
	WindowOver       Reason = "window-over"      // nor with the human tag: it is more than 7 days ago
	TagRefused       Reason = "tag-refused"      // the Meta app may not answer after 24 hours
	CustomerBlocked  Reason = "customer-blocked" // the customer cannot be reached
	OtherAppControls Reason = "other-app"        // another app or Meta's AI holds the thread
	Withdrawn        Reason = "withdrawn"        // the agent deleted the message before it was sent
	EditsKept        Reason = "edits-kept"       // the agent has changed the message, and the page's customers get no corrections
	FilesOff         Reason = "files-off"        // the page's settings let no file through
	FileType         Reason = "file-type"        // they do not let this kind of file through
	FileTooBig       Reason = "file-too-big"     // for the settings, or for whoever is to get it
	UploadTooBig     Reason = "upload-too-big"   // a customer's file, for the workspace
	FileGone         Reason = "file-gone"        // it is not there any more, or not yet
	FileForbidden    Reason = "file-forbidden"   // it lies where we may not read it
	FileUnreadable   Reason = "file-unreadable"  // it breaks off
	FileWithheld     Reason = "file-withheld"    // whoever keeps it does not hand it out
	FileReplaced     Reason = "file-replaced"    // something else is handed out in its place
	FileRefused      Reason = "file-refused"     // whoever is to get it does not take it
	NoComment        Reason = "no-comment"       // nobody knows which comment it is to answer
	CommentGone      Reason = "comment-gone"     // the comment to be answered is not there any more
	CommentsBarred   Reason = "comments-barred"  // the bridge may not answer comments of the page
	ReviewClosed     Reason = "review-closed"    // Facebook lets no program answer this review
	CommentFile      Reason = "comment-file"     // comments are answered with texts only
	CommentTwice     Reason = "comment-twice"    // the same text twice in a row
	PrivateUsed      Reason = "private-used"     // the comment was answered privately before
	PrivateOver      Reason = "private-over"     // it cannot be any more, or its author cannot be written to
	PrivateTooLong   Reason = "private-too-long" // it does not fit into one message
	NowPrivate       Reason = "now-private"      // an answer that everybody reads became one with !private
	NowPublic        Reason = "now-public"       // an answer in Messenger became one that everybody reads
	PartsLeft        Reason = "parts-left"       // an answer that everybody reads became shorter, and some of what it said is still there
	TooManyFiles     Reason = "too-many-files"   // beyond what one message may hold
	Unsupported      Reason = "unsupported"      // Messenger has no equivalent, or we do not carry it yet
	Rejected         Reason = "rejected"         // Meta refused the content, and said so
	Unexplained      Reason = "unexplained"      // Meta refused it, and a number is all it said
	Unclear          Reason = "unclear"          // it may have arrived, and there is no way to find out
	Deferred         Reason = "settling"         // no failure: it waits for what mostly takes a moment, such as the proof that it arrived
	RoomOver         Reason = "room-over"        // written into a room after it was closed
	WroteAgain       Reason = "wrote-again"      // the customer has, so it is no time for questions about before
	CommandText      Reason = "command"          // looks like a command, so it was kept from the customer
	NoteText         Reason = "note"             // a note among colleagues, or in the thread of one
	WithNote         Reason = "with-note"        // files directly behind a note that holds files
	PrivateOutside   Reason = "private-outside"  // !private, where it means nothing
	ThreadInternal   Reason = "thread-internal"  // in a thread, where the page keeps those
	ThreadSent       Reason = "thread-sent"      // in a thread, where the page sends those
	MentionInternal  Reason = "mention-internal" // begins with a colleague's name, where the page keeps that
	MentionSent      Reason = "mention-sent"     // likewise, where it sends that
	OrderText        Reason = "order"            // to a bot
	ServerText       Reason = "server-text"      // written by Rocket.Chat itself
	CallText         Reason = "call"             // to a call that customers cannot follow
	SecretText       Reason = "encrypted"        // only clients can read it
	TypeUnknown      Reason = "unknown-type"     // a system message that nobody knows
	CannotKeep       Reason = "not-kept"         // no store takes it
	LeftOver         Reason = "left-over"        // holds a placeholder that was not filled in
	CodeRefused      Reason = "code-refused"     // a login code that was used, is too old, or belongs to another address
	StoreFailed      Reason = "store"            // our own store failed
)

// Gate names something that many lanes wait for together: the workspace, a page,
// a department. While a gate is shut its lanes are not tried; then one of them
// is, and opens it for the others. The empty gate concerns one lane alone.
type Gate string

// GateWorkspace is the gate of everything that goes to Rocket.Chat.
const GateWorkspace Gate = "workspace"

// GateApp is the gate of everything that goes to Facebook: some of its limits are
// the app's, whatever page calls.
const GateApp Gate = "facebook"

const routeGates = "route/"

// GateRoute returns the gate of all calls of a route that the workspace refuses for
// everybody.
func GateRoute(route string) Gate { return Gate(routeGates + route) }

// Route returns the route whose gate it is; false if it is none's.
func (g Gate) Route() (route string, is bool) { return strings.CutPrefix(string(g), routeGates) }

// GatePage returns the gate of everything that goes to a page's customers.
func GatePage(p PageID) Gate { return Gate("page/" + string(p)) }

const departmentGates = "department/"

// Department returns the department whose gate it is; false if it is none's.
func (g Gate) Department() (d DepartmentID, is bool) {
	name, is := strings.CutPrefix(string(g), departmentGates)
	return DepartmentID(name), is
}

// GateDepartment returns the gate of conversations that wait until somebody of a
// department (or, if empty, of the workspace) is online.
func GateDepartment(d DepartmentID) Gate { return Gate(departmentGates + string(d)) }

// Refusal is an attempt that did not succeed.
type Refusal struct {
	Verdict Verdict
	Reason  Reason
	Gate    Gate          // what is shut; empty: only this lane waits
	After   time.Duration // with Again: not before; 0: the queue's own backoff
	Answer  *Response     // what the workspace answered; nil: it concerns something else
	Status  int           // of HTTP, where a file is not handed out; 0: there was no answer
	Code    string        // of Meta, with subcode; empty: there was none
	Alone   Reason        // with Again, of a refusal that reads as if it were of a whole page: why it is, if only this message is refused; empty: it cannot be
	Trouble TroubleKind   // with PageLost: how the token died; empty: it may live, and a permission is missing
	Err     error         // for the operator; contains neither tokens nor text
}

func (r *Refusal) Error() string {
	if r.Err == nil {
		return fmt.Sprintf("%s: %s", r.Verdict, r.Reason)
	}
	return fmt.Sprintf("%s: %s: %v", r.Verdict, r.Reason, r.Err)
}

// OfItem reports whether the workspace refused what was sent with an answer that may be of
// this item alone.
func (r *Refusal) OfItem() bool {
	return r.Answer != nil && (r.Reason == WorkspaceError || r.Reason == TooLong)
}

// Detail is what a platform answered, for people; empty if nothing is known.
func (r *Refusal) Detail() string {
	switch {
	case r.Answer != nil:
		return r.Answer.String()
	case r.Code != "":
		return r.Code
	case r.Status != 0:
		return "HTTP " + strconv.Itoa(r.Status)
	}
	return ""
}

func (r *Refusal) Unwrap() error { return r.Err }

// RefusalOf returns the refusal in err's chain. An error that is none, a
// cancelled context for example, counts as Unknown.
func RefusalOf(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	return &Refusal{Verdict: Unknown, Reason: Unclear, Err: err}
}

// StoreRefusal is the refusal of an attempt because our own store failed; nil for nil.
func StoreRefusal(err error) error {
	if err == nil {
		return nil
	}
	return &Refusal{Verdict: Again, Reason: StoreFailed, Err: err}
}

// AckedOrRetry is nil for a delivery that is concluded already, else a refusal.
func AckedOrRetry(err error) error {
	if errors.Is(err, ErrConcluded) {
		return nil
	}
	return StoreRefusal(err)
}
