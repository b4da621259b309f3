package commands

import (
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

// crowd is an office whose customers call themselves as they like.
type crowd struct {
	*office
	names map[bridge.CustomerID]string
}

func (c crowd) Customer(bridge.PageID, string) (bridge.CustomerID, error) {
	return "", bridge.ErrNoCustomer
}

func (c crowd) Called(p bridge.PageID, fits func(string) bool) (all []bridge.Called, err error) {
	for id, name := range c.names {
		if fits(name) {
			all = append(all, bridge.Called{Conversation: bridge.Conversation{Page: p, Customer: id, Kind: bridge.Messages}, Name: name})
		}
	}
	return all, nil
}

// TestBlock_NameBeginsLikeThePages_BlocksNobodyElse: a customer who has put a word of the page's name in front of another customer's name must not have the other one
// blocked in their place: block acts at once, on names in full only.
func TestBlock_NameBeginsLikeThePages_BlocksNobodyElse(t *testing.T) {
	o := newOffice()
	delete(o.pages, "200")
	c := crowd{o, map[bridge.CustomerID]string{"7666": "Shop Anna Example", "7001": "Anna Example"}}
	commands := o.commands()
	for i := range commands.table {
		if commands.table[i].Word == "block" {
			commands.table[i].Run = customerCommands{customers: c, pages: o, roomLink: func(bridge.RoomID) string { return "" }, say: commands.say}.block
		}
	}
	reply, err := commands.Handle(t.Context(), bridge.Command{ID: "m", From: boss, Words: "block Shop Anna Example"})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(o.calls, "block 100 7001 true") {
		t.Errorf("the name in full is that of 7666, and 7001 was blocked: %s", reply.Text)
	}
	if !strings.Contains(reply.Text, "7666") || !strings.Contains(reply.Text, "7001") || !reply.Private {
		t.Errorf("answered with %q", reply.Text)
	}
}

// TestBlock_FacebookKnowsNobodyOfThatID_IsSaid: who has only commented, for example.
func TestBlock_FacebookKnowsNobodyOfThatID_IsSaid(t *testing.T) {
	o := newOffice()
	o.barred = &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.CustomerBlocked}
	for _, words := range []string{"block 100 7001", "unblock 100 7001"} {
		if got := o.answers(t, boss, "m", words); !strings.Contains(got, "Facebook knows nobody `7001`") || !strings.Contains(got, "Nothing was changed") {
			t.Errorf("%q is answered %q", words, got)
		}
	}
}
