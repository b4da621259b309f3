package outbound

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

func TestRetry_Entry(t *testing.T) {
	written, accepted, tried := noon.Add(-2*time.Minute), noon.Add(-time.Minute), noon
	for _, test := range []struct {
		name   string
		f      bridge.Failure
		out    Outgoing
		anyway bool
		want   bridge.Progress
		since  time.Time
	}{
		{name: "refused, so certainly not sent", f: bridge.Failure{Reason: bridge.Rejected}, out: Outgoing{At: written},
			want: bridge.Progress{State: bridge.Queued, Part: 1}},
		{name: "unclear", f: bridge.Failure{Reason: bridge.Unclear}, out: Outgoing{At: written},
			want: bridge.Progress{State: bridge.OutcomeUnknown, Part: 1, Attempts: 1, Tried: tried}, since: written},
		{name: "unclear, written by a clock ahead of ours", f: bridge.Failure{Reason: bridge.Unclear}, out: Outgoing{At: noon.Add(time.Hour)},
			want: bridge.Progress{State: bridge.OutcomeUnknown, Part: 1, Attempts: 1, Tried: tried}, since: accepted},
		{name: "unclear, nobody knows when it was written", f: bridge.Failure{Reason: bridge.Unclear},
			want: bridge.Progress{State: bridge.OutcomeUnknown, Part: 1, Attempts: 1, Tried: tried}, since: accepted},
		{name: "unclear, and before", f: bridge.Failure{Reason: bridge.Unclear}, out: Outgoing{At: written, RetryNo: 1, Since: noon.Add(-time.Hour)},
			want: bridge.Progress{State: bridge.OutcomeUnknown, Part: 1, Attempts: 1, Tried: tried}, since: noon.Add(-time.Hour)},
		{name: "refused, but unclear before", f: bridge.Failure{Reason: bridge.Rejected}, out: Outgoing{Since: noon.Add(-time.Hour)},
			want: bridge.Progress{State: bridge.Queued, Part: 1}, since: noon.Add(-time.Hour)},
		{name: "in a copied store", f: bridge.Failure{Reason: bridge.Rejected, Doubtful: true}, out: Outgoing{At: written},
			want: bridge.Progress{State: bridge.OutcomeUnknown, Part: 1, Attempts: 1, Tried: tried}, since: written},
		{name: "unclear, and a person wants it anyway", f: bridge.Failure{Reason: bridge.Unclear}, out: Outgoing{At: written}, anyway: true,
			want: bridge.Progress{State: bridge.Queued, Part: 1}},
	} {
		f, retryNo := test.f, test.out.RetryNo
		f.Seq, f.Direction, f.Lane, f.Accepted = 7, bridge.Out, anna.Lane(), accepted
		f.Progress = bridge.Progress{State: bridge.InFlight, Part: 1, Attempts: 3, Tried: tried, Tagged: true}
		f.Body, _ = json.Marshal(test.out)
		e, err := Retry(f, test.anyway)
		if err != nil || e.Key != "retry/7" || e.Lane != anna.Lane() || e.Progress != test.want {
			t.Errorf("%s: %v, %+v", test.name, err, e)
		}
		var out Outgoing
		if err := json.Unmarshal(e.Body, &out); err != nil || out.RetryNo != retryNo+1 || !out.Since.Equal(test.since) {
			t.Errorf("%s: %v, retry %d since %v", test.name, err, out.RetryNo, out.Since)
		}
	}
}

func TestRetry_OtherDirections_AreAsTheyWere(t *testing.T) {
	for _, d := range []bridge.Direction{bridge.In, bridge.ToAgents} {
		e, err := Retry(bridge.Failure{Seq: 7, Direction: d, Lane: anna.Lane(), Reason: bridge.Unclear, Body: []byte("{"), Progress: bridge.Progress{Part: 1, Attempts: 3}}, false)
		if err != nil || string(e.Body) != "{" || e.Key != RetryKey(7) || e.Progress != (bridge.Progress{Part: 1}) {
			t.Errorf("%s: %v, %+v", d, err, e)
		}
	}
	if _, err := Retry(bridge.Failure{Direction: bridge.Out, Body: []byte("{")}, false); err == nil {
		t.Error("a message that cannot be read was put back")
	}
}

// TestOutgoing_StoredNames_NeverChange holds for what earlier versions have stored.
func TestOutgoing_StoredNames_NeverChange(t *testing.T) {
	stored := `{"conversation":{"page":"1","customer":"7","kind":"m"},"message":"a","room":"room","author":{"id":"u","username":"bo","name":"Bo"},` +
		`"at":"2026-05-04T12:00:00Z","parts":[{"text":"one"}],"automatic":true,"until":"2026-05-04T12:00:00Z","survey":"s","round":2,` +
		`"since":"2026-05-04T12:00:00Z","quote":{"message":"q"},"edit":3,"print":"h","gone":true,"kept":"note","comment":"c","private":true,"name":"Bo"}`
	var out Outgoing
	if err := json.Unmarshal([]byte(stored), &out); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(out); err != nil || string(again) != stored {
		t.Errorf("%v, written as %s", err, again)
	}
}

