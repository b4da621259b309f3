// Package wire is how Rocket.Chat writes messages, on the stream and over REST.
package wire

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"messenger-bridge/bridge"
	"messenger-bridge/rocketchat/markup"
)

// Types of rooms.
const (
	CustomerRoom  = "l"
	PrivateGroup  = "p"
	PublicChannel = "c"
	DirectRoom    = "d"
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
	Updated     Time            `json:"_updatedAt"`
	Thread      string          `json:"tmid"`
	Mentions    users           `json:"mentions"`
	Attachments []attachment    `json:"attachments"`
	File        upload          `json:"file"`
	Files       []upload        `json:"files"`
	Blocks      []block         `json:"blocks"`
	Location    location        `json:"location"`
	Custom      custom          `json:"customFields"`

	Reactions map[string]struct {
		Usernames []string `json:"usernames"`
	} `json:"reactions"`

	Kind   string `json:"-"` // of its room; told apart from the message
	Old    bool   `json:"-"` // it was read before: only what has changed since counts
	Unkept bool   `json:"-"` // its id stands in for one that is none
}

// custom are the fields that apps add, as far as they are known.
type custom struct {
	JitsiCall string `json:"jitsiCallUrl"`
}

// users are read without an allocation where there are none, as in nearly every message. What is
// none is left out: an error would end the decoding, and lose what comes after.
type users []User

func (u *users) UnmarshalJSON(data []byte) error {
	if string(data) != "[]" {
		_ = json.Unmarshal(data, (*[]User)(u))
	}
	return nil
}

// User is who wrote something.
type User struct {
	ID       string `json:"_id"`
	Username string `json:"username"`
	Name     string `json:"name"`
}

// Time is EJSON on the stream and ISO 8601 over REST. Anything else is no
// time, and no reason to lose a message.
type Time struct{ time.Time }

// Stamp writes a time as REST takes it.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

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
	bot := Given(m.Bot) || m.System == "" && len(m.Blocks) > 0 // no client writes blocks
	return bridge.Author{ID: bridge.UserID(m.User.ID), Username: m.User.Username, Name: m.User.Name, Bot: bot}
}

// ownText is the text without the links by which it quotes others.
func (m Message) ownText() string { return markup.WithoutQuotes(m.Text) }

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
