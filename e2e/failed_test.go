package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/app"
	"messenger-bridge/sandbox/meta"
)

// health returns what operators read, as JSON.
func (w *world) health() (s app.Status) {
	w.Helper()
	if err := json.Unmarshal([]byte(w.get("http://"+w.at.Metrics+"/status")), &s); err != nil {
		w.Fatal(err)
	}
	return s
}

// TestFailed_WindowClosed_IsListedAndTriedAgain follows one message through two
// refusals to its customer, as the agent, the manager and the operator see it.
func TestFailed_WindowClosed_IsListedAndTriedAgain(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	if told := o.public("/facebook failed"); !strings.Contains(told, "Everything was delivered") {
		t.Errorf("the manager reads %q", told)
	}
	o.connect(bakery)
	rid := o.asks(bakery)
	o.meta.CloseWindow(bakery, anna)
	id := o.agent.Says(rid, "secret-text")
	o.eventually("it is set aside", func() bool { return o.health().Failed == 1 && len(o.reactions(rid, id)) == 1 })

	told := o.public("/facebook failed")
	for _, part := range []string{"`1` ", "@ana", "Bakery", "written too long ago", "(" + o.rc.URL() + "/live/" + rid + ")", "`/facebook retry 1`"} {
		if !strings.Contains(told, part) {
			t.Errorf("%q does not say %q", told, part)
		}
	}
	if told := o.public("/facebook status"); !strings.Contains(told, "7 days: 1 (1× the customer had written too long ago)") || !strings.Contains(told, "Facebook answers") {
		t.Errorf("status is %q", told)
	}
	s := o.health()
	if len(s.Pages) != 1 || s.Pages[0].Failed != 1 || s.Reasons["window-closed"] != 1 || !s.Facebook.Answers || s.Facebook.Asked.IsZero() {
		t.Errorf("the operator reads %+v", s)
	}

	if told := o.public("/facebook retry 1"); !strings.Contains(told, "`1` is tried again") {
		t.Errorf("the manager reads %q", told)
	}
	o.eventually("the agent is told again", func() bool { return len(o.notices(rid, id)) == 2 && o.health().Failed == 1 })
	for _, notice := range o.notices(rid, id) {
		if !strings.Contains(notice, "Not delivered: ") || !strings.Contains(notice, "too long ago") {
			t.Errorf("the agent reads %q", notice)
		}
	}
	if told := o.public("/facebook retry 1"); !strings.Contains(told, "tried again before") {
		t.Errorf("typed twice, the manager reads %q", told)
	}

	o.meta.CustomerWrites(bakery, anna, "are you there?")
	o.halt() // what was given up is still there afterwards
	o.run()
	if told := o.public("/facebook failed " + bakery); !strings.Contains(told, "`2` ") || !strings.Contains(told, "tried again 1 times") {
		t.Errorf("the list is %q", told)
	}
	o.public("/facebook retry 2")
	o.reads(bakery, "secret-text")
	o.eventually("the marks are corrected", func() bool {
		notices := o.notices(rid, id)
		return len(o.reactions(rid, id)) == 0 && len(containing(notices, "tried again and has now gone out")) == 2 && len(notices) == 2
	})
	if told := o.public("/facebook failed"); !strings.Contains(told, "Everything was delivered") {
		t.Errorf("the manager reads %q", told)
	}
	o.settled()
	if seen := o.meta.CustomerSees(bakery, anna); len(seen) != 1 {
		t.Errorf("the customer reads %+v", seen)
	}
	for _, m := range o.rc.Messages(o.setup()) {
		if m.Quoted != "" || strings.Contains(m.Text, "secret-text") {
			t.Errorf("the setup channel shows what was written: %q, quoting %q", m.Text, m.Quoted)
		}
	}
}

// TestRetry_OutcomeWasUnclear_ThreadIsReadFirst: the customer has the message, and
// nobody could tell.
func TestRetry_OutcomeWasUnclear_ThreadIsReadFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.SettleFor = 100 * time.Millisecond
	o := meta.Unknown1(true)
	o.Echo = meta.EchoNever
	w.meta.NextSends(o)
	w.meta.FailReads(1000, meta.Refused(10, 0, "no permission to read"))
	w.run()
	w.meta.CustomerWrites(page, anna, "hi")
	rid := w.room()
	id := w.agent.Says(rid, "perhaps")
	w.eventually("the agent is asked", func() bool {
		return len(containing(w.notices(rid, id), "Perhaps not delivered")) == 1 && w.health().Failed == 1
	})
	w.meta.FailReads(0, nil)
	if code, out, errText := runCommand(t, w.environ, "retry", "--database", w.cfg.Store.Database, "1"); code != 0 || !strings.Contains(out, "1: is tried again") {
		t.Fatalf("code %d: %s%s", code, out, errText)
	}
	w.eventually("the agent reads that it had arrived", func() bool {
		return len(containing(w.notices(rid, id), "had received this message after all")) == 1 && len(w.reactions(rid, id)) == 0
	})
	w.settled()
	if got := w.received(anna); !slices.Equal(got, []string{"perhaps"}) {
		t.Errorf("the customer reads %q", got)
	}
	if got := w.notices(rid, id); len(got) != 1 {
		t.Errorf("the agent reads %q", got)
	}
}

