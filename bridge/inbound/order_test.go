package inbound

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"messenger-bridge/bridge"
)

// TestReady_DecidesWhatIsShownNow is one event of each kind, with what is known of its
// message, so long after it was accepted.
func TestReady_DecidesWhatIsShownNow(t *testing.T) {
	edit := func(n int) bridge.Incoming {
		in := about(bridge.EditEvent, "m")
		in.Edit = n
		return in
	}
	known := []bridge.Receipt{shownIn("room", "m")}
	ownEdit := edit(0)
	ownEdit.Conversation, ownEdit.FromPage, ownEdit.Comment = commenter, true, &bridge.Comment{}
	for _, test := range []struct {
		name    string
		in      bridge.Incoming
		age     time.Duration
		seen    []string // keys of events that came
		behind  bool     // anna's messages wait
		known   []bridge.Receipt
		want    string // show, done, soon or later
		deleted bool
	}{
		{name: "a message", in: text("m"), want: "show"},
		{name: "a message that was deleted since", in: text("m"), seen: []string{"1/deletion/m"}, want: "show", deleted: true},
		{name: "a message, and another page's was deleted", in: text("m"), seen: []string{"2/deletion/m"}, want: "show"},
		{name: "an event without a message", in: bridge.Incoming{Conversation: anna, Kind: bridge.TapEvent, Key: "tap"}, want: "show"},
		{name: "the page's own, of another app", in: about(bridge.EchoEvent, "m"), want: "show"},
		{name: "the page's own, known to be ours by now", in: about(bridge.EchoEvent, "m"), known: []bridge.Receipt{ours("m")}, want: "done"},

		{name: "a reaction", in: about(bridge.ReactionEvent, "m"), known: known, want: "show"},
		{name: "a reaction to an answer of ours", in: about(bridge.ReactionEvent, "m"), known: []bridge.Receipt{ours("m")}, want: "show"},
		{name: "a reaction that is early", in: about(bridge.ReactionEvent, "m"), want: "soon"},
		{name: "a deletion that is early", in: about(bridge.DeletionEvent, "m"), age: orphanGrace - 1, want: "soon"},
		{name: "an orphan", in: about(bridge.DeletionEvent, "m"), age: orphanGrace, want: "show"},
		{name: "an orphan, while another message waits", in: about(bridge.ReactionEvent, "m"), age: orphanGrace, behind: true, want: "show"},
		{name: "a reaction to a message that waits", in: about(bridge.ReactionEvent, "m"), age: orphanGrace, behind: true, seen: []string{"1/m/m"}, want: "soon"},
		{name: "a reaction to an echo that waits", in: about(bridge.ReactionEvent, "m"), age: orphanGrace, behind: true, seen: []string{"1/e/m"}, want: "soon"},
		{name: "a reaction to a message that waits for hours", in: about(bridge.ReactionEvent, "m"), age: 3 * time.Hour, behind: true, seen: []string{"1/m/m"}, want: "later"},
		{name: "a reaction to a message that was given up", in: about(bridge.ReactionEvent, "m"), age: orphanGrace, seen: []string{"1/m/m"}, want: "show"},

		{name: "an edit", in: edit(1), known: known, want: "show"},
		{name: "an edit that is early", in: edit(1), want: "soon"},
		{name: "an edit that is outdated", in: edit(1), known: known, seen: []string{"1/edit/m/2"}, want: "done"},
		{name: "an edit that is outdated by far, and early", in: edit(1), seen: []string{"1/edit/m/11"}, want: "done"},
		{name: "an edit of another message came", in: edit(1), known: known, seen: []string{"1/edit/n/2"}, want: "show"},
		{name: "an older edit came", in: edit(2), known: known, seen: []string{"1/edit/m/1"}, want: "show"},
		{name: "an edit that Meta did not number", in: edit(0), known: known, seen: []string{"1/edit/m/1"}, want: "show"},
		{name: "an edit of a message that was deleted since", in: edit(1), known: known, seen: []string{"1/deletion/m"}, want: "done"},
		{name: "an edit of a message that was deleted before it could be shown", in: edit(1), age: time.Hour, seen: []string{"1/m/m", "1/deletion/m"}, want: "done"},
		{name: "the page's edit of its own comment, which it removed since", in: ownEdit, known: []bridge.Receipt{shownIn("below", "m")}, seen: []string{"1/deletion/m"}, want: "show"},

		{name: "early, and the clock was set back by an hour", in: about(bridge.ReactionEvent, "m"), age: -time.Hour, want: "show"},
		{name: "early, and the clock was set back a little", in: about(bridge.ReactionEvent, "m"), age: -bridge.ClocksDiffer, want: "soon"},
	} {
		w := newWorld(t)
		w.receipts.All = test.known
		w.inbox.See(test.seen...)
		if test.behind {
			w.comes(text("waiting"))
		}
		in := test.in
		done, err := w.order.ready(&in, bridge.Delivery{Accepted: noon.Add(-test.age)})
		if got := decided(done, err); got != test.want || in.Deleted != test.deleted {
			t.Errorf("%s: %s (deleted: %v), want %s: %v", test.name, got, in.Deleted, test.want, err)
		}
	}
}

