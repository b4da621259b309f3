package meta

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	standardWindow = 24 * time.Hour
	humanWindow    = 7 * 24 * time.Hour
)

// sendRequest is a call of POST /{page-id}/messages, decoded.
type sendRequest struct {
	page      string
	token     *graphToken
	recipient struct {
		ID        string `json:"id"`
		UserRef   string `json:"user_ref"`
		CommentID string `json:"comment_id"`
		PostID    string `json:"post_id"`
	}
	replied *bool // of the comment or post that the message replies to, privately
	message *struct {
		Text        *string           `json:"text"`
		Metadata    string            `json:"metadata"`
		Attachment  json.RawMessage   `json:"attachment"`
		Attachments json.RawMessage   `json:"attachments"`
		ReplyTo     json.RawMessage   `json:"reply_to"`
		Quick       []json.RawMessage `json:"quick_replies"`
	}
	kind, tag, replyTo, persona string
	action                      action // of a call without message
	form                        multipartForm

	// Read from message when it is checked.
	attachment sendAttachment
	buttons    []SentButton
	quick      []quickChip
}

func (s *sendRequest) customer() string {
	if s.recipient.ID != "" {
		return s.recipient.ID
	}
	return s.recipient.UserRef
}

// sendMessage is the Send API. The order of checks is ours; Meta's is not published.
func (m *Messenger) sendMessage(c *graphCall) *graphAnswer {
	s, e := decodeSend(c)
	if e != nil {
		return m.refuse(e)
	}
	if s.recipient.CommentID != "" || s.recipient.PostID != "" {
		m.mu.Lock()
		e := m.findCommenter(s)
		m.mu.Unlock()
		if e != nil {
			return m.refuse(e)
		}
	}
	key := threadKey{s.page, s.customer()}
	m.mu.Lock()
	c.book.Customer, c.book.Action = key.customer, s.action.name
	m.mu.Unlock()
	m.enter(c, key, s.message == nil)

	call, decide := m.sendCall(s)
	var o *SendOutcome
	if decide != nil {
		o = decide(call)
	}
	if o != nil && !o.Deliver {
		return m.faulty(o, m.accepted(s, ""))
	}

	m.mu.Lock()
	if e := m.checkSend(s); e != nil {
		m.mu.Unlock()
		return m.refuse(e)
	}
	if s.message == nil {
		m.act(s)
		m.mu.Unlock()
		return m.faulty(orNormal(o), m.accepted(s, ""))
	}
	msg := m.post(s)
	echo := m.quirks.echoEvent(msg)
	mode := m.hooks.echo
	m.mu.Unlock()

	o = orNormal(o)
	if o.Echo != EchoDefault {
		mode = o.Echo
	}
	if o.EchoAfter > 0 {
		mode = EchoLate(o.EchoAfter)
	}
	a := m.faulty(o, m.accepted(s, msg.mid))
	a.after = m.echo(c, echo, mode)
	return a
}

func orNormal(o *SendOutcome) *SendOutcome {
	if o == nil {
		return Delivered()
	}
	return o
}

func (m *Messenger) refuse(e *graphError) *graphAnswer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.errorAnswer(e)
}

// accepted is the body of success (messenger.md 3.2): no recipient_id for a user_ref, no
// message_id for a sender action.
func (m *Messenger) accepted(s *sendRequest, mid string) metaObject {
	o := metaObject{}
	if s.recipient.ID != "" {
		o = o.with("recipient_id", s.recipient.ID)
	}
	if s.message != nil {
		if mid == "" {
			m.mu.Lock()
			mid = m.newMid()
			m.mu.Unlock()
		}
		o = o.with("message_id", mid)
	}
	return o
}

func decodeSend(c *graphCall) (*sendRequest, *graphError) {
	s := &sendRequest{
		page: c.token.page, token: c.token, kind: c.param("messaging_type"), tag: c.param("tag"),
		persona: c.param("persona_id"), form: c.multipart,
	}
	state := strings.ToLower(c.param("sender_action"))
	if c.broken {
		return nil, graphErr(100, 0, "(#100) The request body is not what its content type says")
	}
	if json.Unmarshal(c.object("recipient"), &s.recipient) != nil || s.customer() == "" && s.recipient.CommentID == "" && s.recipient.PostID == "" {
		return nil, graphErr(100, 0, "(#100) param recipient must be non-empty.")
	}
	if raw := c.object("message"); len(raw) > 0 && !bytes.Equal(raw, []byte("null")) {
		if json.Unmarshal(raw, &s.message) != nil {
			return nil, graphErr(100, 0, "(#100) param message must be an object.")
		}
	}
	var quoted struct{ Mid string }
	if raw := c.object("reply_to"); len(raw) > 0 && json.Unmarshal(raw, &quoted) == nil {
		s.replyTo = quoted.Mid
	}
	switch {
	case s.message != nil && state != "":
		return nil, graphErr(100, 2018014, "(#100) Cannot send both message and state at the same time.")
	case s.message == nil && state == "":
		return nil, graphErr(100, 2018015, "(#100) Must send either message or state")
	case state != "":
		var e *graphError
		s.action, e = c.decodeAction(state)
		return s, e
	}
	return s, nil
}

