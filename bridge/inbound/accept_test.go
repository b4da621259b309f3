package inbound

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"messenger-bridge/bridge"
	"messenger-bridge/bridge/bridgetest"
)

// TestUnwanted_SaysWhy is what of one event is neither stored nor shown.
func TestUnwanted_SaysWhy(t *testing.T) {
	of := func(in bridge.Incoming, change func(*bridge.Incoming)) bridge.Incoming {
		change(&in)
		return in
	}
	comment := func(kind bridge.EventKind, parent bridge.Mid) bridge.Incoming {
		return bridge.Incoming{Conversation: commenter, Kind: kind, Mid: "c", Comment: &bridge.Comment{Parent: parent}}
	}
	running := bridge.Page{State: bridge.PageRunning, Settings: bridge.Settings{Comments: true}}
	fromPage := func(in *bridge.Incoming) { in.FromPage = true }
	nameless := func(in *bridge.Incoming) { in.Conversation.Customer = bridge.CustomerID(in.Mid) } // as the decoder puts it
	for _, test := range []struct {
		name string
		page bridge.Page
		in   bridge.Incoming
		ours bool
		want string
	}{
		{name: "a message", page: running, in: text("m")},
		{name: "a message to a page that is off", page: bridge.Page{State: bridge.PageOff}, in: text("m")},
		{name: "a message to a page whose token is dead", page: bridge.Page{State: bridge.PageNeedsAuth, Why: bridge.Trouble{Kind: bridge.TokenDead}}, in: text("m")},
		{name: "a message to a page that was disconnected", page: bridge.Page{State: bridge.PageOff, Why: bridge.Trouble{Kind: bridge.Disconnected}}, in: text("m"), want: "unknown-page"},
		{name: "a message to nobody's page", page: running, in: of(text("m"), func(in *bridge.Incoming) { in.Conversation.Page = "2" }), want: "unknown-page"},
		{name: "a watermark", page: running, in: about(bridge.ReadEvent, ""), want: "receipt"},
		{name: "another watermark", page: running, in: about(bridge.ReceivedEvent, ""), want: "receipt"},
		{name: "a reaction", page: running, in: about(bridge.ReactionEvent, "m")},
		{name: "a reaction of the page's", page: running, in: of(about(bridge.ReactionEvent, "m"), fromPage), want: "page-reaction"},
		{name: "the page's own, of another app", page: running, in: about(bridge.EchoEvent, "m")},
		{name: "our own, without its mark", page: running, in: about(bridge.EchoEvent, "m"), ours: true, want: "own-echo"},
		{name: "an event of a kind that is new", page: running, in: about(bridge.UnknownEvent, "")},

		{name: "a comment", page: running, in: comment(bridge.TextEvent, "")},
		{name: "a comment that is not wanted", page: bridge.Page{State: bridge.PageRunning}, in: comment(bridge.TextEvent, ""), want: "comments-off"},
		{name: "a comment of the page's on its own post", page: running, in: comment(bridge.EchoEvent, ""), want: "page-comment"},
		{name: "an answer of the page's", page: running, in: comment(bridge.EchoEvent, "above")},
		{name: "an answer of ours", page: running, in: comment(bridge.EchoEvent, "above"), ours: true, want: "own-echo"},
		{name: "an edit of the page's", page: running, in: of(comment(bridge.EditEvent, "above"), fromPage)},
		{name: "an edit of ours", page: running, in: of(comment(bridge.EditEvent, "above"), fromPage), ours: true, want: "own-echo"},
		{name: "a comment without a name", page: running, in: of(comment(bridge.TextEvent, "above"), nameless)},
		{name: "an answer of ours, without a name", page: running, in: of(comment(bridge.TextEvent, "above"), nameless), ours: true, want: "own-echo"},
		{name: "an edit of ours, without a name", page: running, in: of(comment(bridge.EditEvent, "above"), func(in *bridge.Incoming) { in.Conversation.Customer = "" }), ours: true, want: "own-echo"},
		{name: "an edit of the customer's", page: running, in: comment(bridge.EditEvent, ""), ours: true},
	} {
		w := newWorld(t)
		test.page.ID = "1"
		w.pages[0] = test.page
		if test.ours {
			w.receipts.All = []bridge.Receipt{ours(test.in.Mid)}
		}
		if got := w.unwanted(&test.in); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestFromCustomer_StoresEachOnce_InItsLane(t *testing.T) {
	w := newWorld(t)
	removal := bridge.Incoming{Conversation: bridge.Conversation{Page: "1", Kind: bridge.Comments}, Kind: bridge.DeletionEvent, Mid: "c", Key: "deletion/c", Comment: &bridge.Comment{}}
	foreign := text("x")
	foreign.Conversation.Page = "2"
	events := []bridge.Incoming{text("m"), text("m"), about(bridge.ReactionEvent, "m"), removal, foreign, about(bridge.ReadEvent, "")}
	w.comes(events...)
	if len(w.active) == 0 || slices.ContainsFunc(w.active, func(p bridge.PageID) bool { return p != "1" }) {
		t.Errorf("active pages: %q", w.active)
	}
	w.active = nil
	w.comes(events...)
	var lanes []bridge.Lane
	for _, seq := range w.inbox.Seqs() {
		d, err := w.inbox.Delivery(seq)
		if err != nil {
			t.Fatal(err)
		}
		lanes = append(lanes, d.Lane)
	}
	if want := []bridge.Lane{anna.Lane(), anna.MessageEvents(), bridge.CommentLane("1", "c")}; !slices.Equal(lanes, want) || len(w.active) > 0 {
		t.Errorf("stored in %v, want %v; active again: %q", lanes, want, w.active)
	}
	if heard := w.states.State(anna).Window.Heard; !heard.Equal(noon) {
		t.Errorf("the window begins at %s", heard)
	}
}

// TestFromCustomer_OwnEchoes_AreProof: they are kept as receipts, and when that was only
// where agents are to see how far customers are.
func TestFromCustomer_OwnEchoes_AreProof(t *testing.T) {
	for _, wanted := range []bool{false, true} {
		w := newWorld(t)
		w.pages[0].Settings.Receipts = wanted
		echo := about(bridge.EchoEvent, "m")
		echo.Tag = bridge.SendTag{Message: "x", Part: 1}
		elsewhere := echo
		elsewhere.Conversation.Page, elsewhere.Mid = "2", "n"
		w.comes(echo, elsewhere)
		sent := len(w.receipts.SentSince(anna, noon.Add(-1))) == 1
		if tag, ours := w.receipts.TagOf("1", "m"); !ours || tag != echo.Tag || len(w.receipts.All) != 1 || sent != wanted || len(w.inbox.Seqs()) > 0 {
			t.Errorf("receipts wanted: %v; stored %+v, %d wait", wanted, w.receipts.All, len(w.inbox.Seqs()))
		}
	}
}

// TestFromCustomer_MarkOfAnotherBridge_IsShown: two bridges of one page mark what they send
// alike, and each has a Meta app of its own.
func TestFromCustomer_MarkOfAnotherBridge_IsShown(t *testing.T) {
	for app, ours := range map[string]bool{"": true, "900": true, "901": false, bridge.PageInbox: false} {
		w := newWorld(t)
		w.App = "900"
		echo := about(bridge.EchoEvent, "m")
		echo.Tag, echo.App = bridge.SendTag{Message: "x"}, app
		w.comes(echo)
		if _, proven := w.receipts.TagOf("1", "m"); proven != ours || (len(w.inbox.Seqs()) == 0) != ours {
			t.Errorf("of app %q: receipts %+v, %d wait", app, w.receipts.All, len(w.inbox.Seqs()))
		}
	}
}

// TestFromCustomer_ForgottenSince_WritesNobodyDown: what Meta tells late of somebody who was
// forgotten leaves nothing, however often it is told; unless an answer is still under way,
// perhaps a private one to somebody who has only commented.
func TestFromCustomer_ForgottenSince_WritesNobodyDown(t *testing.T) {
	tag := bridge.SendTag{Message: "x"}
	for name, c := range map[string]struct {
		before func(*world)
		named  bool
	}{
		"nothing is known":       {func(*world) {}, false},
		"an answer to her waits": {func(w *world) { w.answers(anna.Lane()) }, true},
		"an answer to another waits": {func(w *world) {
			w.answers(bridge.Conversation{Page: "1", Customer: "9", Kind: bridge.Messages}.Lane())
		}, false},
		"an answer below a post waits": {func(w *world) { w.answers(commenter.Lane()) }, true},
		"the same is known": {func(w *world) {
			w.receipts.All = []bridge.Receipt{{Page: "1", Mid: "m", Tag: tag, With: commenter}}
		}, true},
	} {
		w := newWorld(t)
		w.pages[0].Settings.Receipts, w.forgotten = true, true
		c.before(w)
		echo, read := about(bridge.EchoEvent, "m"), about(bridge.ReadEvent, "")
		echo.Tag, read.Watermark = tag, noon
		w.comes(echo, read)
		w.comes(echo, read)
		told := slices.ContainsFunc(w.receipts.All, func(r bridge.Receipt) bool {
			return r.Mid == "m" && r.Tag == tag && r.With == anna && r.Sent != bridge.Sent{}
		})
		if told != c.named || !c.named && len(w.receipts.All) > 0 {
			t.Errorf("%s: stored %+v", name, w.receipts.All)
		}
		if got := w.states.State(anna); (got != bridge.ConversationState{}) != c.named {
			t.Errorf("%s: remembered %+v", name, got)
		}
	}
}

func TestFromCustomer_StoreFails_MetaTellsAgain(t *testing.T) {
	w := newWorld(t)
	w.inbox.Break("Append", 1)
	if err := w.FromCustomer(t.Context(), []bridge.Incoming{text("m")}); !errors.Is(err, bridgetest.ErrDisk) || len(w.active) > 0 {
		t.Errorf("acknowledged: %v, active %q", err, w.active)
	}
	w.comes(text("m"))
	if len(w.inbox.Seqs()) != 1 {
		t.Errorf("%d wait", len(w.inbox.Seqs()))
	}
}

func TestFromCustomer_Policy_IsAnnounced(t *testing.T) {
	for detail, want := range map[string]string{
		"warning": "Facebook warns the page Shop (1)", "block": "Facebook has blocked the page Shop (1)",
		"unblock": "Facebook has unblocked the page Shop (1)", "new": "Facebook told us something about the rules for the page Shop (1)",
	} {
		w := newWorld(t)
		in := bridge.Incoming{Conversation: bridge.Conversation{Page: "1"}, Kind: bridge.PolicyEvent, Key: "policy/5", Detail: detail, Text: "Spam."}
		w.comes(in, in)
		told := w.told.Notices()
		if len(told) != 1 || w.announced() != "1/policy/5" || !strings.HasPrefix(told[0].Text, want) || !strings.HasSuffix(told[0].Text, "Spam.") || len(w.inbox.Seqs()) > 0 {
			t.Errorf("%s: told %s", detail, fmt.Sprint(told))
		}
	}
}
