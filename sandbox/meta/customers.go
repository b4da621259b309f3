package meta

import (
	"slices"
	"time"
)

// threadKey names a conversation of one customer with one page. The customer is a
// page-scoped id, or the user_ref of a plugin.
type threadKey struct{ page, customer string }

// thread is a conversation as Meta keeps it; guarded by Messenger.mu.
type thread struct {
	key      threadKey
	id       string     // t_…
	messages []*message // in order of arrival
	opened   time.Time  // the customer's last action that opens the window; zero = never
	updated  time.Time
	blocked  bool // the customer blocked the page
	barred   bool // the page blocked the customer
	userRef  bool
	request  bool // lies in the folder of message requests
}

// message is one bubble and what Meta knows about it; guarded by Messenger.mu.
type message struct {
	key           threadKey
	mid           string
	text          string
	payload       string // of the quick reply that the customer tapped
	fromPage      bool
	app           string // that sent it, for messages of the page
	ai            bool
	metadata      string
	messagingType string
	tag           string
	replyTo       string
	attachments   []Attachment
	file          *SentFile // of a message of the page, sent as bytes
	buttons       []SentButton
	quick         []quickChip
	persona       string // name
	reaction      string // the page's, to a customer's message
	liked         string // the customer's, to a message of the page
	at            time.Time
	deleted       bool
}

// person is what a profile shows.
type person struct {
	first, last string
	profile     ProfileMode
}

// Attachment is a file, sticker or card of a message.
type Attachment struct {
	Type string // "image", "file", …; real ones lack it at times
	URL  string
	Card string // of a "template": its title; what else stands in it is made up
}

// Bubble is a message as its customer and its page see it.
type Bubble struct {
	Mid            string
	Page, Customer string
	Text           string
	Attachments    []Attachment
	FromPage       bool
	App            string // that sent a page's message; InboxAppID for people in Business Suite
	Metadata       string // ours, returned in echoes only; no customer sees it
	MessagingType  string
	Tag            string
	ReplyTo        string   // the mid of the quoted message
	File           SentFile // sent by the page as bytes; the zero value: none
	Buttons        []SentButton
	Quick          []string // titles of the quick replies below it; they vanish with the next message
	Persona        string   // name under which the page wrote
	PageReaction   string   // the page's reaction to it
	Reaction       string   // the customer's
	At             time.Time
}

func (m *Messenger) bubble(msg *message) Bubble {
	b := Bubble{
		Mid: msg.mid, Page: msg.key.page, Customer: msg.key.customer, Text: msg.text,
		Attachments: slices.Clone(msg.attachments), FromPage: msg.fromPage, App: msg.app, Metadata: msg.metadata,
		MessagingType: msg.messagingType, Tag: msg.tag, ReplyTo: msg.replyTo, At: msg.at,
		Buttons: slices.Clone(msg.buttons), PageReaction: msg.reaction, Reaction: msg.liked,
	}
	for _, chip := range msg.quick {
		b.Quick = append(b.Quick, chip.title)
	}
	if msg.file != nil {
		b.File = *msg.file
	}
	b.Persona = msg.persona
	return b
}

// CustomerWrites is a customer's text message. It is delivered to the webhook in the
// background; the call returns its id at once.
func (m *Messenger) CustomerWrites(page, customer, text string) (mid string) {
	return m.customerWrites(page, customer, text, true)
}

// WritesUnnoticed is CustomerWrites without a webhook: only reading the thread finds the
// message. Announce sends the webhook later.
func (m *Messenger) WritesUnnoticed(page, customer, text string) (mid string) {
	return m.customerWrites(page, customer, text, false)
}

func (m *Messenger) customerWrites(page, customer, text string, notify bool) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.thread(threadKey{page, customer})
	if t.barred { // Messenger does not let them
		return ""
	}
	msg := &message{key: t.key, mid: m.newMid(), text: text, at: m.stamp(t)}
	t.opened = msg.at
	m.add(t, msg)
	if notify {
		m.enqueue(false, m.quirks.eventOf(msg))
	}
	return msg.mid
}

