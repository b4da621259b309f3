package outbound

import (
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

func TestRevise(t *testing.T) {
	message, edit, deletion := Outgoing{}, Outgoing{Edit: 1}, Outgoing{Gone: true}
	newer, gone := []change{{seq: 2, out: Outgoing{Edit: 2}}}, []change{{seq: 2, out: Outgoing{Edit: 2}}, {seq: 3, out: deletion}}
	for _, test := range []struct {
		name string
		out  Outgoing
		now  circumstances
		want revision
	}{
		{"nothing changes it", message, circumstances{untried: true}, sendIt},
		{"newer version further back", message, circumstances{untried: true, later: newer}, sendNewest},
		{"newer version next to it", message, circumstances{untried: true, later: newer, nextTo: true}, skipIt},
		{"deleted in time", message, circumstances{untried: true, later: gone}, withdraw},
		{"tried, then changed", message, circumstances{later: newer, nextTo: true}, sendIt},
		{"tried, then deleted", message, circumstances{later: gone}, sendIt},
		{"a version, the newest", edit, circumstances{untried: true}, sendCorrect},
		{"a version, not the newest", edit, circumstances{untried: true, later: newer}, skipIt},
		{"a version, tried, not the newest", edit, circumstances{later: newer}, sendCorrect},
		{"a version, deleted in time", edit, circumstances{untried: true, later: gone}, withdraw},
		{"a deletion", deletion, circumstances{untried: true}, deletedLater},
		{"a deletion, deleted again", deletion, circumstances{untried: true, later: gone}, deletedLater},
	} {
		if got := revise(&test.out, test.now); got != test.want {
			t.Errorf("%s: %d instead of %d", test.name, got, test.want)
		}
	}
}

func TestBecomeNewest_OnlyWithOnePartEach(t *testing.T) {
	one, two := []bridge.Part{{Text: "new"}}, []bridge.Part{{Text: "new"}, {Text: "er"}}
	for _, test := range []struct {
		old, newest []bridge.Part
		want        string
	}{
		{[]bridge.Part{{Text: "old"}}, one, "new"},
		{[]bridge.Part{{Text: "old"}}, two, "old"},
		{[]bridge.Part{{Text: "old"}, {Text: "est"}}, one, "old"},
		{[]bridge.Part{{Text: "old"}}, nil, "old"},
	} {
		out := Outgoing{Parts: test.old, Quote: &bridge.Quote{}}
		out.becomeNewest(Outgoing{Parts: test.newest, TextHash: "new"})
		if out.Parts[0].Text != test.want || (out.TextHash == "new") != (test.want == "new") || (out.Quote == nil) != (test.want == "new") {
			t.Errorf("%+v, then %+v: %+v", test.old, test.newest, out)
		}
	}
}

func TestBecomeCorrection(t *testing.T) {
	file, text := bridge.Part{File: &bridge.Attachment{}}, bridge.Part{Text: "new"}
	for _, test := range []struct {
		name               string
		parts              []bridge.Part
		has                string
		untried, keepEdits bool
		want               int // parts; 0: nothing is to be corrected
	}{
		{"another text", []bridge.Part{text}, "old", true, false, 1},
		{"files are not sent again", []bridge.Part{file, text}, "old", true, false, 1},
		{"files only", []bridge.Part{file}, "old", true, false, 0},
		{"the same text", []bridge.Part{text}, "new", true, false, 0},
		{"the same text, perhaps sent in part", []bridge.Part{text}, "new", false, false, 1},
		{"the page wants no corrections", []bridge.Part{text}, "old", true, true, 0},
		{"it wants none, and it was perhaps sent in part", []bridge.Part{text}, "old", false, true, 1},
		{"nobody knows what the customer has", []bridge.Part{text}, "", true, false, 1},
	} {
		out := Outgoing{Parts: slices.Clone(test.parts), TextHash: "new", Quote: &bridge.Quote{}}
		corrects := out.becomeCorrection(test.has, test.untried, test.keepEdits)
		if corrects != (test.want > 0) || corrects && (len(out.Parts) != test.want || !out.Corrects || out.Quote != nil) {
			t.Errorf("%s: %v, %+v", test.name, corrects, out)
		}
	}
}

// write and edit are messages of room "room".
func write(id bridge.MessageID, text string) bridge.AgentMessage {
	return bridge.AgentMessage{ID: id, Text: text}
}

func edit(id bridge.MessageID, minute int, text string) bridge.AgentMessage {
	return bridge.AgentMessage{ID: id, Text: text, Edited: noon.Add(time.Duration(minute) * time.Minute), Known: true}
}

func TestEdits_WhichVersionGoesOut(t *testing.T) {
	gone := bridge.AgentMessage{ID: "a", Gone: true}
	for _, test := range []struct {
		name  string
		first []bridge.AgentMessage // delivered before the others are written
		then  []bridge.AgentMessage
		want  []string
		told  []string
	}{
		{"edited at once", nil, []bridge.AgentMessage{write("a", "one"), edit("a", 1, "two")}, []string{"two"}, nil},
		{"edited twice", nil, []bridge.AgentMessage{write("a", "one"), edit("a", 1, "two"), edit("a", 2, "three")}, []string{"three"}, nil},
		{"edited behind another", nil, []bridge.AgentMessage{write("a", "one"), write("b", "B"), edit("a", 1, "two")}, []string{"two", "B"}, nil},
		{"edited behind another, and back", nil, []bridge.AgentMessage{write("a", "one"), write("b", "B"), edit("a", 1, "two"), edit("a", 2, "one")}, []string{"one", "B"}, nil},
		{"deleted at once", nil, []bridge.AgentMessage{write("a", "one"), gone, write("b", "B")}, []string{"B"}, nil},
		{"edited and deleted", nil, []bridge.AgentMessage{write("a", "one"), edit("a", 1, "two"), gone}, nil, nil},
		{"edited afterwards", []bridge.AgentMessage{write("a", "one")}, []bridge.AgentMessage{edit("a", 1, "two")}, []string{"one", "Corrected: two"}, nil},
		{"edited afterwards, the text is the same", []bridge.AgentMessage{write("a", "one")}, []bridge.AgentMessage{edit("a", 1, "one")}, []string{"one"}, nil},
		{"edited twice afterwards", []bridge.AgentMessage{write("a", "one")}, []bridge.AgentMessage{edit("a", 1, "two"), edit("a", 2, "three")}, []string{"one", "Corrected: three"}, nil},
		{"deleted afterwards", []bridge.AgentMessage{write("a", "one")}, []bridge.AgentMessage{gone}, []string{"one"}, []string{"still-seen/a"}},
		{"a change of what is not ours", nil, []bridge.AgentMessage{edit("x", 1, "two"), {ID: "y", Gone: true}}, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.says(test.first...)
			w.deliver()
			w.says(test.then...)
			w.deliver()
			if got := w.texts(); !slices.Equal(got, test.want) {
				t.Errorf("the customer reads %q", got)
			}
			if got := w.notices(); !slices.Equal(got, test.told) {
				t.Errorf("told: %q", got)
			}
			if n := len(w.edits.waiting); n != 0 {
				t.Errorf("changes of %d messages are still believed to wait", n)
			}
		})
	}
}

