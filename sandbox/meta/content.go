package meta

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// SentButton is a button below a message of the page.
type SentButton struct {
	Type    string // web_url, postback, …
	Title   string
	URL     string
	Payload string
}

// sendAttachment is message.attachment of a send.
type sendAttachment struct {
	Type    string `json:"type"`
	Payload struct {
		URL          string            `json:"url"`
		AttachmentID string            `json:"attachment_id"`
		Reusable     bool              `json:"is_reusable"`
		Template     string            `json:"template_type"`
		Text         string            `json:"text"`
		Buttons      []json.RawMessage `json:"buttons"`
	} `json:"payload"`
}

// quickChip is a quick reply below a message.
type quickChip struct{ title, payload string }

// quickReply is an element of message.quick_replies.
type quickReply struct {
	Type    string `json:"content_type"`
	Title   string `json:"title"`
	Payload any    `json:"payload"`
	Image   string `json:"image_url"`
}

// checkContent applies messenger.md 3.4 to 3.7 and 3.9. Called with mu held.
func (m *Messenger) checkContent(s *sendRequest) *graphError {
	if s.message.ReplyTo != nil {
		m.books.problem("reply_to inside message is ignored by Meta")
	}
	// "< 1000" is documented, the refusal is an inference.
	if utf8.RuneCountInString(s.message.Metadata) >= 1000 {
		m.books.problem("metadata has 1000 characters or more")
		return graphErr(100, 0, "(#100) Length of param message[metadata] must be less than or equal to 1000")
	}
	var e *graphError
	switch text := s.message.Text; {
	case s.message.Attachments != nil:
		m.books.problem("the simulator does not take several images in one message")
		return graphErr(100, 2018047, "(#100) Upload attachment failure.")
	case s.message.Attachment != nil:
		e = m.checkAttachment(s)
	case text == nil || strings.TrimSpace(*text) == "":
		e = graphErr(100, 2018034, textEmpty)
	default:
		e = m.checkText(*text)
	}
	if e == nil {
		e = m.checkQuickReplies(s)
	}
	if e != nil {
		return e
	}
	if s.persona != "" && (m.personas[s.persona] == nil || m.personas[s.persona].page != s.page) {
		return graphErr(100, 0, "(#100) Param persona_id is not a valid persona of this page") // code and text are guesses
	}
	if s.replyTo != "" && (m.quirks.ReplyToFails || m.byMid[s.replyTo] == nil) {
		return graphErr(-1, 2018012, textInternal)
	}
	return nil
}

func (m *Messenger) checkText(text string) *graphError {
	if strings.Trim(text, " \n\u200b\u200c\u200d\u2060\u2800\ufeff") == "" {
		m.books.problem("a bubble in which nothing can be seen") // whether Meta takes it is not known
	}
	limit := m.quirks.TextLimit
	setDefault(&limit, 2000)
	if m.quirks.TextUnit.count(text) > limit {
		return graphErr(100, 0, fmt.Sprintf(textLength, limit))
	}
	return nil
}

func (m *Messenger) checkAttachment(s *sendRequest) *graphError {
	if json.Unmarshal(s.message.Attachment, &s.attachment) != nil {
		return graphErr(100, 0, "(#100) param message[attachment] must be an object.")
	}
	if s.message.Text != nil {
		m.books.problem("text and attachment in one message") // the code is a guess
		return graphErr(100, 0, "(#100) A message has either text or an attachment")
	}
	switch a := s.attachment; {
	case a.Type == "template":
		return m.checkTemplate(s)
	case a.Type != "image" && a.Type != "audio" && a.Type != "video" && a.Type != "file":
		return graphErr(100, 0, "(#100) Param message[attachment][type] must be one of {AUDIO, FILE, IMAGE, TEMPLATE, VIDEO}")
	case a.Payload.AttachmentID != "":
		return graphErr(100, 2018074, "(#100) Invalid attachment id") // nobody gets one here
	case a.Payload.URL != "":
		m.books.problem("the simulator does not fetch attachments")
		return graphErr(100, 2018008, "(#100) Failed to fetch the file from the url")
	default:
		return m.quirks.checkFile(a.Type, s.form)
	}
}

