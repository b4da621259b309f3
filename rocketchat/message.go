package rocketchat

import (
	"encoding/json"
	"errors"
	"time"

	"messenger-bridge/bridge"
)

// wireMessage is what we need of a message (rocketchat.md 6.1), from the stream
// and from REST alike.
type wireMessage struct {
	ID          string           `json:"_id"`
	Room        string           `json:"rid"`
	Text        string           `json:"msg"`
	System      string           `json:"t"`
	Visitor     string           `json:"token"`
	Hidden      bool             `json:"_hidden"`
	At          wireTime         `json:"ts"`
	User        wireUser         `json:"u"`
	Bot         json.RawMessage  `json:"bot"`
	Edited      json.RawMessage  `json:"editedAt"`
	Attachments []wireAttachment `json:"attachments"`

	kind string // of its room; told apart from the message
}

type wireUser struct {
	ID       string `json:"_id"`
	Username string `json:"username"`
	Name     string `json:"name"`
}

type wireAttachment struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	TitleLink string `json:"title_link"`
	Text      string `json:"text"`
}

// wireTime is EJSON on the stream and ISO 8601 over REST. Anything else is no
// time, and no reason to lose a message.
type wireTime struct{ time.Time }

func (t *wireTime) UnmarshalJSON(data []byte) error {
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

// tolerable reports whether decoding went on to the end: a field of another type
// than expected is left empty, and the message is still a message.
func tolerable(err error) bool {
	var wrongType *json.UnmarshalTypeError
	return err == nil || errors.As(err, &wrongType)
}

// given reports whether an optional field says something.
func given(field json.RawMessage) bool {
	return len(field) > 0 && string(field) != "null" && string(field) != "false"
}

// byPeople reports whether somebody wrote the message: not the customer, not us,
// not Rocket.Chat itself.
func (m wireMessage) byPeople(bot bridge.UserID) bool {
	return m.System == "" && m.Visitor == "" && !m.Hidden && m.User.ID != string(bot) && m.User.ID != "rocket.cat"
}

func (m wireMessage) author() bridge.Author {
	return bridge.Author{ID: bridge.UserID(m.User.ID), Username: m.User.Username, Name: m.User.Name, Bot: given(m.Bot)}
}

// fromAgent returns the message, its text as typed, if somebody wrote it for the
// customer.
func (m wireMessage) fromAgent(bot bridge.UserID) (bridge.AgentMessage, bool) {
	if !m.byPeople(bot) {
		return bridge.AgentMessage{}, false
	}
	a := bridge.AgentMessage{
		ID:     bridge.MessageID(m.ID),
		Room:   bridge.RoomID(m.Room),
		At:     m.At.Time,
		Text:   m.Text,
		Author: m.author(),
	}
	for _, f := range m.Attachments {
		if f.Type == "file" {
			a.Attachments = append(a.Attachments, bridge.Attachment{Kind: f.Type, URL: f.TitleLink, Name: f.Title})
		}
	}
	return a, true
}
