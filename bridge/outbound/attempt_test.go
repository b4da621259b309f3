package outbound

import (
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// TestDeliver_OutcomeUnknown_IsResolvedByTheThread holds for a message of which the first
// call told nothing.
func TestDeliver_OutcomeUnknown_IsResolvedByTheThread(t *testing.T) {
	for _, test := range []struct {
		name    string
		arrived bool
		thread  bridge.Sighting
		want    []string
		told    []string
	}{
		{"the thread shows it", true, bridge.Sighting{Like: []bridge.Mid{"mid-1"}, Complete: true}, []string{"one"}, nil},
		{"the thread shows that it is not there", false, bridge.Sighting{Complete: true}, []string{"one"}, nil},
		{"the thread shows too little", false, bridge.Sighting{}, nil, []string{"not-delivered/a unclear"}},
		{"the thread shows what was sent before", false, bridge.Sighting{Shown: []bridge.Mid{"mid-0"}}, []string{"one"}, nil},
		{"the thread hides something", false, bridge.Sighting{Complete: true, Obscure: true}, nil, []string{"not-delivered/a unclear"}},
		{"what looks like it is another", false, bridge.Sighting{Like: []bridge.Mid{"mid-0"}, Complete: true}, []string{"one"}, nil},
	} {
		w := newWorld(t)
		w.receipts.All = []bridge.Receipt{{Page: "1", Mid: "mid-0", Tag: bridge.SendTag{Message: "before"}}}
		calls := 0
		w.send = func(bridge.OutboundPart) (bool, error) {
			if calls++; calls == 1 {
				return test.arrived, &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaDown}
			}
			return true, nil
		}
		w.thread = test.thread
		w.says(write("a", "one"))
		w.deliver() // and waits for the echo
		if len(w.outbox.Seqs()) != 1 || calls != 1 {
			t.Fatalf("%s: %d wait, %d calls", test.name, len(w.outbox.Seqs()), calls)
		}
		w.now = w.now.Add(w.Times.EchoWait)
		w.deliver()
		if got := w.texts(); !slices.Equal(got, test.want) {
			t.Errorf("%s: the customer reads %q", test.name, got)
		}
		if got := w.notices(); !slices.Equal(got, test.told) {
			t.Errorf("%s: told %q", test.name, got)
		}
	}
}

func TestDeliver_RefusedInAFancyForm_IsSentPlainly(t *testing.T) {
	w := newWorld(t)
	w.receipts.All = []bridge.Receipt{{Page: "1", Mid: "mid-q", Tag: bridge.SendTag{Message: "q"}}}
	w.send = func(p bridge.OutboundPart) (bool, error) {
		if p.ReplyTo != "" {
			return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.Rejected}
		}
		return true, nil
	}
	answer := write("a", "Yes.")
	answer.Quote = &bridge.Quote{Message: "q", Text: "Open?"}
	w.says(answer)
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"“Open?”\n\nYes."}) {
		t.Errorf("the customer reads %q", got)
	}
}

func TestDeliver_FileThatMayNotGoOut_IsLeftOut(t *testing.T) {
	w := newWorld(t)
	w.page.Settings.RefuseFilesOut = true
	alone, with := write("alone", ""), write("with", "Here it is.")
	alone.Attachments = []bridge.Attachment{{Name: "a.pdf"}}
	with.Attachments = []bridge.Attachment{{Name: "b.pdf"}}
	w.says(alone, with)
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"Here it is."}) {
		t.Errorf("the customer reads %q", got)
	}
	if got := w.notices(); !slices.Equal(got, []string{"not-delivered/alone files-off", "file-left-0/with files-off"}) {
		t.Errorf("told: %q", got)
	}
}

