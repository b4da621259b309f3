package relay_test

import (
	"reflect"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

// TestRetry_NewerVersionFailedToo_OnlyThatIsTriedAgain orders all again, or the older one alone, whatever became of that.
func TestRetry_NewerVersionFailedToo_OnlyThatIsTriedAgain(t *testing.T) {
	o := newOutside(t)
	o.refuse(3, bridge.WindowClosed)
	l := begin(t, o, database(t), nil)
	l.says(t, "a", "one")
	l.says(t, "b", "other")
	l.lost(t, o, 2)
	edited := bridge.AgentMessage{ID: "a", Room: "room", Text: "two", At: time.Now(), Edited: time.Now(), Known: true}
	if _, err := l.Outbound.FromAgent(t.Context(), []bridge.AgentMessage{edited}); err != nil {
		t.Fatal(err)
	}
	list := l.lost(t, o, 3) // newest first
	if got := l.retry(t, true, list[2].Seq); got[0] != bridge.Overtaken {
		t.Errorf("the older version becomes %d", got)
	}
	l.lost(t, o, 2)
	if n, overtaken, err := l.DeadLetters.RetryAll(t.Context(), list[0].Page()); n != 2 || overtaken != 0 || err != nil {
		t.Errorf("%d and %d: %v", n, overtaken, err)
	}
	o.eventually("all arrives", func() bool { return len(o.received) >= 2 })
	l.stop()
	if got := o.got(); !reflect.DeepEqual(got, []string{"other", "two"}) {
		t.Errorf("the customer reads %q", got)
	}
}