// decided says what ready has decided.
func decided(done bool, err error) string {
	switch {
	case done:
		return "done"
	case err == nil:
		return "show"
	case bridge.RefusalOf(err).Verdict != bridge.Again || bridge.RefusalOf(err).Reason != bridge.Deferred:
		return err.Error()
	case bridge.RefusalOf(err).After < time.Second:
		return "soon"
	}
	return "later"
}

// TestReady_Comments_FindWhoseTheyAre: a removal does not tell, and what the page wrote
// answers whoever is above it.
func TestReady_Comments_FindWhoseTheyAre(t *testing.T) {
	nobodys := bridge.Conversation{Page: "1", Kind: bridge.Comments}
	event := func(kind bridge.EventKind, parent bridge.Mid) bridge.Incoming {
		return bridge.Incoming{Conversation: nobodys, Kind: kind, Mid: "c", Key: string(kind) + "/c", Comment: &bridge.Comment{Parent: parent}}
	}
	hers := event(bridge.TextEvent, "")
	hers.Conversation = commenter
	ownEdit := event(bridge.EditEvent, "above")
	ownEdit.FromPage = true
	nameless := event(bridge.TextEvent, "above") // Meta does not say who wrote it, so it stands for itself
	nameless.Conversation.Customer = "c"
	namelessEdit := event(bridge.EditEvent, "above")
	for _, test := range []struct {
		name      string
		in        bridge.Incoming
		age       time.Duration
		seen      []string
		known     []bridge.Receipt
		waits     bool          // another comment of the page does
		answering bridge.PageID // which page's answers to comments are under way
		want      string
		whose     bridge.CustomerID
	}{
		{name: "a comment", in: hers, want: "show", whose: "8"},
		{name: "a removal of a comment that is shown", in: event(bridge.DeletionEvent, ""), known: []bridge.Receipt{shownIn("below", "c")}, want: "show", whose: "8"},
		{name: "a removal below a comment that is shown", in: event(bridge.DeletionEvent, "above"), age: time.Minute, known: []bridge.Receipt{shownIn("below", "above")}, want: "show", whose: "8"},
		{name: "a removal that is early", in: event(bridge.DeletionEvent, ""), want: "soon"},
		{name: "a removal of a comment that nobody knows", in: event(bridge.DeletionEvent, ""), age: orphanGrace, want: "done"},
		{name: "a removal of a comment that waits, or is just being shown", in: event(bridge.DeletionEvent, ""), age: time.Hour, seen: []string{"1/m/c"}, waits: true, want: "later"},
		{name: "a removal of a comment that was never shown, and none waits", in: event(bridge.DeletionEvent, ""), age: time.Hour, seen: []string{"1/m/c"}, want: "done"},
		{name: "a removal of what is shown in a room of nobody's", in: event(bridge.DeletionEvent, ""), age: time.Minute, known: []bridge.Receipt{shownIn("gone", "c")}, want: "done"},
		{name: "a removal, and the comment above waits", in: event(bridge.DeletionEvent, "above"), age: time.Minute, seen: []string{"1/m/above"}, want: "done"},

		{name: "an answer of the page's, by hand", in: event(bridge.EchoEvent, "above"), known: []bridge.Receipt{shownIn("below", "above")}, want: "show", whose: "8"},
		{name: "an answer of ours", in: event(bridge.EchoEvent, "above"), known: []bridge.Receipt{shownIn("below", "above"), ours("c")}, want: "done"},
		{name: "an edit of an answer of ours", in: ownEdit, known: []bridge.Receipt{ours("c")}, want: "done"},
		{name: "an answer that may be ours", in: event(bridge.EchoEvent, "above"), known: []bridge.Receipt{shownIn("below", "above")}, answering: "1", want: "soon"},
		{name: "an edit that may be ours", in: ownEdit, known: []bridge.Receipt{shownIn("below", "above")}, answering: "1", want: "soon"},
		{name: "another page answers", in: event(bridge.EchoEvent, "above"), known: []bridge.Receipt{shownIn("below", "above")}, answering: "2", want: "show", whose: "8"},
		{name: "an answer that may be ours for a minute", in: event(bridge.EchoEvent, "above"), age: time.Minute, known: []bridge.Receipt{shownIn("below", "above")}, answering: "1", want: "later"},
		{name: "answers are under way for too long", in: event(bridge.EchoEvent, "above"), age: 10 * time.Minute, known: []bridge.Receipt{shownIn("below", "above")}, answering: "1", want: "show", whose: "8"},
		{name: "a comment without a name", in: nameless, want: "show", whose: "c"},
		{name: "an answer of ours, without a name", in: nameless, known: []bridge.Receipt{ours("c")}, want: "done"},
		{name: "a comment without a name that may be ours", in: nameless, answering: "1", want: "soon"},
		{name: "a comment without a name, and answers are under way for too long", in: nameless, age: 10 * time.Minute, answering: "1", want: "show", whose: "c"},
		{name: "a comment of hers, and answers are under way", in: hers, answering: "1", want: "show", whose: "8"},
		{name: "an edit of an answer of ours, without a name", in: namelessEdit, known: []bridge.Receipt{ours("c")}, want: "done"},
		{name: "an edit without a name that may be ours", in: namelessEdit, known: []bridge.Receipt{shownIn("below", "above")}, answering: "1", want: "soon"},
		{name: "an answer to a comment that waits for an agent", in: event(bridge.EchoEvent, "above"), age: time.Hour, seen: []string{"1/m/above"}, waits: true, want: "later"},
		{name: "an answer to a comment that was never shown, and none waits", in: event(bridge.EchoEvent, "above"), age: time.Hour, seen: []string{"1/m/above"}, want: "done"},
		{name: "a comment is hidden that waits for an agent", in: event(bridge.HiddenEvent, ""), age: time.Hour, seen: []string{"1/m/c"}, waits: true, want: "later"},
		{name: "a comment is hidden that was never shown, and none waits", in: event(bridge.HiddenEvent, ""), age: time.Hour, seen: []string{"1/m/c"}, want: "done"},
		{name: "a comment is hidden that nobody knows, while others wait", in: event(bridge.HiddenEvent, ""), age: time.Hour, waits: true, want: "done"},
		{name: "a comment is hidden that is shown", in: event(bridge.HiddenEvent, ""), known: []bridge.Receipt{shownIn("below", "c")}, want: "show", whose: "8"},
		{name: "an answer to a comment that nobody knows", in: event(bridge.EchoEvent, "above"), age: time.Hour, want: "done"},
	} {
		w := newWorld(t)
		w.receipts.All = test.known
		w.inbox.See(test.seen...)
		if test.waits {
			other := hers
			other.Mid, other.Key = "other", bridge.MessageKey("other")
			w.comes(other)
		}
		if test.answering != "" {
			lane := bridge.Conversation{Page: test.answering, Customer: "9", Kind: bridge.Comments}.Lane()
			if _, err := w.Outbound.Lanes.Append(t.Context(), []bridge.Entry{{Lane: lane, Key: "answer"}}, nil); err != nil {
				t.Fatal(err)
			}
		}
		in := test.in
		done, err := w.order.ready(&in, bridge.Delivery{Accepted: noon.Add(-test.age)})
		if got := decided(done, err); got != test.want || test.whose != "" && in.Conversation.Customer != test.whose {
			t.Errorf("%s: %s, of %q; want %s: %v", test.name, got, in.Conversation.Customer, test.want, err)
		}
	}
}

