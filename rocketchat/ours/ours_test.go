package ours

import (
	"testing"

	"messenger-bridge/bridge"
)

func TestIDs_OtherOne_IsTheSameEachTimeAndNeedsTheKey(t *testing.T) {
	key := func(k string) func(string, string) string {
		return func(purpose, text string) string { return k + purpose + text }
	}
	id := bridge.MessageID("fbn0123")
	one, again, others := IDs(id, key("a")), IDs(id, key("a")), IDs(id, key("b"))
	if one[0] != id || one != again || one[1] == others[1] || one[1] == IDs("fbn0124", key("a"))[1] || !bridge.IsID(string(one[1])) {
		t.Errorf("%q, %q, %q", one, again, others)
	}
	if plain := IDs(id, nil); plain != [2]bridge.MessageID{id, id + "-2"} {
		t.Errorf("without a key: %q", plain)
	}
}

func TestMessage_WhoseItIs(t *testing.T) {
	by := func(user, token, room string) (m Message) {
		m.User.ID, m.Token, m.Room = user, token, room
		return m
	}
	for _, c := range []struct {
		m             Message
		bot, customer bool
	}{
		{by("bot", "", "r"), true, true},
		{by("bot", "", "other"), true, true}, // what is refused in one room is told in another
		{by("eve", "", "r"), false, false},
		{by("eve", "", ""), false, false},
		{by("v", "tok", "r"), false, true},
		{by("v", "tok", "earlier"), false, true},
		{by("v", "tok of before", "r"), false, true},
		{by("w", "stranger", "other"), false, false},
		{by("", "", ""), true, true}, // it does not say
	} {
		if bot, customer := c.m.ByBot("bot"), c.m.ForCustomer("tok", "bot", "r"); bot != c.bot || customer != c.customer {
			t.Errorf("%+v: the bot's %v, for the customer %v", c.m, bot, customer)
		}
	}
}

func TestIsEvents(t *testing.T) {
	in := bridge.Incoming{Conversation: bridge.Conversation{Page: "1"}, Key: "m/x"}
	for id, want := range map[bridge.MessageID]bool{
		in.MessageID(): true, in.MessageID() + "-r-1000-1": true, NoticeID("x"): false, "fbXy12AbCdEfGhIjKlMnOpQr": false, "7ZRcEd2pqwvCJhnfk": false, "fb": false,
	} {
		if IsEvents(id) != want {
			t.Errorf("%s: %v", id, !want)
		}
	}
}