// checkTemplate takes button templates only.
func (m *Messenger) checkTemplate(s *sendRequest) *graphError {
	p := s.attachment.Payload
	switch {
	case p.Template != "button":
		m.books.problem("the simulator does not know the template %q", p.Template)
		return graphErr(100, 0, "(#100) Invalid template type")
	case strings.TrimSpace(p.Text) == "":
		return graphErr(100, 0, "(#100) Param message[attachment][payload][text] must be a non-empty string")
	case m.quirks.TextUnit.count(p.Text) > 640:
		return graphErr(100, 0, "(#100) Length of param message[attachment][payload][text] must be less than or equal to 640")
	case len(p.Buttons) == 0:
		return graphErr(194, 0, "(#194) Param message[attachment][payload][buttons] has too few elements.")
	case len(p.Buttons) > 3:
		return graphErr(105, 0, "(#105) Param message[attachment][payload][buttons] has too many elements.")
	}
	for _, raw := range p.Buttons {
		var b SentButton
		if json.Unmarshal(raw, &b) != nil {
			return graphErr(100, 0, "(#100) Invalid button")
		}
		if e := b.check(m.quirks.TextUnit); e != nil {
			return e
		}
		s.buttons = append(s.buttons, b)
	}
	return nil
}

func (b SentButton) check(unit TextUnit) *graphError {
	link, err := url.Parse(b.URL)
	switch {
	case b.Title == "":
		return graphErr(100, 2018053, "(#100) Button title cannot be empty")
	case unit.count(b.Title) > 20:
		return graphErr(100, 0, "(#100) Length of param title must be less than or equal to 20")
	case b.Type == "postback" && b.Payload == "":
		return graphErr(100, 2018040, "(#100) Postback payload cannot be empty")
	case b.Type == "postback" && utf8.RuneCountInString(b.Payload) > 1000:
		return graphErr(100, 0, "(#100) Length of param payload must be less than or equal to 1000")
	case b.Type == "web_url" && b.URL == "":
		return graphErr(100, 2018041, "(#100) URL cannot be empty")
	case b.Type == "web_url" && (err != nil || link.Host == "" || link.Scheme != "https" && link.Scheme != "http"):
		return graphErr(100, 0, "(#100) Param url should represent a valid URL")
	case b.Type != "postback" && b.Type != "web_url":
		return graphErr(100, 0, "(#100) Invalid button type")
	}
	return nil
}

func (m *Messenger) checkQuickReplies(s *sendRequest) *graphError {
	switch n := len(s.message.Quick); {
	case s.message.Quick != nil && n == 0:
		return graphErr(194, 0, "(#194) Param message[quick_replies] has too few elements.")
	case n > 13:
		return graphErr(105, 0, "(#105) Param message[quick_replies] has too many elements.")
	}
	for _, raw := range s.message.Quick {
		var q quickReply
		if json.Unmarshal(raw, &q) != nil {
			return graphErr(100, 0, "(#100) Invalid quick reply")
		}
		payload := fmt.Sprint(q.Payload)
		switch {
		case q.Type == "user_phone_number" || q.Type == "user_email":
		case q.Type != "text":
			return graphErr(100, 0, "(#100) Param content_type must be one of {text, user_phone_number, user_email}")
		case q.Title == "" && q.Image == "":
			return graphErr(100, 0, "(#100) Quick reply title cannot be empty")
		case m.quirks.TextUnit.count(q.Title) > 20:
			return graphErr(100, 0, "(#100) Length of param title must be less than or equal to 20")
		case q.Payload == nil || payload == "" || utf8.RuneCountInString(payload) > 1000:
			return graphErr(100, 0, "(#100) Quick reply payload must have 1 to 1000 characters")
		}
		s.quick = append(s.quick, quickChip{q.Title, payload})
	}
	return nil
}
