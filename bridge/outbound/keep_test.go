package outbound

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// TestFromAgent_WhatStaysInTheRoom writes one message each, and reads what the customer gets
// and what is told.
func TestFromAgent_WhatStaysInTheRoom(t *testing.T) {
	for _, c := range []struct {
		name     string
		settings bridge.Settings
		m        bridge.AgentMessage
		told     []string
		arrives  bool
	}{
		{"a note", bridge.Settings{}, bridge.AgentMessage{Text: "!note he is angry"}, []string{"note/a note"}, false},
		{"a note in capitals, of two lines", bridge.Settings{}, bridge.AgentMessage{Text: " !NOTE\nhe is angry"}, []string{"note/a note"}, false},
		{"no note", bridge.Settings{}, bridge.AgentMessage{Text: "!notebook"}, nil, true},
		{"!private", bridge.Settings{}, bridge.AgentMessage{Text: "!private I like you"}, []string{"private/a private-outside"}, false},
		{"in a thread", bridge.Settings{}, bridge.AgentMessage{Text: "yes", Thread: "t"}, []string{"convention/thread-sent/room thread-sent"}, true},
		{"in a thread that stays", bridge.Settings{ThreadsInternal: true}, bridge.AgentMessage{Text: "yes", Thread: "t"},
			[]string{"note/a thread-internal", "convention/thread-internal/room thread-internal"}, false},
		{"to a colleague", bridge.Settings{}, bridge.AgentMessage{Text: "@ben look", Colleague: true},
			[]string{"note/a mention-internal", "convention/mention-internal/room mention-internal"}, false},
		{"to a colleague, and sent", bridge.Settings{MentionsSend: true}, bridge.AgentMessage{Text: "@ben look", Colleague: true},
			[]string{"convention/mention-sent/room mention-sent"}, true},
		{"to the bot", bridge.Settings{}, bridge.AgentMessage{Text: "!facebook help", Nature: bridge.BotOrder}, []string{"note/a order"}, false},
		{"by rocket.cat", bridge.Settings{}, bridge.AgentMessage{Text: "x", Nature: bridge.ServerVoice}, []string{"note/a server-text", "convention/server-text/room server-text"}, false},
		{"a call", bridge.Settings{}, bridge.AgentMessage{Nature: bridge.CallInvite}, []string{"not-delivered/a call"}, false},
		{"encrypted", bridge.Settings{}, bridge.AgentMessage{Nature: bridge.Encrypted}, []string{"not-delivered/a encrypted"}, false},
		{"of an unknown type", bridge.Settings{}, bridge.AgentMessage{Text: "x", Nature: bridge.UnknownType, Left: []string{"new"}}, []string{"note/a unknown-type", "convention/unknown-type/room/new unknown-type"}, false},
		{"with a part nobody can read", bridge.Settings{}, bridge.AgentMessage{Text: "x", Left: []string{"block “new”"}}, []string{"part-left/a unsupported"}, true},
		{"old and never accepted", bridge.Settings{}, bridge.AgentMessage{Text: "!note x", Known: true}, nil, false},
	} {
		w := newWorld(t)
		w.page.Settings = c.settings
		c.m.ID = "a"
		for range 2 { // a repeat changes nothing
			w.says(c.m)
		}
		w.deliver()
		if got := w.notices(); !slices.Equal(got, c.told) {
			t.Errorf("%s: told %q", c.name, got)
		}
		if got := len(w.received) > 0; got != c.arrives {
			t.Errorf("%s: arrives: %v", c.name, got)
		}
	}
}

func TestFromAgent_Notes_StayNotes(t *testing.T) {
	w := newWorld(t)
	w.says(write("a", "!note he is angry"), edit("a", 1, "he is angry"))
	below := write("b", "indeed")
	below.Thread = "a"
	quoting := write("c", "Good morning")
	quoting.Quote = &bridge.Quote{Message: "a", Text: "!note he is angry"}
	colleague := write("d", "@ben look")
	colleague.Colleague = true
	w.says(below, quoting, colleague, edit("d", 2, "look"))
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"Good morning"}) {
		t.Errorf("the customer reads %q", got)
	}
}

