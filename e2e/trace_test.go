package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/app"
	"messenger-bridge/bridge"
	"messenger-bridge/sandbox/chat"
	"messenger-bridge/sandbox/meta"
)

// traced asks a running bridge what became of something.
func (w *world) traced(of string) (courses []bridge.Course) {
	w.Helper()
	code, out, errText := runCommand(w.T, w.environ, "trace", "--json", "--database", w.cfg.Store.Database, of)
	if err := json.Unmarshal([]byte(out), &courses); code != 0 || err != nil {
		w.Fatalf("code %d, %v: %s%s", code, err, out, errText)
	}
	return courses
}

// to returns the one course of a direction among some.
func to(t *testing.T, d bridge.Direction, what string, all []bridge.Course) (one bridge.Course) {
	t.Helper()
	n := 0
	for _, c := range all {
		if c.Direction == d && c.What == what {
			one = c
			n++
		}
	}
	if n != 1 {
		t.Fatalf("%d deliveries %s of %s: %+v", n, d, what, all)
	}
	return one
}

// happened are the steps of a course in words, each kind of refusal once in a row.
func happened(c bridge.Course) (steps []string) {
	for _, s := range c.Steps {
		steps = append(steps, strings.TrimSpace(string(s.Kind)+" "+string(s.Reason)))
	}
	return slices.Compact(steps)
}

// TestTrace_ThroughADeadTokenACrashAndARefusal follows one answer, and the message that it
// answers, from wherever one may look.
func TestTrace_ThroughADeadTokenACrashAndARefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, bypassed)
	w.cfg.Times.WatchEvery, w.cfg.Times.TellAfter = 50*time.Millisecond, time.Hour
	p := w.startProcess()
	w.eventually("the bridge is connected", w.connected)
	mid := w.meta.CustomerWrites(page, anna, "what nobody may read")
	rid := w.room()
	w.eventually("the room is shown", func() bool { return len(w.texts()) == 1 })
	w.settled()
	w.meta.KillToken(page, 460)
	answer := w.agent.Says(rid, "nor this")
	w.eventually("the trace tells of the dead token", func() bool {
		all := w.traced(answer)
		return len(all) == 1 && all[0].Waiting && slices.Contains(happened(all[0]), "refused page-lost")
	})
	w.eventually("the store has it", func() bool { return strings.Contains(w.get("http://"+w.at.Metrics+"/status"), `"held": "page-lost"`) })
	p.kill()
	w.startProcess()
	w.meta.FailCalls("POST", "messages", 1, meta.Throttled613())
	w.meta.RestoreToken(page)
	w.eventually("the answer arrives", func() bool { return len(w.received(anna)) == 1 })
	w.settled()

	sent := w.meta.CustomerSees(page, anna)
	for _, of := range []string{answer, w.rc.URL() + "/live/" + rid + "?msg=" + answer, sent[len(sent)-1].Mid} {
		c := to(t, bridge.Out, "answer", w.traced(of))
		got := happened(c)
		restart, delivered := slices.Index(got, "restart"), len(got)-1
		if restart < 1 || !slices.Contains(got[:restart], "refused page-lost") || got[delivered] != "delivered" || !slices.Contains(got[restart:], "refused rate-limited") || c.Waiting {
			t.Errorf("%s: %q", of, got)
		}
		if !slices.Contains(c.IDs, answer) || !slices.Contains(c.IDs, sent[len(sent)-1].Mid) {
			t.Errorf("%s: its ids are %q", of, c.IDs)
		}
	}
	in := to(t, bridge.In, "text", w.traced(mid))
	if got := happened(in); got[len(got)-1] != "delivered" || in.IDs[0] != mid || len(in.IDs) != 2 || in.Accepted.IsZero() {
		t.Errorf("the customer's message: %+v", in)
	}
	of := w.traced(w.rc.URL() + "/live/" + rid)
	if to(t, bridge.In, "text", of).IDs[0] != mid || to(t, bridge.Out, "answer", of).IDs[0] == "" {
		t.Errorf("of the room: %+v", of)
	}
	code, out, _ := runCommand(t, w.environ, "trace", "--database", w.cfg.Store.Database, answer)
	for _, part := range []string{"to customer, answer, page " + page, "accepted", "the page has to be authorised again", "the bridge started", "Facebook asks to send more slowly", "delivered"} {
		if code != 0 || !strings.Contains(out, part) {
			t.Errorf("code %d, without %q:\n%s", code, part, out)
		}
	}
	if strings.Contains(out, "nor this") || strings.Contains(w.log.String(), "nor this") || strings.Contains(w.log.String(), "what nobody may read") {
		t.Error("what was written is shown")
	}
	if code, out, errText := runCommand(t, w.environ, "trace", "--database", w.cfg.Store.Database, "nothing"); code != 1 || !strings.Contains(errText, "nothing is known") {
		t.Errorf("of nothing: code %d: %s%s", code, out, errText)
	}
}

