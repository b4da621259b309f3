package wire

import (
	"slices"
	"strings"

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
	ReplyTo struct {
		Mid Mid `json:"mid"`
	} `json:"reply_to"`
	Referral    *referral    `json:"referral"`
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	Type    Text    `json:"type"`
	URL     Text    `json:"url"` // older link previews have it here
	Title   Text    `json:"title"`
	Payload payload `json:"payload"`
}

type payload struct {
	URL         Text `json:"url"`
	Title       Text `json:"title"`
	Text        Text `json:"text"`
	Sticker     ID   `json:"sticker_id"`
	Coordinates *struct {
		Lat  decimal `json:"lat"`
		Long decimal `json:"long"`
	} `json:"coordinates"`

	Elements []element `json:"elements"`
	Buttons  []choice  `json:"buttons"`
	Product  struct {
		Elements []element `json:"elements"`
	} `json:"product"`

	Status   Text `json:"status"` // of an appointment
	Start    Text `json:"start_time"`
	End      Text `json:"end_time"`
	Timezone Text `json:"timezone"`
}

type element struct {
	Title    Text     `json:"title"`
	Subtitle Text     `json:"subtitle"`
	Buttons  []choice `json:"buttons"`
	Action   struct {
		URL Text `json:"url"`
	} `json:"default_action"`
}

type choice struct {
	Title Text `json:"title"`
	URL   Text `json:"url"`
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
		if in.Tag == (bridge.SendTag{}) {
			in.App, in.AI = appName(m.App), bool(m.AI)
		}
	case in.Text != "":
		in.Kind = bridge.TextEvent
	case len(in.Attachments) > 0:
		in.Kind = bridge.MediaEvent
	default: // as is_unsupported, and for other content Meta keeps to itself
		in.Kind = bridge.UnsupportedEvent
	}
	in.FromPage = false // EchoEvent says so
}

// attachments returns what is attached; a template's elements one by one.
func (m *Message) attachments() (list []bridge.Attachment) {
	for i := range m.Attachments {
		list = append(list, m.Attachments[i].read()...)
	}
	// While Meta changed how stickers are told, both forms came in one message.
	return slices.CompactFunc(list, func(a, b bridge.Attachment) bool { return a.Sticker != "" && a.Sticker == b.Sticker })
}

func (a *attachment) read() []bridge.Attachment {
	p := &a.Payload
	one := bridge.Attachment{
		Kind: string(a.Type), URL: First(p.URL, a.URL), Title: First(p.Title, a.Title), Text: string(p.Text), Sticker: string(p.Sticker),
		Buttons: titles(p.Buttons),
	}
	if one.Sticker != "" && one.Kind == "image" { // as it was until August 2026
		one.Kind = "sticker"
	}
	if p.Coordinates != nil {
		one.Place = &bridge.Place{Lat: float64(p.Coordinates.Lat), Long: float64(p.Coordinates.Long)}
	}
	if p.Status != "" {
		one.Title = strings.TrimSpace(string(p.Status))
		one.Text = strings.TrimSpace(strings.Join([]string{string(p.Start), string(p.End), string(p.Timezone)}, " "))
	}
	elements := slices.Concat(p.Elements, p.Product.Elements)
	if one.Kind != "template" || len(elements) == 0 {
		return []bridge.Attachment{one}
	}
	var all []bridge.Attachment
	if one.Title != "" || one.Text != "" {
		all = append(all, one)
	}
	for _, e := range elements {
		all = append(all, bridge.Attachment{
			Kind: one.Kind, Title: string(e.Title), Text: string(e.Subtitle), URL: string(e.Action.URL), Buttons: titles(e.Buttons),
		})
	}
	return all
}

func titles(buttons []choice) (all []string) {
	for _, b := range buttons {
		if b.Title != "" {
			all = append(all, string(b.Title))
		}
	}
	return all
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