// CustomerTaps is a customer tapping a quick reply of the page's latest message. One that
// is not there, or that a later message has hidden, is a problem.
func (m *Messenger) CustomerTaps(page, customer, title string) (mid string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.thread(threadKey{page, customer})
	if n := len(t.messages); n > 0 {
		for _, chip := range t.messages[n-1].quick {
			if chip.title == title {
				msg := &message{key: t.key, mid: m.newMid(), text: title, payload: chip.payload, at: m.stamp(t)}
				t.opened = msg.at
				m.add(t, msg)
				m.enqueue(false, m.quirks.eventOf(msg))
				return msg.mid
			}
		}
	}
	m.books.problem("customer %s sees no quick reply %q", customer, title)
	return ""
}

// Announce queues the webhook of a message that exists: late, or once more.
func (m *Messenger) Announce(mid string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if msg := m.byMid[mid]; msg != nil {
		m.enqueue(false, m.quirks.eventOf(msg))
	}
}

func (q Quirks) eventOf(msg *message) Event {
	if msg.fromPage {
		ev := q.echoEvent(msg)
		ev.Standby = msg.ai
		return ev
	}
	if len(msg.attachments) > 0 {
		return q.mediaEvent(msg)
	}
	if msg.payload != "" {
		return q.tapEvent(msg)
	}
	return q.textEvent(msg.key.page, msg.key.customer, msg.mid, msg.text, msg.at)
}

// PageInboxWrites is a person answering in Business Suite: a message of the page with the
// inbox's application id and no metadata.
func (m *Messenger) PageInboxWrites(page, customer, text string) (mid string) {
	return m.pageWrites(message{key: threadKey{page, customer}, text: text, app: InboxAppID})
}

// OtherAppWrites is another application answering.
func (m *Messenger) OtherAppWrites(page, customer, text, app string) (mid string) {
	return m.pageWrites(message{key: threadKey{page, customer}, text: text, app: app})
}

// AIWrites is Meta's own AI answering. It uses the inbox's application id and holds the
// thread, so its echo comes in standby (messenger.md 9.3).
func (m *Messenger) AIWrites(page, customer, text string) (mid string) {
	return m.pageWrites(message{
		key: threadKey{page, customer}, text: text, app: InboxAppID, ai: true, metadata: `{"source":"axon"}`,
	})
}

func (m *Messenger) pageWrites(msg message) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.thread(msg.key)
	msg.mid, msg.at, msg.fromPage = m.newMid(), m.stamp(t), true
	m.add(t, &msg)
	m.enqueue(false, m.quirks.eventOf(&msg))
	return msg.mid
}

// thread finds or makes a conversation. Called with mu held.
func (m *Messenger) thread(key threadKey) *thread {
	t := m.threads[key]
	if t == nil {
		t = &thread{key: key, id: threadID(m.next()), updated: m.now()}
		m.threads[key] = t
	}
	return t
}

// stamp is the time of the next message of a thread: later than the one before. Called with
// mu held.
func (m *Messenger) stamp(t *thread) time.Time {
	now := m.now()
	if n := len(t.messages); n > 0 && !now.After(t.messages[n-1].at) {
		return t.messages[n-1].at.Add(time.Millisecond)
	}
	return now
}

// add puts a message at the end of its thread. Called with mu held.
func (m *Messenger) add(t *thread, msg *message) {
	t.messages = append(t.messages, msg)
	t.updated = msg.at
	m.byMid[msg.mid] = msg
	m.touch()
}