// TestDeliver_RetryOfWhatWasDeletedOrReplaced_IsNotSent gives a message up, or the correction of one, has its author
// delete or replace it, and everything tried again.
func TestDeliver_RetryOfWhatWasDeletedOrReplaced_IsNotSent(t *testing.T) {
	gone := bridge.AgentMessage{ID: "a", Gone: true}
	for _, c := range []struct {
		name         string
		before       []bridge.AgentMessage // arrive
		fails        bridge.AgentMessage
		then, during []bridge.AgentMessage // before it is tried again, and while it waits for that
		want         []string
		overtaken    bool // known when it is tried again
	}{
		{"deleted", nil, write("a", "one"), []bridge.AgentMessage{gone}, nil, nil, true},
		{"replaced", nil, write("a", "one"), []bridge.AgentMessage{edit("a", 1, "two")}, nil, []string{"two"}, true},
		{"replaced, and by what it said", nil, write("a", "one"), []bridge.AgentMessage{edit("a", 1, "two"), edit("a", 2, "one")}, nil, []string{"one"}, true},
		{"a correction, deleted", []bridge.AgentMessage{write("a", "one")}, edit("a", 1, "two"), []bridge.AgentMessage{gone}, nil, []string{"one"}, true},
		{"a correction, replaced", []bridge.AgentMessage{write("a", "one")}, edit("a", 1, "two"), []bridge.AgentMessage{edit("a", 2, "three")}, nil, []string{"one", "Corrected: three"}, true},
		{"a correction, as it is", []bridge.AgentMessage{write("a", "one"), edit("a", 1, "two")}, edit("a", 2, "three"), nil, nil, []string{"one", "Corrected: two", "Corrected: three"}, false},
		{"a note now", nil, write("a", "one"), []bridge.AgentMessage{edit("a", 1, "!note one")}, nil, nil, true},
		{"a note while it waits", nil, write("a", "one"), nil, []bridge.AgentMessage{edit("a", 1, "!note one")}, nil, false},
		{"a command now", nil, write("a", "one"), []bridge.AgentMessage{edit("a", 1, "/one")}, nil, nil, true},
		{"a command, and none", nil, write("a", "one"), []bridge.AgentMessage{edit("a", 1, "/one"), edit("a", 2, "two")}, nil, []string{"two"}, true},
		{"deleted while it waits", nil, write("a", "one"), nil, []bridge.AgentMessage{gone}, nil, false},
		{"replaced while it waits", nil, write("a", "one"), nil, []bridge.AgentMessage{edit("a", 1, "two")}, []string{"two"}, false},
		{"another one was deleted", []bridge.AgentMessage{write("b", "B")}, write("a", "one"), []bridge.AgentMessage{{ID: "b", Gone: true}}, nil, []string{"B", "one"}, false},
	} {
		w := newWorld(t)
		for _, one := range c.before {
			w.says(one)
			w.deliver()
		}
		w.send = func(bridge.OutboundPart) (bool, error) {
			return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.NotApproved}
		}
		w.says(c.fails)
		w.deliver()
		w.send = nil
		w.says(c.then...)
		w.deliver()
		f := w.outbox.Failures()[0]
		f.Direction = bridge.Out
		if got := w.Overtaken(f); got != c.overtaken {
			t.Errorf("%s: overtaken: %v", c.name, got)
		}
		w.retry(f)
		w.says(c.during...)
		w.deliver()
		if !slices.Equal(w.texts(), c.want) || len(w.outbox.Seqs()) > 0 {
			t.Errorf("%s: the customer reads %q, want %q; %d wait", c.name, w.texts(), c.want, len(w.outbox.Seqs()))
		}
	}
}

// TestDeliver_RetryIsSaidToWaitAndOvertaken_IsNotSaidToWaitAnyMore has a newer version wait before what is tried again.
func TestDeliver_RetryIsSaidToWaitAndOvertaken_IsNotSaidToWaitAnyMore(t *testing.T) {
	w := newWorld(t)
	w.send = func(bridge.OutboundPart) (bool, error) {
		w.send = nil
		return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.NotApproved}
	}
	w.says(write("a", "one"))
	w.deliver()
	w.page.State = bridge.PageNeedsAuth
	w.says(edit("a", 1, "two"))
	f := w.outbox.Failures()[0]
	f.Direction = bridge.Out
	w.retry(f)
	w.now = w.now.Add(2 * w.Times.TellAfter)
	w.watch().look(t.Context())
	w.page.State = bridge.PageRunning
	w.deliver()
	if got := w.notices(); !slices.Contains(got, "waiting-1/a") || !slices.Contains(got, "corrected-1/a") || !slices.Equal(w.texts(), []string{"two"}) {
		t.Errorf("the customer reads %q, told %q", w.texts(), got)
	}
}

