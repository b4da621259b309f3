// Package ours tells what we wrote in Rocket.Chat from what others put there under our ids: the
// workspace takes any id from anybody, keeps the first message under it, and refuses all others.
package ours

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"messenger-bridge/bridge"
)

// NoticeID is under which a notice is shown, or anything else that is said once.
func NoticeID(key bridge.NoticeKey) bridge.MessageID {
	sum := sha256.Sum256([]byte(key))
	return bridge.MessageID("fbn" + hex.EncodeToString(sum[:12]))
}

// IDs are under which a message is put, in this order: its own, and another one if somebody has taken
// that. Our ids can be computed by whoever knows what they are made of; the other one only with
// the store's key, so that it cannot be taken beforehand.
func IDs(id bridge.MessageID, sign func(purpose, text string) string) [2]bridge.MessageID {
	other := "2"
	if sign != nil {
		sum := sha256.Sum256([]byte(sign("id of a message", string(id))))
		other = hex.EncodeToString(sum[:6])
	}
	return [2]bridge.MessageID{id, id + "-" + bridge.MessageID(other)}
}

// Whose says whose a message is that stands under an id of ours.
type Whose uint8

const (
	Bots    Whose = iota
	Others        // somebody has taken the id
	Nobodys       // there is none
)

// Message is a message of a room, as far as it says whose it is.
type Message struct {
	ID     string `json:"_id"`
	Room   string `json:"rid"`
	Text   string `json:"msg"`
	System string `json:"t"`
	Token  string `json:"token"` // of the visitor who wrote it
	Hidden bool   `json:"_hidden"`
	User   struct {
		ID string `json:"_id"`
	} `json:"u"`
}

// ByBot reports whether the bot wrote it, in whichever room: what is refused in one is told in another. What an
// answer leaves out says nothing.
func (m Message) ByBot(bot bridge.UserID) bool { return m.User.ID == "" || m.User.ID == string(bot) }

// ForCustomer reports whether it may be what we put there for a customer under an id of ours: the
// visitor, or the bot, wrote it. A visitor may have had another token before, in the same room.
func (m Message) ForCustomer(visitor bridge.Secret, bot bridge.UserID, room bridge.RoomID) bool {
	return m.User.ID == "" && m.Token == "" || m.User.ID == string(bot) || m.Token == visitor.Reveal() ||
		m.Token != "" && m.Room == string(room)
}

// IsEvents reports whether an id has the form of those under which we show what customers wrote.
// Under all others stands what somebody else wrote, rightly.
func IsEvents(id bridge.MessageID) bool {
	rest, is := strings.CutPrefix(string(id), "fb")
	if !is || len(rest) < 24 {
		return false
	}
	_, err := hex.DecodeString(rest[:24])
	return err == nil
}
