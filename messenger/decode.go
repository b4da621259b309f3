package messenger

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"messenger-bridge/bridge"
)

type wireEnvelope struct {
	Object text        `json:"object"`
	Entry  []wireEntry `json:"entry"`
}

type wireEntry struct {
	ID        id           `json:"id"`
	Time      number       `json:"time"`
	Messaging []wireEvent  `json:"messaging"`
	Standby   []wireEvent  `json:"standby"`
	Changes   []wireChange `json:"changes"`
}

type wireChange struct {
	Field text     `json:"field"`
	Value wireFeed `json:"value"`
}

type wireParty struct {
	ID   id   `json:"id"`
	Name text `json:"name,omitempty"` // in threads only
}

// wireEvent is one element of messaging or standby. Which of its keys is there
// tells what it is.
type wireEvent struct {
	Sender    wireParty `json:"sender"`
	Recipient wireParty `json:"recipient"`
	Timestamp number    `json:"timestamp"`

	Message       *wireMessage       `json:"message"`
	Postback      *wirePostback      `json:"postback"`
	Reaction      *wireReaction      `json:"reaction"`
	Read          *wireReceipt       `json:"read"`
	Delivery      *wireReceipt       `json:"delivery"`
	Edit          *wireEdit          `json:"message_edit"`
	Referral      *wireReferral      `json:"referral"`
	Optin         *wireOptin         `json:"optin"`
	Optout        *wireOptin         `json:"optout"`
	PassThread    *wireThreadControl `json:"pass_thread_control"`
	TakeThread    *wireThreadControl `json:"take_thread_control"`
	RequestThread *wireThreadControl `json:"request_thread_control"`
	Policy        *wirePolicy        `json:"policy_enforcement"`
	PolicyOld     *wirePolicy        `json:"policy-enforcement"`
	Feedback      *wireFeedback      `json:"messaging_feedback"`

	Linking        present `json:"account_linking"`
	AppRoles       present `json:"app_roles"`
	ThumbsFeedback present `json:"response_feedback"`
}

// What is not passed on is counted under one of these kinds; the list is fixed
// because they are labels of a metric.
const (
	kindFeed       = "feed"        // of a page, but about no comment
	kindChange     = "change"      // of another field than feed
	kindObject     = "object"      // not about a page
	kindEmpty      = "empty"       // an entry in which nothing is
	kindNoCustomer = "no-customer" // an event without sender, or with one that has no id here
	kindNoPage     = "no-page"
	kindReceipt    = "receipt" // without a time: up to when is not to be guessed
	kindRoles      = "roles"   // of the old handover protocol; about no conversation
)

// decoded is what one webhook call brought: every item is either in events or
// counted in ignored.
type decoded struct {
	events  []bridge.Incoming
	ignored map[string]int // by kind
}

// errMalformed says that a body is not a notification at all. It holds no content.
var errMalformed = errors.New("not a webhook notification")

// decode reads a whole notification in one pass. now stands in for times that
// are missing.
//
// A value of the wrong type costs itself and nothing else: our own types read
// whatever is there, and for the rest encoding/json goes on after an
// UnmarshalTypeError and fills in what it can.
func decode(body []byte, now time.Time) (decoded, error) {
	var envelope wireEnvelope
	err := json.Unmarshal(body, &envelope)
	var odd *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &odd) || envelope.Object == "" && envelope.Entry == nil {
		return decoded{}, errMalformed
	}
	d := decoded{ignored: map[string]int{}}
	for i := range envelope.Entry {
		d.entry(envelope.Object, &envelope.Entry[i], now)
	}
	if len(envelope.Entry) == 0 {
		d.ignored[kindEmpty]++
	}
	return d, nil
}

