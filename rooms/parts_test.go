package rooms

import (
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// asked has m_1 stand in the room.
func (d *desk) asked() {
	d.t.Helper()
	if _, err := d.made().Deliver(d.t.Context(), event("1", "?"), opens); err != nil {
		d.t.Fatal(err)
	}
	d.known = map[bridge.Mid][]bridge.MessageID{"m_1": {d.shown[0].ID}}
}

// TestDeliver_TooLong_WhatWeSayBeforeItChanges_WordsAreShownOnce: between two attempts of which the first
// showed a part, other lines of ours have come to stand before the text.
func TestDeliver_TooLong_WhatWeSayBeforeItChanges_WordsAreShownOnce(t *testing.T) {
	const words = "uno duo tres quattuor quinque septem octo novem"
	for name, c := range map[string]struct {
		meanwhile func(d *desk)
		line      string // that is shown beside the words
	}{
		"nothing":    {func(*desk) {}, ""},
		"it is late": {func(d *desk) { d.now = d.now.Add(10 * time.Minute) }, "[Written on "},
		"what it answers is gone": {func(d *desk) {
			d.shown = slices.DeleteFunc(d.shown, func(s shown) bool { return s.ID == d.known["m_1"][0] })
		}, "[In reply to "},
	} {
		for shown := range 4 { // parts, before it happens
			d := newDesk(t)
			d.talking()
			d.asked()
			d.limit = 12
			in := event("k", words)
			in.At, in.ReplyTo = d.now, "m_1"
			d.fail["post"] = slices.Concat(make([]error, 1+shown), []error{refusal(bridge.WorkspaceDown)})
			if _, err := d.made().Deliver(t.Context(), in, opens); reasonOf(err) != bridge.WorkspaceDown {
				t.Fatalf("%s: the first attempt ends with %v", name, err)
			}
			c.meanwhile(d)
			in.Tries, in.InParts = 1, true
			became, err := d.made().Deliver(t.Context(), in, opens)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, s := range d.shown { // a deletion takes away what is remembered
				if s.Text != "?" && !slices.Contains(became.Receipt.Shown, s.ID) {
					t.Errorf("%s, after %d parts: %q is not remembered", name, shown, s.Text)
				}
			}
			all := strings.Join(d.texts(), "\n")
			for _, word := range strings.Fields(words) {
				if n := strings.Count(all, word); n != 1 {
					t.Errorf("%s, after %d parts: agents read %q %d times: %q", name, shown, word, n, all)
				}
			}
			if spoken := strings.ReplaceAll(bridge.Spoken(all), "\nr1:", ""); c.line != "" && strings.Count(spoken, c.line) != 1 {
				t.Errorf("%s, after %d parts: agents read %q, in it %q once", name, shown, spoken, c.line)
			}
		}
	}
}

// TestDeliver_TooLong_FirstPartQuotes: what a long text answers stands at its beginning.
func TestDeliver_TooLong_FirstPartQuotes(t *testing.T) {
	d := newDesk(t)
	d.talking()
	d.asked()
	d.limit = 12
	in := event("k", "uno duo tres quattuor")
	in.ReplyTo = "m_1"
	if _, err := d.made().Deliver(t.Context(), in, opens); err != nil {
		t.Fatal(err)
	}
	if want := []bridge.MessageID{"", d.shown[0].ID, "", ""}; !slices.Equal(d.quotes, want) {
		t.Errorf("%q quote %q, want %q", d.texts(), d.quotes, want)
	}
}

// TestDeliver_TooLong_RoomClosedBetweenTwoAttempts_NothingIsLost: a part of a long text is shown, the next call finds the workspace away, an agent closes the room, and the text is
// tried again: all of its words must be shown somewhere.
func TestDeliver_TooLong_RoomClosedBetweenTwoAttempts_NothingIsLost(t *testing.T) {
	const words = "uno duo tres quattuor quinque septem octo novem"
	for _, late := range []bool{false, true} {
		for shown := 1; shown < 3; shown++ {
			d := newDesk(t)
			d.talking()
			d.limit = 24
			in := event("k", words)
			in.At = d.now
			if late {
				in.At = d.now.Add(-10 * lateAfter)
			}
			d.fail["post"] = append(make([]error, 1+shown), refusal(bridge.WorkspaceDown))
			if _, err := d.made().Deliver(t.Context(), in, opens); reasonOf(err) != bridge.WorkspaceDown {
				t.Fatal(err)
			}
			d.open = "" // an agent closes the room
			in.Tries, in.InParts = 1, true
			if _, err := d.made().Deliver(t.Context(), in, opens); err != nil {
				t.Fatal(err)
			}
			all := strings.Join(d.texts(), "\n")
			for _, word := range strings.Fields(words) {
				if !strings.Contains(all, word) {
					t.Errorf("late %v, after %d parts: %q is lost; agents read %q", late, shown, word, d.texts())
				}
			}
		}
	}
}

// TestDeliver_TooLong_PartIsThereAndRefused_RestIsNotLost: a part of a long text is refused for good by the workspace, although it is there: the parts behind it must not be lost.
func TestDeliver_TooLong_PartIsThereAndRefused_RestIsNotLost(t *testing.T) {
	const words = "uno duo tres quattuor quinque septem octo novem"
	d := newDesk(t)
	d.talking()
	d.limit = 24
	in := event("k", words)
	in.At = d.now
	gateway := &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceError, Answer: &bridge.Response{Route: "POST livechat/message", Status: 502, Others: bridge.OthersPass}}
	d.after["post"] = []error{nil, gateway} // the first part is there, its answer is lost: at each attempt
	if _, err := d.made().Deliver(t.Context(), in, opens); err == nil {
		t.Fatal("no error")
	}
	in.Tries, in.InParts = 6, true
	in.Refusals = bridge.Refusals{Count: 6, For: 1e12}
	d.after["post"] = []error{gateway}
	_, err := d.made().Deliver(t.Context(), in, opens)
	all := strings.Join(d.texts(), "\n")
	for _, word := range strings.Fields(words) {
		if err == nil && !strings.Contains(all, word) {
			t.Errorf("%q is lost; agents read %q", word, d.texts())
		}
	}
}