// TestLanes_WhatComesEarly_IsShownInOrder lets events pass that Meta tells in the wrong
// order, or of which it never tells the message.
func TestLanes_WhatComesEarly_IsShownInOrder(t *testing.T) {
	type call struct {
		after  time.Duration
		events []bridge.Incoming
	}
	newest := about(bridge.EditEvent, "m")
	newest.Text = "edited"
	newest.Edit, newest.Key = 2, bridge.EditKey("m", 2)
	older := about(bridge.EditEvent, "m")
	older.Text = "edited"
	older.Edit, older.Key = 1, bridge.EditKey("m", 1)
	deletion := about(bridge.DeletionEvent, "m")
	deletion.Key = bridge.DeletionKey("m")
	reaction := func(mid bridge.Mid, at int) bridge.Incoming {
		in := about(bridge.ReactionEvent, mid)
		in.At, in.Key = noon.Add(time.Duration(at)*time.Second), in.Key+"/"+strconv.Itoa(at)
		return in
	}
	for _, test := range []struct {
		name  string
		calls []call
		want  string // what is shown, and so many seconds after the beginning
	}{
		{"in order", []call{{0, []bridge.Incoming{text("m")}}, {time.Second, []bridge.Incoming{about(bridge.ReactionEvent, "m")}}}, "text@0 reaction@1"},
		{"a reaction before its message", []call{{0, []bridge.Incoming{about(bridge.ReactionEvent, "m")}}, {4 * time.Second, []bridge.Incoming{text("m")}}}, "text@4 reaction@4"},
		{"a reaction to what never comes", []call{{0, []bridge.Incoming{about(bridge.ReactionEvent, "m")}}}, "reaction@30"},
		{"the newest edit comes first", []call{{0, []bridge.Incoming{text("m"), newest}}, {time.Second, []bridge.Incoming{older}}}, "text@0 edit@0"},
		{"an older reaction comes after a newer one", []call{{0, []bridge.Incoming{text("m"), reaction("m", 2)}}, {time.Second, []bridge.Incoming{reaction("m", 1)}}, {time.Second, []bridge.Incoming{reaction("m", 3)}}}, "text@0 reaction@0 reaction@2"},
		{"an older reaction to another message", []call{{0, []bridge.Incoming{text("m"), text("n"), reaction("m", 2)}}, {time.Second, []bridge.Incoming{reaction("n", 1)}}}, "text@0 text@0 reaction@0 reaction@1"},
		{"deleted before it is shown", []call{{0, []bridge.Incoming{deletion}}, {time.Second, []bridge.Incoming{text("m")}}}, "deleted@1 deletion@1"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.clock = time.Now
			began := time.Now()
			var shown []string
			w.show = func(in bridge.Incoming) (s bridge.Shown, err error) {
				what := string(in.Kind)
				if in.Deleted {
					what = "deleted"
				}
				shown = append(shown, what+"@"+time.Since(began).Truncate(time.Second).String())
				if in.Kind == bridge.TextEvent {
					s.Receipt = shownIn("room", in.Mid)
				}
				return s, nil
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { defer close(ended); w.Lanes.Run(ctx, ctx, w.Inbound.Deliver) }()
			for _, c := range test.calls {
				time.Sleep(c.after)
				w.comes(c.events...)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			stop()
			<-ended
			if got := strings.ReplaceAll(strings.Join(shown, " "), "s", ""); got != strings.ReplaceAll(test.want, "s", "") || len(w.inbox.Seqs()) > 0 {
				t.Errorf("%s: %s, want %s; %d wait", test.name, got, test.want, len(w.inbox.Seqs()))
			}
		})
	}
}