// TestRetry_WhatItsAuthorDeletedOrReplaced_IsNotSent gives three messages up. The first is deleted, the second replaced by
// a version that is given up as well, the third by one that arrives; then all is tried again.
func TestRetry_WhatItsAuthorDeletedOrReplaced_IsNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.LookEvery = 300 * time.Millisecond
	w.run()
	k := w.ask()
	w.meta.CloseWindow(page, anna)
	one, two, three := w.agent.Says(k.rid, "one"), w.agent.Says(k.rid, "two"), w.agent.Says(k.rid, "three")
	w.eventually("they are set aside", func() bool { return w.health().Failed == 3 })
	w.agent.Edits(two, "two, changed")
	w.eventually("so is the newer version", func() bool { return w.health().Failed == 4 })
	w.agent.Deletes(one)
	k.sync(3 + 2)
	w.meta.CustomerWrites(page, anna, "still there")
	w.eventually("it is shown", func() bool { return len(w.texts()) == 2 })
	w.agent.Edits(three, "three, changed")
	k.gets("three, changed")
	w.halt() // it is known after a restart as well
	w.run()
	for _, step := range []struct {
		order []string
		said  []string
	}{
		{[]string{"1"}, []string{"1: is not sent: its author has deleted or replaced it since"}},
		{[]string{"--all", page}, []string{"tried again: 1\n", "deleted or replaced since, and not sent: 2\n"}},
	} {
		code, out, errText := runCommand(t, w.environ, append([]string{"retry", "--database", w.cfg.Store.Database}, step.order...)...)
		for _, part := range step.said {
			if code != 0 || !strings.Contains(out, part) {
				t.Errorf("retry %q: code %d: %s%s", step.order, code, out, errText)
			}
		}
	}
	k.gets("three, changed", "two, changed")
	if n := w.health().Failed; n != 0 {
		t.Errorf("%d are still listed", n)
	}
}

func TestOperator_ListsWhatFailedAndTriesItAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.run()
	w.meta.CustomerWrites(page, anna, "hi")
	rid := w.room()
	w.meta.CloseWindow(page, anna)
	for i := range 3 {
		w.agent.Says(rid, fmt.Sprintf("secret-text %d", i))
	}
	w.eventually("they are set aside", func() bool { return w.health().Failed == 3 })
	run := func(want int, parts []string, args ...string) {
		t.Helper()
		code, out, errText := runCommand(t, w.environ, append([]string{args[0], "--database", w.cfg.Store.Database}, args[1:]...)...)
		if code != want || strings.Contains(out+errText, "secret-text") {
			t.Errorf("%q: code %d: %s%s", args, code, out, errText)
		}
		for _, part := range parts {
			if !strings.Contains(out+errText, part) {
				t.Errorf("%q does not say %q:\n%s%s", args, part, out, errText)
			}
		}
	}
	run(0, []string{"written too long ago", "ana", page, w.rc.URL() + "/live/" + rid}, "failed")
	run(0, []string{`"id": 1`, `"reason": "window-closed"`, `"more": 0`}, "failed", "--json", "--before", "2", page)
	run(1, []string{"no page with this id", "pages list"}, "failed", "4711")
	run(1, []string{"no page with this id", "pages list"}, "retry", "--all", "4711")
	run(0, []string{"window-closed", "failed, kept 7 days", "Facebook"}, "status")
	run(1, []string{"99: is not among"}, "retry", "99")
	run(2, []string{"name the ids"}, "retry")
	w.meta.CustomerWrites(page, anna, "still there")
	w.eventually("it is shown", func() bool { return len(w.texts()) == 2 })
	run(0, []string{"1: is tried again", "2: is tried again"}, "retry", "2", "1")
	run(0, []string{"1: was tried again before"}, "retry", "1")
	run(0, []string{"tried again: 1"}, "retry", "--all", page)
	w.eventually("all arrive", func() bool { return len(w.received(anna)) == 3 })
	if got := w.received(anna); !slices.Equal(got, []string{"secret-text 0", "secret-text 1", "secret-text 2"}) {
		t.Errorf("the customer reads %q", got)
	}
	w.halt()
	run(1, []string{"no bridge is running"}, "failed")
}
