package messenger

import (
	"encoding/json"
	"errors"
	"strings"
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
	Field text `json:"field"`
}

type wireParty struct {
	ID id `json:"id"`
}

// wireEvent is one element of messaging or standby. Which of its keys is there
// tells what it is.
type wireEvent struct {
	Sender    wireParty    `json:"sender"`
	Recipient wireParty    `json:"recipient"`
	Timestamp number       `json:"timestamp"`
	Message   *wireMessage `json:"message"`

	Postback       present `json:"postback"`
	Reaction       present `json:"reaction"`
	Read           present `json:"read"`
	Delivery       present `json:"delivery"`
	Edit           present `json:"message_edit"`
	Referral       present `json:"referral"`
	Optin          present `json:"optin"`
	Linking        present `json:"account_linking"`
	PassThread     present `json:"pass_thread_control"`
	TakeThread     present `json:"take_thread_control"`
	RequestThread  present `json:"request_thread_control"`
	AppRoles       present `json:"app_roles"`
	Policy         present `json:"policy_enforcement"`
	PolicyOld      present `json:"policy-enforcement"`
	Feedback       present `json:"messaging_feedback"`
	ThumbsFeedback present `json:"response_feedback"`
}

type wireMessage struct {
	Mid         text             `json:"mid"`
	Text        text             `json:"text"`
	Metadata    text             `json:"metadata"`
	IsEcho      flag             `json:"is_echo"`
	IsDeleted   flag             `json:"is_deleted"`
	Attachments []wireAttachment `json:"attachments"`
}

type wireAttachment struct {
	Type    text `json:"type"`
	URL     text `json:"url"` // older link previews have it here
	Payload struct {
		URL text `json:"url"`
	} `json:"payload"`
}

// What is not passed on is counted under one of these kinds; the list is fixed
// because they are labels of a metric.
const (
	kindPostback   = "postback"
	kindReaction   = "reaction"
	kindRead       = "read"
	kindDelivery   = "delivery"
	kindEdit       = "edit"
	kindReferral   = "referral"
	kindOptin      = "optin"
	kindLinking    = "linking"
	kindHandover   = "handover"
	kindPolicy     = "policy"
	kindFeedback   = "feedback"
	kindDeleted    = "deleted"
	kindFeed       = "feed"
	kindChange     = "change"      // of another field than feed
	kindObject     = "object"      // not about a page
	kindEmpty      = "empty"       // an entry in which nothing is
	kindNoCustomer = "no-customer" // a message without sender, or with one that has no id here
	kindNoPage     = "no-page"
	kindNoMid      = "no-mid"
	kindUnknown    = "unknown"
)

// kind names an event that is no message.
func (e *wireEvent) kind() string {
	for _, k := range [...]struct {
		there present
		name  string
	}{
		{e.Delivery, kindDelivery}, {e.Read, kindRead}, {e.Postback, kindPostback}, {e.Reaction, kindReaction},
		{e.Edit, kindEdit}, {e.Referral, kindReferral}, {e.Optin, kindOptin}, {e.Linking, kindLinking},
		{e.PassThread || e.TakeThread || e.RequestThread || e.AppRoles, kindHandover},
		{e.Policy || e.PolicyOld, kindPolicy}, {e.Feedback || e.ThumbsFeedback, kindFeedback},
	} {
		if k.there {
			return k.name
		}
	}
	return kindUnknown
}

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
	for _, c := range e.Changes {
		if c.Field == "feed" {
			d.ignored[kindFeed]++
		} else {
			d.ignored[kindChange]++
		}
	}
}

// event passes a message on, or counts what is none.
func (d *decoded) event(page bridge.PageID, e *wireEvent, standby bool, now time.Time) {
	if e.Message == nil {
		d.ignored[e.kind()]++
		return
	}
	in, why := e.Message.incoming(page, e.Sender.ID, e.Recipient.ID)
	if why != "" {
		d.ignored[why]++
		return
	}
	in.Standby = standby
	if in.At = e.Timestamp.time(); in.At.IsZero() {
		in.At = now
	}
	d.events = append(d.events, in)
}

// incoming returns the message as the bridge knows it, or why it can not be
// passed on.
func (m *wireMessage) incoming(page bridge.PageID, sender, recipient id) (in bridge.Incoming, why string) {
	echo := bool(m.IsEcho) || page != "" && string(sender) == string(page)
	ours, customer := recipient, sender
	if echo {
		ours, customer = sender, recipient
	}
	if page == "" {
		page = bridge.PageID(ours)
	}
	switch {
	case bool(m.IsDeleted):
		return in, kindDeleted
	case page == "":
		return in, kindNoPage
	case customer == "" || string(customer) == string(page):
		return in, kindNoCustomer
	case m.Mid == "":
		return in, kindNoMid
	}
	in = bridge.Incoming{
		Conversation: bridge.Conversation{Page: page, Customer: bridge.CustomerID(customer), Kind: bridge.Messages},
		Kind:         bridge.TextEvent,
		Mid:          bridge.Mid(m.Mid),
		Text:         string(m.Text),
		Key:          "m/" + string(m.Mid),
		Attachments:  m.attachments(),
	}
	switch {
	case echo: // the same mid as the Send API's answer, but another event
		in.Kind, in.Key = bridge.EchoEvent, "e/"+string(m.Mid)
		in.Mark, _ = parseMark(string(m.Metadata))
	case strings.TrimSpace(in.Text) == "": // also what Meta does not deliver: shown as "something came"
		in.Kind = bridge.MediaEvent
	}
	return in, ""
}

func (m *wireMessage) attachments() []bridge.Attachment {
	if len(m.Attachments) == 0 {
		return nil
	}
	list := make([]bridge.Attachment, len(m.Attachments))
	for i, a := range m.Attachments {
		list[i] = bridge.Attachment{Kind: string(a.Type), URL: string(a.Payload.URL)}
		if list[i].URL == "" {
			list[i].URL = string(a.URL)
		}
	}
	return list
}
