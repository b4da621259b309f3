package rooms

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// editing is changes that also puts words in the place of others.
type editing struct{ changes }

func (e editing) Edit(_ context.Context, _ bridge.Secret, _ bridge.RoomID, id bridge.MessageID, text string) (bool, error) {
	i := slices.IndexFunc(e.shown, func(s shown) bool { return s.ID == id })
	if i >= 0 {
		e.shown[i].Text = text
	}
	return i >= 0, nil
}

// TestEdit_WhatStandsBehindTheText_Stays: Meta tells the corrected text alone. Where more stands behind the text, the
// correction stands below; a deletion takes all of it away, once.
func TestEdit_WhatStandsBehindTheText_Stays(t *testing.T) {
	place := bridge.Attachment{Kind: "location", Place: &bridge.Place{Lat: 1, Long: 2}}
	for name, c := range map[string]struct {
		in     bridge.Incoming
		inText bool // it is corrected in its place
	}{
		"words":                            {bridge.Incoming{}, true},
		"a link that stands in the text":   {bridge.Incoming{Attachments: []bridge.Attachment{{Kind: "fallback", URL: "https://shop.test/a"}}}, true},
		"a link of which the title is new": {bridge.Incoming{Attachments: []bridge.Attachment{{Kind: "fallback", URL: "https://shop.test/a", Title: "A shoe"}}}, false},
		"a place":                          {bridge.Incoming{Attachments: []bridge.Attachment{place}}, false},
		"something unheard of":             {bridge.Incoming{Attachments: []bridge.Attachment{{Kind: "teleport"}}}, false},
		"a comment with a link":            {bridge.Incoming{Comment: &bridge.Comment{Link: "https://facebook.test/1"}, Attachments: []bridge.Attachment{{Kind: "share", URL: "https://shop.test/b"}}}, false},
		"a comment":                        {bridge.Incoming{Comment: &bridge.Comment{Link: "https://facebook.test/1"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.talking()
			r := d.made()
			r.Changes = editing{changes{d}}
			in := c.in
			in.Conversation, in.Kind, in.Mid, in.Key, in.At, in.Text = anna, bridge.TextEvent, "1", bridge.MessageKey("1"), d.now, "Is it stil on? https://shop.test/a"
			became, err := r.Deliver(t.Context(), in, opens)
			if err != nil {
				t.Fatal(err)
			}
			first := d.shown[0]
			d.known = map[bridge.Mid][]bridge.MessageID{"1": became.Receipt.Shown}
			edit := bridge.Incoming{Conversation: anna, Kind: bridge.EditEvent, Mid: "1", Key: bridge.EditKey("1", 1), Text: "Is it still on?", Comment: in.Comment, At: d.now.Add(time.Second)}
			if _, err := r.Deliver(t.Context(), edit, opens); err != nil {
				t.Fatal(err)
			}
			last := d.shown[len(d.shown)-1]
			told := strings.HasPrefix(last.Text, "The customer corrected a message:\n"+bridge.Cite("Is it still on?"))
			if inText := d.shown[0].Text == "Is it still on?"; inText != c.inText || told == c.inText || !inText && d.shown[0] != first {
				t.Errorf("agents read %q", d.texts())
			}
			if _, err := r.Deliver(t.Context(), bridge.Incoming{Conversation: anna, Kind: bridge.DeletionEvent, Mid: "1", Key: bridge.DeletionKey("1"), Comment: in.Comment, At: d.now}, opens); err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(d.shown, func(s shown) bool { return s.ID == first.ID }) {
				t.Errorf("after the deletion agents read %q", d.texts())
			}
		})
	}
}

// TestEdit_ReviewAdvisesOtherwise_ItsHeadChanges: what stood before the words is kept, but not what it says of the page.
func TestEdit_ReviewAdvisesOtherwise_ItsHeadChanges(t *testing.T) {
	d := newDesk(t)
	d.talking()
	r := d.made()
	r.Changes = editing{changes{d}}
	of := func(advice bridge.Advice) *bridge.Comment {
		return &bridge.Comment{Kind: bridge.Review, Link: "https://facebook.test/1", Advice: advice}
	}
	in := bridge.Incoming{Conversation: anna, Kind: bridge.TextEvent, Mid: "1", Key: bridge.MessageKey("1"), At: d.now, Text: "Nice shop", Comment: of(bridge.Advised)}
	became, err := r.Deliver(t.Context(), in, opens)
	if err != nil {
		t.Fatal(err)
	}
	d.known = map[bridge.Mid][]bridge.MessageID{"1": became.Receipt.Shown}
	edit := bridge.Incoming{Conversation: anna, Kind: bridge.EditEvent, Mid: "1", Key: bridge.EditKey("1", 1), Text: "Never again", At: d.now.Add(time.Second), Comment: of(bridge.Warned)}
	if _, err := r.Deliver(t.Context(), edit, opens); err != nil {
		t.Fatal(err)
	}
	if got := d.shown[0].Text; !strings.HasSuffix(got, "]\nNever again") || !strings.Contains(got, "does not recommend") {
		t.Errorf("agents read %q", got)
	}
}

// TestEdit_DeletedMeanwhile_IsNotSaidAgain: a deletion took away what was to be corrected, while the correction was under way.
func TestEdit_DeletedMeanwhile_IsNotSaidAgain(t *testing.T) {
	for name, want := range map[string]int{"deleted": 0, "not deleted": 1} {
		d := newDesk(t)
		d.talking()
		d.known = map[bridge.Mid][]bridge.MessageID{"1": {"gone"}}
		r := d.made()
		r.Changes = editing{changes{d}}
		before := opens
		before.Correction = func() bool { return want > 0 }
		edit := bridge.Incoming{Conversation: anna, Kind: bridge.EditEvent, Mid: "1", Key: bridge.EditKey("1", 1), Text: "my password is 1234", At: d.now}
		if _, err := r.Deliver(t.Context(), edit, before); err != nil {
			t.Fatal(err)
		}
		if got := len(d.texts()); got != want {
			t.Errorf("%s: agents read %q", name, d.texts())
		}
	}
}
