package wire

import (
	"net/url"
	"strconv"
	"strings"

	"messenger-bridge/bridge"
)

// feed is the value of a change of the field feed (messenger.md 2.18).
type feed struct {
	Item       Text   `json:"item"`
	Verb       Text   `json:"verb"`
	PostID     ID     `json:"post_id"`
	Comment    ID     `json:"comment_id"`
	Parent     ID     `json:"parent_id"`
	From       person `json:"from"`
	SenderID   ID     `json:"sender_id"` // in the place of from, in older ones
	SenderName Text   `json:"sender_name"`
	Message    Text   `json:"message"`
	Photo      Text   `json:"photo"`
	Photos     []Text `json:"photos"`
	Video      Text   `json:"video"`
	Link       Text   `json:"link"`
	Created    Number `json:"created_time"`
	Edited     Number `json:"edited_time"`
	Permalink  Text   `json:"permalink_url"`
	Post       struct {
		Permalink Text `json:"permalink_url"`
	} `json:"post"`
}

type person struct {
	ID   ID   `json:"id"`
	Name Text `json:"name"`
}

// feed passes on what happened to a comment, or counts what happened.
func (d *Decoded) feed(page bridge.PageID, f *feed, in bridge.Incoming) {
	switch {
	case f.Item != "comment" || f.Comment == "" || !f.read(page, &in):
		d.Ignored[kindFeed]++
	case page == "":
		d.Ignored[kindNoPage]++
	default:
		d.Events = append(d.Events, in)
	}
}

// read takes over what happened to a comment; in.At is when. It returns false for what
// agents need not know.
func (f *feed) read(page bridge.PageID, in *bridge.Incoming) bool {
	who := f.From
	if who.ID == "" {
		who = person{f.SenderID, f.SenderName}
	}
	in.FromPage = string(who.ID) == string(page)
	in.Conversation = bridge.Conversation{Page: page, Kind: bridge.Comments}
	if !in.FromPage {
		in.Conversation.Customer = bridge.CustomerID(who.ID)
	}
	in.Mid = bridge.Mid(f.Comment)
	in.Comment = &bridge.Comment{Post: string(f.PostID), Name: strings.TrimSpace(string(who.Name)), Link: f.address(page)}
	if f.Parent != f.PostID && f.Parent != f.Comment {
		in.Comment.Parent = bridge.Mid(f.Parent)
	}
	if at := f.Edited.Time(); !at.IsZero() {
		in.At = at
	}
	when := "/" + strconv.FormatInt(in.At.Unix(), 10)
	switch f.Verb {
	case "add":
		if at := f.Created.Time(); !at.IsZero() {
			in.At = at
		}
		f.said(in)
	case "edit", "edited":
		in.Kind, in.Text = bridge.EditEvent, string(f.Message)
		if in.Key = bridge.EditKey(in.Mid, 0) + when; in.Text == "" {
			in.Key += "/wordless"
		}
	case "remove", "delete":
		in.Kind, in.Key = bridge.DeletionEvent, bridge.DeletionKey(in.Mid)
		in.Conversation.Customer = "" // whoever removed it, if anybody is named
	case "hide", "unhide":
		in.Kind, in.Detail = bridge.HiddenEvent, string(f.Verb)
		in.Key = "hidden/" + string(f.Comment) + "/" + in.Detail + when
		in.Conversation.Customer = "" // likewise
	default:
		return false
	}
	return true
}

// said takes over a comment, or one of the page's own.
func (f *feed) said(in *bridge.Incoming) {
	in.Text, in.ReplyTo = string(f.Message), in.Comment.Parent
	for _, photo := range append([]Text{f.Photo}, f.Photos...) {
		if photo != "" && (len(in.Attachments) == 0 || in.Attachments[0].URL != string(photo)) {
			in.Attachments = append(in.Attachments, bridge.Attachment{Kind: "image", URL: string(photo)})
		}
	}
	if f.Video != "" {
		in.Attachments = append(in.Attachments, bridge.Attachment{Kind: "video", URL: string(f.Video)})
	}
	if f.Link != "" && f.Photo == "" && f.Video == "" {
		in.Attachments = append(in.Attachments, bridge.Attachment{Kind: "share", URL: string(f.Link)})
	}
	in.Key = bridge.MessageKey(in.Mid)
	switch {
	case in.FromPage:
		in.Kind, in.Key, in.FromPage = bridge.EchoEvent, "e/"+string(in.Mid), false // EchoEvent says so
		return
	case in.Text != "":
		in.Kind = bridge.TextEvent
	case len(in.Attachments) > 0:
		in.Kind = bridge.MediaEvent
	default: // a sticker, for example
		in.Kind = bridge.UnsupportedEvent
	}
	if in.Conversation.Customer == "" { // Meta does not say who, so nobody else's can be told to be theirs
		in.Conversation.Customer = bridge.CustomerID(in.Mid)
	}
}

// address is where people see the comment.
func (f *feed) address(page bridge.PageID) string {
	if strings.HasPrefix(string(f.Permalink), "https://") {
		return string(f.Permalink)
	}
	_, n, _ := strings.Cut(string(f.Comment), "_")
	u, err := url.Parse(string(f.Post.Permalink))
	if err != nil || u.Scheme != "https" || u.Host == "" {
		_, post, _ := strings.Cut(string(f.PostID), "_")
		u = &url.URL{Scheme: "https", Host: "www.facebook.com", Path: "/" + string(page) + "/posts/" + post}
	}
	q := u.Query()
	q.Set("comment_id", n)
	u.RawQuery = q.Encode()
	return u.String()
}
