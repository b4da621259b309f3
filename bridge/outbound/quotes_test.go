package outbound

import (
	"fmt"
	"slices"
	"testing"

	"messenger-bridge/bridge"
)

func quoted(id bridge.MessageID, text string, within ...bridge.Quoted) bridge.Quoted {
	return bridge.Quoted{Quote: bridge.Quote{Message: id, Text: text}, Quotes: within}
}

// TestFromAgent_WhatStaysInTheRoom_IsNotQuoted has an agent quote what the customer does not get, alone and beside what
// they wrote.
func TestFromAgent_WhatStaysInTheRoom_IsNotQuoted(t *testing.T) {
	const fraud = "he is a fraudster"
	colleague, below := write("kept", "@ben "+fraud), write("kept", fraud)
	colleague.Colleague, below.Thread = true, "thread"
	for _, c := range []struct {
		name string
		kept bridge.AgentMessage
		text string // as it is quoted
	}{
		{"a note", write("kept", "!note "+fraud), "!note " + fraud},
		{"a note that says something else now", write("kept", "!note x"), fraud},
		{"to a colleague", colleague, "@ben " + fraud},
		{"in a thread that stays", below, fraud},
		{"a command", write("kept", "/"+fraud), "/" + fraud},
		{"!private", write("kept", "!private "+fraud), "!private " + fraud},
		{"held back", write("kept", "Dear [NAME], "+fraud), "Dear [NAME], " + fraud},
		{"a note of long ago", bridge.AgentMessage{ID: "other", Text: "!note x"}, "!note " + fraud},
		{"!private of long ago", bridge.AgentMessage{ID: "other", Text: "!note x"}, " !Private " + fraud},
		{"a command of long ago", bridge.AgentMessage{ID: "other", Text: "!note x"}, "/" + fraud},
	} {
		kept := quoted("kept", c.text)
		kept.Attachments = []bridge.Attachment{{Name: "record.pdf"}}
		asked, answer := quoted("q", "Where is my order?"), quoted("answer", "Soon.", kept)
		alone, beside, within := write("1", "one"), write("2", "two"), write("3", "three")
		alone.Quote = &bridge.Quote{Message: "kept", Text: c.text}
		beside.Quote, beside.Repeats = &asked.Quote, []bridge.Quoted{kept}
		within.Repeats = []bridge.Quoted{asked, answer}

		w := newWorld(t)
		w.page.Settings, w.Workspace.Files, w.Memory.Links = bridge.Settings{ThreadsInternal: true}, &shelf{}, &shelf{}
		w.says(c.kept, alone, beside, within)
		w.deliver()
		if got := w.texts(); !slices.Equal(got, []string{"one", "“Where is my order?”\n\ntwo", "“Where is my order?”\n\n“Soon.”\n\nthree"}) {
			t.Errorf("%s: the customer reads %q", c.name, got)
		}
		if slices.ContainsFunc(w.received, func(p bridge.OutboundPart) bool { return p.File != nil }) {
			t.Errorf("%s: the customer gets its file", c.name)
		}
	}
}

// TestFromAgent_WhatCustomersHave_IsQuoted, with its files, although it looks like what stays.
func TestFromAgent_WhatCustomersHave_IsQuoted(t *testing.T) {
	w := newWorld(t)
	w.Workspace.Files, w.Memory.Links = &shelf{}, &shelf{}
	w.receipts.All = []bridge.Receipt{{Page: "1", Mid: "m", Tag: bridge.SendTag{Message: "q"}}, {Page: "1", Mid: "n", Tag: bridge.SendTag{Message: "echo"}}}
	asked, echo, other := quoted("q", "/start"), quoted("echo", "We open at 8."), quoted("o", "In the lobby", quoted("p", "since today"))
	echo.ByBot, other.Attachments = true, []bridge.Attachment{{Name: "a.pdf"}}
	m := write("a", "Yes")
	m.Quote, m.Repeats = &bridge.Quote{Message: "q", Text: "/start"}, []bridge.Quoted{asked, echo, other}
	w.says(m)
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"", "“/start”\n\n“We open at 8.”\n\n“In the lobby\nsince today”\n\nYes"}) || w.received[0].File == nil || w.received[0].ReplyTo != "m" {
		t.Errorf("the customer reads %q, %+v", got, w.received)
	}
}

