package messenger

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/messenger/wire"
)

// threadFields are what we ask of a conversation (messenger.md 5.3): its newest messages
// in detail, and a few more of which Meta shows only that they exist. A field that a version does not have has
// all of them refused: plainThreadFields are those that each has.
const (
	threadFields      = messageFields + ",generic_template},sticker,shares{link,name,description}}"
	plainThreadFields = messageFields + "}}"
	messageFields     = "id,updated_time,participants,messages.limit(25){id,created_time,from,message," +
		"attachments{id,mime_type,name,size,file_url,image_data{url},video_data{url}"
)

// Threads reads a part of the list of a page's conversations. It costs one of the
// two reads a second that Meta allows a page.
func (c Reader) Threads(ctx context.Context, p bridge.Page, cursor string, limit int) (bridge.ThreadList, error) {
	query := map[string]string{"platform": "messenger", "fields": threadFields, "limit": strconv.Itoa(limit)}
	if cursor != "" {
		query["after"] = cursor
	}
	body, err := c.readThreads(ctx, p, query)
	if err != nil {
		return bridge.ThreadList{}, err
	}
	var reply wireThreads
	_ = json.Unmarshal(body, &reply) // a value of the wrong type costs itself only
	if reply.Data == nil {
		return bridge.ThreadList{}, otherFormat("conversations")
	}
	list := bridge.ThreadList{Ahead: c.skew.now()}
	for _, t := range reply.Data {
		if shown, ok := t.shown(p.ID); ok {
			list.Threads = append(list.Threads, shown)
		}
	}
	if reply.Paging.Next != "" { // a link with the token in it: not followed, the cursor does as well
		list.Next = string(reply.Paging.Cursors.After)
	}
	return list, nil
}

// History returns the latest messages of a customer's conversation, oldest first, as
// webhooks would have brought them; at most those that Meta shows in detail.
func (c Reader) History(ctx context.Context, p bridge.Page, customer bridge.CustomerID) ([]bridge.Incoming, error) {
	body, err := c.readThreads(ctx, p, map[string]string{"platform": "messenger", "user_id": string(customer), "fields": threadFields})
	if err != nil {
		return nil, err
	}
	var reply wireThreads
	_ = json.Unmarshal(body, &reply) // a value of the wrong type costs itself only
	for _, t := range reply.Data {
		if shown, ok := t.shown(p.ID); ok && t.with(customer) {
			return shown.Messages, nil
		}
	}
	return nil, nil
}

// readThreads reads conversations when it is the page's turn to.
func (c Reader) readThreads(ctx context.Context, p bridge.Page, query map[string]string) ([]byte, error) {
	// Another call of this kind must not shut the page's gate: sends may go on.
	if err := c.turn(ctx, p.ID, c.pacer.Look, ""); err != nil {
		return nil, err
	}
	body, err := c.call(ctx, request{page: p, method: http.MethodGet, path: "conversations", query: query})
	if err == nil || query["fields"] != threadFields || bridge.RefusalOf(err).Code != "100" || bridge.RefusalOf(err).Verdict != bridge.Never {
		return body, err
	}
	c.cfg.Log.Info("conversations are not told with stickers, links and cards; reading them without", "page", p.ID, "err", err)
	query["fields"] = plainThreadFields
	return c.readThreads(ctx, p, query)
}

// customer returns who talks with the page, empty if the thread does not say so.
func (t *wireThread) customer(page bridge.PageID) bridge.CustomerID {
	for _, p := range t.Participants.Data {
		if p.ID != "" && p.ID != wire.ID(page) {
			return bridge.CustomerID(p.ID)
		}
	}
	return ""
}

// shown returns the thread as the bridge knows it; false if nobody is in it.
func (t *wireThread) shown(page bridge.PageID) (bridge.Thread, bool) {
	shown := bridge.Thread{Customer: t.customer(page)}
	shown.Changed, _ = time.Parse(threadTime, string(t.Updated))
	if shown.Customer == "" {
		return shown, false
	}
	for i, m := range t.Messages.Data { // newest first
		at, err := time.Parse(threadTime, string(m.Created))
		if m.ID == "" || err != nil {
			continue
		}
		in, ok := m.incoming(page, shown.Customer)
		switch {
		case ok:
			in.At = at
			shown.Messages = append(shown.Messages, in)
		case i >= threadDepth:
			shown.Older = append(shown.Older, bridge.Glimpse{Mid: bridge.Mid(m.ID), At: at})
		} // else it was taken back by who wrote it
		if at.After(shown.Changed) {
			shown.Changed = at
		}
	}
	slices.Reverse(shown.Messages)
	slices.Reverse(shown.Older)
	return shown, true
}

// incoming returns a message as a webhook would have brought it; false if Meta does
// not show who wrote it.
func (m *wireThreadMessage) incoming(page bridge.PageID, customer bridge.CustomerID) (bridge.Incoming, bool) {
	in := bridge.Incoming{
		Conversation: bridge.Conversation{Page: page, Customer: customer, Kind: bridge.Messages},
		FromPage:     m.From.ID == wire.ID(page),
	}
	if m.From.ID == "" {
		return in, false
	}
	like := wire.Message{Mid: m.ID, Text: m.Message}
	like.Read(&in, "")
	if in.Attachments = m.attachments(); len(in.Attachments) > 0 && in.Kind == bridge.UnsupportedEvent {
		in.Kind = bridge.MediaEvent
	}
	return in, true
}

func (m *wireThreadMessage) attachments() (all []bridge.Attachment) {
	for _, a := range m.Files.Data {
		if file := a.attachment(); a.isFile() && (file.URL == "" || file.URL != string(m.Sticker)) { // "" is asked for by its place
			all = append(all, file)
		}
		cards := wire.Card(a.Card)
		if len(cards) == 0 && !a.isFile() { // one of which no word is told
			cards = []bridge.Attachment{{Kind: "template"}}
		}
		all = append(all, cards...)
	}
	if m.Sticker != "" {
		all = append(all, bridge.Attachment{Kind: "sticker", URL: string(m.Sticker)})
	}
	for _, s := range m.Shares.Data {
		if s.Link != "" {
			all = append(all, bridge.Attachment{Kind: "share", URL: string(s.Link), Title: string(s.Name), Text: string(s.Description)})
		}
	}
	return all
}

// isFile tells a file, if only by what is known of it, from a card, which Meta tells among the files.
func (a *wireThreadFile) isFile() bool {
	return a.Type != "" || a.Size > 0 || a.address() != ""
}

func (a *wireThreadFile) address() string { return wire.First(a.File, a.Image.URL, a.Video.URL) }

// attachment names the kind as webhooks do.
func (a *wireThreadFile) attachment() bridge.Attachment {
	file := bridge.Attachment{Kind: "file", URL: string(a.File), Name: string(a.Name), Type: string(a.Type), Size: max(int64(a.Size), 0)}
	kind, _, _ := strings.Cut(file.Type, "/")
	switch {
	case a.Image.URL != "":
		file.Kind, file.URL = "image", string(a.Image.URL)
	case a.Video.URL != "":
		file.Kind, file.URL = "video", string(a.Video.URL)
	case kind == "audio" || kind == "video" || kind == "image":
		file.Kind = kind
	}
	return file
}