// sendCall describes the call to a hook, and finds the hook.
func (m *Messenger) sendCall(s *sendRequest) (SendCall, func(SendCall) *SendOutcome) {
	call := SendCall{
		Page: s.page, Customer: s.customer(), MessagingType: s.kind, Tag: s.tag, ReplyTo: s.replyTo, Action: s.action.name,
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.message == nil {
		return call, m.hooks.onAction
	}
	if s.message.Text != nil {
		call.Text = *s.message.Text
	}
	call.Metadata = s.message.Metadata
	if files := s.form.files; len(files) > 0 {
		call.File = files[0].Name
	}
	if m.hooks.sends == nil {
		m.hooks.sends = map[string]int{}
	}
	m.hooks.sends[s.page]++
	call.Number = m.hooks.sends[s.page]
	return call, m.hooks.onSend
}

// checkSend applies messenger.md 3.3, 3.4 and 8. Called with mu held.
func (m *Messenger) checkSend(s *sendRequest) *graphError {
	t := m.threads[threadKey{s.page, s.customer()}]
	if t == nil || t.userRef != (s.recipient.ID == "") {
		return graphErr(100, 2018001, textNoUser)
	}
	if !m.may(s.token, "pages_messaging") {
		return graphErr(10, 0, textPermission)
	}
	if !m.holds(s.token, "MESSAGING") {
		return graphErr(200, 0, textNoTask)
	}
	check := m.checkAction
	if s.message != nil {
		check = m.checkContent
	}
	if e := check(s); e != nil {
		return e
	}
	if s.replied == nil { // a private reply needs no window, and opens none
		if e := m.checkWindow(s, t); e != nil {
			return e
		}
	}
	if t.blocked {
		return m.blockedError()
	}
	return nil
}

func (u TextUnit) count(text string) int {
	switch u {
	case CodePoints:
		return utf8.RuneCountInString(text)
	case Bytes:
		return len(text)
	}
	return len(utf16.Encode([]rune(text)))
}

// checkWindow applies messaging types and tags. Called with mu held.
func (m *Messenger) checkWindow(s *sendRequest, t *thread) *graphError {
	window := standardWindow
	switch s.kind {
	case "RESPONSE", "UPDATE":
	case "":
		if m.quirks.RequireMessagingType && s.message != nil {
			return graphErr(100, 0, "(#100) The parameter messaging_type is required.")
		}
	case "MESSAGE_TAG":
		if s.tag != "HUMAN_AGENT" {
			// CUSTOMER_FEEDBACK goes with its template only; every other tag is dead since
			// 27 April 2026.
			return graphErr(100, 1893061, "Invalid parameter")
		}
		if !m.hooks.humanAgent {
			return graphErr(100, 2018276, textNoTag)
		}
		window = humanWindow
	default:
		return graphErr(100, 0, "(#100) Param messaging_type must be one of {MESSAGE_TAG, RESPONSE, UPDATE, UTILITY}")
	}
	if s.kind != "MESSAGE_TAG" && s.tag != "" {
		m.books.problem("tag %s without messaging_type MESSAGE_TAG", s.tag)
	}
	if t.opened.IsZero() || m.now().Sub(t.opened) >= window {
		return graphErr(10, 2018278, textWindow)
	}
	return nil
}

func (m *Messenger) blockedError() *graphError {
	switch m.quirks.BlockedCode {
	case 200:
		return graphErr(200, 1545041, "Message Not Sent: This person isn't available right now")
	case 2:
		return graphErr(2, 0, textUnexpected)
	}
	return graphErr(551, 1545041, textNotHere)
}

// post delivers the message. Called with mu held.
func (m *Messenger) post(s *sendRequest) *message {
	t := m.threads[threadKey{s.page, s.customer()}]
	msg := &message{
		key: t.key, mid: m.newMid(), fromPage: true, app: m.cfg.AppID,
		metadata: s.message.Metadata, messagingType: s.kind, tag: s.tag, replyTo: s.replyTo, at: m.stamp(t),
		buttons: s.buttons, quick: s.quick,
	}
	if s.replied != nil {
		*s.replied = true
	}
	if p := m.personas[s.persona]; p != nil {
		msg.persona = p.Name
	}
	switch {
	case s.message.Text != nil:
		msg.text = *s.message.Text
	case s.attachment.Type == "template":
		msg.text = s.attachment.Payload.Text
	default:
		file := s.form.files[0].SentFile
		file.Type = s.attachment.Type
		msg.file = &file
	}
	m.add(t, msg)
	return msg
}

// enter counts a send into its thread and notices an overlap: parallel sends of one thread
// reorder (messenger.md 3.12). A call whose answer hangs gets a moment to notice that its
// client has gone.
func (m *Messenger) enter(c *graphCall, key threadKey, action bool) {
	if action {
		return
	}
	timer := time.NewTimer(100 * time.Millisecond)
	defer timer.Stop()
	for waiting := true; waiting; {
		m.mu.Lock()
		changed := m.changed
		waiting = false
		for _, other := range m.inFlight[key] {
			waiting = waiting || other.hanging
		}
		m.mu.Unlock()
		if waiting {
			select {
			case <-changed:
			case <-timer.C:
				waiting = false
			}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.inFlight[key]) > 0 {
		c.book.Overlapped = true
		m.books.problem("sends to customer %s of page %s overlap", key.customer, key.page)
	}
	m.inFlight[key] = append(m.inFlight[key], c)
	c.threads = append(c.threads, key)
}

// leave ends enter. Called with mu held.
func (m *Messenger) leave(c *graphCall) {
	for _, key := range c.threads {
		m.inFlight[key] = slices.DeleteFunc(m.inFlight[key], func(other *graphCall) bool { return other == c })
		if len(m.inFlight[key]) == 0 {
			delete(m.inFlight, key)
		}
	}
	c.threads = nil
}