func TestFromAgent_SentAndEditedToANote_AuthorIsTold(t *testing.T) {
	w := newWorld(t)
	w.says(write("a", "hello"))
	w.deliver()
	w.says(edit("a", 1, "!note hello"), edit("a", 1, "!note hello"))
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"hello"}) {
		t.Errorf("the customer reads %q", got)
	}
	if got := w.notices(); !slices.Equal(got, []string{correctionKey(1) + "/a note"}) {
		t.Errorf("told: %q", got)
	}
}

// TestFromAgent_BecomesANoteWhileItWaits_CustomerDoesNotGetIt has an author turn a message that the customer does not
// have yet into what customers do not get.
func TestFromAgent_BecomesANoteWhileItWaits_CustomerDoesNotGetIt(t *testing.T) {
	const said = "his card has expired, haha"
	for _, c := range []struct {
		name  string
		first []bridge.AgentMessage // arrives before the page is lost
		waits []bridge.AgentMessage
		then  []bridge.AgentMessage
		want  []string
		told  []string
	}{
		{"a note", nil, []bridge.AgentMessage{write("a", said)}, []bridge.AgentMessage{edit("a", 1, "!note "+said)}, nil, []string{"note/a note"}},
		{"a note, and edited again", nil, []bridge.AgentMessage{write("a", said)}, []bridge.AgentMessage{edit("a", 1, "!note "+said), edit("a", 2, said+"!")}, nil, []string{"note/a note"}},
		{"a note, and deleted", nil, []bridge.AgentMessage{write("a", said)}, []bridge.AgentMessage{edit("a", 1, "!note "+said), {ID: "a", Gone: true}}, nil, []string{"note/a note"}},
		{"a note, behind another", nil, []bridge.AgentMessage{write("b", "B"), write("a", said)}, []bridge.AgentMessage{edit("a", 1, "!note "+said)}, []string{"B"}, []string{"note/a note"}},
		{"a command", nil, []bridge.AgentMessage{write("a", said)}, []bridge.AgentMessage{edit("a", 1, "/"+said)}, nil, []string{"private/a command"}},
		{"a command, and none", nil, []bridge.AgentMessage{write("a", said)}, []bridge.AgentMessage{edit("a", 1, "/"+said), edit("a", 2, "Good morning")}, []string{"Good morning"},
			[]string{"private/a command", "released/a"}},
		{"a correction becomes a note", []bridge.AgentMessage{write("a", "one")}, []bridge.AgentMessage{edit("a", 1, said)}, []bridge.AgentMessage{edit("a", 2, "!note "+said)}, []string{"one"},
			[]string{correctionKey(2) + "/a note"}},
	} {
		w := newWorld(t)
		w.says(c.first...)
		w.deliver()
		w.page.State = bridge.PageNeedsAuth
		w.says(c.waits...)
		w.deliver()
		for range 2 { // a repeat changes nothing
			w.says(c.then...)
		}
		w.page.State = bridge.PageRunning
		w.deliver()
		if !slices.Equal(w.texts(), c.want) || len(w.outbox.Seqs()) > 0 {
			t.Errorf("%s: the customer reads %q, and %d wait", c.name, w.texts(), len(w.outbox.Seqs()))
		}
		if got := w.notices(); !slices.Equal(got, c.told) {
			t.Errorf("%s: told %q", c.name, got)
		}
	}
}

// TestFromAgent_BecomesANoteWhileOutcomeIsUnknown: the author learns that the customer has it as soon as that is known.
func TestFromAgent_BecomesANoteWhileOutcomeIsUnknown(t *testing.T) {
	w := newWorld(t)
	w.send = func(bridge.OutboundPart) (bool, error) {
		return true, &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaDown}
	}
	w.says(write("a", "hello"))
	w.deliver()
	w.says(edit("a", 1, "!note hello"))
	w.thread = bridge.Sighting{Like: []bridge.Mid{"mid-1"}, Complete: true}
	w.now = w.now.Add(w.Times.EchoWait)
	w.deliver()
	if got := w.notices(); !slices.Equal(got, []string{"note/a note", correctionKey(1) + "/a note"}) || !slices.Equal(w.texts(), []string{"hello"}) {
		t.Errorf("the customer reads %q, told %q", w.texts(), got)
	}
}

