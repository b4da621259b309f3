package meta

import (
	"encoding/json"
	"slices"
	"time"
)

// reactionNames are what Meta calls the reactions it has a name for (messenger.md 2.9).
var reactionNames = map[string]string{
	"😆": "smile", "😠": "angry", "😢": "sad", "😮": "wow", "❤": "love", "❤️": "love", "👍": "like", "👎": "dislike",
}

// action is a sender action with what belongs to it.
type action struct {
	name string
	on   string // mid of the message that is reacted to
	with string // the emoji
}

// decodeAction reads the payload of react and unreact, an object or JSON in a text.
func (c *graphCall) decodeAction(name string) (a action, e *graphError) {
	a.name = name
	if !slices.Contains([]string{"typing_on", "typing_off", "mark_seen", "react", "unreact"}, name) {
		return a, graphErr(100, 0, "(#100) Param sender_action must be one of {typing_on, typing_off, mark_seen, react, unreact}")
	}
	if name != "react" && name != "unreact" {
		return a, nil
	}
	var payload struct {
		Message  string `json:"message_id"`
		Reaction string `json:"reaction"`
	}
	_ = json.Unmarshal(c.object("payload"), &payload)
	a.on, a.with = payload.Message, payload.Reaction
	if a.on == "" || name == "react" && a.with == "" {
		return a, graphErr(100, 0, "(#100) Param payload is not valid") // code and text are guesses
	}
	return a, nil
}

// checkAction tells whether there is a message to react to. Called with mu held.
func (m *Messenger) checkAction(s *sendRequest) *graphError {
	if s.action.on == "" {
		return nil
	}
	if msg := m.byMid[s.action.on]; msg == nil || msg.deleted || msg.key != (threadKey{s.page, s.customer()}) {
		return graphErr(100, 2018001, "(#100) No matching message found") // code and text are guesses
	}
	return nil
}

// act books a sender action and lets the customer see it. Called with mu held.
func (m *Messenger) act(s *sendRequest) {
	if m.books.actions == nil {
		m.books.actions = map[threadKey][]string{}
	}
	key := threadKey{s.page, s.customer()}
	m.books.actions[key] = append(m.books.actions[key], s.action.name)
	if msg := m.byMid[s.action.on]; msg != nil {
		msg.reaction = s.action.with
		m.enqueue(false, m.quirks.pageReaction(msg, m.now()))
	}
	m.touch()
}

// pageReaction tells of the page's own reaction: without the emoji (messenger.md 2.9).
func (q Quirks) pageReaction(msg *message, at time.Time) Event {
	body := newObject("mid", msg.mid, "action", "unreact")
	if msg.reaction != "" {
		name := reactionNames[msg.reaction]
		setDefault(&name, "other")
		body = newObject("mid", msg.mid, "action", "react", "reaction", name)
	}
	return q.element(msg.key.page, newObject("sender", newObject("id", msg.key.page),
		"recipient", newObject("id", msg.key.customer), "timestamp", q.timestamp(at), "reaction", body))
}