// TestEdits_WhileOutcomeIsUnknown has an author change a message while it is found out whether the first attempt arrived.
func TestEdits_WhileOutcomeIsUnknown(t *testing.T) {
	gone := bridge.AgentMessage{ID: "a", Gone: true}
	for _, test := range []struct {
		name    string
		arrived bool
		then    []bridge.AgentMessage
		want    []string
		told    []string
	}{
		{"deleted", false, []bridge.AgentMessage{gone}, nil, nil},
		{"deleted, and it had arrived", true, []bridge.AgentMessage{gone}, []string{"one"}, []string{"still-seen/a"}},
		{"edited", false, []bridge.AgentMessage{edit("a", 1, "two")}, []string{"two"}, nil},
		{"edited, and it had arrived", true, []bridge.AgentMessage{edit("a", 1, "two")}, []string{"one", "Corrected: two"}, nil},
		{"edited behind another", false, []bridge.AgentMessage{write("b", "B"), edit("a", 1, "two")}, []string{"two", "B"}, nil},
		{"edited and deleted", false, []bridge.AgentMessage{edit("a", 1, "two"), gone}, nil, nil},
		{"a note", false, []bridge.AgentMessage{edit("a", 1, "!note one")}, nil, []string{"note/a note"}},
	} {
		for _, restarts := range []bool{false, true} {
			w := newWorld(t)
			fails := true
			w.send = func(bridge.OutboundPart) (bool, error) {
				if fails {
					fails = false
					return test.arrived, &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaDown}
				}
				return true, nil
			}
			w.says(write("a", "one"))
			w.deliver()
			w.says(test.then...)
			told, before := w.notices(), w.received
			if restarts {
				w = again(t, w)
				w.received = before
			}
			w.thread = bridge.Sighting{Complete: true}
			if test.arrived {
				w.thread.Like = []bridge.Mid{"mid-1"}
			}
			w.now = w.now.Add(w.Times.EchoWait)
			w.deliver()
			if restarts {
				told = append(told, w.notices()...)
			} else {
				told = w.notices()
			}
			if !slices.Equal(w.texts(), test.want) || !slices.Equal(told, test.told) || len(w.outbox.Seqs()) > 0 {
				t.Errorf("%s, restarts %v: the customer reads %q, told %q, %d wait", test.name, restarts, w.texts(), told, len(w.outbox.Seqs()))
			}
		}
	}
}

func TestEdits_PageKeepsThem_NothingIsSentAgain(t *testing.T) {
	w := newWorld(t)
	w.page.Settings.KeepEdits = true
	w.says(write("a", "one"))
	w.deliver()
	w.says(edit("a", 1, "two"))
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"one"}) {
		t.Errorf("the customer reads %q", got)
	}
}