// correctionKey begins the key of a notice that the version of a minute was not sent.
func correctionKey(minute int) string {
	return "not-delivered-" + strconv.FormatInt(noon.Add(time.Duration(minute)*time.Minute).UnixMilli(), 36)
}

func TestFromAgent_LeftOverPlaceholder_IsSaidBeforeItIsSentOnce(t *testing.T) {
	const text = "Dear {{contact.name}},\n[NAME]"
	w := newWorld(t)
	w.says(write("a", text), write("a", text))
	if got := w.notices(); len(got) != 2 || !strings.HasPrefix(got[0], "left-over/room/") || got[1] != "held-back/a left-over" {
		t.Errorf("told: %q", got)
	}
	w.deliver()
	if len(w.received) > 0 {
		t.Fatalf("the customer reads %q", w.texts())
	}
	w.says(edit("a", 1, "Dear Anna,")) // set right
	w.says(write("b", text))           // meant so
	w.says(write("c", "[EUR] and {x} stay"))
	program := bridge.AgentMessage{ID: "d", Room: "room", At: noon, Text: "Hi [NAME]", Author: bridge.Author{ID: "p", Bot: true}}
	if _, err := w.FromAgent(t.Context(), []bridge.AgentMessage{program}); err != nil {
		t.Fatal(err)
	}
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"Dear Anna,", text, "[EUR] and {x} stay", "Hi [NAME]"}) {
		t.Errorf("the customer reads %q", got)
	}
	if got := w.notices(); !slices.Contains(got, "released/a") {
		t.Errorf("told: %q", got)
	}
}

// TestFromAgent_FilesBehindANote_StayWithIt writes files, as clients do, in a message each: which of them the customer gets.
func TestFromAgent_FilesBehindANote_StayWithIt(t *testing.T) {
	file := func(id bridge.MessageID, name, text string, after time.Duration) bridge.AgentMessage {
		return bridge.AgentMessage{ID: id, Text: text, Room: "room", Author: bo, At: noon.Add(after), Attachments: []bridge.Attachment{{Name: name, URL: "/" + name}}}
	}
	note, two, three := file("a", "1.png", "!note a fraud?", 0), file("b", "2.png", "", time.Second), file("c", "3.png", " ", 2*time.Second)
	between, ofOther, inThread := file("x", "", "Good morning", 1500*time.Millisecond), two, two
	between.Attachments, ofOther.Author, inThread.Thread = nil, bridge.Author{ID: "v", Username: "vi"}, "t"
	bare := note
	bare.Attachments = nil
	for _, c := range []struct {
		name string
		says []bridge.AgentMessage
		want []string // what the customer gets
		told int      // that a file stays
	}{
		{"two more files", []bridge.AgentMessage{note, two, three}, nil, 1},
		{"and a word to the customer", []bridge.AgentMessage{note, two, between, three}, []string{"Good morning", "3.png"}, 1},
		{"a file once more", []bridge.AgentMessage{note, two, file("d", "2.png", "", 9*time.Second)}, []string{"2.png"}, 1},
		{"a file with words", []bridge.AgentMessage{note, file("b", "2.png", "For you", 0)}, []string{"2.png", "For you"}, 0},
		{"a minute later", []bridge.AgentMessage{note, file("b", "2.png", "", time.Minute+1)}, []string{"2.png"}, 0},
		{"of somebody else", []bridge.AgentMessage{note, ofOther}, []string{"2.png"}, 0},
		{"elsewhere", []bridge.AgentMessage{note, inThread}, []string{"2.png"}, 0},
		{"a note without files", []bridge.AgentMessage{bare, two}, []string{"2.png"}, 0},
		{"files alone", []bridge.AgentMessage{two, three}, []string{"2.png", "3.png"}, 0},
	} {
		w := newWorld(t)
		w.Workspace.Files, w.Memory.Links = &shelf{}, &shelf{}
		for range 2 { // a repeat changes nothing
			if _, err := w.FromAgent(t.Context(), slices.Clone(c.says)); err != nil {
				t.Fatal(err)
			}
		}
		w.deliver()
		got := w.gets()
		told := 0
		for _, n := range w.told.Notices() {
			if n.Kind == bridge.Convention && n.Reason == bridge.WithNote {
				told++
			}
		}
		if !slices.Equal(got, c.want) || told != c.told {
			t.Errorf("%s: the customer gets %q, told %q", c.name, got, w.notices())
		}
	}
}