func (d *decoded) entry(object text, e *wireEntry, now time.Time) {
	items := len(e.Messaging) + len(e.Standby) + len(e.Changes)
	switch {
	case object != "page":
		d.ignored[kindObject] += max(items, 1)
		return
	case items == 0:
		d.ignored[kindEmpty]++
		return
	}
	if at := e.Time.time(); !at.IsZero() {
		now = at
	}
	for i := range e.Messaging {
		d.event(bridge.PageID(e.ID), &e.Messaging[i], false, now)
	}
	for i := range e.Standby {
		d.event(bridge.PageID(e.ID), &e.Standby[i], true, now)
	}
	for i := range e.Changes {
		d.change(bridge.PageID(e.ID), &e.Changes[i], bridge.Incoming{At: now})
	}
}

// event passes an event on, or counts it.
func (d *decoded) event(page bridge.PageID, e *wireEvent, standby bool, now time.Time) {
	in := bridge.Incoming{Standby: standby, At: now}
	stamp := now
	if at := e.Timestamp.time(); !at.IsZero() {
		in.At, stamp = at, at
	}
	if why := e.between(page, &in); why != "" {
		d.ignored[why]++
		return
	}
	// Events that have no id of their own are told apart by when they happened.
	when := string(in.Conversation.Customer) + "/" + strconv.FormatInt(stamp.UnixMilli(), 10)
	if why := e.read(&in, when); why != "" {
		d.ignored[why]++
		return
	}
	d.events = append(d.events, in)
}

// between finds out whose conversation an event belongs to, or says why that is
// impossible.
func (e *wireEvent) between(page bridge.PageID, in *bridge.Incoming) (why string) {
	byPage := e.Message != nil && bool(e.Message.IsEcho) || page != "" && string(e.Sender.ID) == string(page)
	ours, customer := e.Recipient.ID, e.Sender.ID
	if byPage {
		ours, customer = e.Sender.ID, e.Recipient.ID
	}
	if page == "" {
		page = bridge.PageID(ours)
	}
	in.FromPage = byPage
	in.Conversation = bridge.Conversation{Page: page, Customer: bridge.CustomerID(customer), Kind: bridge.Messages}
	about := e.Policy != nil || e.PolicyOld != nil // the page as a whole
	switch {
	case page == "":
		return kindNoPage
	case about:
		in.Conversation.Customer = ""
	case bool(e.AppRoles):
		return kindRoles
	case customer == "" || string(customer) == string(page):
		return kindNoCustomer
	}
	return ""
}

// read takes over what the event says, or says why it is not passed on. A message
// comes first: the others may stand in it, too.
func (e *wireEvent) read(in *bridge.Incoming, when string) (why string) {
	switch {
	case e.Message != nil:
		e.Message.read(in, when)
	case e.Delivery != nil:
		return e.Delivery.read(in, bridge.ReceivedEvent)
	case e.Read != nil:
		return e.Read.read(in, bridge.ReadEvent)
	case e.Postback != nil:
		e.Postback.read(in, when)
	case e.Reaction != nil:
		e.Reaction.read(in, when)
	case e.Edit != nil:
		e.Edit.read(in, when)
	case e.Referral != nil:
		in.Kind, in.Key, in.Origin = bridge.ReferralEvent, "referral/"+when, e.Referral.origin()
	case e.Optin != nil:
		e.Optin.read(in, when, false)
	case e.Optout != nil:
		e.Optout.read(in, when, true)
	case e.PassThread != nil:
		e.PassThread.read(in, when, "pass")
	case e.TakeThread != nil:
		e.TakeThread.read(in, when, "take")
	case e.RequestThread != nil:
		e.RequestThread.read(in, when, "request")
	case e.Policy != nil:
		e.Policy.read(in, when)
	case e.PolicyOld != nil:
		e.PolicyOld.read(in, when)
	case e.Feedback != nil:
		e.Feedback.read(in, when)
	default:
		in.Kind, in.Key = bridge.UnknownEvent, "unknown/"+when
		switch {
		case bool(e.Linking):
			in.Detail = "account_linking"
		case bool(e.ThumbsFeedback):
			in.Detail = "response_feedback"
		}
	}
	return ""
}
