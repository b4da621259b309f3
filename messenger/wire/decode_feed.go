package wire

import (
	"net/url"
	"strconv"
	"strings"
	"time"

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

	// Of a review. The sheet names no more than its item; these are the names that others saw.
	Reviewer     ID   `json:"reviewer_id"`
	ReviewerName Text `json:"reviewer_name"`
	Review       Text `json:"review_text"`
	Advice       Text `json:"recommendation_type"`
	Story        ID   `json:"open_graph_story_id"`
}

// written are the items that a visitor's post on the page comes as.
var written = map[Text]bool{"post": true, "status": true, "photo": true, "video": true, "link": true, "note": true}

type person struct {
	ID   ID   `json:"id"`
	Name Text `json:"name"`
}

// feed passes on what happened to a comment, a visitor's post or a review, or counts what
// happened.
func (d *Decoded) feed(page bridge.PageID, f *feed, in bridge.Incoming) {
	switch {
	case !f.known(page) || !f.read(page, &in):
		d.ignore(kindFeed, 1)
	case page == "":
		d.ignore(kindNoPage, 1)
	default:
		if f.Created.Time().IsZero() && f.Edited.Time().IsZero() {
			d.undated = append(d.undated, len(d.Events))
		}
		d.Events = append(d.Events, in)
	}
}

// known reports whether it is about something that people wrote. What the page posts itself
// is not; of a removal nobody says whose post it was.
func (f *feed) known(page bridge.PageID) bool {
	switch {
	case f.Item == "comment":
		return f.Comment != ""
	case f.Item == "rating":
		return f.Comment == "" && (f.who().ID != "" || f.Story != "")
	case f.Verb == "remove" || f.Verb == "delete":
		return written[f.Item] && f.PostID != ""
	}
	return written[f.Item] && f.PostID != "" && f.Comment == "" && f.who().ID != "" && f.who().ID != ID(page)
}

// who wrote it, as far as Meta says.
func (f *feed) who() person {
	for _, p := range []person{f.From, {f.SenderID, f.SenderName}} {
		if p.ID != "" {
			return p
		}
	}
	return person{f.Reviewer, f.ReviewerName}
}

// identify returns what it is, and its id.
func (f *feed) identify(at time.Time) (bridge.CommentKind, bridge.Mid) {
	story := f.Story
	if story == "" {
		story = f.PostID
	}
	switch {
	case f.Item == "comment":
		return bridge.BelowPost, bridge.Mid(f.Comment)
	case f.Item != "rating":
		return bridge.OnPage, bridge.Mid(f.PostID)
	case story != "":
		return bridge.Review, bridge.Mid(story)
	}
	if created := f.Created.Time(); !created.IsZero() {
		at = created
	}
	return bridge.Review, bridge.ReviewMid(bridge.CustomerID(f.who().ID), at)
}

// advice is whether a review recommends the page.
func (f *feed) advice() bridge.Advice {
	switch strings.ToUpper(string(f.Advice)) {
	case "POSITIVE":
		return bridge.Advised
	case "NEGATIVE":
		return bridge.Warned
	}
	return bridge.NoAdvice
}

// read takes over what happened to it; in.At is when. It returns false for what
// agents need not know.
func (f *feed) read(page bridge.PageID, in *bridge.Incoming) bool {
	who := f.who()
	in.FromPage = string(who.ID) == string(page)
	in.Conversation = bridge.Conversation{Page: page, Kind: bridge.Comments}
	if !in.FromPage {
		in.Conversation.Customer = bridge.CustomerID(who.ID)
	}
	kind, mid := f.identify(in.At)
	in.Mid = mid
	in.Comment = &bridge.Comment{Kind: kind, Advice: f.advice(), Post: string(f.PostID), Name: strings.TrimSpace(string(who.Name)), Link: f.address(page, kind)}
	if kind == bridge.BelowPost && f.Parent != f.PostID && f.Parent != f.Comment {
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
		in.Kind, in.Text = bridge.EditEvent, f.text()
		in.Key = bridge.EditKey(in.Mid, 0) + when
		if in.Text == "" {
			in.Key += "/wordless"
		}
	case "remove", "delete":
		in.Kind, in.Key = bridge.DeletionEvent, bridge.DeletionKey(in.Mid)
		in.Conversation.Customer = "" // whoever removed it, if anybody is named
	case "hide", "unhide":
		in.Kind, in.Detail = bridge.HiddenEvent, string(f.Verb)
		in.Key = "hidden/" + string(in.Mid) + "/" + in.Detail + when
		in.Conversation.Customer = "" // likewise
	default:
		return false
	}
	return true
}

// text is what it says.
func (f *feed) text() string {
	if f.Item == "rating" && f.Review != "" {
		return string(f.Review)
	}
	return string(f.Message)
}

// said takes over a comment, or one of the page's own.
func (f *feed) said(in *bridge.Incoming) {
	in.Text, in.ReplyTo = f.text(), in.Comment.Parent
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
	case len(in.Attachments) > 0 || in.Comment.Kind == bridge.Review: // which says enough without words
		in.Kind = bridge.MediaEvent
	default: // a sticker, for example
		in.Kind = bridge.UnsupportedEvent
	}
	if in.Conversation.Customer == "" { // Meta does not say who, so nobody else's can be told to be theirs
		in.Conversation.Customer = bridge.CustomerID(in.Mid)
	}
}

// address is where people see it.
func (f *feed) address(page bridge.PageID, kind bridge.CommentKind) string {
	if strings.HasPrefix(string(f.Permalink), "https://") {
		return string(f.Permalink)
	}
	if kind == bridge.Review {
		return "https://www.facebook.com/" + string(page) + "/reviews"
	}
	_, n, _ := strings.Cut(string(f.Comment), "_")
	u, err := url.Parse(string(f.Post.Permalink))
	if err != nil || u.Scheme != "https" || u.Host == "" {
		_, post, _ := strings.Cut(string(f.PostID), "_")
		u = &url.URL{Scheme: "https", Host: "www.facebook.com", Path: "/" + string(page) + "/posts/" + post}
	}
	if kind == bridge.OnPage {
		return u.String()
	}
	q := u.Query()
	q.Set("comment_id", n)
	u.RawQuery = q.Encode()
	return u.String()
}
