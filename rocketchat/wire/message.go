// Package wire is how Rocket.Chat writes messages, on the stream and over REST.
package wire

import (
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/markup"
)

// Types of rooms.
const (
	CustomerRoom = "l"
	PrivateGroup = "p"
	DirectRoom   = "d"
)

// Message is what we need of a message (rocketchat.md 6.1), from the stream
// and from REST alike.
type Message struct {
	ID          string          `json:"_id"`
	Room        string          `json:"rid"`
	Text        string          `json:"msg"`
	System      string          `json:"t"`
	Visitor     string          `json:"token"`
	Hidden      bool            `json:"_hidden"`
	At          Time            `json:"ts"`
	User        User            `json:"u"`
	Bot         json.RawMessage `json:"bot"`
	Edited      Time            `json:"editedAt"`
	Attachments []attachment    `json:"attachments"`

	Reactions map[string]struct {
		Usernames []string `json:"usernames"`
	} `json:"reactions"`

	Kind string `json:"-"` // of its room; told apart from the message
	Old  bool   `json:"-"` // it was read before: only what has changed since counts
}

// User is who wrote something.
type User struct {
	ID       string `json:"_id"`
	Username string `json:"username"`
	Name     string `json:"name"`
}

// attachment is a file, a quote, or a card of a bot (rocketchat.md 6.2, 6.3).
type attachment struct {
	Type        string   `json:"type"`
	Title       string   `json:"title"`
	TitleLink   string   `json:"title_link"`
	Text        string   `json:"text"`
	Description string   `json:"description"`
	MessageLink string   `json:"message_link"` // of a quote
	Actions     []action `json:"actions"`

	Size      int64  `json:"size"`
	ImageURL  string `json:"image_url"` // perhaps of a thumbnail
	ImageType string `json:"image_type"`
	ImageSize int64  `json:"image_size"`
	AudioURL  string `json:"audio_url"`
	AudioType string `json:"audio_type"`
	AudioSize int64  `json:"audio_size"`
	VideoURL  string `json:"video_url"`
	VideoType string `json:"video_type"`
	VideoSize int64  `json:"video_size"`
}

type action struct {
	Type string `json:"type"`
	Text string `json:"text"`
	URL  string `json:"url"`
	Msg  string `json:"msg"`
}

// file returns the attachment as a file: the original, not the thumbnail.
func (a attachment) file() bridge.Attachment {
	f := bridge.Attachment{Kind: bridge.FileKind, URL: a.TitleLink, Name: a.Title, Size: a.Size}
	for _, as := range []struct {
		kind, url, mediaType string
		size                 int64
	}{
		{"image", a.ImageURL, a.ImageType, a.ImageSize}, {"audio", a.AudioURL, a.AudioType, a.AudioSize}, {"video", a.VideoURL, a.VideoType, a.VideoSize},
	} {
		if as.url == "" {
			continue
		}
		f.Kind, f.Type, f.Size = as.kind, as.mediaType, as.size
		if f.URL == "" {
			f.URL = as.url
		}
	}
	return f
}

// card is what an attachment says in words.
func (a attachment) card() string {
	return strings.TrimSpace(strings.Join([]string{a.Title, a.Text, a.TitleLink}, "\n"))
}

// quoted returns the id of the message that an attachment quotes, or "".
func (a attachment) quoted() bridge.MessageID {
	link, err := url.Parse(a.MessageLink)
	if err != nil {
		return ""
	}
	return bridge.MessageID(link.Query().Get("msg"))
}

// Time is EJSON on the stream and ISO 8601 over REST. Anything else is no
// time, and no reason to lose a message.
type Time struct{ time.Time }

func (t *Time) UnmarshalJSON(data []byte) error {
	if millis, ok := ejsonDate(data); ok { // of every frame: without a decoder's cost
		t.Time = time.UnixMilli(millis)
		return nil
	}
	var e struct {
		Millis int64 `json:"$date"`
	}
	var iso time.Time
	switch {
	case json.Unmarshal(data, &e) == nil && e.Millis != 0:
		t.Time = time.UnixMilli(e.Millis)
	case json.Unmarshal(data, &iso) == nil:
		t.Time = iso
	}
	return nil
}

