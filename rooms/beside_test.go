package rooms

import (
	"context"
	"slices"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// remembered is what the store knows: one message that is shown, and no name.
type remembered struct{ *desk }

func (remembered) ShownAs(bridge.PageID, bridge.Mid) (bridge.RoomID, []bridge.MessageID) {
	return "r1", []bridge.MessageID{"earlier"}
}

func (remembered) Name(bridge.Conversation) (string, time.Time) { return "", time.Time{} }

func (remembered) SaveName(context.Context, bridge.Conversation, string) error { return nil }

// noting is Changes that takes what the bot says, and does nothing else.
type noting struct{ Changes }

func (noting) Note(context.Context, bridge.RoomID, bridge.Post) error { return nil }

// refusedWith is an answer of the workspace's that may concern what was asked alone.
func refusedWith(reason bridge.Reason, status int) error {
	return &bridge.Refusal{Verdict: bridge.Again, Reason: reason, Answer: &bridge.Response{Route: "GET something", Status: status, Others: bridge.OthersPass}}
}

// TestDeliver_WhatStandsBesideAMessage_DoesNotHoldItUp: a message is shown although the
// workspace keeps refusing a call that it is not shown by.
func TestDeliver_WhatStandsBesideAMessage_DoesNotHoldItUp(t *testing.T) {
	always := slices.Repeat([]error{refusedWith(bridge.WorkspaceError, 500)}, 20)
	for name, c := range map[string]struct {
		call   string
		change func(d *desk, in *bridge.Incoming)
		want   string
	}{
		"what it answers cannot be looked up": {"has", func(_ *desk, in *bridge.Incoming) { in.ReplyTo = "m_1" }, "r1:" + bridge.CiteMark + "[In reply to an earlier message]\nhello"},
		"the room before cannot be closed":    {"close", func(_ *desk, in *bridge.Incoming) { in.ForceNewRoom = true }, "r1:hello"},
		"its author's name is refused": {"register", func(_ *desk, in *bridge.Incoming) {
			in.Comment = &bridge.Comment{Name: "Anna", Link: "https://facebook.test/1"}
		}, "r1:" + bridge.CiteMark + "[Comment below a post: https://facebook.test/1]\nhello"},
		"nobody tells whether an agent is there": {"online", func(d *desk, _ *bridge.Incoming) {
			d.open, d.links[anna] = "", bridge.Link{Conversation: anna, Visitor: "visitor", Department: "sales"}
			d.fail["open"] = []error{refusal(bridge.NoAgent)}
		}, "r2:hello"},
	} {
		d := newDesk(t)
		d.talking()
		d.fail[c.call] = always
		in := event("k", "hello")
		in.Refusals = bridge.Refusals{Count: 9, For: time.Hour}
		c.change(d, &in)
		r := d.made()
		r.Changes = noting{}
		r.Known, r.Names = remembered{d}, remembered{d}
		became, err := r.Deliver(t.Context(), in, opens)
		if reasonOf(err) == bridge.NoAgent { // the next try asks first
			d.now = d.now.Add(time.Minute)
			became, err = r.Deliver(t.Context(), in, opens)
		}
		if got := d.texts(); err != nil || became.Left != nil || len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: agents read %q, given up: %v, %v", name, got, became.Left, err)
		}
	}
}

// TestDeliver_VisitorWhoIsUnknownRightAfterRegistering_IsAnItemsRefusal: who is registered and
// still unknown is registered again and again for nothing.
func TestDeliver_VisitorWhoIsUnknownRightAfterRegistering_IsAnItemsRefusal(t *testing.T) {
	d := newDesk(t)
	d.talking()
	d.fail["post"] = slices.Repeat([]error{refusedWith(bridge.VisitorUnknown, 400)}, 20)
	_, err := d.made().Deliver(t.Context(), event("k", "hello"), opens)
	if r := bridge.RefusalOf(err); !r.OfItem() {
		t.Errorf("refused with %v", err)
	}
}