// learn believes an event: messages join their thread, and actions of the customer open the
// window (messenger.md 8). Called with mu held.
func (m *Messenger) learn(ev Event) {
	if ev.Change != "" {
		return
	}
	w, kind := ev.parse()
	sender, at := idText(w.Sender.ID), timeOf(w.Timestamp, m.now())
	fromPage := sender == ev.Page
	customer := sender
	if fromPage {
		customer = idText(w.Recipient.ID)
	}
	if customer == "" || kind == "" {
		return
	}
	t := m.thread(threadKey{ev.Page, customer})
	switch kind {
	case "message", "postback", "reaction", "referral":
		if !fromPage && at.After(t.opened) {
			t.opened = at
		}
	}
	switch {
	case kind == "message" && w.Message != nil && w.Message.Mid != "" && m.byMid[w.Message.Mid] == nil && !isTrue(w.Message.IsDeleted):
		msg := &message{
			key: t.key, mid: w.Message.Mid, text: w.Message.Text, replyTo: w.Message.ReplyTo.Mid, at: at, fromPage: fromPage,
		}
		for _, a := range w.Message.Attachments {
			msg.attachments = append(msg.attachments, Attachment{Type: a.Type, URL: a.Payload.URL})
		}
		m.add(t, msg)
	case kind == "postback" && w.Postback != nil && w.Postback.Mid != "" && m.byMid[w.Postback.Mid] == nil: // threads show it as a text
		m.add(t, &message{key: t.key, mid: w.Postback.Mid, text: w.Postback.Title, at: at})
	case kind == "reaction" && w.Reaction != nil && !fromPage && m.byMid[w.Reaction.Mid] != nil:
		m.byMid[w.Reaction.Mid].liked = w.Reaction.Emoji
	case kind == "message_edit" && w.Edit != nil && m.byMid[w.Edit.Mid] != nil:
		m.byMid[w.Edit.Mid].text = w.Edit.Text
	}
}

// CustomerSees lists the messages of the page in the order in which the customer got them.
func (m *Messenger) CustomerSees(page, customer string) []Bubble {
	return slices.DeleteFunc(m.Thread(page, customer), func(b Bubble) bool { return !b.FromPage })
}

// Thread lists the messages of both directions.
func (m *Messenger) Thread(page, customer string) []Bubble {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.threads[threadKey{page, customer}]
	if t == nil {
		return nil
	}
	bubbles := make([]Bubble, 0, len(t.messages))
	for _, msg := range t.messages {
		if !msg.deleted {
			bubbles = append(bubbles, m.bubble(msg))
		}
	}
	return bubbles
}

// Unsend takes a message back. No webhook tells of it (messenger.md 2.5); reading it gives 9000001.
func (m *Messenger) Unsend(mid string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if msg := m.byMid[mid]; msg != nil {
		msg.deleted = true
		m.touch()
	}
}

// MoveToRequests puts a conversation into the folder of message requests, where it is no
// longer listed when nothing was written for 30 days (messenger.md 5.3).
func (m *Messenger) MoveToRequests(page, customer string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.thread(threadKey{page, customer}).request = true
}

// BlockCustomer lets a customer block the page, or stop that.
func (m *Messenger) BlockCustomer(page, customer string, on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.thread(threadKey{page, customer}).blocked = on
}

// CloseWindow makes the customer's last action 24 hours and a minute old; HUMAN_AGENT, if
// approved, still gets through.
func (m *Messenger) CloseWindow(page, customer string) {
	m.LastAction(page, customer, m.now().Add(-standardWindow-time.Minute))
}

// LastAction says when the customer last did something that opens the window; the zero time
// means never.
func (m *Messenger) LastAction(page, customer string, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.thread(threadKey{page, customer}).opened = at
}

// AddUserRef makes a customer known by the user_ref of the checkbox plugin. It may be sent
// to, and the answer has no recipient_id (messenger.md 3.2).
func (m *Messenger) AddUserRef(page, ref string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.thread(threadKey{page, ref})
	t.userRef, t.opened = true, m.now()
}

// NameCustomer says what a profile shows. Without it, customers are called "Customer" and
// the end of their id.
func (m *Messenger) NameCustomer(customer, first, last string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.person(customer)
	p.first, p.last = first, last
}

// SetProfile chooses how Meta answers for a customer's profile.
func (m *Messenger) SetProfile(customer string, mode ProfileMode) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.person(customer).profile = mode
}

// person finds or makes a customer. Called with mu held.
func (m *Messenger) person(customer string) *person {
	p := m.people[customer]
	if p == nil {
		p = &person{first: "Customer", last: customer[max(0, len(customer)-4):]}
		m.people[customer] = p
	}
	return p
}
