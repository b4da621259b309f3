package meta

import (
	"encoding/json"
	"strconv"
	"time"
)

// Event is one thing a webhook tells: one element of entry[].messaging, or of
// entry[].standby, or of entry[].changes.
type Event struct {
	Page    string // entry[].id; need not be a page the simulator knows
	Standby bool   // the thread belongs to another application
	Change  string // not empty: the field name of a change ("feed"), and Element is its value
	Object  string // "" = "page"

	// Element is the JSON text of the element. It may be written in any way; what goes over
	// the wire is escaped as Meta does it. Text that is not JSON is sent as it is.
	Element string
}

// TextEvent is a customer's text message.
func (m *Messenger) TextEvent(page, customer, mid, text string, at time.Time) Event {
	return m.readQuirks().textEvent(page, customer, mid, text, at)
}

// ReadEvent says that the customer read everything up to watermark.
func (m *Messenger) ReadEvent(page, customer string, watermark, at time.Time) Event {
	return m.readQuirks().fromCustomer(page, customer, at, "read", newObject("watermark", watermark.UnixMilli()))
}

// DeliveryEvent says that everything up to watermark reached the customer's device.
func (m *Messenger) DeliveryEvent(page, customer string, watermark, at time.Time, mids ...string) Event {
	var o metaObject
	if len(mids) > 0 && !m.readQuirks().NoDeliveryMids {
		list := make([]any, len(mids))
		for i, mid := range mids {
			list[i] = mid
		}
		o = o.with("mids", list)
	}
	return m.readQuirks().fromCustomer(page, customer, at, "delivery", o.with("watermark", watermark.UnixMilli()))
}

// ReactionEvent is a customer's reaction to a message; an empty emoji takes it back.
func (m *Messenger) ReactionEvent(page, customer, mid, reaction, emoji string, at time.Time) Event {
	o := newObject("mid", mid, "action", "unreact")
	if emoji != "" {
		o = newObject("mid", mid, "action", "react", "reaction", reaction, "emoji", emoji)
	}
	return m.readQuirks().fromCustomer(page, customer, at, "reaction", o)
}

// PostbackEvent is a tap on a button, a menu entry or Get Started. In standby it has no payload.
func (m *Messenger) PostbackEvent(page, customer, mid, title, payload string, at time.Time) Event {
	o := newObject("mid", mid, "title", title)
	if payload != "" {
		o = o.with("payload", payload)
	}
	return m.readQuirks().fromCustomer(page, customer, at, "postback", o)
}

// EditEvent is a customer's change of a text, the num-th.
func (m *Messenger) EditEvent(page, customer, mid, text string, num int, at time.Time) Event {
	var n any = num
	if m.readQuirks().StringNumEdit {
		n = strconv.Itoa(num)
	}
	return m.readQuirks().fromCustomer(page, customer, at, "message_edit", newObject("mid", mid, "text", text, "num_edit", n))
}

// ReferralEvent is a customer's arrival through a link or an ad, in an existing thread.
func (m *Messenger) ReferralEvent(page, customer, ref, source string, at time.Time) Event {
	return m.readQuirks().fromCustomer(page, customer, at, "referral", newObject("ref", ref, "source", source, "type", "OPEN_THREAD"))
}

// EchoEvent tells of a message in the page's name. metadata is left out when empty, and so
// is app, which some echoes of Meta's AI lack.
func (m *Messenger) EchoEvent(page, customer, mid, text, app, metadata string, at time.Time) Event {
	return m.readQuirks().echoEvent(&message{
		key: threadKey{page, customer}, mid: mid, text: text, app: app, metadata: metadata, at: at, fromPage: true,
	})
}

// UnknownEvent is of a kind nobody has heard of.
func (m *Messenger) UnknownEvent(page, customer string, at time.Time) Event {
	return m.readQuirks().fromCustomer(page, customer, at, "sandbox_novelty", newObject("answer", 42))
}

// EmptyEvent is a message without text and attachments: unsupported content, which Meta
// tells by its id only (messenger.md 2.1).
func (m *Messenger) EmptyEvent(page, customer, mid string, at time.Time) Event {
	return m.readQuirks().fromCustomer(page, customer, at, "message", newObject("mid", mid, "is_unsupported", true))
}

// PolicyEvent says that Meta warned, blocked or unblocked the page; it has no sender.
func (m *Messenger) PolicyEvent(page, action, reason string, at time.Time) Event {
	body := newObject("action", action)
	if reason != "" {
		body = body.with("reason", reason)
	}
	q := m.readQuirks()
	return q.element(page, newObject("recipient", newObject("id", page), "timestamp", q.timestamp(at), "policy_enforcement", body))
}

// mediaEvent is a customer's message with attachments.
func (q Quirks) mediaEvent(msg *message) Event {
	body := newObject("mid", msg.mid)
	if msg.text != "" {
		body = body.with("text", msg.text)
	}
	list := make([]any, len(msg.attachments))
	for i, a := range msg.attachments {
		o := newObject("payload", newObject("url", a.URL))
		if a.Type == "template" {
			o = newObject("payload", newObject("template_type", "generic", "elements", []any{a.card()}))
		}
		if a.Type != "" {
			o = append(newObject("type", a.Type), o...)
		}
		list[i] = o
	}
	return q.fromCustomer(msg.key.page, msg.key.customer, msg.at, "message", body.with("attachments", list))
}

