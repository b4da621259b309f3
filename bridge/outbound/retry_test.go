package outbound

import (
	"encoding/json"
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
		e, err := Retry(bridge.Failure{Seq: 7, Direction: d, Lane: anna.Lane(), Reason: bridge.Unclear, Body: []byte("{")}, false)
		if err != nil || string(e.Body) != "{" || e.Key != RetryKey(7) || e.Progress != (bridge.Progress{}) {
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
		`"since":"2026-05-04T12:00:00Z","quote":{"message":"q"},"edit":3,"print":"h","gone":true,"comment":"c","private":true,"name":"Bo"}`
	var out Outgoing
	if err := json.Unmarshal([]byte(stored), &out); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(out); err != nil || string(again) != stored {
		t.Errorf("%v, written as %s", err, again)
	}
}
