package outbound

import (
	"errors"
	"slices"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

func TestHumanTag_May(t *testing.T) {
	ready := func(w *world, a *attempt) {
		a.page.Settings.HumanAgent, a.out.Author = true, bo
		w.heard(noon.Add(-48 * time.Hour))
	}
	for _, test := range []struct {
		name string
		but  func(*world, *attempt)
		want bool
	}{
		{"a person wrote it in time", func(*world, *attempt) {}, true},
		{"nobody remembers when the customer wrote", func(w *world, _ *attempt) { w.heard(time.Time{}) }, true},
		{"7 days are over", func(w *world, _ *attempt) { w.heard(noon.Add(-7 * 24 * time.Hour)) }, false},
		{"it was tried", func(_ *world, a *attempt) { a.d.Progress.Tagged = true }, false},
		{"the page does not allow it", func(_ *world, a *attempt) { a.page.Settings.HumanAgent = false }, false},
		{"nobody wrote it", func(_ *world, a *attempt) { a.out.Automatic = true }, false},
		{"a program wrote it", func(_ *world, a *attempt) { a.out.Author.ID = "other" }, false},
		{"nobody can tell people from programs", func(w *world, _ *attempt) { w.Workspace.People = nil }, false},
		{"Meta has refused it lately", func(w *world, a *attempt) {
			w.tag.refuse(w.t.Context(), a.page)
			w.now = w.now.Add(time.Hour - time.Second)
		}, false},
		{"Meta refused it an hour ago", func(w *world, a *attempt) {
			w.tag.refuse(w.t.Context(), a.page)
			w.now = w.now.Add(time.Hour)
		}, true},
	} {
		w := newWorld(t)
		a := &attempt{o: w.Outbound, out: Outgoing{Conversation: anna}, page: w.page}
		ready(w, a)
		test.but(w, a)
		if got, err := w.tag.may(t.Context(), a); err != nil || got != test.want {
			t.Errorf("%s: %v, %v", test.name, got, err)
		}
	}
}

func TestHumanTag_WorkspaceDown_HoldsUpThisConversationAlone(t *testing.T) {
	w := newWorld(t)
	w.person = &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.WorkspaceDown, Gate: bridge.GateWorkspace}
	w.page.Settings.HumanAgent = true
	_, err := w.tag.may(t.Context(), &attempt{o: w.Outbound, out: Outgoing{Conversation: anna}, page: w.page})
	if r := bridge.RefusalOf(err); r.Verdict != bridge.Again || r.Gate != "" || r.Reason != bridge.WorkspaceDown {
		t.Errorf("the refusal is %+v", r)
	}
	if r := new(bridge.Refusal); errors.As(w.person, &r) && r.Gate == "" {
		t.Error("somebody else's refusal was changed")
	}
}

// TestHumanTag_MayNotAskWhoIsAnAgent_IsGivenUp: a bot without the role is refused each time it asks; the answer and all behind
// it must not wait for days.
func TestHumanTag_MayNotAskWhoIsAnAgent_IsGivenUp(t *testing.T) {
	w := newWorld(t)
	w.page.Settings.HumanAgent = true
	a := &attempt{o: w.Outbound, out: Outgoing{Conversation: anna}, page: w.page}
	w.person = &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceError, Answer: &bridge.Response{Status: 403, Code: "unauthorized"}}
	if _, err := w.tag.may(t.Context(), a); err == nil {
		t.Error("given up at the first refusal")
	}
	a.d.History = bridge.History{Tries: barredAfter, Reason: bridge.WorkspaceDown}
	if _, err := w.tag.may(t.Context(), a); err == nil {
		t.Error("given up at the first refusal after an outage")
	}
	a.d.History.Reason = bridge.WorkspaceError
	if tag, err := w.tag.may(t.Context(), a); err != nil || tag || len(w.told.Seqs()) != 1 {
		t.Errorf("%v, %v, administrators are told %d times", tag, err, len(w.told.Seqs()))
	}
	w.person = &bridge.Refusal{Verdict: bridge.Again, Reason: bridge.WorkspaceError, Answer: &bridge.Response{Status: 500}}
	if _, err := w.tag.may(t.Context(), a); err == nil {
		t.Error("given up while the workspace has trouble")
	}
}

func TestHumanTag_WhyTooLate(t *testing.T) {
	for _, test := range []struct {
		heard           time.Duration // ago; 0: not known
		allowed, denied bool
		want            bridge.Reason
	}{
		{48 * time.Hour, false, false, bridge.WindowClosed},
		{48 * time.Hour, true, false, bridge.WindowClosed},
		{48 * time.Hour, true, true, bridge.TagRefused},
		{48 * time.Hour, false, true, bridge.WindowClosed},
		{8 * 24 * time.Hour, true, true, bridge.WindowOver},
		{0, false, false, bridge.WindowClosed},
	} {
		w := newWorld(t)
		if test.heard > 0 {
			w.heard(noon.Add(-test.heard))
		}
		w.page.Settings.HumanAgent = test.allowed
		if test.denied {
			w.tag.refuse(t.Context(), w.page)
		}
		if got := w.tag.whyTooLate(&attempt{out: Outgoing{Conversation: anna}, page: w.page}); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// TestDeliver_AfterTheWindow_IsSentAsAPersons holds that a message which Meta refuses as
// too late is sent once more with the tag.
func TestDeliver_AfterTheWindow_IsSentAsAPersons(t *testing.T) {
	for _, test := range []struct {
		name   string
		tagged bridge.Reason // why it is refused with the tag; empty: it is not
		want   []string
		told   []string
	}{
		{"taken", "", []string{"one"}, nil},
		{"not approved", bridge.TagRefused, nil, []string{"announcement/human-agent/1", "not-delivered/a tag-refused"}},
		{"too late for that, too", bridge.WindowClosed, nil, []string{"not-delivered/a window-closed"}},
	} {
		w := newWorld(t)
		w.page.Settings.HumanAgent = true
		w.send = func(p bridge.OutboundPart) (bool, error) {
			switch {
			case !p.Tagged:
				return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WindowClosed}
			case test.tagged != "":
				return false, &bridge.Refusal{Verdict: bridge.Never, Reason: test.tagged}
			}
			return true, nil
		}
		w.says(write("a", "one"))
		w.deliver()
		if got := w.texts(); !slices.Equal(got, test.want) {
			t.Errorf("%s: the customer reads %q", test.name, got)
		}
		if got := w.notices(); !slices.Equal(got, test.told) {
			t.Errorf("%s: told %q", test.name, got)
		}
	}
}
