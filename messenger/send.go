package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
	"messenger-bridge/textcut"
)

var _ bridge.Sender = (*Platform)(nil)

// wireSend is the body of a send (messenger.md 3.1).
type wireSend struct {
	Recipient wireTo       `json:"recipient"`
	Type      string       `json:"messaging_type,omitempty"`
	Tag       string       `json:"tag,omitempty"`
	ReplyTo   *wireMid     `json:"reply_to,omitempty"`
	Persona   string       `json:"persona_id,omitempty"`
	Message   wireOutgoing `json:"message"`
}

// wireTo is a customer, or whoever wrote a comment or a post on the page.
type wireTo struct {
	ID      string `json:"id,omitempty"`
	Comment string `json:"comment_id,omitempty"`
	Post    string `json:"post_id,omitempty"`
}

// author is whoever wrote something in public.
func author(p bridge.PageID, what bridge.Mid) wireTo {
	if what.PostOf(p) {
		return wireTo{Post: string(what)}
	}
	return wireTo{Comment: string(what)}
}

type wireMid struct {
	Mid string `json:"mid"`
}

type wireOutgoing struct {
	Text     string           `json:"text,omitempty"`
	Attached *wireAttached    `json:"attachment,omitempty"`
	Quick    []wireQuickReply `json:"quick_replies,omitempty"`
	Metadata string           `json:"metadata"`
}

type wireAttached struct {
	Type    string `json:"type"`
	Payload any    `json:"payload"`
}

type wireTemplate struct {
	Type    string       `json:"template_type"`
	Text    string       `json:"text"`
	Buttons []wireButton `json:"buttons"`
}

type wireButton struct {
	Type    string `json:"type"`
	Title   string `json:"title"`
	URL     string `json:"url,omitempty"`
	Payload string `json:"payload,omitempty"`
}

type wireQuickReply struct {
	Type    string `json:"content_type"`
	Title   string `json:"title"`
	Payload string `json:"payload"`
}

// Cut turns a text into parts that Messenger takes.
func (c Sender) Cut(text string, limit int) []bridge.Part {
	if limit <= 0 || limit > bridge.DefaultTextLimit {
		limit = bridge.DefaultTextLimit
	}
	texts := textcut.Split(text, limit)
	parts := make([]bridge.Part, len(texts))
	for i, t := range texts {
		parts[i].Text = t
	}
	return parts
}

// Send sends one part with its mark, once. A file is read while it is sent.
func (c Sender) Send(ctx context.Context, p bridge.Page, to bridge.CustomerID, parcel bridge.OutboundPart) (bridge.Mid, error) {
	if (parcel.File == nil) == (parcel.Text == "") || (parcel.File == nil) != (parcel.Content == nil) {
		return "", &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.Unsupported, Err: errors.New("neither a text nor a file")}
	}
	if parcel.Comment != "" && !parcel.Private {
		return c.replyTo(ctx, p, parcel)
	}
	send := wireSend{Recipient: wireTo{ID: string(to)}, Type: "RESPONSE", Persona: parcel.Persona, Message: outgoing(parcel)}
	if parcel.Private {
		send.Recipient, send.Type = author(p.ID, parcel.Comment), "" // it is of none (messenger.md 4.1)
	}
	if parcel.Tagged {
		send.Type, send.Tag = "MESSAGE_TAG", "HUMAN_AGENT"
	}
	if parcel.ReplyTo != "" {
		send.ReplyTo = &wireMid{string(parcel.ReplyTo)}
	}
	q := request{page: p, method: http.MethodPost, path: "messages", body: send, private: parcel.Private}
	if parcel.File != nil {
		form, err := newUpload(send, parcel.File.Name, *parcel.Content)
		if err != nil {
			return "", &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.Unsupported, Err: err}
		}
		q.body, q.upload = nil, form
	}
	body, err := c.call(ctx, q)
	if err != nil {
		return "", err
	}
	var reply struct {
		Mid wire.Text `json:"message_id"`
	}
	_ = json.Unmarshal(body, &reply) // what matters is whether the id is there
	if reply.Mid == "" {
		return "", &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaError,
			Err: errors.New("graph answered a send without a message id")}
	}
	return bridge.Mid(reply.Mid), nil
}

// outgoing writes what a message holds.
func outgoing(p bridge.OutboundPart) wireOutgoing {
	m := wireOutgoing{Text: p.Text, Metadata: wire.EncodeMark(p.Tag)}
	switch {
	case p.File != nil:
		m.Attached = &wireAttached{Type: p.File.Kind, Payload: struct{}{}}
	case len(p.Buttons) > 0:
		template := wireTemplate{Type: "button", Text: p.Text}
		for _, b := range p.Buttons {
			wire := wireButton{Type: "postback", Title: b.Title, Payload: b.Payload}
			if b.URL != "" {
				wire = wireButton{Type: "web_url", Title: b.Title, URL: b.URL}
			}
			template.Buttons = append(template.Buttons, wire)
		}
		m.Text, m.Attached = "", &wireAttached{Type: "template", Payload: template}
	}
	for i, title := range p.Quick {
		reply := wireQuickReply{Type: "text", Title: title, Payload: title}
		if i < len(p.Answers) {
			reply.Payload = p.Answers[i]
		}
		m.Quick = append(m.Quick, reply)
	}
	return m
}

// PageName asks Meta for a page's name, and so whether its token works.
func (c Reader) PageName(ctx context.Context, p bridge.Page) (string, error) {
	body, err := c.call(ctx, request{page: p, method: http.MethodGet, query: map[string]string{"fields": "id,name"}})
	if err != nil {
		return "", err
	}
	var reply struct {
		ID   wire.ID   `json:"id"`
		Name wire.Text `json:"name"`
	}
	_ = json.Unmarshal(body, &reply)
	if reply.ID != wire.ID(p.ID) {
		return "", &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.MetaError,
			Err: errors.New("graph answered about something else than the page")}
	}
	return string(reply.Name), nil
}