func TestDeliver_PageIsNotThere(t *testing.T) {
	for _, test := range []struct {
		state bridge.PageState
		want  bridge.Reason
	}{{bridge.PageOff, bridge.PageOffReason}, {bridge.PageNeedsAuth, bridge.PageLost}} {
		w := newWorld(t)
		w.page.State = test.state
		w.says(write("a", "one"))
		err := w.Deliver(t.Context(), w.outbox.Seqs()[0])
		if r := bridge.RefusalOf(err); r.Verdict != bridge.Again || r.Reason != test.want || r.Gate != bridge.GatePage("1") {
			t.Errorf("%s: refused as %+v", test.state, r)
		}
	}
	w := newWorld(t)
	w.says(write("a", "one"))
	w.page.ID = "2"
	w.deliver()
	if got := w.notices(); !slices.Equal(got, []string{"not-delivered/a page-gone"}) {
		t.Errorf("told: %q", got)
	}
}

func TestWatch_TellsOnceAndTakesItBack(t *testing.T) {
	w := newWorld(t)
	w.says(write("a", "one"), bridge.AgentMessage{ID: "b", Text: "young"})
	w.outbox.Change(1, func(d *bridge.Delivery) { d.Accepted = noon.Add(-w.Times.TellAfter) })
	if err := w.SendAutomatic(t.Context(), Automatic{Conversation: anna, Key: "k", Text: "nobody's"}); err != nil {
		t.Fatal(err)
	}
	watch := watch{Config: w.Config}
	watch.look(t.Context())
	watch.look(t.Context())
	w.deliver()
	if got := w.notices(); !slices.Equal(got, []string{"waiting/a", "corrected/a"}) {
		t.Errorf("told: %q", got)
	}
}

func TestLetOut(t *testing.T) {
	for _, test := range []struct {
		settings bridge.Settings
		file     bridge.Attachment
		want     bridge.Reason
	}{
		{bridge.Settings{}, bridge.Attachment{Type: "image/png", Size: 1}, ""},
		{bridge.Settings{RefuseFilesOut: true}, bridge.Attachment{}, bridge.FilesOff},
		{bridge.Settings{FileTypes: ".pdf"}, bridge.Attachment{Name: "a.png", Type: "image/png"}, bridge.FileType},
		{bridge.Settings{FileTypes: ".pdf"}, bridge.Attachment{Name: "a.png"}, ""}, // not known yet
		{bridge.Settings{MaxFileSize: 10}, bridge.Attachment{Size: 11}, bridge.FileTooBig},
	} {
		err := letOut(test.settings, test.file)
		if (err == nil) != (test.want == "") || err != nil && bridge.RefusalOf(err).Reason != test.want {
			t.Errorf("%+v under %+v: %v", test.file, test.settings, err)
		}
	}
}

func TestGestures_TypingNowAndThen_SeenOncePerMessageOfTheCustomers(t *testing.T) {
	w := newWorld(t)
	var made []string
	g := NewGestures(GesturesConfig{Maker: gestures(func(k bridge.GestureKind) { made = append(made, string(k)) }), Pages: w, Rooms: w, Receipts: &w.receipts, Now: w.Now})
	g.Typing("room")
	g.Typing("room")      // it is still shown
	g.Typing("elsewhere") // no customer's
	w.now = w.now.Add(typingEvery)
	g.Typing("room")
	g.Answered(anna, bo)
	g.Answered(anna, bo)
	g.CustomerWrote(anna)
	g.Answered(anna, bridge.Author{Bot: true})
	g.Answered(anna, bo)
	g.Reacted("room", "unknown", "👍")
	w.receipts.All = []bridge.Receipt{{Mid: "m", Tag: bridge.SendTag{Message: "known"}}}
	g.Reacted("room", "known", "👍")
	g.Reacted("room", "known", "")
	g.Answered(commenter, bo) // nobody sees that below a post
	for len(g.queue) > 0 {
		(<-g.queue)(t.Context())
	}
	if got := strings.Join(made, " "); got != "typing typing seen seen react unreact" {
		t.Errorf("the customer sees %s", got)
	}
	for range mostGestures + 10 { // what does not fit is dropped
		w.now = w.now.Add(time.Minute)
		g.Typing("room")
	}
	if len(g.queue) != mostGestures {
		t.Errorf("%d gestures wait", len(g.queue))
	}
}
