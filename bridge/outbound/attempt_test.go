package outbound

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// TestDeliver_OutcomeUnknown_IsResolvedByTheThread holds for a message of which the first
// call told nothing. What the thread shows is believed at once, what it does not show when
// the echo had its time.
func TestDeliver_OutcomeUnknown_IsResolvedByTheThread(t *testing.T) {
	for _, test := range []struct {
		name    string
		arrived bool
		thread  bridge.Sighting
		atOnce  bool
		want    []string
		told    []string
	}{
		{"the thread shows it", true, bridge.Sighting{Like: []bridge.Mid{"mid-1"}, Complete: true}, true, []string{"one"}, nil},
		{"the thread shows it, and not all", true, bridge.Sighting{Like: []bridge.Mid{"mid-1"}, Obscure: true}, true, []string{"one"}, nil},
		{"the thread shows that it is not there", false, bridge.Sighting{Complete: true}, false, []string{"one"}, nil},
		{"the thread shows too little", false, bridge.Sighting{}, false, nil, []string{"not-delivered/a unclear"}},
		{"the thread shows what was sent before", false, bridge.Sighting{Shown: []bridge.Mid{"mid-0"}}, false, []string{"one"}, nil},
		{"the thread hides something", false, bridge.Sighting{Complete: true, Obscure: true}, false, nil, []string{"not-delivered/a unclear"}},
		{"what looks like it is another", false, bridge.Sighting{Like: []bridge.Mid{"mid-0"}, Complete: true}, false, []string{"one"}, nil},
		{"without words, and shown in the room", false, bridge.Sighting{Complete: true, Shown: []bridge.Mid{"mid-c"}, Bare: []bridge.Mid{"mid-c"}}, false, []string{"one"}, nil},
		{"without words, and ours", false, bridge.Sighting{Complete: true, Shown: []bridge.Mid{"mid-0"}, Bare: []bridge.Mid{"mid-0"}}, false, []string{"one"}, nil},
		{"without words, before what was sent before", false, bridge.Sighting{Shown: []bridge.Mid{"mid-x", "mid-0"}, Bare: []bridge.Mid{"mid-x"}}, false, []string{"one"}, nil},
	} {
		w := newWorld(t)
		w.receipts.All = []bridge.Receipt{{Page: "1", Mid: "mid-0", Tag: bridge.SendTag{Message: "before"}}, {Page: "1", Mid: "mid-c", Room: "room", Shown: []bridge.MessageID{"c"}}}
		calls := 0
		w.send = func(bridge.OutboundPart) (bool, error) {
			if calls++; calls == 1 {
				return test.arrived, &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaDown}
			}
			return true, nil
		}
		w.thread = test.thread
		w.says(write("a", "one"))
		w.deliver()
		w.deliver() // woken by what is no proof
		if waits := len(w.outbox.Seqs()) == 1; waits == test.atOnce || calls != 1 || w.looks != 1 {
			t.Errorf("%s: waits: %v, %d calls, %d looks", test.name, waits, calls, w.looks)
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

// TestDeliver_SameFromThePageInbox_IsNoProof: of a picture nobody knows whether it arrived, and a colleague in the Page inbox
// sends one, which the room shows. Where another bridge may have sent it, what the room shows may be that.
func TestDeliver_SameFromThePageInbox_IsNoProof(t *testing.T) {
	for _, test := range []struct {
		name             string
		arrived, another bool
		like             []bridge.Mid
		want             int
	}{
		{"it did not arrive", false, false, []bridge.Mid{"mid-c"}, 1},
		{"it arrived after the colleague's", true, false, []bridge.Mid{"mid-c", "mid-1"}, 1},
		{"another bridge may have sent it", false, true, []bridge.Mid{"mid-c"}, 0},
	} {
		w := newWorld(t)
		w.Workspace.Files, w.Memory.Links = &shelf{}, &shelf{}
		if test.another {
			w.Memory.Earlier = earlier{inherited: noon.Add(time.Hour)}
		}
		w.receipts.All = []bridge.Receipt{{Page: "1", Mid: "mid-c", Room: "room", Shown: []bridge.MessageID{"c"}}}
		w.send = func(bridge.OutboundPart) (bool, error) {
			w.send = nil
			return test.arrived, &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaDown}
		}
		w.thread = bridge.Sighting{Like: test.like, Shown: test.like, Complete: true}
		m := write("a", "")
		m.Attachments = []bridge.Attachment{{Name: "1.png", URL: "/1", Type: "image/png", Kind: "image"}}
		w.says(m)
		w.deliver()
		w.now = w.now.Add(w.Times.EchoWait)
		w.deliver()
		if len(w.received) != test.want || len(w.outbox.Seqs()) > 0 || len(w.notices()) > 0 {
			t.Errorf("%s: the customer gets %d pictures, told %q", test.name, len(w.received), w.notices())
		}
		if mid := w.receipts.MidOf(bridge.SendTag{Message: "a"}); mid == "mid-c" != test.another {
			t.Errorf("%s: it is taken for %s", test.name, mid)
		}
	}
}

// TestDeliver_ThreadWithoutWords_WaitsUntilTheRoomShowsThem: what customers wrote meanwhile
// is known as soon as it is shown, and then tells nothing any more.
func TestDeliver_ThreadWithoutWords_WaitsUntilTheRoomShowsThem(t *testing.T) {
	for _, known := range []bool{true, false} {
		w := newWorld(t)
		w.send = func(bridge.OutboundPart) (bool, error) {
			w.send = nil
			return false, &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaDown}
		}
		w.thread = bridge.Sighting{Complete: true, Shown: []bridge.Mid{"mid-c"}, Bare: []bridge.Mid{"mid-c"}}
		w.says(write("a", "one"))
		w.deliver()
		w.now = w.now.Add(w.Times.EchoWait)
		w.deliver()
		if len(w.outbox.Seqs()) != 1 || len(w.received) > 0 {
			t.Fatalf("sent, or given up, while nobody can tell: %q", w.texts())
		}
		want, told := []string{"one"}, []string(nil)
		if known {
			w.receipts.All = append(w.receipts.All, bridge.Receipt{Page: "1", Mid: "mid-c", Room: "room", Shown: []bridge.MessageID{"c"}})
		} else {
			w.now = w.now.Add(w.Times.ResolveFor)
			want, told = nil, []string{"not-delivered/a unclear"}
		}
		w.deliver()
		if !slices.Equal(w.texts(), want) || !slices.Equal(w.notices(), told) {
			t.Errorf("known: %v: the customer reads %q, told %q", known, w.texts(), w.notices())
		}
	}
}

