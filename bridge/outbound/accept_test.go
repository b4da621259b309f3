package outbound

import (
	"slices"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

func TestFromAgent_LeavesOutWhatIsNoMatterOfTheCustomers(t *testing.T) {
	w := newWorld(t)
	w.states.ChangeState(anna, func(s *bridge.ConversationState) { s.Closings.Add("room", noon.Add(-time.Minute)) })
	old := bridge.AgentMessage{ID: "old", Room: "room", Author: bo, At: noon.Add(-2 * time.Minute), Text: "before it was closed"}
	late := bridge.AgentMessage{ID: "late", Room: "room", Author: bo, At: noon, Text: "after that"}
	messages := []bridge.AgentMessage{
		{ID: "cmd", Room: "room", Author: bo, At: noon, Text: "!facebook list"}, {ID: "slash", Room: "room", Author: bo, At: noon, Text: " /help"},
		{ID: "else", Room: "elsewhere", At: noon, Text: "lunch?"}, old, late, old, {ID: "known", Room: "room", Known: true, Text: "of before"},
	}
	if fresh, err := w.FromAgent(t.Context(), messages); fresh != 1 || err != nil {
		t.Errorf("%d are new, %v", fresh, err)
	}
	w.heard(time.Time{}) // what was told counts when nobody remembers
	if fresh, err := w.FromAgent(t.Context(), messages); fresh != 0 || err != nil {
		t.Errorf("once more, %d are new, %v", fresh, err)
	}
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"before it was closed"}) {
		t.Errorf("the customer reads %q", got)
	}
	if got := w.notices(); !slices.Equal(got, []string{"private/cmd command", "private/slash command", "not-delivered/late room-over"}) {
		t.Errorf("told: %q", got)
	}
}

// Whoever hands a message on has asked for whom its room is, and nobody asks again.
func TestFromAgent_RoomJustAskedFor_IsNotAskedForAgain(t *testing.T) {
	w := newWorld(t)
	m := bridge.AgentMessage{ID: "a", Room: "of nobody here", Author: bo, At: noon, Text: "hello", With: anna}
	if fresh, err := w.FromAgent(t.Context(), []bridge.AgentMessage{m}); fresh != 1 || err != nil {
		t.Errorf("%d are new, %v", fresh, err)
	}
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"hello"}) {
		t.Errorf("the customer reads %q", got)
	}
}

func TestFromAgent_ChangesAmongRepeats_AreFoundByTheirKeys(t *testing.T) {
	w := newWorld(t)
	w.says(write("a", "one"), write("x", "X"))
	w.says(write("a", "one"), write("b", "B"), edit("a", 1, "two"), edit("a", 1, "two"), write("c", "C"))
	first := w.outbox.Seqs()[0]
	if later := w.edits.behind(first, "a"); len(later) != 1 || later[0].out.Parts[0].Text != "two" {
		t.Errorf("behind the message wait %+v", later)
	}
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"two", "X", "B", "C"}) {
		t.Errorf("the customer reads %q", got)
	}
}

func TestFromAgent_AfterALostStore_OldOnesAreLookedForFirst(t *testing.T) {
	w := newWorld(t)
	c := *w.Config
	c.Memory.Earlier = earlier{before: noon.Add(time.Hour)}
	w.Outbound = New(c)
	w.says(write("a", "one"), write("b", "two"))
	for _, seq := range w.outbox.Seqs() {
		if p := w.progressOf(seq); p.State != bridge.Doubtful || !p.Tried.Equal(noon.Add(-30*time.Second)) {
			t.Errorf("it begins with %+v", p)
		}
	}
	w.thread.Complete = true
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("the customer reads %q", got)
	}
	if len(w.looked) != 1 || w.looked[0].Text != "one" {
		t.Errorf("after the first was found not to be sent, the thread was read for %+v", w.looked)
	}
}

func TestAutomatic_IsSentOncePerKey(t *testing.T) {
	w := newWorld(t)
	text := Automatic{Conversation: anna, Key: "k", Text: "hello", Quick: []bridge.Button{{Title: "Yes", Payload: "y"}}}
	if w.Stored(text) {
		t.Error("stored before it was sent")
	}
	for range 2 {
		if err := w.SendAutomatic(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.SendAutomatic(t.Context(), Automatic{Conversation: commenter, Key: "k", Text: "in public"}); err != nil {
		t.Fatal(err)
	}
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"hello"}) || !w.Stored(text) {
		t.Errorf("the customer reads %q; stored: %v", got, w.Stored(text))
	}
	if p := w.received[0]; !slices.Equal(p.Quick, []string{"Yes"}) || !slices.Equal(p.Answers, []string{"y"}) {
		t.Errorf("the choices are %q, answered by %q", p.Quick, p.Answers)
	}
}

func TestAutomatic_OutlivedOrRefused_NobodyIsToldButOfSurveys(t *testing.T) {
	for _, test := range []struct {
		name string
		text Automatic
		but  func(*world)
		told []string
	}{
		{"in time", Automatic{}, func(w *world) { w.heard(noon.Add(-time.Minute)) }, nil},
		{"the window has ended", Automatic{}, func(w *world) { w.heard(noon.Add(-24 * time.Hour)) }, nil},
		{"later than it makes sense", Automatic{Until: noon}, func(w *world) { w.now = noon.Add(time.Second) }, nil},
		{"a survey, and the customer wrote again", Automatic{Survey: "r"}, func(w *world) { w.heard(noon.Add(time.Second)) }, []string{"survey-skipped/survey/r wrote-again"}},
		{"a survey after the window", Automatic{Survey: "r"}, func(w *world) { w.heard(noon.Add(-24 * time.Hour)) }, []string{"survey-skipped/survey/r window-closed"}},
		{"a survey that is refused", Automatic{Survey: "r"}, func(w *world) {
			w.send = func(bridge.OutboundPart) (bool, error) {
				return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.Rejected}
			}
		}, []string{"survey-skipped/survey/r rejected"}},
	} {
		w := newWorld(t)
		test.text.Conversation, test.text.Text = anna, "hello"
		if err := w.SendAutomatic(t.Context(), test.text); err != nil {
			t.Fatal(err)
		}
		test.but(w)
		w.deliver()
		if arrives := len(w.received) == 1; arrives != (test.name == "in time") || len(w.outbox.Seqs()) != 0 {
			t.Errorf("%s: arrives: %v, waiting: %d", test.name, arrives, len(w.outbox.Seqs()))
		}
		if got := w.notices(); !slices.Equal(got, test.told) {
			t.Errorf("%s: told %q", test.name, got)
		}
	}
}
