package wire

import (
	"errors"
	"strconv"
	"strings"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"messenger-bridge/bridge"
)

type envelope struct {
	Object Text    `json:"object"`
	Entry  []entry `json:"entry"`
}

type entry struct {
	ID        ID       `json:"id"`
	Time      Number   `json:"time"`
	Messaging []event  `json:"messaging"`
	Standby   []event  `json:"standby"`
	Changes   []change `json:"changes"`
	Handovers []event  `json:"messaging_handovers"` // with their kind in messaging, as a rule
}

type change struct {
	Field Text            `json:"field"`
	Value json.RawMessage `json:"value"`
}

// Party is who sends, receives, or takes part.
type Party struct {
	ID   ID   `json:"id"`
	Name Text `json:"name,omitempty"` // in threads only
}

// event is one element of messaging or standby. Which of its keys is there
// tells what it is.
type event struct {
	Sender    Party  `json:"sender"`
	Recipient Party  `json:"recipient"`
	Timestamp Number `json:"timestamp"`

	Message       *Message       `json:"message"`
	Postback      *postback      `json:"postback"`
	Reaction      *reaction      `json:"reaction"`
	Read          *receipt       `json:"read"`
	Delivery      *receipt       `json:"delivery"`
	Edit          *edit          `json:"message_edit"`
	Referral      *referral      `json:"referral"`
	Optin         *optin         `json:"optin"`
	Optout        *optin         `json:"optout"`
	PassThread    *threadControl `json:"pass_thread_control"`
	TakeThread    *threadControl `json:"take_thread_control"`
	RequestThread *threadControl `json:"request_thread_control"`
	Policy        *policy        `json:"policy_enforcement"`
	PolicyOld     *policy        `json:"policy-enforcement"`
	Feedback      *feedback      `json:"messaging_feedback"`

	Order        *order        `json:"order"`
	CustomerInfo *customerInfo `json:"messaging_customer_information"`
	Lead         *lead         `json:"lead"`
	Thumbs       *thumbs       `json:"response_feedback"`
	Coupon       *revealed     `json:"template"`

	AppRoles  present `json:"app_roles"`
	Linking   present `json:"account_linking"`
	Context   present `json:"message_context"`
	Integrity present `json:"messaging_integrity"`
	Game      present `json:"game_play"`
	Payment   present `json:"payment"`
}

// What is not passed on is counted under one of these kinds; the list is fixed
// because they are labels of a metric.
const (
	kindFeed       = "feed"        // of a page, but about no comment
	kindChange     = "change"      // of a field that tells of no conversation
	kindObject     = "object"      // not about a page
	kindEmpty      = "empty"       // an entry in which nothing is
	kindNoCustomer = "no-customer" // an event without sender, or with one that has no id here
	kindNoPage     = "no-page"
	kindReceipt    = "receipt" // without a time: up to when is not to be guessed
	kindRoles      = "roles"   // of the old handover protocol; about no conversation
)

// Decoded is what one webhook call brought: every item is either in Events or
// counted in Ignored.
type Decoded struct {
	Events  []bridge.Incoming
	Ignored map[string]int // by kind

	unheard []unheard // of kinds that have no type here, until they are named
	undated []int     // which Events have no time of their own
}

// errMalformed says that a body is not a notification at all. It holds no content.
var errMalformed = errors.New("not a webhook notification")

// Decode reads a whole notification in one pass. now stands in for times that
// are missing.
//
// A value of the wrong type costs itself and nothing else: our own types read
// whatever is there, and for the rest encoding/json goes on after an
// UnmarshalTypeError and fills in what it can. What has another shape than its
// place asks for is mended first.
func Decode(body []byte, now time.Time) (Decoded, error) {
	envelope, sure := scan(body)
	if !sure {
		var err error
		if envelope, body, err = decode(body); err != nil {
			return Decoded{}, err
		}
	}
	d := Decoded{}
	for i := range envelope.Entry {
		d.entry(i, envelope.Object, &envelope.Entry[i], now)
	}
	d.nameUnheard(body)
	d.inOrder()
	if len(envelope.Entry) == 0 {
		d.ignore(kindEmpty, 1)
	}
	return d, nil
}

// decode reads a notification of any shape, and returns it as it was read: mended, perhaps.
func decode(body []byte) (all envelope, read []byte, err error) {
	err = json.Unmarshal(body, &all)
	var odd *json.UnmarshalTypeError
	if errors.As(err, &odd) {
		body = mend(body)
		all.Entry = nil
		err = json.Unmarshal(body, &all)
	}
	if err != nil && !errors.As(err, &odd) || all.Object == "" && all.Entry == nil {
		return envelope{}, nil, errMalformed
	}
	return all, body, nil
}