// TestRetry_AnotherBridgeSentAllParts_NoneIsSentAgain: the store is a copy, and its original has sent what failed here before.
func TestRetry_AnotherBridgeSentAllParts_NoneIsSentAgain(t *testing.T) {
	w := newWorld(t)
	w.send = func(bridge.OutboundPart) (bool, error) {
		return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.WindowClosed}
	}
	w.says(write("a", strings.Repeat("x", 2500)))
	w.deliver()
	f := w.outbox.Failures()[0]
	f.Direction, f.Doubtful = bridge.Out, true
	w.Memory.Earlier = earlier{before: noon.Add(time.Hour)} // the copy is put to use
	w.now = noon.Add(2 * time.Hour)
	calls := 0
	w.send = func(bridge.OutboundPart) (bool, error) { calls++; return true, nil }
	w.thread = bridge.Sighting{Like: []bridge.Mid{"m_1", "m_2"}, Shown: []bridge.Mid{"m_1", "m_2"}, Complete: true}
	w.retry(f)
	w.deliver()
	if calls > 0 || len(w.outbox.Seqs()) > 0 || !slices.Contains(w.notices(), "revised-1/a") {
		t.Errorf("%d parts are sent again, %d wait, told %q", calls, len(w.outbox.Seqs()), w.notices())
	}
}

// retry has what failed tried again, as an administrator does who has not looked.
func (w *world) retry(f bridge.Failure) {
	w.t.Helper()
	e, err := Retry(f, false)
	if err == nil {
		err = w.Lanes.PutBack(w.t.Context(), []bridge.Entry{e})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestDeliver_RetryOfWhatWasUnclearAndIsDeletedMeanwhile: whether it arrived is found out, so that its author learns of
// it; what did not arrive is not sent.
func TestDeliver_RetryOfWhatWasUnclearAndIsDeletedMeanwhile(t *testing.T) {
	for _, arrived := range []bool{true, false} {
		w := newWorld(t)
		w.send = func(bridge.OutboundPart) (bool, error) {
			w.send = nil
			return arrived, &bridge.Refusal{Verdict: bridge.Unknown, Reason: bridge.MetaDown}
		}
		w.says(write("a", "one"))
		w.deliver()
		w.now = w.now.Add(w.Times.EchoWait)
		w.deliver()
		f := w.outbox.Failures()[0]
		f.Direction = bridge.Out
		w.retry(f)
		w.says(bridge.AgentMessage{ID: "a", Gone: true})
		w.thread = bridge.Sighting{Complete: true}
		want, told := []string(nil), false
		if arrived {
			want, told, w.thread.Like = []string{"one"}, true, []bridge.Mid{"mid-1"}
		}
		w.deliver()
		if !slices.Equal(w.texts(), want) || slices.Contains(w.notices(), "still-seen/a") != told {
			t.Errorf("arrived: %v: the customer reads %q, told %q", arrived, w.texts(), w.notices())
		}
	}
}

// TestRetry_FailedCorrectionBecomesNote_RetryLeavesIt: the customer has "one"; its correction failed, and its author has made
// a note of it since.
func TestRetry_FailedCorrectionBecomesNote_RetryLeavesIt(t *testing.T) {
	w := newWorld(t)
	w.refuses("Corrected: two")
	w.saysInTurn(write("a", "one"), edit("a", 1, "two"), edit("a", 2, "!note two"))
	w.send = nil
	f := w.outbox.Failures()[0]
	f.Direction = bridge.Out
	if !w.Overtaken(f) {
		t.Error("not known as overtaken")
	}
	w.retry(f)
	w.deliver()
	if want := []string{"one"}; !slices.Equal(w.texts(), want) {
		t.Errorf("the customer reads %q, want %q; told %q", w.texts(), want, w.notices())
	}
}

// TestRetry_FailedRestBecomesNote_RetryLeavesIt: of a long message the first part arrived.
func TestRetry_FailedRestBecomesNote_RetryLeavesIt(t *testing.T) {
	w := newWorld(t)
	n := 0
	w.send = func(bridge.OutboundPart) (bool, error) {
		if n++; n == 2 {
			return false, &bridge.Refusal{Verdict: bridge.Never, Reason: bridge.CustomerBlocked}
		}
		return true, nil
	}
	w.saysInTurn(write("a", strings.Repeat("x", 2500)), edit("a", 1, "!note x"))
	f := w.outbox.Failures()[0]
	f.Direction = bridge.Out
	w.retry(f)
	w.deliver()
	if len(w.received) != 1 {
		t.Errorf("the customer reads %d parts, told %q", len(w.received), w.notices())
	}
}