// TestDeliver_CutShortByUs_IsNoTryOfMetas holds for crashes, for an orderly stop, and for as
// many of them as there may be.
func TestDeliver_CutShortByUs_IsNoTryOfMetas(t *testing.T) {
	w := newWorld(t)
	w.thread = bridge.Sighting{Complete: true}
	w.says(write("a", "one"))
	tries := 0
	for i := range 3 * maxAttempts {
		ctx, cancel := context.WithCancel(t.Context())
		w.send = func(bridge.OutboundPart) (bool, error) {
			tries++
			cancel()
			return false, context.Canceled
		}
		_ = w.Deliver(ctx, 1)
		if i%2 == 1 { // killed before that was written down
			w.outbox.Change(1, func(d *bridge.Delivery) { d.Progress.State = bridge.InFlight })
		}
		w = again(t, w)
		w.thread = bridge.Sighting{Complete: true}
		w.deliver() // looks, if it has not
		w.now = w.now.Add(w.Times.EchoWait)
	}
	if tries != 3*maxAttempts {
		t.Errorf("tried %d times", tries)
	}
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"one"}) || len(w.notices()) > 0 {
		t.Errorf("the customer reads %q, told %q", got, w.notices())
	}
}

// TestDeliver_KilledWhileFindingOut_GoesOnWaitingWhereItWas: the next start does not begin
// the wait for the echo anew.
func TestDeliver_KilledWhileFindingOut_GoesOnWaitingWhereItWas(t *testing.T) {
	w := newWorld(t)
	w.thread = bridge.Sighting{Complete: true}
	w.says(write("a", "one"))
	for range 3 {
		w = again(t, w)
		w.thread = bridge.Sighting{Complete: true}
		w.deliver()
		if len(w.received) > 0 {
			t.Fatal("sent before it was found out whether it was")
		}
		w.now = w.now.Add(w.Times.EchoWait / 3)
	}
	w.deliver()
	if got := w.texts(); !slices.Equal(got, []string{"one"}) {
		t.Errorf("the customer reads %q", got)
	}
}