// ignore counts items that are not passed on.
func (d *Decoded) ignore(kind string, items int) {
	if d.Ignored == nil {
		d.Ignored = map[string]int{}
	}
	d.Ignored[kind] += items
}

func (d *Decoded) entry(n int, object Text, e *entry, now time.Time) {
	items := len(e.Messaging) + len(e.Standby) + len(e.Changes) + len(e.Handovers)
	switch {
	case object != "" && !strings.EqualFold(string(object), "page"):
		d.ignore(kindObject, max(items, 1))
		return
	case items == 0:
		d.ignore(kindEmpty, 1)
		return
	}
	if at := e.Time.Time(); !at.IsZero() {
		now = at
	}
	if e.ID == testPage {
		d.test(e, now)
		return
	}
	for i := range e.Messaging {
		d.event(bridge.PageID(e.ID), &e.Messaging[i], false, now)
		d.noteNameless(unheard{entry: n, list: "messaging", item: i})
	}
	for i := range e.Standby {
		d.event(bridge.PageID(e.ID), &e.Standby[i], true, now)
		d.noteNameless(unheard{entry: n, list: "standby", item: i})
	}
	for i := range e.Handovers {
		d.event(bridge.PageID(e.ID), &e.Handovers[i], false, now)
		d.noteNameless(unheard{entry: n, list: "messaging_handovers", item: i})
	}
	for i := range e.Changes {
		d.change(bridge.PageID(e.ID), &e.Changes[i], now)
		d.noteNameless(unheard{entry: n, list: "changes", item: i})
	}
}

// testPage is the page that Meta's test events are of: those that the Test button in the
// app's dashboard sends.
const testPage = "0"

// test passes on that Meta sent a test, of which field; what is in it is made up. All of a
// field and a day are one.
func (d *Decoded) test(e *entry, now time.Time) {
	field := Text("messages")
	if len(e.Changes) > 0 && e.Changes[0].Field != "" {
		field = e.Changes[0].Field
	}
	d.Events = append(d.Events, bridge.Incoming{
		Conversation: bridge.Conversation{Page: testPage, Kind: bridge.Messages}, Kind: bridge.TestEvent, At: now,
		Detail: string(field), Key: "test/" + string(field) + "/" + now.Format(time.DateOnly),
	})
}

// change passes on what a change tells: about what people write on the page; or, if it names who it is
// between, what messaging would have told.
func (d *Decoded) change(page bridge.PageID, c *change, now time.Time) {
	if c.Field == "feed" || c.Field == "ratings" {
		var f feed
		_ = json.Unmarshal(c.Value, &f) // a value of the wrong type costs itself only
		d.feed(page, &f, bridge.Incoming{At: now})
		return
	}
	values := elements(c.Value)
	for i, value := range values {
		e := changed(value)
		if e.Sender.ID == "" && e.Recipient.ID == "" {
			d.ignore(kindChange, 1)
			continue
		}
		d.event(page, &e, c.Field == "standby", now)
		if last := len(d.Events) - 1; i < len(values)-1 && last >= 0 && d.Events[last].Detail == nameless {
			d.Events[last].Detail = bridge.UnheardOf // only the last is looked for
		}
	}
}

// event passes an event on, or counts it.
func (d *Decoded) event(page bridge.PageID, e *event, standby bool, now time.Time) {
	in := bridge.Incoming{Standby: standby, At: now}
	stamp := now
	if at := e.Timestamp.Time(); !at.IsZero() {
		in.At, stamp = at, at
	}
	if why := e.between(page, &in); why != "" {
		d.ignore(why, 1)
		return
	}
	when := "" // by which events are told apart that have no id of their own
	if e.Message == nil || e.Message.Mid == "" {
		when = string(in.Conversation.Customer) + "/" + strconv.FormatInt(stamp.UnixMilli(), 10)
	}
	if why := e.read(&in, when); why != "" {
		d.ignore(why, 1)
		return
	}
	in.Attachments = bounded(in.Attachments)
	if e.Timestamp.Time().IsZero() {
		d.undated = append(d.undated, len(d.Events))
	}
	d.Events = append(d.Events, in)
}

// between finds out whose conversation an event belongs to, or says why that is
// impossible.
func (e *event) between(page bridge.PageID, in *bridge.Incoming) (why string) {
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
func (e *event) read(in *bridge.Incoming, when string) (why string) {
	switch {
	case e.Message != nil:
		e.Message.Read(in, when)
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
		e.readOther(in, when)
	}
	return ""
}