func TestEdits_AfterARestart_AreFound(t *testing.T) {
	w := newWorld(t)
	w.says(write("x", "X"), write("a", "one"), write("b", "B"), edit("a", 1, "two"))
	next := worldWith(t, w.outbox)
	if err := next.Load(); err != nil {
		t.Fatal(err)
	}
	for _, seq := range next.outbox.Seqs()[1:] { // the oldest may have been sent
		if err := next.Deliver(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
	}
	if got := next.texts(); !slices.Equal(got, []string{"two", "B"}) {
		t.Errorf("the customer reads %q", got)
	}
}

func TestDropped_AChangeThatWaited_IsNotRemembered(t *testing.T) {
	w := newWorld(t)
	w.says(write("a", "one"), edit("a", 1, "two"), edit("a", 2, "three"), write("b", "B"), edit("b", 1, "C"))
	w.Dropped(w.outbox.Seqs()[1])
	if len(w.edits.waiting["a"]) != 1 || len(w.edits.waiting["b"]) != 1 {
		t.Errorf("remembered %v", w.edits.waiting)
	}
	for _, seq := range w.outbox.Seqs() {
		w.Dropped(seq)
	}
	if len(w.edits.waiting) > 0 {
		t.Errorf("remembered %v", w.edits.waiting)
	}
}

// TestEdits_AnswerToAComment_GoesWhereItWas edits published and private answers: what is there is changed, or the author is
// told that it stays.
func TestEdits_AnswerToAComment_GoesWhereItWas(t *testing.T) {
	file := write("a", "See the list")
	file.Attachments = []bridge.Attachment{{Name: "list.pdf"}}
	for _, c := range []struct {
		name  string
		says  []bridge.AgentMessage
		want  []string // parts of ten characters, with the answer each is a newer version of
		told  []string // ends with
		limit int
	}{
		{"published, edited", []bridge.AgentMessage{write("a", "At 8"), edit("a", 1, "At 9")}, []string{"At 8", "At 9 > 1_1"}, nil, 20},
		{"published, now private", []bridge.AgentMessage{write("a", "Your card failed"), edit("a", 1, "!private Your card failed")},
			[]string{"Your card failed"}, []string{"now-private"}, 20},
		{"private, now published", []bridge.AgentMessage{write("a", "!private At 8"), edit("a", 1, "At 8")}, []string{"At 8 (private)"}, []string{"now-public"}, 20},
		{"published, private, published", []bridge.AgentMessage{write("a", "At 8"), edit("a", 1, "!private At 9"), edit("a", 2, "At 10")},
			[]string{"At 8", "At 10 > 1_1"}, []string{"now-private", ""}, 20},
		{"two parts, then one", []bridge.AgentMessage{write("a", "At 8 we open."), edit("a", 1, "At 9."), edit("a", 2, "At 10.")},
			[]string{"At 8 we op", "en.", "At 9. > 1_1", "At 10. > 1_1"}, []string{"parts-left"}, 10},
		{"one part, then two", []bridge.AgentMessage{write("a", "At 8."), edit("a", 1, "At 9 we open."), edit("a", 2, "At 10 we open.")},
			[]string{"At 8.", "At 9 we op > 1_1", "en.", "At 10 we o > 1_1", "pen. > 1_3"}, nil, 10},
		{"with a file, which is left out", []bridge.AgentMessage{file, edit("a", 1, "See the book")},
			[]string{"See the li", "st", "See the bo > 1_1", "ok > 1_2"}, []string{"comment-file"}, 10},
	} {
		w := newWorld(t)
		w.page.Settings.TextLimit = c.limit
		w.states.ChangeState(commenter, func(s *bridge.ConversationState) { s.Reply.Comment = "1_0" })
		for _, m := range c.says {
			w.below(m)
			w.deliver()
		}
		var got, told []string
		for _, p := range w.received {
			line := p.Text
			if p.Edits != "" {
				line += " > " + string(p.Edits)
			}
			if p.Private {
				line += " (private)"
			}
			got = append(got, line)
		}
		for _, n := range w.told.Notices() {
			told = append(told, string(n.Reason))
		}
		if !slices.Equal(got, c.want) || !slices.Equal(told, c.told) || len(w.outbox.Seqs()) > 0 {
			t.Errorf("%s: Facebook gets %q, told %q; %d wait", c.name, got, told, len(w.outbox.Seqs()))
		}
	}
}

// TestEdit_OfWhatArrivedInPart_WhereEditsAreNotSent_IsSaid: the author was told that the rest was refused, and to change it.
func TestEdit_OfWhatArrivedInPart_WhereEditsAreNotSent_IsSaid(t *testing.T) {
	w := newWorld(t)
	w.page.Settings.KeepEdits = true
	w.send = func(p bridge.OutboundPart) (bool, error) {
		if p.Tag.Part == 1 {
			return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.Rejected}
		}
		return true, nil
	}
	w.says(write("a", strings.Repeat("x", 2500)))
	w.deliver()
	w.says(edit("a", 1, "shorter"))
	w.deliver()
	if got := w.notices(); len(got) != 2 || !strings.HasSuffix(got[1], string(bridge.EditsKept)) || len(w.texts()) != 1 {
		t.Errorf("the author is told %q, the customer reads %q", got, w.texts())
	}
}