// TestTrace_InChat_IsForManagers, and what is given up and erased is told, and no longer told.
func TestTrace_InChat_IsForManagers(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.rc.AddUser(chat.User{Username: "udo", Roles: []string{"user"}})
	lobby := o.rc.AddChannel("lobby", "udo", ourBot)
	o.run()
	o.connect(bakery)
	talk := o.talks(bakery)
	mid := o.meta.CustomerWrites(bakery, anna, "once more")
	o.eventually("it is shown", func() bool { return slices.Contains(o.rc.CustomerTexts(talk), "once more") })
	o.settled()
	if got := o.public("/facebook trace " + mid); !strings.Contains(got, "to agents") || !strings.Contains(got, "delivered") || !strings.Contains(got, "accepted") || strings.Contains(got, "once more") {
		t.Errorf("the trace is %q", got)
	}
	o.meta.BlockCustomer(bakery, anna, true)
	lost := o.agent.Says(talk, "too late")
	o.eventually("it is given up", func() bool { return len(o.notices(talk, lost)) == 1 })
	o.settled()
	for _, got := range []string{o.public("/facebook trace " + o.rc.URL() + "/live/" + talk + "?msg=" + lost), o.public("/facebook trace `" + lost + "`")} {
		if !strings.Contains(got, "given up: the customer could not be reached") || !strings.Contains(got, "a word or mark of mine") {
			t.Errorf("of what was given up: %q", got)
		}
	}
	if got := o.public("/facebook trace"); !strings.HasPrefix(got, "Which message?") {
		t.Errorf("of none: %q", got)
	}
	if got := o.private("udo", lobby, "!facebook trace "+mid); !strings.Contains(got, "You may not use these commands") {
		t.Errorf("udo reads %q", got)
	}
	o.confirmed("forget " + bakery + " " + anna)
	if got := o.public("/facebook trace " + mid); !strings.HasPrefix(got, "Nothing is known of") {
		t.Errorf("of a customer who was erased: %q", got)
	}
}

// audited returns what is recorded, newest first.
func (w *world) audited() (lines []string) {
	w.Helper()
	code, out, errText := runCommand(w.T, w.environ, "audit", "--json", "--database", w.cfg.Store.Database)
	var list app.AuditList
	if err := json.Unmarshal([]byte(out), &list); code != 0 || err != nil {
		w.Fatalf("code %d, %v: %s%s", code, err, out, errText)
	}
	for _, c := range list.Changes {
		lines = append(lines, strings.Join([]string{c.By, c.What, string(c.Page), c.Detail}, "|"))
	}
	return lines
}

// TestAudit_NamesWhoChangedWhat, over a restart; whom somebody had erased, it does not name.
func TestAudit_NamesWhoChangedWhat(t *testing.T) {
	t.Parallel()
	o := openOffice(t, bypassed)
	o.run()
	o.connect(bakery)
	o.talks(bakery)
	o.public("/facebook edit " + bakery + " welcome Good morning")
	o.confirmed("forget " + bakery + " " + anna)
	o.halt()
	o.run()
	if code, _, errText := runCommand(t, o.environ, "pages", "remove", "--database", o.cfg.Store.Database, bakery); code != 0 {
		t.Fatal(errText)
	}
	got := o.audited()
	at := -1
	for _, want := range []string{ // newest first
		"an operator|page deleted|" + bakery, "the bridge|bridge started", "@maria|customer erased|" + bakery + "|",
		"@maria|setting welcome|" + bakery + `|(default) → "Good morning"`, "@maria|page state|" + bakery + "|connecting → running", "@maria|grant kept|" + bakery, "@maria|page added|" + bakery, "the bridge|bridge started",
	} {
		next := slices.IndexFunc(got[at+1:], func(line string) bool { return strings.HasPrefix(line, want) })
		if next < 0 {
			t.Errorf("%s is missing, or in another order: %q", want, got)
			continue
		}
		at += 1 + next
	}
	if strings.Contains(strings.Join(got, "\n"), anna) {
		t.Errorf("who was erased is named: %q", got)
	}
	if log := o.log.String(); !strings.Contains(log, "audit=true by=@maria what=\"setting welcome\"") || !strings.Contains(log, "audit=true by=\"an operator\" what=\"page deleted\"") {
		t.Error("the log does not say it")
	}
}