// ejsonDate reads a date as Rocket.Chat writes it on the stream, without blanks.
func ejsonDate(data []byte) (millis int64, ok bool) {
	const before = `{"$date":`
	if len(data) < len(before)+2 || string(data[:len(before)]) != before || data[len(data)-1] != '}' {
		return 0, false
	}
	millis, err := strconv.ParseInt(string(data[len(before):len(data)-1]), 10, 64)
	return millis, err == nil && millis != 0
}

// Tolerable reports whether decoding went on to the end: a field of another type
// than expected is left empty, and the message is still a message.
func Tolerable(err error) bool {
	if err == nil {
		return true
	}
	var wrongType *json.UnmarshalTypeError
	return errors.As(err, &wrongType)
}

// Given reports whether an optional field says something.
func Given(field json.RawMessage) bool {
	return len(field) > 0 && string(field) != "null" && string(field) != "false"
}

// System is the user as whom Rocket.Chat itself writes and closes rooms.
const System = "rocket.cat"

// ByPeople reports whether somebody wrote the message: not the customer, not us,
// not Rocket.Chat itself.
func (m Message) ByPeople(bot bridge.UserID) bool {
	return m.System == "" && m.Visitor == "" && !m.Hidden && m.User.ID != string(bot) && m.User.ID != System
}

// Author returns who wrote the message.
func (m Message) Author() bridge.Author {
	return bridge.Author{ID: bridge.UserID(m.User.ID), Username: m.User.Username, Name: m.User.Name, Bot: Given(m.Bot)}
}

// FromAgent returns the message, its text as typed, if somebody wrote it for the
// customer.
func (m Message) FromAgent(bot bridge.UserID) (bridge.AgentMessage, bool) {
	if !m.ByPeople(bot) {
		return bridge.AgentMessage{}, false
	}
	a := bridge.AgentMessage{
		ID:     bridge.MessageID(m.ID),
		Room:   bridge.RoomID(m.Room),
		At:     m.At.Time,
		Text:   m.Text,
		Author: m.Author(),
		Edited: m.Edited.Time,
		Known:  m.Old,
	}
	for _, f := range m.Attachments {
		m.attach(&a, f)
	}
	return a, true
}

// Deleted returns what there is to know of a message that is no more. A trace of it
// that is still shown says who wrote it (rocketchat.md 3).
func (m Message) Deleted(bot bridge.UserID) (bridge.AgentMessage, bool) {
	ours := m.User.ID == string(bot) || m.Visitor != ""
	return bridge.AgentMessage{ID: bridge.MessageID(m.ID), Room: bridge.RoomID(m.Room), At: m.At.Time, Author: m.Author(), Gone: true},
		m.Gone() && !ours
}

// Gone reports whether the message was deleted.
func (m Message) Gone() bool { return m.System == DeletedMessage }

// Touched is when the message was written, or edited last.
func (m Message) Touched() time.Time {
	if m.Edited.After(m.At.Time) {
		return m.Edited.Time
	}
	return m.At.Time
}

// System types of messages (rocketchat.md 3).
const (
	DeletedMessage = "rm"             // what remains of a deleted message
	ClosedRoom     = "livechat-close" // the end of a room
)

// attach adds to a message what one of its attachments holds.
func (m Message) attach(a *bridge.AgentMessage, f attachment) {
	more := ""
	switch {
	case f.quoted() != "":
		if a.Quote == nil {
			a.Quote = &bridge.Quote{Message: f.quoted(), Text: markup.Plain(f.Text)}
		}
		return
	case f.Type == "removed-file":
		return
	case f.Type == "file":
		a.Attachments = append(a.Attachments, f.file())
		if more = f.Description; strings.TrimSpace(more) == strings.TrimSpace(m.Text) {
			more = "" // some versions write it twice
		}
	case f.card() != "" && (len(f.Actions) > 0 || Given(m.Bot)):
		more = f.card() // of links, Rocket.Chat itself makes cards as well
	}
	if more != "" {
		a.Text = strings.TrimSpace(a.Text + "\n" + more)
	}
	for _, action := range f.Actions {
		a.Buttons = append(a.Buttons, bridge.Button{Title: strings.TrimSpace(markup.Plain(action.Text)), URL: action.URL, Payload: action.Msg})
	}
}