// again is the world after a kill and a start.
func again(t *testing.T, w *world) *world {
	next := worldWith(t, w.outbox)
	next.now, next.started = w.now, w.now
	if err := next.Load(); err != nil {
		t.Fatal(err)
	}
	return next
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

// TestDeliver_EveryFileIsLeftOut_IsNotDelivered: of a message without words nothing arrived, though it was said to wait and go
// out by itself. Tried again, with files allowed, all of it goes out, and nothing says any more that it did not.
func TestDeliver_EveryFileIsLeftOut_IsNotDelivered(t *testing.T) {
	w := newWorld(t)
	w.Workspace.Files, w.Memory.Links = &shelf{}, &shelf{}
	w.page.Settings.RefuseFilesOut, w.page.State = true, bridge.PageNeedsAuth
	m := write("a", "")
	m.Attachments = []bridge.Attachment{{Name: "1.pdf", URL: "/1"}, {Name: "2.pdf", URL: "/2"}}
	w.says(m)
	w.now = w.now.Add(2 * w.Times.TellAfter)
	w.watch().look(t.Context())
	w.page.State = bridge.PageRunning
	w.deliver()
	if got := w.notices(); !slices.Equal(got, []string{"waiting/a", "file-left-0/a files-off", "not-delivered/a files-off"}) {
		t.Errorf("told: %q", got)
	}
	failed := w.outbox.Failures()
	if len(failed) != 1 || failed[0].Reason != bridge.FilesOff || len(w.outbox.Seqs()) > 0 {
		t.Fatalf("given up: %+v", failed)
	}
	w.page.Settings.RefuseFilesOut = false
	failed[0].Direction = bridge.Out
	w.retry(failed[0])
	w.deliver()
	if left, marked := w.standing(); len(w.received) != 2 || len(left) > 0 || marked {
		t.Errorf("the customer gets %d files, agents read for ever %q (marked: %v); told %q", len(w.received), left, marked, w.notices())
	}
}

// TestDeliver_FileLeftOutThenTextRefused_SaysThatNothingArrived: parts that were left out did not arrive.
func TestDeliver_FileLeftOutThenTextRefused_SaysThatNothingArrived(t *testing.T) {
	for _, fileArrives := range []bool{false, true} {
		w := newWorld(t)
		w.Workspace.Files, w.Memory.Links = &shelf{}, &shelf{}
		w.page.Settings.RefuseFilesOut = !fileArrives
		w.refuses("one")
		m := write("a", "one")
		m.Attachments = []bridge.Attachment{{Name: "1.pdf", URL: "/1"}}
		w.says(m)
		w.deliver()
		told := w.told.Notices()
		want := 0
		if fileArrives {
			want = 1
		}
		if last := told[len(told)-1]; last.Kind != bridge.NotDelivered || last.Part != want || last.Parts != 2 {
			t.Errorf("the file arrives: %v, told %+v", fileArrives, last)
		}
		f := w.outbox.Failures()[0]
		if got := bridge.ArrivedParts(&w.receipts, bridge.SendTag{Message: "a", Part: f.Progress.Part}); got != want {
			t.Errorf("the file arrives: %v, %d parts are said to have arrived", fileArrives, got)
		}
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
	watch := w.watch()
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
