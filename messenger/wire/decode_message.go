package wire

import (
	"messenger-bridge/bridge"
)

// Message is a message, or an echo of one of the page.
type Message struct {
	Mid         Mid  `json:"mid"`
	Text        Text `json:"text"`
	Metadata    Text `json:"metadata"`
	App         ID   `json:"app_id"`
	IsEcho      Flag `json:"is_echo"`
	IsDeleted   Flag `json:"is_deleted"`
	Unsupported Flag `json:"is_unsupported"`
	AI          Flag `json:"ai_generated"`
	QuickReply  *struct {
		Payload Text `json:"payload"`
	} `json:"quick_reply"`
	QuickReplies []choice `json:"quick_replies"` // of an echo: what the customer can choose from
	ReplyTo      struct {
		Mid Mid `json:"mid"`
	} `json:"reply_to"`
	Referral    *referral    `json:"referral"`
	Attachments []attachment `json:"attachments"`
}

// Read takes over a message of the customer, or an echo of one of the page.
func (m *Message) Read(in *bridge.Incoming, when string) {
	in.Mid, in.Text, in.ReplyTo = bridge.Mid(m.Mid), string(m.Text), bridge.Mid(m.ReplyTo.Mid)
	id := string(m.Mid)
	if id == "" {
		id = "/" + when
	}
	if m.IsDeleted {
		in.Kind, in.Key, in.Text = bridge.DeletionEvent, bridge.DeletionKey(in.Mid), ""
		return
	}
	in.Key = "m/" + id
	in.Attachments = m.attachments()
	if m.QuickReply != nil {
		in.Tap = &bridge.Tap{Title: in.Text, Payload: string(m.QuickReply.Payload), Quick: true}
	}
	if m.Referral != nil {
		in.Origin = m.Referral.origin()
	}
	switch {
	case in.FromPage: // the same mid as the Send API's answer, but another event
		in.Kind, in.Key = bridge.EchoEvent, "e/"+id
		in.Tag, _ = parseMark(string(m.Metadata))
		in.App, in.AI = appName(m.App), bool(m.AI)
	case in.Text != "":
		in.Kind = bridge.TextEvent
	case len(in.Attachments) > 0:
		in.Kind = bridge.MediaEvent
	default: // as is_unsupported, and for other content Meta keeps to itself
		in.Kind = bridge.UnsupportedEvent
	}
	in.FromPage = false // EchoEvent says so
}

// First returns the first text that says something.
func First(texts ...Text) string {
	for _, t := range texts {
		if t != "" {
			return string(t)
		}
	}
	return ""
}

// inboxApp is Facebook's Page inbox (Business Suite) among the apps.
const inboxApp = "263902037430900"

// appName returns an app's id, or what stands for Facebook's own inbox.
func appName(app ID) string {
	if app == inboxApp {
		return bridge.PageInbox
	}
	return string(app)
}