// TestFromAgent_HeldAndArrivedAsANewerVersion_IsQuoted: what was held and edited while it waited has a mid as that version only.
func TestFromAgent_HeldAndArrivedAsANewerVersion_IsQuoted(t *testing.T) {
	w := newWorld(t)
	w.says(write("held", "/help"))
	w.receipts.All = []bridge.Receipt{{Page: "1", Tag: bridge.SendTag{Message: "held"}, TextHash: "h"}}
	m := write("a", "Did you read it?")
	m.Quote = &bridge.Quote{Message: "held", Text: "Help yourself"}
	w.says(m)
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"“Help yourself”\n\nDid you read it?"}) {
		t.Errorf("the customer reads %q", got)
	}
}

// TestFromAgent_TheBridgesOwnSentences_AreNotQuoted: they are meant for agents.
func TestFromAgent_TheBridgesOwnSentences_AreNotQuoted(t *testing.T) {
	w := newWorld(t)
	own := bridge.Quoted{Quote: bridge.Quote{Message: "fbn1", Text: "Not delivered: the customer has blocked the page.", ByBot: true}}
	alone, beside := write("1", "one"), write("2", "two")
	alone.Quote, beside.Repeats = &own.Quote, []bridge.Quoted{own}
	w.says(alone, beside)
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("the customer reads %q", got)
	}
}

// TestFromAgent_QuotedBecomesANoteWhileItWaits_IsNotShown: an answer is a note by the time that what quotes it goes out.
func TestFromAgent_QuotedBecomesANoteWhileItWaits_IsNotShown(t *testing.T) {
	w := newWorld(t)
	w.page.State = bridge.PageNeedsAuth
	quoting := write("b", "Good morning")
	quoting.Quote = &bridge.Quote{Message: "a", Text: "he is angry"}
	w.says(write("a", "he is angry"), quoting)
	w.deliver()
	w.says(edit("a", 1, "!note he is angry"))
	w.page.State = bridge.PageRunning
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"Good morning"}) {
		t.Errorf("the customer reads %q", got)
	}
}

// TestFromAgent_PrivateAnswer_IsNotQuotedInPublic: below a post, everybody would read what was said in Messenger.
func TestFromAgent_PrivateAnswer_IsNotQuotedInPublic(t *testing.T) {
	w := newWorld(t)
	w.states.ChangeState(commenter, func(s *bridge.ConversationState) { s.Reply.Comment = "1_2" })
	w.below(write("a", "!private Your card was refused"))
	w.deliver()
	public, beside := write("b", "We wrote you"), write("c", "Please read it")
	public.Quote, beside.Repeats = &bridge.Quote{Message: "a", Text: "!private Your card was refused"}, []bridge.Quoted{quoted("a", "!private Your card was refused")}
	w.below(public, beside)
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"Your card was refused", "We wrote you", "Please read it"}) || w.received[1].Comment != "1_2" {
		t.Errorf("the commenter reads %q, %+v", got, w.received)
	}
}

// TestFromAgent_AboutAComment_IsNotPublishedBelowAnother: what the bridge says of one comment is quoted, and which it was is
// not known: the author quotes the comment itself.
func TestFromAgent_AboutAComment_IsNotPublishedBelowAnother(t *testing.T) {
	w := newWorld(t)
	w.states.ChangeState(commenter, func(s *bridge.ConversationState) { s.Reply.Comment = "1_9" })
	m := write("a", "Thank you, corrected")
	m.Quote = &bridge.Quote{Message: "said", Text: "The customer corrected a message: …", ByBot: true}
	w.below(m)
	w.deliver()
	if told := w.told.Notices(); len(w.received) > 0 || len(told) != 1 || told[0].Kind != bridge.NotDelivered || told[0].Reason != bridge.NoComment {
		t.Errorf("published %+v, told %+v", w.received, w.notices())
	}
}

// TestEdit_OfQuotesThatArrivedBeforeAnUpgrade_IsNotSentAgain: an earlier version of the program made another fingerprint of it.
func TestEdit_OfQuotesThatArrivedBeforeAnUpgrade_IsNotSentAgain(t *testing.T) {
	w := newWorld(t)
	w.says(write("a", "At 5"))
	w.deliver()
	again := edit("a", 1, "")
	again.Repeats = []bridge.Quoted{quoted("b", "At 6"), quoted("c", "At 7")}
	w.says(again)
	w.deliver()
	w.Memory.TextHash = func(_, text string) string { return fmt.Sprintf("%16.16s", "other "+text) }
	w.says(again)
	w.deliver()
	if got := w.texts(); len(got) != 2 {
		t.Errorf("the customer reads %q", got)
	}
}