func TestCompose_QuotesOfOtherRooms_AreRepeatedInFull(t *testing.T) {
	long := "We open at nine, and we close at five; on Sundays we are closed, and on Mondays we open at ten, as we always did."
	m := bridge.AgentMessage{ID: "a", Text: "See above", Repeats: []bridge.Quoted{{Quote: bridge.Quote{Text: long}}, {Quote: bridge.Quote{Text: "and this"}}}}
	out := compose(by(bridge.Settings{}), anna, &m)
	if got := textsOf(out.Parts); !slices.Equal(got, []string{"“" + long + "”\n\n“and this”\n\nSee above"}) {
		t.Errorf("the customer reads %q", got)
	}
	m.Text = "!private See above"
	if out = compose(by(bridge.Settings{}), commenter, &m); !out.Private || textsOf(out.Parts)[0] != "“"+long+"”\n\n“and this”\n\nSee above" {
		t.Errorf("private: %v, %q", out.Private, textsOf(out.Parts))
	}
}

// TestFromAgent_FilesBehindANote_MessagesComeAgain: each reaction and each look brings messages once more, and others write too.
func TestFromAgent_FilesBehindANote_MessagesComeAgain(t *testing.T) {
	file := func(id bridge.MessageID, name, text string, after time.Duration) bridge.AgentMessage {
		return bridge.AgentMessage{ID: id, Text: text, Author: bo, At: noon.Add(after), Attachments: []bridge.Attachment{{Name: name, URL: "/" + name}}}
	}
	note, two := file("a", "1.png", "!note a fraud?", 0), file("b", "2.png", "", time.Second)
	says := func(id bridge.MessageID, text string, after time.Duration) bridge.AgentMessage {
		m := file(id, "", text, after)
		m.Attachments = nil
		return m
	}
	between, ofOther := says("x", "Good morning", 2*time.Second), says("y", "I look at it", 500*time.Millisecond)
	ofOther.Author = bridge.Author{ID: "v", Username: "vi"}
	held := says("h", "Dear [NAME]", -time.Second)
	for name, c := range map[string]struct {
		says []bridge.AgentMessage
		want []string
	}{
		"the note, behind a word to the customer": {[]bridge.AgentMessage{note, between, note, file("c", "3.png", "", 3*time.Second)}, []string{"Good morning", "3.png"}},
		"and that word":                            {[]bridge.AgentMessage{note, between, note, between, file("c", "3.png", "", 3*time.Second)}, []string{"Good morning", "3.png"}},
		"a file, and the note's own once more":     {[]bridge.AgentMessage{note, two, two, file("c", "1.png", "", 9*time.Second)}, []string{"1.png"}},
		"a file, and one a minute behind the note": {[]bridge.AgentMessage{note, two, two, file("c", "3.png", "", time.Minute+500*time.Millisecond)}, []string{"3.png"}},
		"the note before its file":                 {[]bridge.AgentMessage{note, note, two, two}, nil},
		"what was held before":                     {[]bridge.AgentMessage{held, note, held, two}, nil},
		"a colleague writes":                       {[]bridge.AgentMessage{note, ofOther, two}, []string{"I look at it"}},
	} {
		w := newWorld(t)
		w.Workspace.Files, w.Memory.Links = &shelf{}, &shelf{}
		for _, m := range c.says {
			m.Room = "room"
			if _, err := w.FromAgent(t.Context(), []bridge.AgentMessage{m}); err != nil {
				t.Fatal(err)
			}
		}
		w.deliver()
		got := w.gets()
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: the customer gets %q, told %q", name, got, w.notices())
		}
	}
}

// gets is what the customer gets: texts, and names of files.
func (w *world) gets() (all []string) {
	for _, p := range w.received {
		if p.File != nil {
			p.Text = p.File.Name
		}
		all = append(all, p.Text)
	}
	return all
}