// tapEvent is a message that a tapped quick reply has written.
func (q Quirks) tapEvent(msg *message) Event {
	return q.fromCustomer(msg.key.page, msg.key.customer, msg.at, "message",
		newObject("mid", msg.mid, "text", msg.text, "quick_reply", newObject("payload", msg.payload)))
}

func (q Quirks) textEvent(page, customer, mid, text string, at time.Time) Event {
	return q.fromCustomer(page, customer, at, "message", newObject("mid", mid, "text", text))
}

func (q Quirks) fromCustomer(page, customer string, at time.Time, kind string, body metaObject) Event {
	return q.element(page, newObject("sender", newObject("id", customer), "recipient", newObject("id", page),
		"timestamp", q.timestamp(at), kind, body))
}

func (q Quirks) echoEvent(msg *message) Event {
	body := newObject("mid", msg.mid, "is_echo", q.flag())
	if msg.ai {
		body = body.with("ai_generated", q.flag())
	}
	if msg.app != "" {
		var app any = json.Number(msg.app)
		if q.AppIDString || !json.Valid([]byte(msg.app)) {
			app = msg.app
		}
		body = body.with("app_id", app)
	}
	if msg.metadata != "" {
		body = body.with("metadata", msg.metadata)
	}
	if msg.text != "" {
		body = body.with("text", msg.text)
	}
	if msg.file != nil {
		body = body.with("attachments", []any{newObject("type", msg.file.Type, "payload", newObject("url", msg.cdnURL()))})
	}
	if msg.buttons != nil { // a template comes as one, or as a fallback
		body = body.with("attachments", []any{newObject("type", "template", "payload", newObject("template_type", "button"))})
	}
	if msg.replyTo != "" {
		body = body.with("reply_to", newObject("mid", msg.replyTo))
	}
	return q.element(msg.key.page, newObject("sender", newObject("id", msg.key.page),
		"recipient", newObject("id", msg.key.customer), "timestamp", q.timestamp(msg.at), "message", body))
}

func (q Quirks) element(page string, o metaObject) Event {
	if q.ExtraFields {
		o = o.with("sandbox_extra", newObject("list", []any{1, "two", nil}))
	}
	return Event{Page: page, Element: string(metaEscape{plain: true}.appendJSON(nil, o))}
}

func (q Quirks) timestamp(at time.Time) any {
	if q.StringTimestamps {
		return strconv.FormatInt(at.UnixMilli(), 10)
	}
	return at.UnixMilli()
}

func (m *Messenger) readQuirks() Quirks {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.quirks
}

// wireEvent is what the simulator itself understands of an element.
type wireEvent struct {
	Sender, Recipient struct{ ID any }
	Timestamp         any
	Message           *struct {
		Mid, Text   string
		IsEcho      any                  `json:"is_echo"`
		IsDeleted   any                  `json:"is_deleted"`
		ReplyTo     struct{ Mid string } `json:"reply_to"`
		Attachments []struct {
			Type    string
			Payload struct{ URL string }
		}
	}
	Edit     *struct{ Mid, Text string }  `json:"message_edit"`
	Reaction *struct{ Mid, Emoji string } `json:"reaction"`
	Postback *struct{ Mid, Title string } `json:"postback"`
}

// kinds maps the member of an element that tells its kind to the subscription field that
// brings it (messenger.md 1.6).
var kinds = map[string]string{
	"message": "messages", "postback": "messaging_postbacks", "reaction": "message_reactions",
	"read": "message_reads", "delivery": "message_deliveries", "message_edit": "message_edits",
	"referral": "messaging_referrals", "optin": "messaging_optins",
	"account_linking": "messaging_account_linking", "pass_thread_control": "messaging_handovers",
	"take_thread_control": "messaging_handovers", "request_thread_control": "messaging_handovers",
	"app_roles": "messaging_handovers", "policy_enforcement": "messaging_policy_enforcement",
	"messaging_feedback": "messaging_feedback", "response_feedback": "response_feedback", "order": "send_cart",
	"messaging_customer_information": "messaging_customer_information",
}

// parse looks at an element without insisting on anything. kind is the member of kinds it
// has, or "".
func (ev Event) parse() (w wireEvent, kind string) {
	_ = json.Unmarshal([]byte(ev.Element), &w)
	var members map[string]json.RawMessage
	_ = json.Unmarshal([]byte(ev.Element), &members)
	for name := range members {
		if _, known := kinds[name]; known {
			kind = name
		}
	}
	return w, kind
}

// field is the subscription that the event needs; "" for kinds that nobody knows.
func (ev Event) field() string {
	if ev.Change != "" {
		return ev.Change
	}
	if ev.Standby {
		return "standby"
	}
	w, kind := ev.parse()
	if kind == "message" && w.Message != nil && isTrue(w.Message.IsEcho) {
		return "message_echoes"
	}
	return kinds[kind]
}

func isTrue(v any) bool { return v == true || v == "true" }

// idText and timeOf read the loose types of messenger.md 0.4.
func idText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func timeOf(v any, otherwise time.Time) time.Time {
	ms, err := strconv.ParseInt(idText(v), 10, 64)
	switch {
	case err != nil:
		return otherwise
	case ms < 1e11:
		return time.Unix(ms, 0)
	}
	return time.UnixMilli(ms)
}
